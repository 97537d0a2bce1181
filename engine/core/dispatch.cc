// Which calls a run is ready for.
//
//   in memory, code at hand, something new to see ──► kFunction call
//   in memory, code at hand, a planned step due  ──► kStep call
//   not in memory, either of these                ──► load, then as above
//   too many calls are under way                  ──► in the crowd (crowd.cc)
//   limits have no room for it                    ──► queued (limits.cc)
//   its steps left more than a run may hold       ──► failed
//   nothing of these                              ──► suspended: may leave memory
#include <algorithm>
#include <tuple>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {

// Planned steps whose time has come and that nobody runs.
static bool is_callable(const PendingStep& step, Time now) {
  return has_body(step.kind) && step.call == 0 && (!step.due || *step.due <= now);
}

// A native frame that has thrown, or is about to, runs no step: the function's own call comes
// first.
bool State::may_call_steps(const Run& run) const {
  if (run.function->config.driver != DriverKind::kNative) return true;
  return run.call == 0 && !(run.retry_at && *run.retry_at > now_);
}

bool State::wants_function_call(const Run& run) const {
  if (run.call != 0 || !run.needs_discovery) return false;
  if (run.retry_at && *run.retry_at > now_ && !mutant("retry-early")) return false;
  if (run.parallel == ParallelMode::kRace) return true;
  // Coalescing: the code goes on when the whole group has finished.
  return std::all_of(run.pending.begin(), run.pending.end(),
                     [](const PendingStep& step) { return step.kind == StepKind::kCancelOn; });
}

void State::pump(Run& run) {
  if (is_recovering_ || run.is_loading || run.is_taking_ops) return;
  if (run.pending_end) {
    if (!run.memory) return load(run);
    return finish(run, run.pending_end->status, "", run.pending_end->reason);
  }
  if (run.is_held_back || run.is_in_crowd) return;
  if (run.is_queued) return settle(run);
  if (run.start_at > now_ && !mutant("start-early")) return settle(run);
  bool has_step = may_call_steps(run) &&
                  std::any_of(run.pending.begin(), run.pending.end(),
                              [&](const PendingStep& step) { return is_callable(step, now_); });
  bool wants_function = wants_function_call(run);
  if (!has_step && !wants_function) {
    drop_slot(run);
    return settle(run);
  }
  if (is_too_late(run)) return end_too_late(run);
  if (has_overflowed(run)) return end_overflowed(run);
  const bool is_ignored = mutant("paused-is-called") && run.function->is_available;
  if (!run.function->is_callable() && !is_ignored) {
    hold_back(run);
    return settle(run);
  }
  if (must_wait_for_suspects(run)) {
    drop_slot(run);
    return settle(run);
  }
  if (must_wait_in_crowd(run) || !obtain_slot(run)) return settle(run);
  if (!run.memory) return load(run);
  evictable_.erase(run.memory->last_used);
  if (run.status == RunStatus::kScheduled) begin_run(run);
  if (wants_function) call_function(run);
  if (!may_call_steps(run)) return;  // they are when the function's call has been answered
  for (PendingStep& step : run.pending) {
    if (!is_callable(step, now_)) continue;
    if (!obtain_slot(run)) return;  // further ones when its turn comes
    call_step(run, step);
  }
}

// All at once: a restart, a pause that ends, no suspect left, other limits. In the order in which
// limits let runs in, or else the one that is pumped first would overtake those that are still to
// queue.
void State::pump_all(const std::vector<RunNo>& runs) {
  using Turn = std::tuple<bool, bool, int64_t, RunNo>;
  std::vector<Turn> turns;
  turns.reserve(runs.size());
  for (RunNo no : runs) {
    Run* run = find_run(no);
    if (run == nullptr) continue;
    run->is_held_back = false;
    // Suspects first, so that they find themselves alone; then what had begun.
    turns.emplace_back(!run->is_suspect, run->status == RunStatus::kScheduled,
                       mutant("released-by-number") ? 0 : score_of(*run), no);
  }
  std::sort(turns.begin(), turns.end());
  for (const auto& [is_innocent, is_new, score, no] : turns) {
    // One that is too late ends at once, and may take others with it: those that invoked it. Or it
    // wakes them, and they are held back again.
    Run* run = find_run(no);
    if (run != nullptr && !run->is_held_back) pump(*run);
  }
}

void State::begin_run(Run& run) {
  run.status = RunStatus::kRunning;
  run.started_at = now_;
  run_started(run);
  update_run(run);
}

// The call for which it was taken will not be made now.
void State::drop_slot(Run& run) {
  if (!run.has_slot) return;
  run.has_slot = false;
  give_back_slot(run);
}

Call State::make_call(Run& run, CallKind kind) {
  Memory& memory = *run.memory;
  Call call;
  call.id = {epoch_, ++last_call_};
  call.kind = kind;
  call.run = memory.context;
  call.max_attempts = run.function->max_attempts();
  call.endpoint = run.function->endpoint;
  call.dialect = run.dialect;
  call.is_cold = !memory.has_frame;
  size_t first = call.is_cold ? 0 : memory.seen_by_frame;
  if (mutant("memo-withheld") && !call.is_cold && first < memory.memo.size()) ++first;
  if (kind == CallKind::kFunction || call.is_cold) {
    call.memo.assign(memory.memo.begin() + static_cast<ptrdiff_t>(first), memory.memo.end());
    for (const PendingStep& step : run.pending) {
      if (step.kind != StepKind::kCancelOn) call.pending.push_back({step.key, step.kind});
    }
  }
  return call;
}

