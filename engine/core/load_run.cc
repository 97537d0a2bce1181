// A run comes back into memory with everything that is recorded of it.
//
//   loading ──(read)──────────► in memory, goes on
//           ──(read too old)──► loading again: it was written to meanwhile
//           ──(read failed)───► loading again
//           ──(damaged)───────► ended: reading it again would find the same
#include <algorithm>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

// How far the code had got when it asked for the step. Only a body's base, and that of a step that
// is not resolved, says so; the others lead to where they were registered, which is hardly later.
Position seen_by_code_at(const StepRecord& step) {
  if (step.kind == StepKind::kCancelOn) return 0;
  return step.state == StepState::kPending || has_body(step.kind) ? step.base : step.pos;
}

}  // namespace

void State::run_loaded(RunLoaded input) {
  Run* run = find_run(input.run);
  if (run == nullptr || !run->is_loading) return;
  run->is_loading = false;
  --loads_;
  if (!input.snapshot && input.snapshot.error().code == ErrorCode::kCorrupt) {
    return end_damaged(*run, input.snapshot.error().message);
  }
  bool is_old = input.snapshot && input.snapshot->as_of_seq < run->needs_batch;
  if (!input.snapshot || (is_old && !mutant("load-too-old"))) return load(*run);
  bring_back(*run, std::move(*input.snapshot));
  pump(*run);
}

void State::end_damaged(Run& run, const std::string& damage) {
  if (run.pending_end) {
    return finish(run, run.pending_end->status, "", run.pending_end->reason);
  }
  fail_run(run, {.name = "StoredDataDamaged",
                 .message = "what is stored of this run is damaged, so that it cannot go on: " +
                            damage + "; \"stepwell doctor --deep\" checks the rest"});
}

void State::bring_back(Run& run, storage::RunSnapshot snapshot) {
  auto memory = std::make_unique<Memory>();
  RunContext context{run.no, run.id, run.function->config.id, {}, run.created_at};
  for (EventRecord& event : snapshot.events) {
    memory->bytes += sizeof(Event) + event.event.data.size() + event.event.name.size();
    context.events.push_back(std::move(event.event));
  }
  CHECK_INVARIANT(!context.events.empty(), "a run is triggered by an event");
  memory->trigger_json = event_json(context.events.front());
  memory->context = std::make_shared<const RunContext>(std::move(context));
  memory->bytes += settings_.frame_bytes + memory->trigger_json.size() + sizeof(RunContext);
  memory->look_base = run.no;
  hot_bytes_ += memory->bytes;
  run.memory = std::move(memory);

  // What the code had when it last asked for something; an earlier process does not tell more.
  Position seen = run.code_pos;
  std::vector<StepRecord> resolved;
  for (StepRecord& step : snapshot.steps) {
    seen = std::max(seen, seen_by_code_at(step));
    if (step.state == StepState::kCompleted || step.state == StepState::kFailed) {
      resolved.push_back(std::move(step));
    } else if (PendingStep* pending = find_pending(run, step.key)) {
      pending->id = SlimText(step.id);
      // The input of a body; or a request, which earlier versions kept in the same place.
      std::string& request = step.data.empty() ? step.expression : step.data;
      if (has_body(step.kind) && !request.empty()) {
        run.memory->requests.emplace(step.key, std::move(request));
      }
    }
  }
  std::sort(resolved.begin(), resolved.end(), [](const StepRecord& a, const StepRecord& b) {
    if (mutant("memo-out-of-order")) return a.pos < b.pos;
    return a.resolved_pos < b.resolved_pos;
  });
  for (const StepRecord& step : resolved) {
    remember(run, step);
    if (step.resolved_pos > seen) continue;  // news to the code: call_function() looks at it
    run.memory->look_base = step.base;
    ++run.memory->seen_by_code;
  }
}

}  // namespace stepwell::core
