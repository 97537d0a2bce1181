// Drives a core by hand: inputs in, writes and effects out, a clock that the test sets.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "engine/core/core.h"
#include "engine/core/functions.h"
#include "schema/json.h"
#include "storage/memory/memory_journal.h"

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
    take_out();
  }

  // Another process goes on from what was written so far; calls that were under way are lost.
  void restart() {
    storage::MemoryJournal journal;
    const storage::Ownership first = journal.acquire(0).value();
    storage::Batch all{.epoch = first.epoch, .last_pos = core.last_pos(), .records = written};
    REQUIRE(journal.commit(all).outcome == storage::CommitOutcome::kCommitted);
    storage::Ownership ownership = journal.acquire(0).value();
    ownership.was_clean = true;
    const auto reader = journal.open_reader().value();
    calls.clear();
    reads.clear();
    core = Core(Settings{}, Random(8));
    core.begin_recovery(ownership);
    core.recover_functions(reader->functions().value());
    core.recover_flow_states(reader->flow_states(std::nullopt, 1'000'000).value(), now);
    core.recover_runs(reader->open_runs(0, 1'000'000).value(), now);
    out = {};
    core.finish_recovery(now, out);
    take_out();
    apply(RegisterFunctions{.request = 1, .app = "app", .functions = configs});
  }

  void take_out() {
    CHECK_MESSAGE(core.check().empty(), "an open run that nothing will wake");
    for (const storage::Record& record : out.writes) {
      written.push_back(record);
      if (const auto* put = std::get_if<storage::PutEvent>(&record)) {
        events.insert_or_assign(put->event.pos, put->event);
      } else if (const auto* state = std::get_if<storage::PutFlowState>(&record)) {
        flow_rows.insert_or_assign(state->key, *state);
      } else if (const auto* drop = std::get_if<storage::DropFlowState>(&record)) {
        const auto at = [&](Position pos) {
          return storage::FlowStateKey{drop->function, drop->kind, drop->key, pos};
        };
        flow_rows.erase(flow_rows.lower_bound(at(drop->from)),
                        flow_rows.upper_bound(at(drop->up_to)));
      }
    }
    for (const Effect& effect : out.effects) {
      if (const auto* read = std::get_if<ReadEvents>(&effect)) reads.push_back(*read);
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

  // The answer to the oldest read of events that was not answered, which must exist.
  EventsRead take_read() {
    REQUIRE(!reads.empty());
    const ReadEvents wanted = reads.front();
    reads.pop_front();
    EventsRead read{.kind = wanted.kind, .no = wanted.no};
    for (Position pos : wanted.events) read.events.push_back({pos, events.at(pos)});
    return read;
  }
  // Answers all of them.
  void gather() {
    while (!reads.empty()) apply(take_read());
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
  std::deque<ReadEvents> reads;
  std::vector<storage::Record> written;
  std::map<Position, EventRecord> events;
  std::map<storage::FlowStateKey, storage::PutFlowState> flow_rows;

 private:
  void finish() {
    Transition ignored;
    core.finish_recovery(now, ignored);
  }
};

}  // namespace stepwell::core::testing
