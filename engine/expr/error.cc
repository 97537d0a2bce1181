#include "engine/expr/error.h"

#include <algorithm>

#include "engine/expr/unicode.h"

namespace stepwell::expr {
namespace {

constexpr size_t kMaxCaretLine = 160;  // a longer line is cut around the caret

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::string caret_lines(std::string_view line, size_t at) {
  size_t begin = at > kMaxCaretLine / 2 ? at - kMaxCaretLine / 2 : 0;
  while (begin > 0 && begin < line.size() && is_continuation(line[begin])) --begin;
  size_t end = std::min(line.size(), begin + kMaxCaretLine);
  while (end < line.size() && is_continuation(line[end])) ++end;
  std::string shown(line.substr(begin, end - begin));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return shown + "\n" + std::string(count_code_points(line.substr(begin, at - begin)), ' ') + "^";
}

}  // namespace

CompileError make_error(std::string_view text, size_t offset, std::string message,
                        std::string hint) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const size_t line_begin =
      before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const size_t line_end = std::min(text.find('\n', line_begin), text.size());
  CompileError error;
  error.message = std::move(message);
  error.line = static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1;
  error.column = static_cast<int>(count_code_points(before.substr(line_begin))) + 1;
  error.caret = caret_lines(text.substr(line_begin, line_end - line_begin), offset - line_begin);
  error.hint = std::move(hint);
  return error;
}

std::string CompileError::to_string() const {
  std::string text = std::to_string(line) + ":" + std::to_string(column) + ": " + message;
  if (!caret.empty()) text += "\n" + caret;
  if (!hint.empty()) text += "\nhint: " + hint;
  return text;
}

}  // namespace stepwell::expr
