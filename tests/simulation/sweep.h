// The crash sweep: a scenario again and again, with a crash at each boundary of each commit, and at
// the recovery from it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tests/simulation/scenario.h"

namespace stepwell::sim {

// "0.in-flight-lost.3+1.recovery-page.0", or "none"; and back (nothing if it is no such text).
std::string describe(const std::vector<CrashPoint>& crashes);
std::optional<std::vector<CrashPoint>> parse_crashes(const std::string& text);

// A scenario and crashes that the seed chooses.
struct RandomPlay {
  size_t scenario = 0;  // index
  std::vector<CrashPoint> crashes;
};
RandomPlay random_play(uint64_t seed, size_t scenarios);

// Calls `judge` with each crash plan and what came of it: one crash each first, then a second one
// in the recovery from it. `stride`: takes only every so many of the pairs (1: all).
using Judge = std::function<void(const std::vector<CrashPoint>&, const Verdict&)>;
void sweep(const Scenario& scenario, uint64_t seed, size_t stride, const Judge& judge);

}  // namespace stepwell::sim
