#include "tests/simulation/scenario.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "tests/simulation/playing.h"
#include "tests/simulation/sweep.h"

namespace stepwell::sim {

std::vector<RunRecord> Expect::runs_of(const std::string& function) const {
  std::vector<RunRecord> found;
  for (const auto& [no, run] : host_.ledger().history().runs) {
    if (run.function.slug == function) found.push_back(run);
  }
  return found;
}

void Expect::that(bool holds, const std::string& what) {
  if (!holds) failures_.push_back(what);
}

void Expect::runs(const std::string& function, size_t count, RunStatus status,
                  const std::set<std::string>& outputs) {
  std::vector<RunRecord> runs = runs_of(function);
  that(runs.size() == count, fmt::format("{} has {} runs, not {}", function, runs.size(), count));
  for (const RunRecord& run : runs) {
    that(run.status == status, fmt::format("run {} of {} is {}, not {}", run.no, function,
                                           run_status_name(run.status), run_status_name(status)));
    that(outputs.empty() || outputs.contains(run.output),
         fmt::format("run {} of {} gave {}", run.no, function, run.output));
  }
}

void Expect::some(const std::string& function, RunStatus status, size_t count) {
  std::vector<RunRecord> runs = runs_of(function);
  auto found = static_cast<size_t>(std::count_if(
      runs.begin(), runs.end(), [&](const RunRecord& run) { return run.status == status; }));
  that(found == count, fmt::format("{} runs of {} are {}, not {}", found, function,
                                   run_status_name(status), count));
}

void Expect::error(const std::string& function, const std::string& name) {
  for (const RunRecord& run : runs_of(function)) {
    std::string found = run.error ? run.error->name : "none";
    that(found == name, fmt::format("the error of run {} is {}, not {}", run.no, found, name));
  }
}

void Expect::messages(const std::string& channel, size_t count) {
  const auto& all = host_.messages();
  auto found = static_cast<size_t>(std::count(all.begin(), all.end(), channel + "/said"));
  that(found >= count, fmt::format("{} messages in {}, not {}", found, channel, count));
}

AppFunction function(std::string id, std::string event, Program program) {
  AppFunction made;
  made.config.id = {std::move(id)};
  if (!event.empty()) made.config.triggers = {{std::move(event), ""}};
  made.program = std::move(program);
  return made;
}

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all;
  for (auto* part : {step_scenarios, wait_scenarios, lookback_scenarios, run_scenarios,
                     intake_scenarios, flow_scenarios, fault_scenarios, wire_scenarios,
                     clock_scenarios}) {
    std::vector<Scenario> some = part();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  const size_t count = all.size();
  for (size_t i = 0; i < count; ++i) {
    Scenario evicting = all[i];
    evicting.name += "/evict";
    evicting.options.settings.always_evict = true;
    all.push_back(std::move(evicting));
  }
  return all;
}

Verdict verdict_of(const Host& host) {
  Verdict verdict;
  const Ledger& ledger = host.ledger();
  verdict.violations = ledger.violations();
  verdict.hash = ledger.hash();
  verdict.lives = host.lives();
  verdict.effects = host.effects();
  verdict.pages = host.pages();
  verdict.trace = ledger.trace();
  verdict.runs = ledger.history().runs.size();
  for (const auto& [no, steps] : ledger.history().steps) verdict.steps += steps.size();
  verdict.batches = ledger.history().seq;
  verdict.elapsed = host.elapsed();
  if (!verdict.violations.empty()) verdict.open_runs = host.explain_open_runs();
  return verdict;
}

Verdict play(const Scenario& scenario, uint64_t seed, std::vector<CrashPoint> crashes, Log log,
             std::shared_ptr<Medium> medium) {
  const bool is_on_time = medium == nullptr || !scenario.expects_service;
  HostOptions options = scenario.options;
  options.medium = std::move(medium);
  // Crashes that come from elsewhere make killers of innocent runs, if there are enough of them.
  if (scenario.has_killer && crashes.size() > 2) crashes.resize(2);
  if (!scenario.has_killer) options.settings.deaths_alone_max = 1000;
  const Playing playing(name_of_play(scenario, seed, crashes));
  options.crashes = std::move(crashes);
  options.log = log;
  Host host(seed, std::move(options), scenario.functions);
  host.check(scenario.checks);
  scenario.script(host);
  host.play();

  Verdict verdict = verdict_of(host);
  if (verdict.violations.empty() && scenario.expect && is_on_time) {
    std::vector<std::string> failures;
    Expect expect(host, failures);
    scenario.expect(expect);
    for (std::string& failure : failures) {
      verdict.violations.push_back({"S-5", "expected otherwise: " + failure, {}});
    }
  }
  return verdict;
}

}  // namespace stepwell::sim
