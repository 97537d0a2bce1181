// Looking in: why a run waits, and whether everything that is open will move.
#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "engine/core/state.h"
#include "schema/mutant.h"
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
      return {Kind::kWait, fmt::format("waits for event \"{}\"{}", step.target.view(), until),
              step.due};
    case StepKind::kWaitForSignal:
      return {Kind::kWait, fmt::format("waits for signal \"{}\"{}", step.target.view(), until),
              step.due};
    case StepKind::kInvoke:
      return {Kind::kChild,
              fmt::format("waits for function \"{}\"{}{}", step.target.view(), until,
                          step.child == 0 ? "; its event is debounced or batched" : ""),
              step.due};
    default:
      return {Kind::kTimer, fmt::format("retries step \"{}\"{}", step.id.view(), until), step.due};
  }
}

}  // namespace

WakeSource State::wake_source(const Run& run) const {
  if (run.is_loading) return {Kind::kLoading, "is being read from the journal", std::nullopt};
  if (run.is_in_crowd) {
    return {Kind::kQueued,
            fmt::format("waits its turn: {} calls are under way, as many as may be", calls_.size()),
            std::nullopt};
  }
  if (run.is_held_back) {
    if (run.function->paused_at) {
      return {Kind::kFunction,
              fmt::format("function \"{}\" is paused since {}; its runs go on when it is resumed",
                          run.function->config.id.slug, format_rfc3339(*run.function->paused_at)),
              std::nullopt};
    }
    if (!run.function->is_available) {
      const char* what = run.function->config.driver == DriverKind::kNative
                             ? "is not registered in this server's process: start the program that "
                               "defines it"
                             : "is called by a server, and none runs: start one on this file";
      return {
          Kind::kFunction,
          fmt::format("function \"{}\" {}, or cancel the run", run.function->config.id.slug, what),
          std::nullopt};
    }
    return {Kind::kQueued, "waits while runs that may have killed the process are tried alone",
            std::nullopt};
  }
  if (run.call != 0) {
    return {Kind::kCall, fmt::format("attempt {} is under way", run.attempt + 1), std::nullopt};
  }
  if (run.is_queued) return queued_source(run);
  // A moment that has come counts until its alarm has gone off: that wakes the run.
  if (run.start_at != Time{}) {
    return {Kind::kTimer, "starts at " + format_rfc3339(run.start_at), run.start_at};
  }
  if (run.retry_at) {
    return {Kind::kTimer,
            fmt::format("attempt {} follows at {}", run.attempt + 1, format_rfc3339(*run.retry_at)),
            run.retry_at};
  }
  const PendingStep* next = nullptr;
  for (const PendingStep& step : run.pending) {
    if (step.kind == StepKind::kCancelOn) continue;
    if (step.call != 0) {
      return {Kind::kCall, fmt::format("step \"{}\" is under way", step.id.view()), std::nullopt};
    }
    bool is_sooner = next == nullptr || (step.due && (!next->due || *step.due < *next->due));
    if (is_sooner) next = &step;
  }
  if (next != nullptr && next->due) return of_pending(*next);
  return {Kind::kNone, "nothing will wake it", std::nullopt};
}

void State::check_run(const Run& run, std::vector<Finding>& findings) const {
  auto find = [&](std::string what) { findings.push_back({run.id, std::move(what)}); };
  // Its place is checked with all others, and looking it up takes long in a long queue.
  const bool is_woken = run.is_queued || wake_source(run).kind != Kind::kNone;
  if (!is_woken) find("nothing will wake it");
  for (const PendingStep& step : run.pending) {
    bool is_wait = step.kind == StepKind::kWaitForEvent || step.kind == StepKind::kCancelOn;
    if (is_wait && !waits_.has(step.target.view(), {run.no, step.pos})) {
      find(fmt::format("its wait for \"{}\" is not indexed", step.target.view()));
    }
    if (step.call != 0 && !calls_.contains(step.call)) {
      find(fmt::format("step \"{}\" has a call that is not under way", step.id.view()));
    }
  }
  if (run.call != 0 && !calls_.contains(run.call)) find("it has a call that is not under way");
  if (runs_.find(run.id) != &run) find("it is not found by its id");
}

