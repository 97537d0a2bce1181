#include "storage/checksum.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace stepwell::storage {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78u;  // reflected

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1u) ? kPolynomial : 0u);
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = make_table();

uint32_t extend_by_table(uint32_t state, const char* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    state = kTable[(state ^ static_cast<uint8_t>(bytes[i])) & 0xFFu] ^ (state >> 8);
  }
  return state;
}

#if defined(__x86_64__)
// The processor has had an instruction for this polynomial since 2008.
__attribute__((target("sse4.2"))) uint32_t extend_by_instruction(uint32_t state, const char* bytes,
                                                                 size_t size) {
  uint64_t wide = state;
  for (; size >= 8; bytes += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  state = static_cast<uint32_t>(wide);
  for (; size > 0; ++bytes, --size) state = _mm_crc32_u8(state, static_cast<uint8_t>(*bytes));
  return state;
}
#endif

uint32_t extend(uint32_t state, const char* bytes, size_t size) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return extend_by_instruction(state, bytes, size);
#endif
  return extend_by_table(state, bytes, size);
}

}  // namespace

Checksum& Checksum::add(std::string_view field) {
  std::array<char, 8> length{};
  for (size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<char>((static_cast<uint64_t>(field.size()) >> (8 * i)) & 0xFFu);
  }
  state_ = extend(state_, length.data(), length.size());
  state_ = extend(state_, field.data(), field.size());
  return *this;
}

uint32_t crc32c(std::string_view bytes) {
  return ~extend(0xFFFFFFFFu, bytes.data(), bytes.size());
}

}  // namespace stepwell::storage
