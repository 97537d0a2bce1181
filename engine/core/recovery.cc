// A start from what the journal holds: every open run gets back what wakes it.
#include <algorithm>

#include "engine/core/flow_pools.h"
#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

// Whether the run's code may have something to look at that it has not seen: nothing is pending, or
// something was resolved that the code did not have when it last asked for anything. A call too
// many is harmless.
bool may_need_discovery(const storage::OpenRun& open) {
  bool waits = false;
  Position seen = 0;
  for (const StepRecord& step : open.pending) {
    if (step.kind == StepKind::kCancelOn) continue;
    waits = true;
    seen = std::max(seen, step.base);
  }
  return !waits || open.last_resolved > seen;
}

}  // namespace

void State::begin_recovery(const storage::Ownership& ownership) {
  is_recovering_ = true;
  epoch_ = ownership.epoch;
  last_pos_ = ownership.last_pos;
  was_clean_ = ownership.was_clean;
  batch_ = ownership.next_seq;
}

void State::recover_functions(std::vector<storage::StoredFunction> functions) {
  for (storage::StoredFunction& stored : functions) {
    auto function = compile_function(std::move(stored.config));
    CHECK_INVARIANT(function.ok(), "a stored function compiled when it was registered");
    (*function)->is_archived = stored.archived;
    // In-process code is at hand once it registers; an endpoint is there or not at each call.
    (*function)->is_available =
        (*function)->config.driver != DriverKind::kNative && settings_.calls_endpoints;
    const Function& known = functions_.put(std::move(*function));
    slots_.set_limits(known.config.id.slug, slot_limits(known.config.flow));
  }
}

void State::recover_flow_state(storage::FlowState state) {
  switch (state.key.kind) {
    case storage::FlowKind::kThrottle:
      return recover_throttle(std::move(state));
    case storage::FlowKind::kCron:
      return recover_cron(std::move(state));
    case storage::FlowKind::kPaused:
      return recover_pause(std::move(state));
    default:
      return recover_intake(std::move(state));
  }
}

void State::recover_runs(std::vector<storage::OpenRun> page) {
  for (storage::OpenRun& open : page) recover_run(std::move(open));
}

void State::recover_run(storage::OpenRun open) {
  const RunRecord& record = open.run;
  auto run = std::make_unique<Run>();
  run->no = record.no;
  run->id = record.id;
  run->function = functions_.find(record.function.slug);
  CHECK_INVARIANT(run->function != nullptr, "a run's function is stored before the run");
  run->status = record.status;
  // How its steps side by side are to go on, its next answer says; until then each is looked at.
  run->parallel = ParallelMode::kRace;
  run->end_events = record.end_events;
  run->needs_discovery = may_need_discovery(open) && !mutant("news-lost-at-restart");
  run->attempt = record.attempt;
  run->deaths = record.deaths;
  run->deaths_alone = record.deaths_alone;
  run->deaths_pos = record.deaths_pos;
  run->dialect = record.dialect;
  run->created_at = record.created_at;
  bool is_ahead = record.status == RunStatus::kScheduled && record.start_at > now_;
  run->start_at = is_ahead ? record.start_at : Time{};
  run->started_at = record.started_at;
  run->retry_at = record.retry_at;
  const RunFlow flow = parse_run_flow(record.flow);
  if (record.invoked_by) {
    std::vector<InvokedBy> invokers{*record.invoked_by};
    invokers.insert(invokers.end(), flow.further_invokers.begin(), flow.further_invokers.end());
    run->invokers = std::make_unique<const std::vector<InvokedBy>>(std::move(invokers));
  }
  if (run->start_at > now_ && !mutant("start-lost-at-restart")) {
    timers_.add({run->start_at, run->no, 0, Timer::Kind::kRunStart});
  }
  bool is_retried = run->retry_at && !mutant("retry-lost-at-restart");
  if (is_retried) timers_.add({*run->retry_at, run->no, 0, Timer::Kind::kFunctionRetry});
  bool has_callable = false;
  for (StepRecord& step : open.pending) {
    has_callable |= has_body(step.kind) && (!step.due || *step.due <= now_);
    recover_step(*run, std::move(step));
  }
  if (record.error) {
    run->pending_end = std::make_unique<PendingEnd>();
    run->pending_end->reason = *record.error;
  }
  if (run->needs_discovery || has_callable || run->pending_end)
    recovered_.emplace(run->no, open.last_record);
  recover_limits(*run, flow);
  if (!record.error) hold_singleton(*run, flow);  // else a newer one has it
  run_created(*run);
  if (run->started_at) run_started(*run);
  runs_.add(std::move(run));
}

void State::recover_step(Run& run, StepRecord step) {
  if (mutant("attempts-forgotten-at-restart") && has_body(step.kind)) step.attempts = 0;
  if (mutant("timers-lost-at-restart") && step.kind == StepKind::kSleep) step.due.reset();
  adopt_pending(run, step);
  if (mutant("waits-lost-at-restart")) return;
  if (step.kind == StepKind::kWaitForEvent || step.kind == StepKind::kCancelOn) {
    waits_.add(step.target, step.expression, {run.no, step.pos});
  } else if (step.kind == StepKind::kWaitForSignal && step.attempts != kReplacedWaiter) {
    signals_[step.target] = {run.no, step.pos};
  }
}

void State::finish_recovery() {
  is_recovering_ = false;
  for (const auto& [slug, function] : functions_.all()) {
    if (!function->is_archived) set_schedules(*function);
  }
  std::map<RunNo, Position> recovered = std::move(recovered_);
  recovered_.clear();
  for (const auto& [no, last_record] : recovered) {
    Run* run = find_run(no);
    if (run == nullptr || run->pending_end || run->function->paused_at) continue;
    bool is_under_way =
        run->status == RunStatus::kRunning && !(run->retry_at && *run->retry_at > now_);
    if (!was_clean_ && is_under_way && !judge_deaths(*run, last_record)) continue;
  }
  std::vector<RunNo> ready;
  for (const auto& [no, last_record] : recovered) ready.push_back(no);
  if (mutant("ready-run-lost-at-restart") && !ready.empty()) ready.pop_back();
  pump_all(ready);
}

}  // namespace stepwell::core