// Every moment that a run waits for has its alarm.
void State::check_timers(std::vector<Finding>& findings) const {
  const auto key = [](const Timer& timer) {
    return std::tuple(timer.run, timer.subject, timer.kind, timer.due);
  };
  const auto is_less = [&](const Timer& a, const Timer& b) { return key(a) < key(b); };
  std::vector<Timer> alarms = timers_.all();
  std::sort(alarms.begin(), alarms.end(), is_less);
  std::vector<ExpectedAlarm> expected;
  auto expect = [&](const Run& run, const Timer& alarm, std::string what) {
    expected.push_back({alarm, run.id, std::move(what)});
  };
  for (RunNo no : runs_.numbers()) {
    const Run& run = runs_.at(no);
    if (run.start_at != Time{}) {
      expect(run, {run.start_at, no, 0, Timer::Kind::kRunStart}, "its start");
    }
    if (run.retry_at) {
      expect(run, {*run.retry_at, no, 0, Timer::Kind::kFunctionRetry}, "its next attempt");
    }
    for (const PendingStep& step : run.pending) {
      if (step.due) expect(run, {*step.due, no, step.pos, Timer::Kind::kStep}, "a step");
    }
  }
  expect_slot_alarms(expected);
  expect_intake_alarms(expected);
  expect_cron_alarms(expected);
  expect_timeout_alarms(expected);
  for (ExpectedAlarm& each : expected) {
    if (std::binary_search(alarms.begin(), alarms.end(), each.alarm, is_less)) continue;
    findings.push_back({each.run, fmt::format("no alarm is set for {}", each.what)});
  }
}

// What is held back is in the list that lets it go.
void State::check_queues(std::vector<Finding>& findings) const {
  std::vector<RunNo> queued(suspects_.begin(), suspects_.end());
  queued.insert(queued.end(), behind_suspects_.begin(), behind_suspects_.end());
  for (const auto& [slug, function] : functions_.all()) {
    if (function->is_callable()) continue;
    queued.insert(queued.end(), function->held_back.begin(), function->held_back.end());
  }
  std::sort(queued.begin(), queued.end());
  std::vector<RunNo> crowd(crowd_.begin(), crowd_.end());
  std::sort(crowd.begin(), crowd.end());
  for (RunNo no : runs_.numbers()) {
    const Run& run = runs_.at(no);
    if (run.is_in_crowd && !std::binary_search(crowd.begin(), crowd.end(), no)) {
      findings.push_back({run.id, "it waits its turn and is in no queue"});
    }
    if (run.is_held_back && !std::binary_search(queued.begin(), queued.end(), no)) {
      findings.push_back({run.id, "it is held back and in no queue"});
    }
  }
  if (!crowd_.empty() && has_room_for_call()) {
    findings.push_back({{}, "runs wait their turn although there is room"});
  }
  bool has_queue = !suspects_.empty() || !behind_suspects_.empty();
  if (has_queue && alone_ == 0 && native_calls_ == 0) {
    findings.push_back({{}, "runs wait behind suspects, and no suspect is tried"});
  }
  if (alone_ != 0 && !runs_.contains(alone_)) {
    findings.push_back({{}, "the suspect that is tried alone is not open"});
  }
}

// The sums that are kept agree with what they are sums of.
void State::check_sums(std::vector<Finding>& findings) const {
  size_t waits = 0;
  size_t hot = 0;
  size_t loading = 0;
  size_t native = 0;
  for (RunNo no : runs_.numbers()) {
    const Run& run = runs_.at(no);
    waits += static_cast<size_t>(
        std::count_if(run.pending.begin(), run.pending.end(), [](const PendingStep& step) {
          return step.kind == StepKind::kWaitForEvent || step.kind == StepKind::kCancelOn;
        }));
    loading += run.is_loading;
    if (run.memory) hot += run.memory->bytes;
  }
  for (uint64_t number : sorted_keys(calls_)) {
    const CallUnderWay& call = calls_.at(number);
    native += call.driver == DriverKind::kNative;
    if (!runs_.contains(call.run)) findings.push_back({{}, "a call of a run that is not open"});
  }
  if (waits != waits_.size()) findings.push_back({{}, "the wait index holds waits of no run"});
  if (loading != loads_) findings.push_back({{}, "the runs being read are counted wrongly"});
  if (hot != hot_bytes_) findings.push_back({{}, "the bytes in memory are counted wrongly"});
  if (native != native_calls_) findings.push_back({{}, "the calls are counted wrongly"});
  for (const auto& [signal, waiter] : signals_) {
    if (!runs_.contains(waiter.run)) {
      findings.push_back({{}, fmt::format("signal \"{}\" is kept for no open run", signal)});
    }
  }
}

std::vector<Finding> State::check() const {
  std::vector<Finding> findings;
  if (mutant("canary")) findings.push_back({RunId{}, "a canary sings"});
  for (RunNo no : runs_.numbers()) check_run(runs_.at(no), findings);
  check_timers(findings);
  check_queues(findings);
  check_limits(findings);
  check_sums(findings);
  return findings;
}

}  // namespace stepwell::core
