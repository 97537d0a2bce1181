// A driver answers a call.
//
//   call under way ──(Yielded)──►  its ops are registered, run or resolved; the code goes on when
//                                  something is resolved
//                  ──(Returned)──► its ops are recorded, then the run completes
//                  ──(Threw)────►  kFunction: another attempt of the code later, or the run fails
//                                  kStep: another attempt of the step later, or the step fails;
//                                  of native code as kFunction: it threw on its way to the step
//   Answers to calls of ended runs, of an earlier owner, and second answers change nothing.
#include <algorithm>
#include <utility>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

// Copies inside one reply share a history, so that the second finds what the first did.
Histories by_event_id(const std::vector<StepOp>& ops, std::vector<storage::EventHistory> found) {
  Histories histories;
  size_t next = 0;
  for (const StepOp& op : ops) {
    const auto* send = std::get_if<SendEvents>(&op.body);
    if (send == nullptr) continue;
    for (const Event& event : send->events) {
      if (event.id.empty() || next == found.size()) continue;
      histories.try_emplace(event.id, std::move(found[next++]));
    }
  }
  return histories;
}

// How often in a row code may ask for nothing but another call.
constexpr int kIdleCallsMax = 10;

bool waits_for_steps(const Run& run) {
  return std::any_of(run.pending.begin(), run.pending.end(),
                     [](const PendingStep& step) { return step.kind != StepKind::kCancelOn; });
}

}  // namespace

void State::call_replied(CallReplied input) {
  Reply& reply = input.reply;
  if (reply.call.epoch != epoch_ && !mutant("late-answer-taken")) return;
  auto found = calls_.find(reply.call.number);
  if (found == calls_.end()) return;
  CallUnderWay call = found->second;
  if (!mutant("second-answer-taken")) end_call(reply.call.number);
  Run* run = find_run(call.run);
  if (run == nullptr) return;  // only a second answer finds it ended
  CHECK_INVARIANT(run->memory != nullptr, "a run is in memory while it is called");

  const bool speaks_anew = reply.dialect != 0 && reply.dialect != run->dialect;
  if (speaks_anew) run->dialect = reply.dialect;
  // Native code that threw on its way to a step: a failure of the function, whatever called for it.
  const bool is_of_code =
      call.driver == DriverKind::kNative && std::holds_alternative<Threw>(reply.outcome);
  if (std::optional<ErrorInfo> misfit = misfit_of(reply.publications)) {
    reply.outcome = Threw{.error = std::move(*misfit), .retriable = false};
  } else {
    publish(*run, std::move(reply.publications));
  }
  if (call.kind == CallKind::kFunction) {
    run->call = 0;
  } else if (PendingStep* step = find_pending(*run, call.target)) {
    step->call = 0;
  }
  give_back_slot(*run);

  if (run->is_suspect) clear_suspect(*run);
  if (auto* ended = std::get_if<Returned>(&reply.outcome)) {
    return returned(*run, call, std::move(*ended));
  }
  if (auto* threw = std::get_if<Threw>(&reply.outcome)) {
    if (call.kind == CallKind::kStep && !is_of_code) {
      return step_call_threw(*run, call, std::move(*threw));
    }
    return function_threw(*run, call, std::move(*threw));
  }
  if (speaks_anew) update_run(*run);
  if (call.kind == CallKind::kFunction) run->parallel = reply.parallel;
  yielded(*run, call, std::move(std::get<Yielded>(reply.outcome)), std::move(input.histories));
}

bool State::take_ops(Run& run, const CallUnderWay& call, std::vector<StepOp> ops) {
  code_pos_ = call.seen_pos;
  run.is_taking_ops = true;
  for (StepOp& op : ops) {
    if (!take_op(run, call, std::move(op))) return false;
  }
  run.is_taking_ops = false;
  return true;
}

void State::returned(Run& run, const CallUnderWay& call, Returned returned) {
  if (!take_ops(run, call, std::move(returned.ops))) return;
  complete_run(run, std::move(returned.output));
}

