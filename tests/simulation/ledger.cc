#include "tests/simulation/ledger.h"

#include <fmt/core.h>

#include <type_traits>

#include "storage/describe.h"
#include "tests/simulation/world.h"

namespace stepwell::sim {
namespace {

constexpr size_t kViolationsKept = 5;

std::string millis_of(const std::optional<Time>& time) {
  return time ? std::to_string(to_millis(*time)) : "never";
}

std::string line_of(const storage::Record& record) {
  return std::visit(
      [&record](const auto& value) -> std::string {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, storage::PutEvent>) {
          const EventRecord& event = value.event;
          return fmt::format("event {} {} \"{}\" {}, ts {}, of run {}: {}", event.pos,
                             event.event.name, event.event.id, event.id.to_string(),
                             to_millis(event.event.ts), event.of_run, event.event.data);
        }
        if constexpr (std::is_same_v<T, storage::PutRun>) {
          return fmt::format("run {} of {}, {}, {}, starts {} {}", value.run.no,
                             value.run.function.slug, value.run.id.to_string(),
                             run_status_name(value.run.status), to_millis(value.run.start_at),
                             value.run.flow);
        }
        if constexpr (std::is_same_v<T, storage::UpdateRun>) {
          return fmt::format("run {} is {}, attempt {}, deaths {}/{}{}{}", value.run.no,
                             run_status_name(value.run.status), value.run.attempt, value.run.deaths,
                             value.run.deaths_alone, value.run.output.empty() ? "" : ": ",
                             value.run.output);
        }
        if constexpr (std::is_same_v<T, storage::PutStep> ||
                      std::is_same_v<T, storage::UpdateStep>) {
          const StepRecord& step = value.step;
          return fmt::format(
              "{} {} \"{}\" at {} of {}: state {}, resolved {}, base {}, event {}, due {}, {}",
              std::is_same_v<T, storage::PutStep> ? "step" : "update", step_kind_name(step.kind),
              step.id, step.pos, step.run, static_cast<int>(step.state), step.resolved_pos,
              step.base, step.resolved_event, millis_of(step.due), step.data);
        }
        if constexpr (std::is_same_v<T, storage::DropPendingSteps>) {
          return fmt::format("drop what is pending of {}", value.run);
        }
        if constexpr (std::is_same_v<T, storage::PutAttempt>) {
          return fmt::format("attempt {} of {} {}, again {}: {}", value.attempt.attempt,
                             value.attempt.run,
                             value.attempt.step ? value.attempt.step->to_string() : "function",
                             millis_of(value.attempt.retry_at), value.attempt.error.message);
        }
        if constexpr (std::is_same_v<T, storage::PutFunction>) {
          return "function " + value.config.id.slug;
        }
        if constexpr (std::is_same_v<T, storage::PutFlowState>) {
          return fmt::format("flow state {} of {} \"{}\" at {}: {} {}",
                             static_cast<int>(value.key.kind), value.key.function, value.key.key,
                             value.key.pos, to_millis(value.at), value.data);
        }
        if constexpr (std::is_same_v<T, storage::DropFlowState>) {
          return fmt::format("drop flow state {} of {} \"{}\" from {} to {}",
                             static_cast<int>(value.kind), value.function, value.key, value.from,
                             value.up_to);
        }
        return storage::describe(record);
      },
      record);
}

}  // namespace

void Checker::before_batch(const storage::Batch&, const History&) {}
void Checker::after_batch(const storage::Batch&, const History&, Time) {}
void Checker::events_acked(const AcceptedEvents&, const History&) {}
void Checker::call_started(const core::Call&, const History&, Time) {}
void Checker::call_answered(const core::CallId&) {}
void Checker::body_started(const BodyFact&, const History&, Time) {}
void Checker::body_finished(const BodyFact&) {}
void Checker::op_sent(const OpFact&) {}
void Checker::cancel_acked(const RunId&, const History&) {}
void Checker::run_told(const RunId&, const History&) {}
void Checker::run_denied(const RunId&, const History&) {}
void Checker::signal_sent(const SignalFact&) {}
void Checker::signal_answered(const SignalFact&, bool) {}
void Checker::run_ended(const core::RunEnded&, const History&) {}
void Checker::found(const core::Finding&) {}
void Checker::crashed() {}
void Checker::clock_jumps(Time) {}
void Checker::audit(storage::JournalReader&, const History&, Extent) {}
void Checker::ended(const History&) {}

void Checker::fail(std::string promise, std::string what) {
  if (violations_.size() < kViolationsKept) {
    violations_.push_back({std::move(promise), std::move(what), {}});
  }
}

Ledger::Ledger(std::function<Time()> clock, Log log) : clock_(std::move(clock)), log_(log) {}

