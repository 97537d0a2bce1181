// The one place through which every run begins, whatever caused it. What applies to which source
// (semantics.md §10.9), in this order:
//
//                        event, API   invoke   cron   debounce fires   batch starts   rerun
//   a copy is gathered   drops        -        -      -                -              -
//   paused function      skips        fails    skips  skips            skips          skips
//   batching             joins        joins    -      -                -              -
//   rate limit           drops        fails    drops  - (was counted)  -              -
//   debounce             joins        joins    joins  -                -              -
//   priority             evaluated for each of them
//   singleton            skips the new run or cancels the old one, for each of them
//   concurrency, throttle hold the start back, for each of them
//
//   stop_copy (intake.cc) ──► stop_at_pause (pause.cc) ──► take_in (intake.cc)
//     ──► admit (admission.cc)
#include <fmt/core.h>

#include "engine/core/state.h"

namespace stepwell::core {

State::Started State::trigger(NewRun request) {
  if (request.json.empty()) request.json = event_json(request.events.front());
  if (std::optional<Started> stopped = stop_copy(request)) return *stopped;
  if (std::optional<Started> stopped = stop_at_pause(request)) return *stopped;
  if (std::optional<Started> taken = take_in(request)) return *taken;
  return admit(std::move(request));
}

State::Started State::skip_run(NewRun request, std::string reason) {
  RunRecord record;
  record.no = next_pos();
  record.id = RunId{new_ulid()};
  record.function = request.function->config.id;
  record.status = RunStatus::kSkipped;
  record.events = std::move(request.positions);
  record.event_id = std::move(request.event_id);
  record.created_at = now_;
  record.start_at = now_;
  record.ended_at = now_;
  record.ended_pos = record.no;
  record.error = ErrorInfo{.name = "Skipped", .message = std::move(reason)};
  if (!request.invokers.empty()) record.invoked_by = request.invokers.front();
  record.rerun_of = request.rerun_of;
  record.end_events = end_events_behind(request.events);
  record.flow = run_flow_json(request.flow);
  Started skipped{Started::How::kSkipped, record.no, record.id, record.error->message};
  effect(RunEnded{record.no, record.id, record.function, record.status, "", record.error});
  write(storage::PutRun{std::move(record)});
  return skipped;
}

// The step that invoked a run, if it still waits and for no other.
PendingStep* State::waiting_invoker(const InvokedBy& invoker, RunNo child) {
  Run* parent = find_run(invoker.run);
  if (parent == nullptr) return nullptr;
  PendingStep* step = find_pending(*parent, invoker.step);
  return step == nullptr || step->child != child ? nullptr : step;
}

// Whoever invokes a run learns of its end, however soon that comes. Runs that begin later than they
// were invoked are put into the rows of their invokers.
void State::link_invokers(const NewRun& request, RunNo child) {
  for (const InvokedBy& invoker : request.invokers) {
    PendingStep* step = waiting_invoker(invoker, 0);
    if (step == nullptr) continue;
    step->child = child;
    if (request.source == NewRun::Source::kInvoke) continue;  // its row is being written
    StepRecord record;
    record.pos = step->pos;
    record.run = invoker.run;
    record.key = step->key;
    record.kind = step->kind;
    record.state = StepState::kPending;
    record.base = step->base;
    record.due = step->due;
    record.invoked_run = child;
    write(storage::UpdateStep{std::move(record)});
    touch(*find_run(invoker.run));
  }
}

void State::fail_invokers(const std::vector<InvokedBy>& invokers, const std::string& why) {
  for (const InvokedBy& invoker : invokers) {
    PendingStep* step = waiting_invoker(invoker, 0);
    if (step == nullptr) continue;
    Run& parent = *find_run(invoker.run);
    wake(parent, pending_index(parent, step->pos),
         {.state = StepState::kFailed,
          .error = ErrorInfo{.name = "Error", .message = "could not invoke function: " + why}});
  }
}

}  // namespace stepwell::core
