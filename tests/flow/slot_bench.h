// Runs that join the limits of functions, wait and take, by hand.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "engine/flow/slots.h"

namespace stepwell::flow {

inline constexpr Time kStart{Duration(1'790'000'000'000)};

// Runs that join, wait and take, named by the order in which they came.
struct Bench {
  Slots slots;
  Time now = kStart;
  RunNumber last = 0;
  std::map<RunNumber, Line*> line_of;
  std::vector<RunNumber> held;  // by calls that go on

  void limit(std::string_view function, SlotLimits limits) { slots.set_limits(function, limits); }

  // A run that is to start; it takes a slot at once or waits.
  RunNumber add(std::string_view function, const SlotKeys& keys, int64_t score = 0) {
    const RunNumber run = ++last;
    line_of[run] = slots.join(function, keys);
    if (slots.take_now(*line_of[run], Turn::kStart, now)) {
      held.push_back(run);
    } else {
      slots.wait(*line_of[run], Turn::kStart, run, score, now);
    }
    return run;
  }

  // Lets in whoever can be.
  std::vector<RunNumber> let_in() {
    std::vector<RunNumber> let;
    while (auto next = slots.next(now)) {
      slots.take(*next->line, next->turn, now);
      let.push_back(next->run);
      held.push_back(next->run);
    }
    CHECK(slots.check(now).empty());
    return let;
  }

  // The run ends, and gives back what it holds.
  std::vector<RunNumber> end(RunNumber run) {
    Line* line = line_of.at(run);
    slots.give_back_step(*line);
    slots.give_back_run(*line);
    slots.leave(line);
    line_of.erase(run);
    held.erase(std::find(held.begin(), held.end(), run));
    return let_in();
  }

  // Ends runs in the order in which they were let in, until none is left: the order of all.
  std::vector<RunNumber> order_of_all() {
    std::vector<RunNumber> order;
    while (!held.empty()) {
      order.push_back(held.front());
      end(held.front());
    }
    return order;
  }
};

using Runs = std::vector<RunNumber>;

}  // namespace stepwell::flow
