// S-8: nothing that waits for time happens before its time, and, while the engine is up, not long
// after.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class TimerChecker : public Checker {
 public:
  explicit TimerChecker(const CheckOptions& options)
      : lateness_(options.lateness), calm_since_(options.calm_since) {}

  void clock_jumps(Time before) override { latest_ = std::max(latest_, before); }

  void after_batch(const storage::Batch&, const History&, Time now) override {
    latest_ = std::max(latest_, now);
  }

  void before_batch(const storage::Batch& batch, const History& history) override {
    for (const storage::Record& record : batch.records) {
      const auto* end = std::get_if<storage::UpdateRun>(&record);
      if (end != nullptr && is_terminal(end->run.status)) ended_.insert(end->run.no);
    }
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutStep>(&record)) {
        if (put->step.state == StepState::kPending) pending_[put->step.pos] = put->step;
        if (put->step.state != StepState::kPending) resolved(put->step, put->step);
      }
      if (const auto* update = std::get_if<storage::UpdateStep>(&record)) {
        auto known = pending_.find(update->step.pos);
        if (known == pending_.end()) continue;
        resolved(update->step, known->second);
        if (update->step.state != StepState::kPending) pending_.erase(known);
      }
    }
    (void)history;  // registrations are kept here
  }

  void call_started(const core::Call& call, const History& history, Time now) override {
    latest_ = std::max(latest_, now);
    const RunRecord* run = history.find_run(call.run->no);
    if (run == nullptr) return;
    if (run->start_at > run->created_at && run->start_at > latest_) {
      fail("S-8", fmt::format("run {} is called before its start", run->no));
    }
    auto attempts = history.attempts.find(run->no);
    if (call.attempt == 0 || attempts == history.attempts.end()) return;
    std::optional<StepKey> step;
    if (call.kind == core::CallKind::kStep) step = call.target;
    for (const auto& [pos, attempt] : attempts->second) {
      if (attempt.step == step && attempt.attempt == call.attempt - 1 && attempt.retry_at &&
          *attempt.retry_at > latest_) {
        fail("S-8", fmt::format("attempt {} of run {} comes {} ms early", call.attempt, run->no,
                                (*attempt.retry_at - latest_).count()));
      }
    }
  }

 private:
  // Resolved by time: a sleep, or a wait that was resolved by nothing else.
  bool is_by_time(const StepRecord& step, const StepRecord& known) const {
    switch (known.kind) {
      case StepKind::kSleep:
        return true;
      case StepKind::kWaitForEvent:
        return step.resolved_event == 0;
      case StepKind::kWaitForSignal:
        return step.data == "null";
      case StepKind::kInvoke:
        // Else the run that was invoked may have failed with such an error of its own.
        return step.error && step.error->name == "InngestInvokeTimeoutError" &&
               !ended_.contains(known.invoked_run);
      default:
        return false;
    }
  }

  void resolved(const StepRecord& step, const StepRecord& known) {
    bool has_ended = step.state == StepState::kCompleted || step.state == StepState::kFailed;
    if (!has_ended || !known.due || !step.resolved_at || !is_by_time(step, known)) return;
    Duration late = *step.resolved_at - std::max({*known.due, known.registered_at, calm_since_});
    if (*step.resolved_at < *known.due) {
      fail("S-8", fmt::format("\"{}\" of run {} ends {} ms early", known.id, step.run,
                              (*known.due - *step.resolved_at).count()));
    }
    if (lateness_ > Duration(0) && late > lateness_) {
      fail("S-8",
           fmt::format("\"{}\" of run {} ends {} ms late", known.id, step.run, late.count()));
    }
  }

  Duration lateness_;
  Time calm_since_;
  Time latest_{};  // the clock may jump back: what was due once may be acted on then
  std::map<Position, StepRecord> pending_;
  std::set<RunNo> ended_;
};

}  // namespace

std::unique_ptr<Checker> check_timers(const CheckOptions& options) {
  return std::make_unique<TimerChecker>(options);
}

}  // namespace stepwell::sim
