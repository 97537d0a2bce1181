// What fate does to a world, and how often: each rate is the probability at each occasion, drawn
// per seed. Zero: never.
#pragma once

#include <string_view>

namespace stepwell::sim {

struct FaultRates {
  double commit_stalls = 0;    // a commit takes seconds
  double no_space = 0;         // a commit finds the disk full, and so do some after it
  double unknown = 0;          // nobody learns what became of a commit
  double reads_fail = 0;       // a read of the journal
  double call_refused = 0;     // an endpoint is not reached
  double answer_lost = 0;      // an endpoint did what it was asked; its answer never came
  double answer_empty = 0;     // an endpoint answers that it waits, for nothing
  double answers_twice = 0;    // the same answer comes again at once
  double answers_late = 0;     // and again minutes later, to whoever lives then
  double garbage = 0;          // answers to calls that nobody made
  double slow_bodies = 0;      // a body takes minutes
  double spurious_alarms = 0;  // time passes, and nothing is due
};

struct FaultSite {
  std::string_view name;
  double FaultRates::*rate;
  double rate_max;  // what a seed may draw
};

inline constexpr FaultSite kFaultSites[] = {
    {"commit-stalls", &FaultRates::commit_stalls, 0.02},
    {"no-space", &FaultRates::no_space, 0.02},
    {"unknown", &FaultRates::unknown, 0.01},
    {"reads-fail", &FaultRates::reads_fail, 0.1},
    {"call-refused", &FaultRates::call_refused, 0.25},
    {"answer-lost", &FaultRates::answer_lost, 0.25},
    {"answer-empty", &FaultRates::answer_empty, 0.1},
    {"answers-twice", &FaultRates::answers_twice, 0.25},
    {"answers-late", &FaultRates::answers_late, 0.25},
    {"garbage", &FaultRates::garbage, 0.25},
    {"slow-bodies", &FaultRates::slow_bodies, 0.1},
    {"spurious-alarms", &FaultRates::spurious_alarms, 0.25},
};

}  // namespace stepwell::sim
