#include "schema/entropy.h"

#include <unistd.h>

#include "schema/check.h"

namespace stepwell {

uint64_t entropy_seed() {
  uint64_t seed = 0;
  CHECK_INVARIANT(getentropy(&seed, sizeof(seed)) == 0, "the system has no randomness to give");
  return seed;
}

}  // namespace stepwell
