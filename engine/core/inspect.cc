// Looking in: why a run waits, and whether everything that is open will move.
#include <fmt/core.h>

#include "engine/core/state.h"
#include "schema/sorted_keys.h"

namespace stepwell::core {
namespace {

using Kind = WakeSource::Kind;

WakeSource of_pending(const PendingStep& step) {
  std::string until = step.due ? " until " + format_rfc3339(*step.due) : std::string();
  switch (step.kind) {
    case StepKind::kSleep:
      return {Kind::kTimer, "sleeps" + until, step.due};
    case StepKind::kWaitForEvent:
      return {Kind::kWait, fmt::format("waits for event \"{}\"{}", step.target, until), step.due};
    case StepKind::kWaitForSignal:
      return {Kind::kWait, fmt::format("waits for signal \"{}\"{}", step.target, until), step.due};
    case StepKind::kInvoke:
      return {Kind::kChild, fmt::format("waits for function \"{}\"{}", step.target, until),
              step.due};
    default:
      return {Kind::kTimer, fmt::format("retries step \"{}\"{}", step.id, until), step.due};
  }
}

}  // namespace

WakeSource State::wake_source(const Run& run) const {
  if (run.is_loading) return {Kind::kLoading, "is being read from the journal", std::nullopt};
  if (run.is_held_back) {
    if (!run.function->is_available) {
      return {Kind::kFunction,
              fmt::format("function \"{}\" is not registered in this process",
                          run.function->config.id.slug),
              std::nullopt};
    }
    return {Kind::kQueued, "waits while runs that may have killed the process are tried alone",
            std::nullopt};
  }
  if (run.call != 0) {
    return {Kind::kCall, fmt::format("attempt {} is under way", run.attempt + 1), std::nullopt};
  }
  if (run.start_at > now_) {
    return {Kind::kTimer, "starts at " + format_rfc3339(run.start_at), run.start_at};
  }
  if (run.retry_at && *run.retry_at > now_) {
    return {Kind::kTimer,
            fmt::format("attempt {} follows at {}", run.attempt + 1, format_rfc3339(*run.retry_at)),
            run.retry_at};
  }
  const PendingStep* next = nullptr;
  for (const PendingStep& step : run.pending) {
    if (step.kind == StepKind::kCancelOn) continue;
    if (step.call != 0) {
      return {Kind::kCall, fmt::format("step \"{}\" is under way", step.id), std::nullopt};
    }
    bool is_sooner = next == nullptr || (step.due && (!next->due || *step.due < *next->due));
    if (is_sooner) next = &step;
  }
  if (next != nullptr && next->due) return of_pending(*next);
  return {Kind::kNone, "nothing will wake it", std::nullopt};
}

std::vector<Finding> State::check() const {
  std::vector<Finding> findings;
  size_t waits = 0;
  for (RunNo no : sorted_keys(runs_)) {
    const Run& run = *runs_.at(no);
    if (wake_source(run).kind == Kind::kNone) findings.push_back({run.id, "nothing will wake it"});
    for (const PendingStep& step : run.pending) {
      bool is_wait = step.kind == StepKind::kWaitForEvent || step.kind == StepKind::kCancelOn;
      waits += is_wait;
      if (is_wait && !waits_.has(step.target, {run.no, step.pos})) {
        findings.push_back(
            {run.id, fmt::format("its wait for \"{}\" is not indexed", step.target)});
      }
      if (step.call != 0 && !calls_.contains(step.call)) {
        findings.push_back(
            {run.id, fmt::format("step \"{}\" has a call that is not under way", step.id)});
      }
    }
    if (run.call != 0 && !calls_.contains(run.call)) {
      findings.push_back({run.id, "it has a call that is not under way"});
    }
    auto by_id = run_by_id_.find(run.id);
    if (by_id == run_by_id_.end() || by_id->second != no) {
      findings.push_back({run.id, "it is not found by its id"});
    }
  }
  if (waits != waits_.size()) findings.push_back({{}, "the wait index holds waits of no run"});
  if (run_by_id_.size() != runs_.size()) findings.push_back({{}, "ids of runs that are not open"});
  return findings;
}

}  // namespace stepwell::core
