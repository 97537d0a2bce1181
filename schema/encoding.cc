#include "schema/encoding.h"

namespace stepwell {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr uint8_t kNoDigit = 0xFF;

using DigitTable = std::array<uint8_t, 256>;

constexpr DigitTable table_of(std::string_view alphabet) {
  DigitTable table{};
  table.fill(kNoDigit);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return table;
}

constexpr DigitTable kBase64Digits = table_of(kBase64);
constexpr DigitTable kBase64UrlDigits = table_of(kBase64Url);

constexpr DigitTable kHexValues = [] {
  DigitTable table = table_of(kHexDigits);
  for (uint8_t i = 10; i < 16; ++i) table[static_cast<size_t>('A' + i - 10)] = i;
  return table;
}();

// Three bytes become four digits; one or two left over become two or three, without padding.
std::string encode_base64(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(c);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += alphabet[(bits >> held) & 0x3F];
    }
  }
  if (held > 0) text += alphabet[(bits << (6 - held)) & 0x3F];
  return text;
}

std::optional<std::string> decode_base64(std::string_view text, const DigitTable& digits) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const uint8_t digit = digits[static_cast<uint8_t>(c)];
    if (digit == kNoDigit) return std::nullopt;
    bits = (bits << 6) | digit;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>((bits >> held) & 0xFF);
  }
  const uint32_t stray_bits = bits & ((1u << held) - 1);
  if (stray_bits != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string hex_encode(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    text += kHexDigits[static_cast<uint8_t>(c) >> 4];
    text += kHexDigits[static_cast<uint8_t>(c) & 0xF];
  }
  return text;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const uint8_t high = kHexValues[static_cast<uint8_t>(text[i])];
    const uint8_t low = kHexValues[static_cast<uint8_t>(text[i + 1])];
    if (high == kNoDigit || low == kNoDigit) return std::nullopt;
    bytes += static_cast<char>((high << 4) | low);
  }
  return bytes;
}

std::string base64_encode(std::string_view bytes) {
  std::string text = encode_base64(bytes, kBase64);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::string base64url_encode(std::string_view bytes) {
  return encode_base64(bytes, kBase64Url);
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode_base64(text, kBase64Digits);
}

std::optional<std::string> base64url_decode(std::string_view text) {
  return decode_base64(text, kBase64UrlDigits);
}

}  // namespace stepwell
