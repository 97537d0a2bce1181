// Hashes of keys in tables that an outsider may fill: they depend on a seed. Not for storage.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace stepwell::expr {

// Spreads a number over all bits.
constexpr uint64_t mix_bits(uint64_t value) {
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93;
  value ^= value >> 32;
  value *= 0xD6E8FEB86659FD93;
  return value ^ (value >> 32);
}

// The hash of `text` under `seed`, eight bytes at a time.
inline uint64_t hash_text(uint64_t seed, std::string_view text) {
  uint64_t hash = seed ^ (text.size() * 0x9E3779B97F4A7C15);
  while (text.size() >= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    hash = mix_bits(hash ^ word) + seed;
    text.remove_prefix(sizeof word);
  }
  uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return mix_bits(hash ^ rest);
}

}  // namespace stepwell::expr
