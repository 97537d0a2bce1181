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

// "seed=1 scenario=sleep crash=none": the options that replay it.
std::string name_of_play(const Scenario& scenario, uint64_t seed,
                         const std::vector<CrashPoint>& crashes);

// Prints what was broken in the play of this name. Of runs that are stuck, and `with_runs` always:
// those that are open, what would wake each, and their rows.
void print_failure(const std::string& name, const Verdict& verdict, bool with_runs);

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
