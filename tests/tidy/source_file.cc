#include "tests/tidy/source_file.h"

#include <algorithm>
#include <cctype>

namespace stepwell::tidy {
namespace {

// Blanks comments and the insides of literals. One pass; every newline stays where it is.
class Blanker {
 public:
  explicit Blanker(std::string_view text) : text_(text), code_(text) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(code_);
  }

  // Offsets [begin, end) of the raw strings.
  const std::vector<std::pair<size_t, size_t>>& raw_strings() const { return raw_strings_; }

 private:
  void step() {
    if (starts_with("//")) return blank_until(line_end());
    if (starts_with("/*")) return blank_until(end_after("*/", at_ + 2));
    if (starts_with("R\"") && !is_word_before()) return blank_raw_string();
    char c = text_[at_];
    if (c == '"' || (c == '\'' && !is_digit_separator())) return blank_literal(c);
    ++at_;
  }

  bool starts_with(std::string_view prefix) const {
    return text_.substr(at_, prefix.size()) == prefix;
  }

  // u8R"..." and the like are prefixes of raw strings, not words.
  bool is_word_before() const {
    size_t begin = at_;
    while (begin > 0 && is_word_char(text_[begin - 1])) --begin;
    std::string_view word = text_.substr(begin, at_ - begin);
    return !word.empty() && word != "u8" && word != "u" && word != "U" && word != "L";
  }

  // 1'000'000: the word that the quote stands in begins with a digit.
  bool is_digit_separator() const {
    size_t begin = at_;
    while (begin > 0 && (is_word_char(text_[begin - 1]) || text_[begin - 1] == '\'')) --begin;
    return begin < at_ && std::isdigit(static_cast<unsigned char>(text_[begin])) != 0;
  }

  size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }

  size_t end_after(std::string_view closer, size_t from) const {
    size_t found = text_.find(closer, from);
    return found == std::string_view::npos ? text_.size() : found + closer.size();
  }

  void blank_until(size_t end) {
    for (; at_ < end; ++at_) {
      if (code_[at_] != '\n') code_[at_] = ' ';
    }
  }

  void blank_raw_string() {
    size_t begin = at_;
    size_t paren = std::min(text_.find('(', at_), text_.size());
    std::string closer = ")" + std::string(text_.substr(at_ + 2, paren - at_ - 2)) + "\"";
    size_t end = end_after(closer, paren);
    blank_until(end);
    code_[begin] = '"';
    code_[end - 1] = '"';
    raw_strings_.emplace_back(begin, end);
  }

  void blank_literal(char quote) {
    for (++at_; at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n'; ++at_) {
      bool is_escape = text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
      code_[at_] = ' ';
      if (is_escape) code_[++at_] = ' ';
    }
    if (at_ < text_.size()) ++at_;
  }

  std::string_view text_;
  std::string code_;
  size_t at_ = 0;
  std::vector<std::pair<size_t, size_t>> raw_strings_;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string Finding::to_string() const {
  return path + ":" + std::to_string(line) + ": " + message + " [" + rule + "]";
}

SourceFile SourceFile::parse(std::string path, std::string text) {
  SourceFile file;
  file.path = std::move(path);
  file.text = std::move(text);
  std::vector<std::pair<size_t, size_t>> raw_strings;
  if (file.is_cpp()) {
    Blanker blanker(file.text);
    file.code = blanker.run();
    raw_strings = blanker.raw_strings();
  } else {
    file.code = file.text;
  }
  file.split_lines();
  file.starts_in_raw_string.assign(file.lines.size() + 1, false);
  for (auto [begin, end] : raw_strings) {
    for (int line = file.line_at(begin); line < file.line_at(end - 1); ++line) {
      file.starts_in_raw_string[static_cast<size_t>(line)] = true;
    }
  }
  if (file.is_cpp()) file.find_includes();
  return file;
}

SourceFile::SourceFile(SourceFile&& other) noexcept
    : path(std::move(other.path)),
      text(std::move(other.text)),
      code(std::move(other.code)),
      starts_in_raw_string(std::move(other.starts_in_raw_string)),
      includes(std::move(other.includes)) {
  split_lines();
}

bool SourceFile::is_cpp() const {
  return path.ends_with(".h") || path.ends_with(".cc");
}
bool SourceFile::is_header() const {
  return path.ends_with(".h");
}
bool SourceFile::is_shell() const {
  return path.ends_with(".sh") || path == ".ci/run";
}

bool SourceFile::is_under(std::initializer_list<std::string_view> folders) const {
  return std::any_of(folders.begin(), folders.end(),
                     [this](std::string_view folder) { return path.starts_with(folder); });
}

int SourceFile::line_at(size_t offset) const {
  const char* end = text.data() + std::min(offset, text.size());
  return 1 + static_cast<int>(std::count(text.data(), end, '\n'));
}

void SourceFile::split_lines() {
  lines = lines_of(text);
  code_lines = lines_of(code);
}

void SourceFile::find_includes() {
  for (size_t i = 0; i < code_lines.size(); ++i) {
    std::string_view directive = trim(code_lines[i]);
    if (!directive.starts_with("#")) continue;
    directive = trim(directive.substr(1));
    if (!directive.starts_with("include")) continue;
    size_t open = lines[i].find_first_of("<\"");
    if (open == std::string_view::npos) continue;
    bool is_quoted = lines[i][open] == '"';
    size_t close = lines[i].find(is_quoted ? '"' : '>', open + 1);
    if (close == std::string_view::npos) continue;
    std::string target(lines[i].substr(open + 1, close - open - 1));
    includes.push_back({std::move(target), static_cast<int>(i) + 1, is_quoted});
  }
}

bool is_word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return text;
}

std::vector<size_t> find_word(std::string_view code, std::string_view word) {
  std::vector<size_t> found;
  for (size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    size_t end = at + word.size();
    bool is_cut_left = is_word_char(word.front()) && at > 0 && is_word_char(code[at - 1]);
    bool is_cut_right = is_word_char(word.back()) && end < code.size() && is_word_char(code[end]);
    if (!is_cut_left && !is_cut_right) found.push_back(at);
  }
  return found;
}

size_t find_close(std::string_view code, size_t open) {
  constexpr std::string_view kOpeners = "({[";
  constexpr std::string_view kClosers = ")}]";
  bool is_angle = code[open] == '<';
  int depth = 0;
  for (size_t at = open; at < code.size(); ++at) {
    bool is_opener = kOpeners.find(code[at]) != std::string_view::npos;
    bool is_closer = kClosers.find(code[at]) != std::string_view::npos;
    if (is_angle && is_opener) {
      at = find_close(code, at);  // a `>` in there compares
      continue;
    }
    if (is_opener || (is_angle && code[at] == '<')) ++depth;
    if ((is_closer || (is_angle && code[at] == '>')) && --depth == 0) return at;
  }
  return code.size();
}

}  // namespace stepwell::tidy
