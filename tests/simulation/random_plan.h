// A random world, as one seed describes it: functions, what clients and the operator do, the faults
// and the crashes. Plain data, so that it can be made smaller while it still fails (shrink.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/scenario.h"

namespace stepwell::sim {

struct Action {
  enum class Kind { kSend, kCancel, kSignal, kInvoke, kRerun, kPause, kJump, kStop, kDie };
  Kind kind = Kind::kSend;
  Duration at{};
  std::vector<Event> events;  // kSend: in one request
  std::string target;         // the signal, or the function to invoke or to pause
  uint64_t pick = 0;          // which run
  Duration by{};              // kJump; kPause: how long
};

struct Plan {
  uint64_t seed = 0;
  HostOptions options;
  std::vector<AppFunction> functions;
  std::vector<Action> actions;
};

// The standard world: about 200 runs of about 8 steps in a day, with about 25 crashes.
Plan random_plan(uint64_t seed);

// Plays it: with its faults for its day, then without, until every run has ended as it may.
Verdict play(const Plan& plan, Log log = Log::kNone);

}  // namespace stepwell::sim
