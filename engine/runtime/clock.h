// The wall clock, read at the edges only: the core is told the time.
#pragma once

#include "schema/time.h"

namespace stepwell::runtime {

// Rounded down, so that nothing is due before its time.
inline Time wall_clock() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

}  // namespace stepwell::runtime
