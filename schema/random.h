// Random numbers that a seed decides entirely: the same seed gives the same numbers on every
// machine, so that a simulated run can be repeated. Not for secrets.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace stepwell {

// The generator xoshiro256**. A value: a copy continues on its own from where the original stood.
// Not to be shared by threads; give each user a stream of its own.
class Random {
 public:
  explicit Random(uint64_t seed);

  // A generator of its own, decided by this one's seed and by `name`, not by how many numbers were
  // drawn: a new user of randomness does not shift what the others see.
  Random stream(std::string_view name) const;

  // Uniform over all 64-bit numbers.
  uint64_t next();

  // Uniform over 0 to bound - 1; `bound` is at least 1.
  uint64_t below(uint64_t bound);

  // Uniform over [0, 1), in steps of 2^-53.
  double unit();

  // True with this probability: never for 0 and less, always for 1 and more.
  bool chance(double probability);

 private:
  uint64_t seed_;
  std::array<uint64_t, 4> state_;
};

}  // namespace stepwell
