// A made-up story for the ledger, to see what its checkers say of it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulation/checkers.h"
#include "tests/simulation/world.h"

namespace stepwell::sim {

// Positions are given by hand.
class Story {
 public:
  explicit Story(const CheckOptions& options = {}) : ledger([this] { return now; }, Log::kNone) {
    add_all_checkers(ledger, options);
  }

  Time now = World::kStart;
  Ledger ledger;
  Position last = 0;
  core::CallId last_call;  // what bodies run in

  static EventId event_id(Position pos) { return {Ulid::make(World::kStart, 1, pos)}; }
  static RunId run_id(RunNo no) { return {Ulid::make(World::kStart, 2, no)}; }

  // -- records --
  static storage::PutFunction function(std::string id, std::string event, int retries = 4) {
    storage::PutFunction put;
    put.config.id = {std::move(id)};
    put.config.triggers = {{std::move(event), ""}};
    put.config.retries = retries;
    return put;
  }
  storage::PutEvent event(Position pos, std::string name, std::string id = "") const {
    storage::PutEvent put;
    put.event.pos = pos;
    put.event.id = event_id(pos);
    put.event.has_user_id = !id.empty();
    put.event.event.name = std::move(name);
    put.event.event.id = id.empty() ? put.event.id.to_string() : id;
    put.event.event.ts = now;
    put.event.received_at = now;
    return put;
  }
  storage::PutRun run(RunNo no, std::string function, Position event) const {
    storage::PutRun put;
    put.run.no = no;
    put.run.id = run_id(no);
    put.run.function = {std::move(function)};
    put.run.status = RunStatus::kRunning;
    put.run.events = {event};
    put.run.created_at = now;
    put.run.start_at = now;
    return put;
  }
  storage::UpdateRun end(RunNo no, RunStatus status, std::string output = "1") const {
    storage::UpdateRun update;
    update.run.no = no;
    update.run.id = run_id(no);
    update.run.status = status;
    update.run.ended_at = now;
    update.run.output = std::move(output);
    return update;
  }
  storage::PutEvent end_event(Position pos, RunNo run, std::string_view name) const {
    storage::PutEvent put = event(pos, std::string(name));
    put.event.of_run = run;
    return put;
  }
  StepRecord step(RunNo run, Position pos, std::string id, StepKind kind) const {
    StepRecord record;
    record.run = run;
    record.pos = pos;
    record.key = StepKey::of(id);
    record.id = std::move(id);
    record.kind = kind;
    record.registered_at = now;
    return record;
  }
  StepRecord resolved(StepRecord record, Position at, std::string data) const {
    record.state = StepState::kCompleted;
    record.resolved_pos = at;
    record.resolved_at = now;
    record.base = at;
    record.data = std::move(data);
    return record;
  }
  static storage::PutAttempt attempt(RunNo run, Position pos, std::string step, int number,
                                     std::optional<Time> retry_at = {}) {
    storage::PutAttempt put;
    put.attempt.run = run;
    put.attempt.pos = pos;
    put.attempt.step = StepKey::of(step);
    put.attempt.attempt = number;
    put.attempt.retry_at = retry_at;
    return put;
  }

  // -- facts --
  void commit(std::vector<storage::Record> records) {
    storage::Batch batch;
    batch.expect_seq = ledger.history().seq;
    batch.last_pos = 1000;
    batch.records = std::move(records);
    ledger.batch_durable(batch);
  }
  // Tells the sender of the event at this position that it was accepted.
  void ack(Position pos) {
    ledger.events_acked({{ledger.history().events.at(pos).event}, {event_id(pos)}});
  }
  // One function, one event, one run of it: run 2.
  void begin(int retries = 4) {
    commit({function("f", "go", retries), event(1, "go", "go-1"), run(2, "f", 1)});
  }
  void body(std::string id, std::string data, int number = 0) {
    BodyFact fact{run_id(2), StepKey::of(id), id, number, false, "", last_call};
    ledger.body_started(fact);
    fact.has_returned = true;
    fact.data = std::move(data);
    ledger.body_finished(fact);
  }
  void call(std::vector<core::MemoEntry> memo, int number = 0) {
    core::Call made;
    auto context = std::make_shared<core::RunContext>();
    context->no = 2;
    context->id = run_id(2);
    made.run = context;
    made.id = last_call = {1, last_call.number + 1};
    made.memo = std::move(memo);
    made.attempt = number;
    ledger.call_started(made);
  }
  void call_of(std::string function) {
    core::Call made;
    auto context = std::make_shared<core::RunContext>();
    context->no = 2;
    context->id = run_id(2);
    context->function = {std::move(function)};
    made.run = context;
    ledger.call_started(made);
  }
  static core::MemoEntry memo(const StepRecord& step) {
    return {step.key, step.id, step.kind, step.state, step.data, step.error, step.resolved_pos};
  }

  bool breaks(std::string_view promise) const {
    return std::any_of(ledger.violations().begin(), ledger.violations().end(),
                       [&](const Violation& found) { return found.promise == promise; });
  }
  // What the first violation says; empty: there is none.
  std::string first() const {
    return ledger.violations().empty() ? "" : ledger.violations().front().what;
  }
};

}  // namespace stepwell::sim
