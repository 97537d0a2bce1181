#include "api/server/inspect/why.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace stepwell::server {
namespace {

using Kind = core::WakeSource::Kind;

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::kCall:
      return "call";
    case Kind::kTimer:
      return "timer";
    case Kind::kWait:
      return "wait";
    case Kind::kChild:
      return "child";
    case Kind::kFunction:
      return "function";
    case Kind::kLoading:
      return "loading";
    case Kind::kQueued:
      return "queued";
    case Kind::kNone:
      break;
  }
  return "none";
}

Kind kind_of(const StepRecord& step) {
  switch (step.kind) {
    case StepKind::kWaitForEvent:
    case StepKind::kWaitForSignal:
      return Kind::kWait;
    case StepKind::kInvoke:
      return Kind::kChild;
    default:
      return step.due ? Kind::kTimer : Kind::kCall;
  }
}

std::string what_of(const StepRecord& step) {
  switch (step.kind) {
    case StepKind::kSleep:
      return "sleep";
    case StepKind::kWaitForEvent:
      return "event";
    case StepKind::kWaitForSignal:
      return "signal";
    case StepKind::kInvoke:
      return "function";
    default:
      return step.due ? "retry" : "";
  }
}

// "once" or "3 times".
std::string times(int count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

std::string describe_replaced(const StepRecord& step) {
  return fmt::format(
      "Step \"{}\" waited for the signal \"{}\"; a later wait took it over, and this one ends with "
      "null{}.",
      step.id, step.target, step.due ? " at " + format_rfc3339(*step.due) : std::string());
}

std::string describe(const StepRecord& step) {
  const std::string until = step.due ? ", until " + format_rfc3339(*step.due) : std::string();
  const std::string where =
      step.expression.empty() ? std::string() : fmt::format(" where {}", step.expression);
  switch (step.kind) {
    case StepKind::kSleep:
      return fmt::format("Step \"{}\" sleeps{}.", step.id, until);
    case StepKind::kWaitForEvent:
      return fmt::format("Step \"{}\" waits for an event \"{}\"{}{}.", step.id, step.target, where,
                         until);
    case StepKind::kWaitForSignal:
      if (step.attempts == core::kReplacedWaiter) return describe_replaced(step);
      return fmt::format("Step \"{}\" waits for the signal \"{}\"{}.", step.id, step.target, until);
    case StepKind::kInvoke:
      return fmt::format(
          "Step \"{}\" waits for a run of function \"{}\"{}{}.", step.id, step.target,
          step.invoked_run == 0 ? ", whose event is debounced or batched" : "", until);
    default:
      break;
  }
  if (!step.due) return fmt::format("Step \"{}\" is about to run.", step.id);
  return fmt::format("Step \"{}\" failed {} and is tried again at {}.", step.id,
                     times(step.attempts), format_rfc3339(*step.due));
}

// What the code waits for, the first due first. Registered cancellations do not wake a run.
std::vector<const StepRecord*> pending_steps(const storage::RunSnapshot& snapshot) {
  std::vector<const StepRecord*> pending;
  for (const StepRecord& step : snapshot.steps) {
    if (step.state == StepState::kPending && step.kind != StepKind::kCancelOn) {
      pending.push_back(&step);
    }
  }
  std::stable_sort(pending.begin(), pending.end(), [](const StepRecord* a, const StepRecord* b) {
    return a->due.value_or(Time::max()) < b->due.value_or(Time::max());
  });
  return pending;
}

// "function …" → "Function ….".
std::string sentence(std::string words) {
  if (!words.empty() && words[0] >= 'a' && words[0] <= 'z') words[0] -= 'a' - 'A';
  return words + ".";
}

std::string by_core(const core::WakeSource& wake) {
  switch (wake.kind) {
    case Kind::kFunction:
      return sentence(wake.what);
    case Kind::kQueued:
      return fmt::format("It {}.", wake.what);
    case Kind::kLoading:
      return "It is being read from the journal and goes on at once.";
    case Kind::kNone:
      return "Nothing will wake it. That is a bug in Stepwell: please report it with the output of"
             " stepwell doctor. stepwell runs rerun starts it anew.";
    default:
      return fmt::format("It is moving: {}.", wake.what);
  }
}

}  // namespace

std::optional<Waiting> waiting_by_records(const storage::RunSnapshot& snapshot, Time now) {
  const RunRecord& run = snapshot.run;
  if (run.status == RunStatus::kScheduled && run.start_at > now) {
    return Waiting{std::string(kind_name(Kind::kTimer)),
                   fmt::format("It starts at {}, as its event asks.", format_rfc3339(run.start_at)),
                   "start", run.start_at};
  }
  if (run.retry_at && *run.retry_at > now) {
    return Waiting{std::string(kind_name(Kind::kTimer)),
                   fmt::format("Its function failed {} and is called again at {}.",
                               times(run.attempt), format_rfc3339(*run.retry_at)),
                   "retry", run.retry_at};
  }
  const std::vector<const StepRecord*> pending = pending_steps(snapshot);
  if (pending.empty()) return std::nullopt;
  Waiting waiting{std::string(kind_name(kind_of(*pending.front()))), describe(*pending.front()),
                  what_of(*pending.front()), pending.front()->due};
  if (pending.size() == 2) waiting.why += " One more step is open.";
  if (pending.size() > 2)
    waiting.why += fmt::format(" {} more steps are open.", pending.size() - 1);
  return waiting;
}

Waiting why_not_moving(const storage::RunSnapshot& snapshot,
                       const std::optional<core::WakeSource>& wake, Time now) {
  const std::optional<Waiting> recorded = waiting_by_records(snapshot, now);
  const bool is_for_records = !wake || wake->kind == Kind::kTimer || wake->kind == Kind::kWait ||
                              wake->kind == Kind::kChild;
  if (is_for_records && recorded) return *recorded;
  if (wake) {
    return {std::string(kind_name(wake->kind)), by_core(*wake), "", wake->due};
  }
  return {std::string(kind_name(Kind::kCall)), "It is about to be called.", "", std::nullopt};
}

}  // namespace stepwell::server
