// The escapes of JSON strings, shared by the reader and the canonical form. Internal to schema/.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stepwell {

inline bool is_high_surrogate(char32_t unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
inline bool is_low_surrogate(char32_t unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

inline char32_t join_surrogates(char32_t high, char32_t low) {
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

// Reads the escape at raw[at], a backslash inside a valid JSON string, and moves `at` behind it.
// Two escapes that make a surrogate pair are read as one; a lone surrogate is returned as it is.
char32_t read_json_escape(std::string_view raw, size_t& at);

// Appends a code point as JSON.stringify writes it inside a string: escaped only where it must be.
void append_json_code_point(std::string& out, char32_t code_point);

}  // namespace stepwell
