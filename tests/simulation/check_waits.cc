// S-7: a wait has one outcome. An event that matches it resolves it when it is accepted; one
// accepted before may resolve it by look-back, as design.md defines that, and then the earliest
// does. Never an event that ended a wait of the run before, nor a copy of one, which has its id and
// its name.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "engine/core/condition.h"
#include "engine/core/lookback.h"
#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class WaitChecker : public Checker {
 public:
  explicit WaitChecker(const CheckOptions& options) : options_(options) {}

  void op_sent(const OpFact& op) override { ops_[{op.run, op.step}] = op; }

  void after_batch(const storage::Batch& batch, const History& history, Time now) override {
    now_ = now;
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutRun>(&record)) {
        for (Position pos : put->run.events) {
          triggers_[put->run.no].insert(core::key_of(history.events.at(pos).event));
        }
        const auto& own = history.functions.at(put->run.function.slug).config.wait_lookback;
        if (own) own_lookbacks_[put->run.no] = *own > Duration(0) ? *own : Duration(-1);
      }
      if (const auto* put = std::get_if<storage::PutEvent>(&record)) {
        event_stored(history.shown(put->event));
      }
      if (const auto* put = std::get_if<storage::PutStep>(&record)) registered(put->step);
      if (const auto* update = std::get_if<storage::UpdateStep>(&record)) moved(update->step);
      if (const auto* drop = std::get_if<storage::DropPendingSteps>(&record)) {
        std::erase_if(waits_, [&](const auto& entry) { return entry.second.run == drop->run; });
      }
    }
    for (auto& [pos, wait] : waits_) {
      if (wait.expected == 0) continue;
      fail("S-7", fmt::format("event {} matches the wait \"{}\" of run {} and did not end it",
                              wait.expected, wait.id, wait.run));
      wait.expected = 0;
    }
  }

 private:
  struct Wait {
    RunNo run = 0;
    std::string id;
    std::string event;
    core::Condition condition;
    Position expected = 0;  // the event that must resolve it in the batch at hand
  };
  struct Stored {
    EventRecord record;
    std::string json;
  };

  bool is_spent(RunNo run, const Event& event) const {
    auto spent = spent_.find(run);
    return spent != spent_.end() && spent->second.contains(core::key_of(event));
  }

  bool is_trigger(RunNo run, const Event& event) const {
    auto triggers = triggers_.find(run);
    return triggers != triggers_.end() && triggers->second.contains(core::key_of(event));
  }

  void event_stored(const EventRecord& event) {
    if (event.event.name == kFunctionInvoked) return;  // made for one run, meets nobody
    Stored stored{event, event_json(event.event)};
    for (auto& [pos, wait] : waits_) {
      if (wait.event != event.event.name || wait.expected != 0) continue;
      if (is_spent(wait.run, event.event) || is_trigger(wait.run, event.event)) continue;
      if (wait.condition.matches_wait(stored.json, now_)) wait.expected = event.pos;
    }
    events_.emplace(event.pos, std::move(stored));
  }

  void registered(const StepRecord& step) {
    by_key_[{step.run, step.key}] = step.base;
    if (step.kind != StepKind::kWaitForEvent) return;
    core::Condition condition = core::Condition::compile_residual(step.expression).value();
    check_lookback(step, condition);
    if (step.state == StepState::kPending) {
      waits_[step.pos] = {step.run, step.id, step.target, std::move(condition), 0};
    } else if (step.resolved_event != 0) {
      resolved_by(step.run, step.id, step.resolved_event);
    }
  }

  void moved(const StepRecord& step) {
    if (step.state != StepState::kPending) by_key_[{step.run, step.key}] = step.base;
    auto found = waits_.find(step.pos);
    if (found == waits_.end() || step.state == StepState::kPending) return;
    const Wait& wait = found->second;
    if (step.resolved_event != wait.expected) {
      fail("S-7", fmt::format("the wait \"{}\" of run {} is resolved by event {}, not {}", wait.id,
                              wait.run, step.resolved_event, wait.expected));
    }
    if (step.resolved_event != 0) resolved_by(step.run, wait.id, step.resolved_event);
    waits_.erase(found);
  }

  void resolved_by(RunNo run, const std::string& id, Position event) {
    auto stored = events_.find(event);
    if (stored == events_.end()) {
      return fail("S-7", fmt::format("the wait \"{}\" is resolved by no stored event", id));
    }
    spent_[run].insert(core::key_of(stored->second.record.event));
  }

  void check_lookback(const StepRecord& step, const core::Condition& condition) {
    Position base = step.run;
    auto op = ops_.find({step.run, step.key});
    if (op != ops_.end() && op->second.seen) {
      auto seen = by_key_.find({step.run, *op->second.seen});
      if (seen != by_key_.end()) base = seen->second;
    }
    const auto own = own_lookbacks_.find(step.run);
    const Duration lookback = own == own_lookbacks_.end() ? options_.lookback : own->second;
    Position first = 0;
    bool is_allowed = step.resolved_event == 0;
    for (auto it = events_.upper_bound(base); it != events_.end() && it->first < step.pos; ++it) {
      if (it->second.record.received_at < step.registered_at - lookback) continue;
      if (!is_eligible(step, it->second, condition)) continue;
      if (first == 0) first = it->first;
      is_allowed = is_allowed || it->first == step.resolved_event;
    }
    bool knows = options_.knows_lookback && (op == ops_.end() || op->second.tells_seen);
    if (knows && step.resolved_event != first) {
      fail("S-7", fmt::format("the wait \"{}\" of run {} looked back to event {}, not {}", step.id,
                              step.run, step.resolved_event, first));
    }
    if (!is_allowed) {
      fail("S-7", fmt::format("the wait \"{}\" of run {} must not take event {}", step.id, step.run,
                              step.resolved_event));
    }
  }

  bool is_eligible(const StepRecord& step, const Stored& stored,
                   const core::Condition& condition) const {
    const EventRecord& event = stored.record;
    return event.event.name == step.target && !is_internal_event_name(event.event.name) &&
           !is_trigger(step.run, event.event) && !is_spent(step.run, event.event) &&
           condition.matches_wait(stored.json, now_);
  }

  CheckOptions options_;
  Time now_{};
  std::map<Position, Wait> waits_;
  std::map<Position, Stored> events_;
  std::map<RunNo, Duration> own_lookbacks_;  // of runs whose function has one
  std::map<RunNo, std::set<core::EventKey>> triggers_;
  std::map<RunNo, std::set<core::EventKey>> spent_;
  PerStep<OpFact> ops_;
  PerStep<Position> by_key_;  // the look-back base of each memo
};

}  // namespace

std::unique_ptr<Checker> check_waits(const CheckOptions& options) {
  return std::make_unique<WaitChecker>(options);
}

}  // namespace stepwell::sim
