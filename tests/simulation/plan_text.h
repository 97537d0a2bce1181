// A plan as text, as it is kept in tests/seeds: one "name value" a line, what belongs to it
// indented below. What is as usual is left out; lines with # are comments.
//
//   seed 42
//   fault.answers-late 0.125
//   crashes 0.in-flight-lost.3+1.recovery-page.0
//   function {"id":"f0","triggers":[{"event":"go/0"}],…}
//     step run
//       id f0-s1
//       count 2
//   action send
//     at 3600000
//     event go/0
//       id e-1
#pragma once

#include <string>
#include <string_view>

#include "tests/simulation/random_plan.h"

namespace stepwell::sim {

std::string plan_text(const Plan& plan);

// The error names the line's text.
Result<Plan> parse_plan(std::string_view text);

}  // namespace stepwell::sim
