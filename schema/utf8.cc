#include "schema/utf8.h"

#include <cstdint>

namespace stepwell {
namespace {

// How a lead byte shapes its sequence: the length, and the bounds of the second byte, which exclude
// overlong forms, surrogates and what lies over U+10FFFF. Length 0: no lead byte.
struct Lead {
  size_t length;
  uint8_t second_min;
  uint8_t second_max;
};

Lead lead_of(uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Decoded decode_utf8(std::string_view text, size_t at) {
  const auto first = static_cast<uint8_t>(text[at]);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = lead_of(first);
  if (lead.length == 0) return {};
  char32_t code_point = first & (0x7Fu >> lead.length);
  for (size_t i = 1; i < lead.length; ++i) {
    const uint8_t byte = at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : uint8_t{0};
    const uint8_t lowest = i == 1 ? lead.second_min : uint8_t{0x80};
    const uint8_t highest = i == 1 ? lead.second_max : uint8_t{0xBF};
    if (byte < lowest || byte > highest) return {kReplacementCharacter, i, false};
    code_point = (code_point << 6) | (byte & 0x3Fu);
  }
  return {code_point, lead.length, true};
}

size_t valid_utf8_length(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Utf8Decoded decoded = decode_utf8(text, at);
    if (!decoded.valid) break;
    at += decoded.length;
  }
  return at;
}

void append_utf8(std::string& out, char32_t code_point) {
  const bool is_surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (is_surrogate || code_point > 0x10FFFF) code_point = kReplacementCharacter;
  const auto continuation = [](char32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    out += continuation(code_point);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    out += continuation(code_point >> 6);
    out += continuation(code_point);
  } else {
    out += static_cast<char>(0xF0 | (code_point >> 18));
    out += continuation(code_point >> 12);
    out += continuation(code_point >> 6);
    out += continuation(code_point);
  }
}

}  // namespace stepwell