void State::call_function(Run& run) {
  Memory& memory = *run.memory;
  Call call = make_call(run, CallKind::kFunction);
  call.attempt = run.attempt;
  // A wait that this call registers looks back to where the oldest of what is new to it was
  // dispatched; with nothing new (another attempt), as far as the call before.
  Position look_base = 0;
  for (size_t i = memory.seen_by_code; i < memory.memo.size(); ++i) {
    Position base = memory.known.at(memory.memo[i].key).base;
    look_base = look_base == 0 ? base : std::min(look_base, base);
  }
  if (look_base != 0) memory.look_base = look_base;
  memory.seen_by_code = memory.memo.size();
  memory.seen_by_frame = memory.memo.size();
  memory.has_frame = run.function->config.driver == DriverKind::kNative;
  run.call = call.id.number;
  run.retry_at.reset();
  run.needs_discovery = false;
  begin_call(run, call, memory.look_base);
  effect(StartCall{run.function->config.driver, std::move(call)});
}

void State::call_step(Run& run, PendingStep& step) {
  Memory& memory = *run.memory;
  Call call = make_call(run, CallKind::kStep);
  call.attempt = step.attempts;
  call.target = step.key;
  call.target_id = step.id.str();
  call.target_kind = step.kind;
  if (step.kind != StepKind::kRun) {
    call.request = memory.requests.at(step.key);
  } else if (const auto found = memory.requests.find(step.key); found != memory.requests.end()) {
    call.input = found->second;
  }
  if (call.is_cold) {
    memory.has_frame = run.function->config.driver == DriverKind::kNative;
    memory.seen_by_frame = memory.memo.size();
  }
  step.call = call.id.number;
  step.due.reset();
  begin_call(run, call, memory.look_base);
  if (mutant("step-called-twice")) effect(StartCall{run.function->config.driver, call});
  effect(StartCall{run.function->config.driver, std::move(call)});
}

void State::begin_call(Run& run, const Call& call, Position look_base) {
  run.has_slot = false;  // from now on it is the call's
  DriverKind driver = run.function->config.driver;
  if (driver == DriverKind::kNative) ++native_calls_;
  const std::vector<MemoEntry>& memo = run.memory->memo;
  // What a call for a step shows to the rest of the code is the driver's business: take nothing.
  bool shows_memo = call.kind == CallKind::kFunction && !memo.empty();
  Position code_pos = shows_memo ? memo.back().resolved_pos : run.no;
  if (call.kind == CallKind::kFunction) run.code_pos = code_pos;
  calls_[call.id.number] = {run.no,    call.kind, call.target, code_pos,
                            look_base, now_,      driver,      code_pos};
}

bool State::is_suspended(const Run& run) const {
  if (mutant("called-run-leaves-memory")) return !run.is_loading;
  return run.call == 0 && !run.is_loading &&
         std::all_of(run.pending.begin(), run.pending.end(),
                     [](const PendingStep& step) { return step.call == 0; });
}

// Nothing to do for the run: it may leave memory when room is needed.
void State::settle(Run& run) {
  if (!run.memory || !is_suspended(run)) return;
  // There may be very many that wait to start: they stay on disk.
  const bool waits_to_start = run.is_queued && run.status == RunStatus::kScheduled;
  if (settings_.always_evict || waits_to_start) return evict(run);
  evictable_.erase(run.memory->last_used);
  run.memory->last_used = ++use_counter_;
  evictable_.emplace(run.memory->last_used, run.no);
}

void State::evict(Run& run) {
  CHECK_INVARIANT(is_suspended(run), "only a suspended run leaves memory");
  evictable_.erase(run.memory->last_used);
  hot_bytes_ -= run.memory->bytes;
  if (run.memory->has_frame) effect(DropRun{run.function->config.driver, run.no});
  run.memory.reset();
  // Loading it gave these for the memo.
  for (PendingStep& step : run.pending) {
    if (!has_body(step.kind)) step.id = {};
  }
}

void State::evict_over_budget() {
  while (hot_bytes_ > settings_.hot_bytes_max && !evictable_.empty()) {
    evict(runs_.at(evictable_.begin()->second));
  }
}

void State::load(Run& run) {
  if (run.is_loading) return;
  run.is_loading = true;
  ++loads_;
  effect(LoadRun{run.no});
}

RunRecord State::record_of(const Run& run, RunStatus status) const {
  RunRecord record;
  record.no = run.no;
  record.id = run.id;
  record.function = run.function->config.id;
  record.status = status;
  record.created_at = run.created_at;
  record.start_at = run.start_at;
  record.started_at = run.started_at;
  record.attempt = run.attempt;
  record.retry_at = run.retry_at;
  record.deaths = run.deaths;
  record.deaths_alone = run.deaths_alone;
  record.deaths_pos = run.deaths_pos;
  record.dialect = run.dialect;
  record.end_events = run.end_events;
  if (run.invokers) record.invoked_by = run.invokers->front();
  if (run.pending_end && run.pending_end->status == RunStatus::kCancelled) {
    record.error = run.pending_end->reason;
  }
  return record;
}

void State::update_run(Run& run) {
  write(storage::UpdateRun{record_of(run, run.status)});
  touch(run);
}

}  // namespace stepwell::core
