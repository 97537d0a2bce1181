// Text as the expression language sees it: valid UTF-8, counted in code points. Decoding one code
// point is in schema/utf8.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stepwell::expr {

inline bool is_scalar_value(uint32_t code_point) {
  return code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF);
}

bool is_valid_utf8(std::string_view text);

// The number of code points of valid UTF-8.
size_t count_code_points(std::string_view text);

// The byte offset of code point number `index` (text.size() for one past the end); nothing beyond.
std::optional<size_t> code_point_offset(std::string_view text, size_t index);

// Simple (one to one) case mappings; text without a mapping is kept.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

}  // namespace stepwell::expr
