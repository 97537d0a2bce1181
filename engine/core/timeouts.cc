// Runs that start or end too late are cancelled.
//
//   Scheduled ──(timeouts.start after its creation)──► Cancelled
//   Running   ──(timeouts.finish after its start)────► Cancelled
//
// By the configuration that its function has then: a changed one counts for open runs at once.
#include <fmt/core.h>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

// When the run is too late, if it goes on as it is, and the alarm for that moment.
std::optional<Timer> alarm_of(const Run& run) {
  const FlowControl& flow = run.function->config.flow;
  if (run.pending_end) return std::nullopt;  // it ends already
  if (run.status == RunStatus::kScheduled && flow.start_timeout &&
      !mutant("start-timeout-never-fires")) {
    return Timer{run.created_at + *flow.start_timeout, run.no, 0, Timer::Kind::kStartTimeout};
  }
  if (run.status == RunStatus::kRunning && flow.finish_timeout && run.started_at &&
      !mutant("finish-timeout-never-fires")) {
    return Timer{*run.started_at + *flow.finish_timeout, run.no, 0, Timer::Kind::kFinishTimeout};
  }
  return std::nullopt;
}

ErrorInfo reason_of(const Run& run) {
  const FlowControl& flow = run.function->config.flow;
  if (run.status == RunStatus::kScheduled) {
    return {.name = "Cancelled",
            .message = fmt::format("it had not started {} after it was scheduled (timeouts.start)",
                                   format_duration(*flow.start_timeout))};
  }
  return {.name = "Cancelled",
          .message = fmt::format("it had not ended {} after its start (timeouts.finish)",
                                 format_duration(*flow.finish_timeout))};
}

}  // namespace

void State::run_created(Run& run) {
  if (run.status == RunStatus::kScheduled) set_timeout(run);
}

void State::run_started(Run& run) {
  if (run.status == RunStatus::kRunning) set_timeout(run);
}

void State::set_timeout(const Run& run) {
  if (const std::optional<Timer> alarm = alarm_of(run)) timers_.add(*alarm);
}

// The configuration has changed: what is due is due at other times.
void State::timeouts_changed(const Function& function) {
  for (RunNo no : runs_.numbers()) {
    const Run& run = runs_.at(no);
    if (run.function == &function) set_timeout(run);
  }
}

void State::fire_timeout(Run& run, const Timer& timer) {
  if (is_timeout_of(run, timer)) end_too_late(run);
}

bool State::is_timeout_of(const Run& run, const Timer& timer) const {
  const std::optional<Timer> alarm = alarm_of(run);
  return alarm && alarm->due == timer.due && alarm->kind == timer.kind;
}

void State::end_too_late(Run& run) {
  end_cancelled(run, reason_of(run), 0);
}

bool State::is_too_late(const Run& run) const {
  const std::optional<Timer> alarm = alarm_of(run);
  return alarm && alarm->due <= now_;
}

void State::expect_timeout_alarms(std::vector<ExpectedAlarm>& expected) const {
  for (RunNo no : runs_.numbers()) {
    const Run& run = runs_.at(no);
    if (const auto alarm = alarm_of(run)) expected.push_back({*alarm, run.id, "its timeout"});
  }
}

}  // namespace stepwell::core
