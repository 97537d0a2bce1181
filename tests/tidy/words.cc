// Words that must not be in any text of the tree. They are written in two halves here, because this
// file is part of the tree.
#include "tests/tidy/rules.h"

namespace stepwell::tidy {
namespace {

struct BannedWord {
  std::string_view word;
  std::string_view why;
};

constexpr BannedWord kBanned[] = {
    {"TO"
     "DO",
     "unfinished work belongs in an issue"},
    {"FIX"
     "ME",
     "unfinished work belongs in an issue"},
    {"/wo"
     "rk/",
     "a path of one machine"},
    {"/fa"
     "rm/",
     "a path of one machine"},
    {"/tmp/la"
     "nd",
     "a path of one machine"},
    {"bash_"
     "jobs",
     "a path of one machine"},
    {"deb.deb"
     "ian.org",
     "a package registry's host"},
    {"snapshot.deb"
     "ian.org",
     "a package registry's host"},
    {"registry.npm"
     "js",
     "a package registry's host"},
    {"py"
     "pi.org",
     "a package registry's host"},
    {"files.python"
     "hosted.org",
     "a package registry's host"},
    {"crates"
     ".io",
     "a package registry's host"},
    {"proxy.gol"
     "ang.org",
     "a package registry's host"},
    {"ruby"
     "gems.org",
     "a package registry's host"},
    {"docker"
     ".io",
     "a package registry's host"},
    {"ghc"
     "r.io",
     "a package registry's host"},
};

// A path of a machine begins a path; "network/" or "examples/work/" are none.
bool is_inside_path(std::string_view text, size_t at) {
  return text[at] == '/' && at > 0 && (is_word_char(text[at - 1]) || text[at - 1] == '.');
}

}  // namespace

void check_words(const SourceFile& file, Findings& findings) {
  for (const BannedWord& banned : kBanned) {
    for (size_t at : find_word(file.text, banned.word)) {
      if (is_inside_path(file.text, at)) continue;
      findings.push_back({file.path, file.line_at(at), "words",
                          "'" + std::string(banned.word) + "': " + std::string(banned.why)});
    }
  }
}

}  // namespace stepwell::tidy
