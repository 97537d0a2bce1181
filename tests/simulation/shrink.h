// Makes a random world smaller while it still breaks the same promise: fewer things that clients
// do, fewer crashes and faults, fewer functions, shorter programs.
#pragma once

#include <functional>

#include "tests/simulation/random_plan.h"

namespace stepwell::sim {

struct Shrunk {
  Plan plan;
  size_t plays = 0;  // that it took
};

// `fails`: whether a plan still shows what is looked for; `plan` must. Plays at most `plays_max`.
Shrunk shrink(Plan plan, const std::function<bool(const Plan&)>& fails, size_t plays_max = 4000);

}  // namespace stepwell::sim
