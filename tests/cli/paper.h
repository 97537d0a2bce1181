// A place for what commands print.
#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "api/cli/terminal.h"

namespace stepwell::cli {

// A terminal whose output goes into a file.
class Paper {
 public:
  explicit Paper(std::FILE* file) : file_(file) {
    REQUIRE(file_ != nullptr);
    terminal.out = terminal.err = file_;
  }
  ~Paper() { std::fclose(file_); }
  Paper(const Paper&) = delete;
  Paper& operator=(const Paper&) = delete;

  std::string text() {
    std::rewind(file_);
    std::string text(1 << 16, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }

  Terminal terminal;

 private:
  std::FILE* file_;
};

}  // namespace stepwell::cli
