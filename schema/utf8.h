// UTF-8, one code point at a time, as the Unicode standard recommends it for decoders.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stepwell {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// What stands at one place of a text. Where `valid` is false the code point is U+FFFD, and `length`
// spans the longest start of a sequence (at least one byte) that one U+FFFD stands for.
struct Utf8Decoded {
  char32_t code_point = kReplacementCharacter;
  size_t length = 1;
  bool valid = false;
};

// Decodes the code point at text[at]; `at` must be inside the text. Overlong forms, surrogates and
// values over U+10FFFF are invalid.
Utf8Decoded decode_utf8(std::string_view text, size_t at);

// The length of the longest valid start of `text`: its size if all of it is valid.
size_t valid_utf8_length(std::string_view text);

// Appends one code point. A surrogate or a value over U+10FFFF becomes U+FFFD.
void append_utf8(std::string& out, char32_t code_point);

}  // namespace stepwell
