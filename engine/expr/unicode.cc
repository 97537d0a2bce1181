#include "engine/expr/unicode.h"

#include <algorithm>

#include "schema/utf8.h"

namespace stepwell::expr {

bool is_valid_utf8(std::string_view text) {
  return valid_utf8_length(text) == text.size();
}

size_t count_code_points(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::optional<size_t> code_point_offset(std::string_view text, size_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  if (index > 0) return std::nullopt;
  return at;
}

}  // namespace stepwell::expr