void Ledger::add_line(const std::string& line) {
  std::string stamped = fmt::format("{:>12} {}", (clock_() - World::kStart).count(), line);
  for (char c : stamped) hash_ = (hash_ ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
  if (log_ == Log::kTrace) trace_.push_back(std::move(stamped));
}

void Ledger::fail(std::string promise, std::string what) {
  note("{} broken: {}", promise, what);
  if (violations_.size() < kViolationsKept) {
    violations_.push_back({std::move(promise), std::move(what), clock_() - World::kStart});
  }
}

void Ledger::collect() {
  for (const auto& checker : checkers_) {
    for (Violation& violation : checker->take_violations()) {
      fail(std::move(violation.promise), std::move(violation.what));
    }
  }
}

void Ledger::batch_durable(const storage::Batch& batch) {
  note("batch {} of epoch {} is durable", batch.expect_seq, batch.epoch);
  for (const auto& checker : checkers_) checker->before_batch(batch, history_);
  for (const storage::Record& record : batch.records) {
    if (log_ != Log::kNone) add_line("  " + line_of(record));
    if (auto fault = history_.apply(record)) fail("S-15", "precondition: " + *fault);
  }
  ++history_.seq;
  history_.last_pos = batch.last_pos;
  for (const auto& checker : checkers_) checker->after_batch(batch, history_, clock_());
  collect();
}

void Ledger::events_acked(const AcceptedEvents& accepted) {
  if (log_ != Log::kNone) {
    for (const EventId& id : accepted.ids) add_line("acked event " + id.to_string());
  }
  for (const auto& checker : checkers_) checker->events_acked(accepted, history_);
  collect();
}

void Ledger::call_started(const core::Call& call) {
  note("call {}.{} of run {}: {}{}, attempt {}, {} memos, {} pending {}", call.id.epoch,
       call.id.number, call.run->no, call.is_cold ? "cold " : "",
       call.kind == core::CallKind::kStep ? "step" : "function", call.attempt, call.memo.size(),
       call.pending.size(), call.target_id);
  for (const auto& checker : checkers_) checker->call_started(call, history_, clock_());
  collect();
}

void Ledger::call_answered(const core::CallId& call) {
  for (const auto& checker : checkers_) checker->call_answered(call);
  collect();
}

void Ledger::body_started(const BodyFact& body) {
  note("body of \"{}\" starts, attempt {}", body.id, body.attempt);
  for (const auto& checker : checkers_) checker->body_started(body, history_, clock_());
  collect();
}

void Ledger::body_finished(const BodyFact& body) {
  note("body of \"{}\" {}", body.id, body.has_returned ? "returned" : "threw");
  for (const auto& checker : checkers_) checker->body_finished(body);
  collect();
}

void Ledger::op_sent(const OpFact& op) {
  for (const auto& checker : checkers_) checker->op_sent(op);
  collect();
}

void Ledger::cancel_acked(const RunId& run) {
  note("acked cancel of {}", run.to_string());
  for (const auto& checker : checkers_) checker->cancel_acked(run, history_);
  collect();
}

void Ledger::run_told(const RunId& run) {
  note("told of run {}", run.to_string());
  for (const auto& checker : checkers_) checker->run_told(run, history_);
  collect();
}

void Ledger::run_denied(const RunId& run) {
  for (const auto& checker : checkers_) checker->run_denied(run, history_);
  collect();
}

void Ledger::signal_sent(const SignalFact& signal) {
  for (const auto& checker : checkers_) checker->signal_sent(signal);
  collect();
}

void Ledger::signal_answered(const SignalFact& signal, bool was_taken) {
  note("signal {} {} was {}taken", signal.signal, signal.data, was_taken ? "" : "not ");
  for (const auto& checker : checkers_) checker->signal_answered(signal, was_taken);
  collect();
}

void Ledger::run_ended(const core::RunEnded& end) {
  note("run {} ended as {}: {}", end.run, run_status_name(end.status), end.output);
  for (const auto& checker : checkers_) checker->run_ended(end, history_);
  collect();
}

void Ledger::found(const core::Finding& finding) {
  note("finding: {}", finding.what);
  for (const auto& checker : checkers_) checker->found(finding);
  collect();
}

void Ledger::crashed() {
  note("crash");
  for (const auto& checker : checkers_) checker->crashed();
  collect();
}

void Ledger::clock_jumps() {
  note("the clock jumps");
  for (const auto& checker : checkers_) checker->clock_jumps(clock_());
  collect();
}

void Ledger::audit(storage::JournalReader& reader, Checker::Extent extent) {
  for (const auto& checker : checkers_) checker->audit(reader, history_, extent);
  collect();
}

void Ledger::ended() {
  for (const auto& checker : checkers_) checker->ended(history_);
  collect();
}

}  // namespace stepwell::sim
