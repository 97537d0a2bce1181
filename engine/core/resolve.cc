// How steps get into the record and out of waiting: each is registered at most once and resolved at
// most once.
//
//   (op) ──record_pending──► pending ──resolve──► completed or failed, in the memo
//   (op) ──record_resolved─────────────────────► completed or failed, in the memo
#include <fmt/core.h>

#include <algorithm>

#include "engine/core/state.h"
#include "schema/json.h"
#include "schema/mutant.h"
#include "schema/utf8.h"

namespace stepwell::core {
namespace {

size_t text_bytes(const ErrorInfo& error) {
  return error.name.size() + error.message.size() + error.stack.size() + error.cause.size() +
         error.extra.size();
}

// Leaves out so much of the end that `over` bytes less are there; `over` becomes what is left of
// it.
void cut(std::string& text, size_t& over) {
  const size_t kept = text.size() - std::min(text.size(), over);
  over -= text.size() - kept;
  text.resize(valid_utf8_length(std::string_view(text).substr(0, kept)));
}

}  // namespace

void State::hold_to_limit(ErrorInfo& error) const {
  const size_t bytes = text_bytes(error);
  if (bytes <= settings_.step_output_bytes_max) return;
  size_t over = bytes - settings_.step_output_bytes_max;
  cut(error.stack, over);
  for (std::string* json : {&error.cause, &error.extra}) {  // a part of it would be no JSON
    if (over == 0) return;
    over -= std::min(over, json->size());
    json->clear();
  }
  cut(error.message, over);
  cut(error.name, over);
}

bool State::has_overflowed(const Run& run) const {
  return run.memory && run.memory->output_bytes > settings_.state_bytes_max;
}

void State::end_overflowed(Run& run) {
  fail_run(run, {.name = "InngestErrStateOverflowed",
                 .message = fmt::format("function run exceeded the state size limit of {} bytes",
                                        settings_.state_bytes_max)});
}

void State::remember(Run& run, const StepRecord& step) {
  Memory& memory = *run.memory;
  MemoEntry entry{step.key,  step.id,    step.kind,        step.state,
                  step.data, step.error, step.resolved_pos};
  const size_t left =
      entry.id.size() + entry.data.size() + (entry.error ? text_bytes(*entry.error) : 0);
  const size_t bytes = sizeof(MemoEntry) + 64 + left;
  memory.bytes += bytes;
  memory.output_bytes += left;
  hot_bytes_ += bytes;
  if (step.kind == StepKind::kWaitForEvent && step.resolved_event != 0) {
    const JsonView event = JsonView::trusted(step.data);
    const auto text_of = [&](const char* member) {
      const auto found = event.find(member);
      return found ? found->as_string().value_or("") : std::string();
    };
    memory.spent.push_back({text_of("name"), text_of("id")});
  }
  memory.known.emplace(step.key, Memory::Known{step.kind, step.state, step.base});
  memory.memo.push_back(std::move(entry));
}

void State::record_resolved(Run& run, StepRecord step) {
  step.run = run.no;
  step.pos = next_pos();
  step.resolved_pos = step.pos;
  if (!step.resolved_at) step.resolved_at = now_;
  if (step.base == 0) step.base = step.resolved_pos;
  remember(run, step);
  write(storage::PutStep{std::move(step)});
  touch(run);
  run.needs_discovery = true;
}

PendingStep& State::record_pending(Run& run, StepRecord step) {
  step.run = run.no;
  step.pos = next_pos();
  step.state = StepState::kPending;
  step.registered_at = now_;
  if (step.kind != StepKind::kCancelOn) step.base = code_pos_;
  adopt_pending(run, step);
  write(storage::PutStep{std::move(step)});
  touch(run);
  return run.pending.back();
}

void State::adopt_pending(Run& run, const StepRecord& step) {
  run.pending.push_back({.key = step.key,
                         .pos = step.pos,
                         .base = step.base,
                         .kind = step.kind,
                         .attempts = step.attempts,
                         .due = step.due,
                         .child = step.invoked_run,
                         .id = has_body(step.kind) ? SlimText(step.id) : SlimText(),
                         .target = SlimText(step.target)});
  if (step.due) timers_.add({*step.due, run.no, step.pos, Timer::Kind::kStep});
}

void State::forget_pending(Run& run, size_t pending_index) {
  const PendingStep& step = run.pending[pending_index];
  WaitRef ref{run.no, step.pos};
  if (step.kind == StepKind::kWaitForEvent || step.kind == StepKind::kCancelOn) {
    waits_.remove(step.target.view(), ref);
  } else if (step.kind == StepKind::kWaitForSignal) {
    auto holder = signals_.find(step.target.view());
    if (holder != signals_.end() && holder->second == ref) signals_.erase(holder);
  }
  if (step.call != 0) {
    end_call(step.call);
    give_back_slot(run);
  }
  if (run.memory) run.memory->requests.erase(step.key);
  run.pending.erase(run.pending.begin() + static_cast<ptrdiff_t>(pending_index));
}

void State::resolve(Run& run, size_t pending_index, Resolution resolution) {
  if (resolution.error) hold_to_limit(*resolution.error);
  const PendingStep& pending = run.pending[pending_index];
  StepRecord step;
  step.pos = pending.pos;
  step.run = run.no;
  step.key = pending.key;
  step.id = pending.id.str();
  step.kind = pending.kind;
  step.state = resolution.state;
  step.resolved_pos = next_pos();
  step.base = has_body(pending.kind) ? pending.base : step.resolved_pos;
  step.resolved_at = now_;
  step.attempts = pending.attempts;
  step.data = std::move(resolution.data);
  step.error = std::move(resolution.error);
  step.resolved_event = resolution.resolved_event;
  step.invoked_run = pending.child;
  bool is_kept = mutant("wait-resolved-twice") && step.kind == StepKind::kWaitForEvent;
  if (!is_kept) forget_pending(run, pending_index);
  if (run.memory) remember(run, step);
  write(storage::UpdateStep{std::move(step)});
  touch(run);
  run.needs_discovery = true;
}

void State::wake(Run& run, size_t pending_index, Resolution resolution) {
  resolve(run, pending_index, std::move(resolution));
  pump(run);
}

}  // namespace stepwell::core
