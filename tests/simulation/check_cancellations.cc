// S-10: each cancellation that a run's function names is registered with it, until its time is
// over; a run whose cancellation was acknowledged stays cancelled and is not called again; an event
// that matches a registered cancellation of an open run ends it as cancelled, whatever comes
// between; and no other event does, nor a copy of one that the run has met before.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/condition.h"
#include "engine/core/functions.h"
#include "engine/core/lookback.h"
#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

constexpr Duration kWindow = std::chrono::hours(24);
constexpr Duration kEdge = std::chrono::minutes(1);  // near the window's end either is right
constexpr Duration kTimeoutDefault = std::chrono::hours(24 * 365);

class CancelChecker : public Checker {
 public:
  void after_batch(const storage::Batch& batch, const History& history, Time now) override {
    met_.clear();
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutStep>(&record)) {
        if (put->step.kind == StepKind::kCancelOn) registered_[put->step.pos] = put->step;
        note_event(put->step, history);
      }
      if (const auto* update = std::get_if<storage::UpdateStep>(&record)) {
        check_dropped(update->step, history);
        if (update->step.state != StepState::kPending) registered_.erase(update->step.pos);
        note_event(update->step, history);
      }
      if (const auto* drop = std::get_if<storage::DropPendingSteps>(&record)) {
        std::erase_if(registered_,
                      [&](const auto& entry) { return entry.second.run == drop->run; });
      }
      if (const auto* put = std::get_if<storage::PutRun>(&record)) {
        for (Position pos : put->run.events) {
          spent_[put->run.no].insert(core::key_of(history.events.at(pos).event));
        }
        check_registered(put->run, history);
      }
      if (const auto* put = std::get_if<storage::PutEvent>(&record)) {
        meet(history.shown(put->event), now);
      }
      if (const auto* update = std::get_if<storage::UpdateRun>(&record)) ended(update->run);
    }
  }

  void cancel_acked(const RunId& run, const History& history) override {
    auto no = history.run_by_id.find(run);
    bool is_cancelled = no != history.run_by_id.end() &&
                        history.runs.at(no->second).status == RunStatus::kCancelled;
    if (!is_cancelled) {
      fail("S-10", "a cancellation is acknowledged and not stored: " + run.to_string());
    }
    acked_.insert(run);
  }

  void call_started(const core::Call& call, const History&, Time) override {
    if (acked_.contains(call.run->id)) {
      fail("S-10", fmt::format("run {} is called after it was cancelled", call.run->no));
    }
  }

  void ended(const History& history) override {
    for (RunNo no : doomed_) {
      if (!is_terminal(history.runs.at(no).status)) {
        fail("S-10", fmt::format("run {} met its cancellation and is open", no));
      }
    }
  }

 private:
  // What the function names is recorded in the batch in which the run begins.
  void check_registered(const RunRecord& run, const History& history) {
    if (run.status == RunStatus::kSkipped) return;
    auto function = history.functions.find(run.function.slug);
    if (function == history.functions.end() || function->second.config.cancel_on.empty()) return;
    const std::vector<CancelOn>& named = function->second.config.cancel_on;
    std::string trigger = event_json(history.shown(history.events.at(run.events.front())).event);
    for (size_t i = 0; i < named.size(); ++i) {
      auto bound = core::Condition::compile(named[i].expression).value().bind(trigger);
      if (!bound) return;  // the run fails for it
      if (bound->is_never()) continue;
      const StepRecord* step = history.find_step(run.no, core::cancellation_key(i));
      const Time due =
          named[i].until.value_or(run.created_at + named[i].timeout.value_or(kTimeoutDefault));
      if (due <= run.created_at) continue;  // its time was over before
      if (step == nullptr) {
        fail("S-10", fmt::format("run {} begins without a cancellation of its function", run.no));
      } else if (step->target != named[i].event || step->expression != bound->text()) {
        fail("S-10", fmt::format("a cancellation of run {} has another condition", run.no));
      } else if (step->state == StepState::kPending && step->due != due) {
        fail("S-10", fmt::format("a cancellation of run {} expires at another time", run.no));
      }
    }
  }

  void check_dropped(const StepRecord& update, const History& history) {
    auto known = registered_.find(update.pos);
    if (known != registered_.end() && update.resolved_event != 0 &&
        !met_.contains({update.pos, update.resolved_event})) {
      const EventRecord& event = history.events.at(update.resolved_event);
      const core::EventKey key = core::key_of(event.event);
      const std::vector<Position>& same_id = history.copies.at(key.id);
      const Position first = *std::find_if(
          same_id.begin(), same_id.end(),
          [&](const Position& pos) { return history.events.at(pos).event.name == key.name; });
      // What is older than a day is no copy any more.
      const Duration age = event.received_at - history.events.at(first).received_at;
      const bool may_be_new = spent_[update.run].contains(key) && age > kWindow - kEdge;
      if (may_be_new) doomed_.insert(update.run);
      if (!may_be_new) {
        fail("S-10", fmt::format("event {} cancels run {}, which it does not match", event.pos,
                                 update.run));
      }
    }
    bool is_by_time = known != registered_.end() && update.state == StepState::kDropped &&
                      update.resolved_event == 0;
    if (is_by_time && update.resolved_at < known->second.due) {
      fail("S-10", fmt::format("a cancellation of run {} expires too early", update.run));
    }
  }

  void note_event(const StepRecord& step, const History& history) {
    if (step.resolved_event == 0) return;
    spent_[step.run].insert(core::key_of(history.events.at(step.resolved_event).event));
  }

  void meet(const EventRecord& event, Time now) {
    if (event.event.name == kFunctionInvoked) return;
    std::string json = event_json(event.event);
    for (const auto& [pos, step] : registered_) {
      // A copy of an event that started the run or resolved a wait of it does not cancel it.
      if (step.target != event.event.name) continue;
      if (spent_[step.run].contains(core::key_of(event.event))) continue;
      core::Condition condition = core::Condition::compile_residual(step.expression).value();
      if (!condition.matches_wait(json, now)) continue;
      doomed_.insert(step.run);
      met_.insert({pos, event.pos});
    }
  }

  void ended(const RunRecord& run) {
    if (!is_terminal(run.status)) return;
    if (doomed_.contains(run.no) && run.status != RunStatus::kCancelled) {
      fail("S-10", fmt::format("run {} met its cancellation and ended as {}", run.no,
                               run_status_name(run.status)));
    }
    if (run.status != RunStatus::kCancelled) return;
    const std::string reason = run.error ? run.error->message : "";
    const bool is_by_event = reason.starts_with("cancelled by event ");
    const bool is_other = reason == "cancelled by request" ||  // each is another checker's
                          reason == "cancelled by a newer run of this singleton" ||
                          reason.ends_with("(timeouts.start)") ||
                          reason.ends_with("(timeouts.finish)");
    if (is_by_event ? !doomed_.contains(run.no) : !is_other) {
      fail("S-10", fmt::format("run {} is cancelled for nothing: \"{}\"", run.no, reason));
    }
  }

  std::set<std::pair<Position, Position>> met_;  // in the batch: a cancellation, and its event
  std::map<Position, StepRecord> registered_;
  std::map<RunNo, std::set<core::EventKey>> spent_;
  std::set<RunNo> doomed_;
  std::set<RunId> acked_;
};

}  // namespace

std::unique_ptr<Checker> check_cancellations() {
  return std::make_unique<CancelChecker>();
}

}  // namespace stepwell::sim
