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
      if (!is_expected_by(run, timer)) return;  // void: there was another attempt
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
  if (!is_expected_by(run, timer)) return;  // void: it is resolved, or was moved
  size_t index = pending_index(run, timer.subject);
  PendingStep& step = run.pending[index];
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

void State::drop_void_timers() {
  timers_.sweep([this](const Timer& timer) { return !is_expected(timer); });
}

bool State::is_expected(const Timer& timer) const {
  if (timer.run != 0) {
    const Run* run = runs_.find(timer.run);
    return run != nullptr && is_expected_by(*run, timer);
  }
  if (timer.kind == Timer::Kind::kDebounce) {
    auto window = debounces_.all().find(timer.subject);
    return window != debounces_.all().end() && window->second.alarm == timer.due;
  }
  if (timer.kind == Timer::Kind::kBatch) return batches_.all().contains(timer.subject);
  return true;  // there are few of the others
}

bool State::is_expected_by(const Run& run, const Timer& timer) const {
  switch (timer.kind) {
    case Timer::Kind::kRunStart:
      return run.start_at == timer.due;
    case Timer::Kind::kFunctionRetry:
      return run.retry_at == timer.due;
    case Timer::Kind::kStartTimeout:
    case Timer::Kind::kFinishTimeout:
      return is_timeout_of(run, timer);
    default:
      const size_t index = pending_index(run, timer.subject);
      return index < run.pending.size() && run.pending[index].due == timer.due;
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
