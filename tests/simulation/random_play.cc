// Plays a random world: safety first, with all its faults; then liveness, without.
#include <algorithm>
#include <string>

#include "tests/simulation/body.h"
#include "tests/simulation/model.h"
#include "tests/simulation/random_plan.h"

namespace stepwell::sim {
namespace {

Duration longest_body(const Body& body) {
  Duration longest{};
  for (const Statement& statement : body) {
    longest = std::max(longest, statement.takes);
    for (const Body& branch : statement.branches) longest = std::max(longest, longest_body(branch));
  }
  return longest;
}

// Whether a slow body, or several in one call, may take longer than a call has time.
bool may_run_out_of_time(const AppFunction& function, Duration patience) {
  if (function.config.driver != DriverKind::kHttp) return false;
  return function.checkpoints || longest_body(function.program) + kSlowBody >= patience;
}

// `number`: of the action; a signal has it as its data, so that no two are the same.
void script(Host& host, const Action& action, size_t number) {
  switch (action.kind) {
    case Action::Kind::kSend:
      return host.send_all_at(action.at, action.events);
    case Action::Kind::kCancel:
      return host.cancel_any_at(action.at, action.pick);
    case Action::Kind::kSignal:
      return host.signal_at(action.at, action.target, std::to_string(number));
    case Action::Kind::kInvoke:
      return host.invoke_at(action.at, action.target);
    case Action::Kind::kRerun:
      return host.rerun_any_at(action.at, action.pick);
    case Action::Kind::kPause:
      return host.pause_at(action.at, action.target, action.by);
    case Action::Kind::kJump:
      return host.jump_at(action.at, action.by);
    case Action::Kind::kStop:
      return host.stop_at(action.at);
    case Action::Kind::kDie:
      return host.crash_at(action.at);
  }
}

CheckOptions checks_of(const Plan& plan) {
  CheckOptions checks;
  Duration jumps{};
  for (const Action& action : plan.actions) {
    if (action.kind != Action::Kind::kJump) continue;
    jumps += action.by;
    checks.knows_lookback = false;  // the window is one of the wall clock
  }
  if (plan.options.settings.wait_lookback == Duration(0)) checks.lookback = Duration(-1);
  checks.lateness = std::chrono::minutes(1);
  checks.calm_since = World::kStart + plan.options.faults_end + jumps;
  return checks;
}

}  // namespace

Verdict play(const Plan& plan, Log log) {
  HostOptions options = plan.options;
  options.log = log;
  Host host(plan.seed, std::move(options), plan.functions);
  CheckOptions checks = checks_of(plan);
  host.check(checks);
  const FaultRates& faults = plan.options.faults;
  ModelOptions model;
  model.has_lossy_calls = faults.call_refused > 0 || faults.answer_lost > 0 ||
                          faults.answer_empty > 0 || plan.options.wire.is_lossy();
  model.retry_interval = plan.options.settings.retry_interval;
  for (const AppFunction& function : plan.functions) {
    const FlowControl& flow = function.config.flow;
    model.has_limits |=
        !flow.step_concurrency.empty() || !flow.run_concurrency.empty() || flow.throttle;
    model.has_lossy_calls |=
        faults.slow_bodies > 0 && may_run_out_of_time(function, plan.options.wire.patience);
  }
  for (const Action& action : plan.actions) {
    if (action.kind == Action::Kind::kPause) model.pauses += action.by;
  }
  host.add_checker(check_model(host, plan.functions, model, checks.calm_since));
  size_t number = 0;
  for (const Action& action : plan.actions) script(host, action, ++number);
  host.play();
  return verdict_of(host);
}

}  // namespace stepwell::sim
