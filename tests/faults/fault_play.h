// Plays of the simulated machine with its journal in SQLite on a disk that fails.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/faults/sqlite_medium.h"
#include "tests/simulation/scenario.h"

namespace stepwell::faults {

// "sync-error@12+full@3!" (the latter for ever), or "none"; and back (nothing if it is no such
// text).
std::string describe(const std::vector<Fault>& faults);
std::optional<std::vector<Fault>> parse_faults(const std::string& text);

struct FaultVerdict {
  sim::Verdict verdict;
  CallCounts counts;      // of the disk
  uint64_t failures = 0;  // of its calls
};

// "seed=1 scenario=sleep faults=none crash=none": the options that replay it.
std::string name_of_play(const sim::Scenario& scenario, const MediumOptions& medium,
                         const std::vector<sim::CrashPoint>& crashes);

// Plays a scenario on a disk with these faults.
FaultVerdict play_on_disk(const sim::Scenario& scenario, const MediumOptions& medium,
                          std::vector<sim::CrashPoint> crashes, bool keeps_trace);

// A scenario, crashes and faults that the seed chooses.
struct RandomFaultPlay {
  size_t scenario = 0;  // index
  std::vector<sim::CrashPoint> crashes;
  MediumOptions medium;
};
RandomFaultPlay random_fault_play(uint64_t seed, size_t scenarios);

// Calls `judge` for the scenario with each fault at each call that it concerns, once and for ever.
// `stride`: takes only every so many of them, from `offset` on.
struct FaultSweep {
  uint64_t seed = 1;
  size_t stride = 1;
  size_t offset = 0;
};
using FaultJudge = std::function<void(const MediumOptions&, const FaultVerdict&)>;
void sweep_faults(const sim::Scenario& scenario, const FaultSweep& sweep, const FaultJudge& judge);

}  // namespace stepwell::faults
