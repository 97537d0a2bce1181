// A file of the tree as the tidy rules see it, and the findings that they report.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stepwell::tidy {

// One breach of one rule. Lines count from 1; 0 means the file as a whole.
struct Finding {
  std::string path;
  int line = 0;
  std::string rule;
  std::string message;

  // "path:line: message [rule]", as compilers write it, so that editors can jump there.
  std::string to_string() const;
};

using Findings = std::vector<Finding>;

struct Include {
  std::string target;  // "engine/core/state.h", "vector"
  int line = 0;
  bool is_quoted = false;
};

// The text of a file three times: as it is, as lines, and as code, which is the text with comments
// and the insides of literals blanked out, so that rules do not trip over words in them. All three
// agree on line breaks.
struct SourceFile {
  // `path` is relative to the root of the tree, with forward slashes.
  static SourceFile parse(std::string path, std::string text);

  bool is_cpp() const;
  bool is_header() const;
  bool is_shell() const;
  // Is the file in one of these folders? Each ends with a slash.
  bool is_under(std::initializer_list<std::string_view> folders) const;
  // The line (from 1) that offset `offset` of text or code lies on.
  int line_at(size_t offset) const;

  std::string path;
  std::string text;
  std::string code;
  std::vector<std::string_view> lines;       // of text
  std::vector<std::string_view> code_lines;  // of code
  std::vector<bool> starts_in_raw_string;    // one a line
  std::vector<Include> includes;

  SourceFile() = default;
  SourceFile(const SourceFile&) = delete;  // the views borrow the strings
  SourceFile& operator=(const SourceFile&) = delete;
  SourceFile(SourceFile&& other) noexcept;
  SourceFile& operator=(SourceFile&&) = delete;

 private:
  void split_lines();
  void find_includes();
};

// All files of the tree by path.
using Tree = std::map<std::string, SourceFile, std::less<>>;

// Small tools for rules that look at code.
bool is_word_char(char c);
std::string_view trim(std::string_view text);
// Offsets at which `word` stands in `code` with no word character directly around it.
std::vector<size_t> find_word(std::string_view code, std::string_view word);
// The offset of the bracket that closes the one at `open`; code.size() if there is none. `<` counts
// as a bracket only if `code[open]` is one.
size_t find_close(std::string_view code, size_t open);

}  // namespace stepwell::tidy
