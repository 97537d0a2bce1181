// Randomness from the operating system. Apart from schema/random.h, so that folders which must be
// deterministic (engine/core, engine/flow) can be forbidden to include it.
#pragma once

#include <cstdint>

namespace stepwell {

// A seed that nobody can foresee. May be called from any thread; stops the process if the system
// gives none.
uint64_t entropy_seed();

}  // namespace stepwell
