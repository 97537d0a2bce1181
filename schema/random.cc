#include "schema/random.h"

#include <bit>

#include "schema/check.h"

namespace stepwell {
namespace {

// One step of splitmix64, which its authors advise for filling the state of xoshiro256**: it turns
// any seed, also zero, into well-mixed words.
uint64_t splitmix(uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  uint64_t word = state;
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
  return word ^ (word >> 31);
}

// FNV-1a.
uint64_t hash_of(std::string_view name) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return hash;
}

}  // namespace

Random::Random(uint64_t seed) : seed_(seed) {
  uint64_t filler = seed;
  for (uint64_t& word : state_) word = splitmix(filler);
}

Random Random::stream(std::string_view name) const {
  uint64_t mixed_seed = seed_;
  uint64_t mixed_name = hash_of(name);
  return Random(splitmix(mixed_seed) ^ std::rotl(splitmix(mixed_name), 32));
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::below(uint64_t bound) {
  CHECK_INVARIANT(bound > 0, "there is no number below zero");
  // Numbers under 2^64 mod bound are drawn again: what is left divides evenly.
  const uint64_t uneven = (0 - bound) % bound;
  uint64_t number = next();
  while (number < uneven) number = next();
  return number % bound;
}

double Random::unit() {
  return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

bool Random::chance(double probability) {
  return unit() < probability;
}

}  // namespace stepwell