void State::yielded(Run& run, const CallUnderWay& call, Yielded yielded,
                    std::vector<storage::EventHistory> histories) {
  send_histories_ = by_event_id(yielded.ops, std::move(histories));
  if (call.kind == CallKind::kFunction) {
    // The next call has something new to see only if an op below, or a step meanwhile, gives it.
    run.needs_discovery = run.memory->seen_by_code < run.memory->memo.size();
  }
  if (!take_ops(run, call, std::move(yielded.ops))) return;
  if (call.kind == CallKind::kFunction) {
    bool is_stuck = !run.needs_discovery && !waits_for_steps(run);
    run.idle_calls = is_stuck ? run.idle_calls + 1 : 0;
    run.needs_discovery |= is_stuck && yielded.wants_call && run.idle_calls < kIdleCallsMax;
    // Who only asks for another call has got no further, and is still in the same attempt.
    if (!is_stuck && run.attempt > 0) {
      run.attempt = 0;
      run.retry_at.reset();
      update_run(run);
    }
    if (is_stuck && !run.needs_discovery) {
      run.idle_calls = 0;
      return function_threw(
          run, call,
          {.error = {.name = "NothingToWaitFor",
                     .message = "the function waits for a step that it did not ask for"}});
    }
  }
  if (call.kind == CallKind::kStep) {
    PendingStep* step = find_pending(run, call.target);
    if (step != nullptr && step->call == 0 && !step->due) {
      // The code did not meet the planned step again, as after a change of the code.
      return step_call_threw(
          run, call,
          {.error = {.name = "StepNotFound",
                     .message = "the planned step was not found when it was called for"}});
    }
  }
  pump(run);
}

// Of a native run that threw on its way to a step: no body is under way then, and calls that wait
// for its frame are not answered. They are made again.
void State::forget_step_calls(Run& run) {
  for (PendingStep& step : run.pending) {
    if (step.call == 0) continue;
    end_call(std::exchange(step.call, 0));
    give_back_slot(run);
  }
}

void State::function_threw(Run& run, const CallUnderWay& call, Threw threw) {
  if (run.memory && run.memory->has_frame) {
    run.memory->has_frame = false;
    effect(DropRun{run.function->config.driver, run.no});
    if (call.kind == CallKind::kStep) forget_step_calls(run);
  }
  int attempt = run.attempt;
  bool is_last = attempt + 1 >= run.function->max_attempts();
  if (threw.retriable && !is_last)
    run.retry_at = now_ + retry_delay(attempt + 1, threw.retry_after);

  AttemptRecord record{.pos = next_pos(),
                       .run = run.no,
                       .attempt = attempt,
                       .started_at = call.started_at,
                       .ended_at = now_,
                       .error = threw.error,
                       .retry_at = run.retry_at};
  if (!threw.retriable || is_last) record.retry_at.reset();
  bool goes_on = record.retry_at.has_value();
  write(storage::PutAttempt{std::move(record)});
  touch(run);
  if (!goes_on) return fail_run(run, std::move(threw.error));

  ++run.attempt;
  run.needs_discovery = true;
  update_run(run);
  timers_.add({*run.retry_at, run.no, 0, Timer::Kind::kFunctionRetry});
  pump(run);
}

void State::step_call_threw(Run& run, const CallUnderWay& call, Threw threw) {
  PendingStep* step = find_pending(run, call.target);
  if (step == nullptr) return pump(run);
  StepThrew body{.error = std::move(threw.error),
                 .retriable = threw.retriable,
                 .retry_after = threw.retry_after};
  if (step_threw(run, call, call.target, "", body)) pump(run);
}

// Retry-After replaces the backoff; upstream clamps it (semantics.md §1).
Duration State::retry_delay(int failed_attempts, std::optional<Duration> retry_after) {
  constexpr Duration kMin = std::chrono::seconds(1);
  constexpr Duration kMax = std::chrono::hours(24);
  if (retry_after) return std::clamp(*retry_after, kMin, kMax);
  return backoff(failed_attempts);
}

void State::end_call(uint64_t number) {
  auto found = calls_.find(number);
  if (found == calls_.end()) return;
  if (found->second.driver == DriverKind::kNative) --native_calls_;
  calls_.erase(found);
}

}  // namespace stepwell::core
