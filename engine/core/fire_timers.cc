// Time passes: whatever is due fires, never early.
//
//   run start ──► called            function retry ──► called again
//   planned step ──► called again   Sleep ──► completed
//   WaitForEvent, WaitForSignal ──► completed with null, timed out
//   Invoke ──► failed, timed out    a registered cancellation ──► dropped
#include <fmt/core.h>

#include "engine/core/state.h"

namespace stepwell::core {
namespace {

// So that one input never grows without bound; the rest fires with the next.
constexpr int kTimersPerInput = 2000;

}  // namespace

void State::fire_timers() {
  for (int fired = 0; fired < kTimersPerInput; ++fired) {
    std::optional<Timer> timer = timers_.pop_due(now_);
    if (!timer) return;
    if (timer->run == 0) {
      fire_flow(*timer);
    } else if (Run* run = find_run(timer->run)) {
      fire_of_run(*run, *timer);
    }
  }
}

void State::fire_of_run(Run& run, const Timer& timer) {
  switch (timer.kind) {
    case Timer::Kind::kRunStart:
      run.start_at = Time{};
      return pump(run);
    case Timer::Kind::kFunctionRetry:
      if (run.retry_at != timer.due) return;  // void: there was another attempt
      run.retry_at.reset();
      return pump(run);
    case Timer::Kind::kStartTimeout:
    case Timer::Kind::kFinishTimeout:
      return fire_timeout(run, timer);
    default:
      return fire_step(run, timer);
  }
}

void State::fire_flow(const Timer& timer) {
  switch (timer.kind) {
    case Timer::Kind::kCron:
      return fire_cron(timer);
    case Timer::Kind::kDebounce:
    case Timer::Kind::kBatch:
    case Timer::Kind::kRateLimit:
      return fire_intake(timer);
    default:
      return fire_slots(timer);
  }
}

void State::fire_step(Run& run, const Timer& timer) {
  size_t index = pending_index(run, timer.subject);
  if (index == run.pending.size()) return;
  PendingStep& step = run.pending[index];
  if (step.due != timer.due) return;  // void: it was moved
  switch (step.kind) {
    case StepKind::kRun:
    case StepKind::kFetch:
    case StepKind::kInfer:
      step.due.reset();
      return pump(run);
    case StepKind::kCancelOn:
      return drop_cancellation(run, index, 0);
    case StepKind::kInvoke:
      return wake(run, index,
                  {.state = StepState::kFailed,
                   .error = ErrorInfo{.name = "InngestInvokeTimeoutError",
                                      .message = "timed out waiting for the invoked function "
                                                 "to end"}});
    default:
      return wake(run, index, {.data = "null"});
  }
}

void State::drop_cancellation(Run& run, size_t index, Position event) {
  StepRecord step;
  step.pos = run.pending[index].pos;
  step.run = run.no;
  step.key = run.pending[index].key;
  step.kind = StepKind::kCancelOn;
  step.state = StepState::kDropped;
  step.resolved_pos = next_pos();
  step.resolved_at = now_;
  step.resolved_event = event;
  forget_pending(run, index);
  touch(run);
  write(storage::UpdateStep{std::move(step)});
}

}  // namespace stepwell::core
