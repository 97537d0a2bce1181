// Where a command writes to.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "api/cli/screen.h"

namespace stepwell::cli {

// The standard streams. A reader that has gone (a pager that was left) ends the program quietly, as
// SIGPIPE does.
struct Terminal {
  Screen screen;
  std::FILE* out = stdout;
  std::FILE* err = stderr;

  // The first failure to write, as errno has it; 0: none. A full disk must not look like success.
  mutable int write_error = 0;

  // Writes at once, so that a follower sees each line when it comes.
  void print(std::string_view text) const;
  // Asks a question that is answered with yes or no; "no" is what an empty line means.
  enum class Confirmation { kYes, kNo, kNobody };  // kNobody: there is no terminal to ask at
  Confirmation confirm(std::string_view question) const;

  // "stepwell: …" for people; `text` is made harmless, and its further lines are indented, so that
  // none can pass for a message of its own.
  void complain(std::string_view text) const;
};

}  // namespace stepwell::cli
