#include "engine/expr/base64.h"

#include <cstdint>

namespace stepwell::expr {
namespace {

int digit_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

LenientBase64 decode_base64_lenient(std::string_view text) {
  LenientBase64 result;
  size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  const size_t rest = text.size() % 4;
  result.is_whole = rest != 1 && (padding == 0 || rest + padding == 4);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = digit_value(c);
    if (value < 0) {
      result.is_whole = false;
      break;
    }
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    result.bytes += static_cast<char>(bits >> count & 0xFF);
  }
  return result;
}

}  // namespace stepwell::expr
