// A run ends, once.
//
//   Running, Scheduled ──(its code returned)──────────► Completed
//                      ──(attempts spent, a limit)────► Failed
//                      ──(asked for)──────────────────► Cancelled
//   What it still waited for is dropped, whoever invoked it is told, and its end is an event.
#include <fmt/core.h>

#include <algorithm>

#include "engine/core/state.h"
#include "schema/finished_event.h"
#include "schema/mutant.h"

namespace stepwell::core {

void State::complete_run(Run& run, std::string output) {
  if (mutant("output-lost")) output = "null";
  finish(run, RunStatus::kCompleted, std::move(output), std::nullopt);
}

void State::fail_run(Run& run, ErrorInfo error) {
  finish(run, RunStatus::kFailed, "", std::move(error));
}

void State::end_cancelled(Run& run, ErrorInfo reason, RequestId request) {
  end_soon(run, RunStatus::kCancelled, std::move(reason), request);
}

void State::end_soon(Run& run, RunStatus status, ErrorInfo reason, RequestId request) {
  // The events of its end carry the events that triggered it: if somebody listens, load them.
  bool has_listener = is_listened_to(kFunctionFinished) || is_listened_to(kFunctionFailed) ||
                      is_listened_to(kFunctionCancelled);
  if (run.memory == nullptr && has_listener && run.end_events != EndEvents::kNone) {
    leave_queue(run);
    // A cancellation counts also for a run that was to fail: that is written only when it does.
    const bool is_first_cancel = status == RunStatus::kCancelled && run.pending_end &&
                                 run.pending_end->status != RunStatus::kCancelled;
    if (!run.pending_end || is_first_cancel) {
      if (!run.pending_end) run.pending_end = std::make_unique<PendingEnd>();
      run.pending_end->status = status;
      run.pending_end->reason = std::move(reason);
      // Whoever caused this is answered by then: a crash must not undo it. (A run that kills its
      // process is judged anew at each start.)
      if (status == RunStatus::kCancelled && !mutant("cancellation-lost-at-crash")) update_run(run);
    }
    if (request != 0) run.pending_end->requests.push_back(request);
    return load(run);
  }
  Answer reply{.request = request, .run = run.id};
  finish(run, status, "", std::move(reason));
  answer(std::move(reply));
}

bool State::is_listened_to(std::string_view event_name) const {
  return waits_.has(event_name) || functions_.is_trigger(event_name);
}

void State::finish(Run& run, RunStatus status, std::string output, std::optional<ErrorInfo> error) {
  // Out of the tables first: what follows may start or end other runs.
  const std::unique_ptr<Run> ended = runs_.remove(run);
  if (run.memory) evictable_.erase(run.memory->last_used);
  if (mutant("slot-kept-on-cancel") && status == RunStatus::kCancelled && run.line != nullptr) {
    slots_.take_step(*run.line);
  }
  leave_limits(run);
  if (run.is_loading) --loads_;
  if (run.call != 0) end_call(run.call);
  bool had_pending = !run.pending.empty();
  while (!run.pending.empty()) forget_pending(run, run.pending.size() - 1);
  if (run.memory) {
    hot_bytes_ -= run.memory->bytes;
    effect(DropRun{run.function->config.driver, run.no});
  }
  if (run.is_suspect) clear_suspect(run);

  RunRecord record = record_of(run, status);
  record.ended_at = now_;
  record.ended_pos = next_pos();
  record.output = std::move(output);
  record.error = std::move(error);
  if (mutant("end-leaves-steps")) had_pending = false;
  if (had_pending) write(storage::DropPendingSteps{run.no, record.ended_pos, now_});
  emit_end_events(run, record);

  std::vector<RequestId> requests;
  if (run.pending_end) requests = std::move(run.pending_end->requests);
  for (RequestId request : requests) answer(Answer{.request = request, .run = run.id});
  tell_invokers(run, record);
  effect(RunEnded{run.no, run.id, record.function, status, record.output, record.error});
  write(storage::UpdateRun{std::move(record)});
}

void State::emit_end_events(const Run& run, const RunRecord& record) {
  if (run.end_events == EndEvents::kNone) return;
  emit_end_event(run, record, kFunctionFinished);
  if (mutant("end-without-event")) return;
  if (record.status == RunStatus::kFailed) emit_end_event(run, record, kFunctionFailed);
  if (record.status == RunStatus::kCancelled && run.end_events == EndEvents::kAll) {
    emit_end_event(run, record, kFunctionCancelled);
  }
}

void State::emit_end_event(const Run& run, const RunRecord& record, std::string_view name) {
  EventRecord event;
  event.pos = next_pos();
  event.id = EventId{new_ulid()};
  event.event.name = std::string(name);
  // `failed` and `cancelled` carry the run's id, so that they cannot happen twice (protocol.md
  // §1.9).
  event.event.id = name == kFunctionFinished ? event.id.to_string() : run.id.to_string();
  event.event.ts = now_;
  event.received_at = now_;
  event.of_run = run.no;
  if (!is_listened_to(name)) {
    event.event.data.clear();
    write(storage::PutEvent{std::move(event)});
    return;
  }
  // Those of a run whose stored data is damaged cannot be read.
  static const std::vector<Event> kNoEvents;
  event.event.data =
      finished_event_data(record, run.memory ? run.memory->context->events : kNoEvents);
  internal_events_.push_back(std::move(event));
}

void State::tell_invokers(const Run& run, const RunRecord& record) {
  if (!run.invokers) return;
  for (const InvokedBy& invoker : *run.invokers) tell_invoker(invoker, record);
}

void State::tell_invoker(const InvokedBy& invoker, const RunRecord& record) {
  const PendingStep* step = waiting_invoker(invoker, record.no);
  if (step == nullptr) return;  // it timed out
  Run& parent = *find_run(invoker.run);
  if (mutant("invoker-not-told") && parent.memory == nullptr) return;
  Resolution resolution;
  if (record.status == RunStatus::kCompleted || mutant("failure-told-as-success")) {
    resolution.data = record.output;
  } else {
    resolution.state = StepState::kFailed;
    resolution.error = record.error;
    if (record.status == RunStatus::kCancelled) {
      resolution.error = ErrorInfo{.name = "Error", .message = "invoked function was cancelled"};
    }
  }
  wake(parent, pending_index(parent, step->pos), std::move(resolution));
}

}  // namespace stepwell::core
