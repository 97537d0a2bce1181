// Drives a core by hand: inputs in, writes and effects out, a clock that the test sets.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/core/core.h"
#include "engine/core/functions.h"
#include "schema/json.h"

namespace stepwell::core::testing {

inline constexpr Time kStart{Duration(1'790'000'000'000)};

class Harness {
 public:
  explicit Harness(Settings settings = {}) : core(settings, Random(7)) {
    core.begin_recovery({.epoch = 1});
    finish();
  }

  // What the last input led to.
  Transition out;
  Time now = kStart;
  uint64_t batch = 0;
  Core core;

  void apply(Input input) {
    out = {};
    core.apply(std::move(input), now, batch++, out);
    CHECK_MESSAGE(core.check().empty(), "an open run that nothing will wake");
    for (const Effect& effect : out.effects) {
      if (const auto* start = std::get_if<StartCall>(&effect)) calls.push_back(start->call);
      if (const auto* answer = std::get_if<Answer>(&effect)) answers.push_back(*answer);
      if (const auto* ended = std::get_if<RunEnded>(&effect)) ends.push_back(*ended);
    }
  }

  void add_function(FunctionConfig config) {
    configs.push_back(std::move(config));
    apply(RegisterFunctions{.request = 1, .app = "app", .functions = configs});
  }

  static FunctionConfig function(std::string id, std::string event, std::string expression = "") {
    FunctionConfig config;
    config.id = {std::move(id)};
    if (!event.empty()) config.triggers = {{std::move(event), std::move(expression)}};
    return config;
  }

  void send(std::string name, std::string data = "{}", std::string id = "") {
    AcceptEvents input{.request = 2};
    input.events.push_back(
        {.event = {.name = std::move(name), .id = std::move(id), .data = std::move(data)}});
    apply(std::move(input));
  }

  // The oldest call that was not answered, which must exist.
  Call take_call() {
    REQUIRE(!calls.empty());
    Call call = calls.front();
    calls.erase(calls.begin());
    return call;
  }

  void reply(const Call& call, std::vector<StepOp> ops, ParallelMode mode = ParallelMode::kRace) {
    apply(CallReplied{.reply = {call.id, call.run->no, Yielded{std::move(ops)}, {}, mode}});
  }
  void returns(const Call& call, std::string output = "null") {
    apply(CallReplied{.reply = {call.id, call.run->no, Returned{std::move(output)}, {}, {}}});
  }
  void throws(const Call& call, Threw threw) {
    apply(CallReplied{.reply = {call.id, call.run->no, std::move(threw), {}, {}}});
  }
  void advance(Duration by) {
    now += by;
    apply(TimePassed{});
  }

  static StepOp op(std::string id, decltype(StepOp::body) body) {
    StepOp made;
    made.key = StepKey::of(id);
    made.id = std::move(id);
    made.body = std::move(body);
    return made;
  }
  static StepOp returned(std::string id, std::string data) {
    return op(std::move(id), StepReturned{.data = std::move(data)});
  }
  static Deadline in(Duration after) { return {.after = after}; }

  template <typename T>
  std::vector<T> writes() const {
    std::vector<T> found;
    for (const storage::Record& record : out.writes) {
      if (const auto* write = std::get_if<T>(&record)) found.push_back(*write);
    }
    return found;
  }

  std::vector<Call> calls;
  std::vector<Answer> answers;
  std::vector<RunEnded> ends;
  std::vector<FunctionConfig> configs;

 private:
  void finish() {
    Transition ignored;
    core.finish_recovery(now, ignored);
  }
};

}  // namespace stepwell::core::testing
