// stepwell-sim: plays scenarios on virtual time, with crashes wherever they may hurt.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/random_plan.h"
#include "tests/simulation/sweep.h"

namespace stepwell::sim {
namespace {

constexpr size_t kFailuresPrinted = 3;  // of each scenario
constexpr uint64_t kRepeatEach = 100;   // of so many plays one is done twice, for S-17

struct Options {
  bool lists = false;
  bool sweeps = false;
  std::string scenario;
  std::string crash = "none";
  uint64_t seed = 1;
  uint64_t seeds = 0;
  uint64_t plays = 0;
  size_t stride = 1;
  std::string log = "short";
};

class Simulator {
 public:
  explicit Simulator(const Options& options) : options_(options), scenarios_(all_scenarios()) {}

  int list() const {
    for (const Scenario& scenario : scenarios_) fmt::print("{}\n", scenario.name);
    return 0;
  }

  // The scenarios that were asked for, as the options say.
  void play_fixed(const std::vector<CrashPoint>& crashes) {
    for (const Scenario& scenario : scenarios_) {
      if (!options_.scenario.empty() && scenario.name != options_.scenario) continue;
      if (options_.sweeps) {
        sweep(scenario, options_.seed, options_.stride,
              [&](const std::vector<CrashPoint>& plan, const Verdict& verdict) {
                judge(scenario, options_.seed, plan, verdict);
              });
      } else {
        play_once(scenario, options_.seed, crashes);
      }
    }
  }

  // The random world of a seed.
  void play_world(uint64_t seed) {
    Plan plan = random_plan(seed);
    Verdict verdict = sim::play(plan, options_.log == "full" ? Log::kTrace : Log::kNone);
    for (const std::string& line : verdict.trace) fmt::print("{}\n", line);
    lives_ += static_cast<size_t>(verdict.lives);
    runs_ += verdict.runs;
    batches_ += verdict.batches;
    if (plays_++ % kRepeatEach == 0 &&
        sim::play(plan, Log::kHash).hash != sim::play(plan, Log::kHash).hash) {
      verdict.violations.push_back({"S-17", "the same seed gave another trace", {}});
    }
    if (verdict.violations.empty()) {
      ++passed_;
      return;
    }
    ++failed_;
    for (const Violation& violation : verdict.violations) {
      fmt::print("seed={} FAIL {} at t={}: {}\n", seed, violation.promise,
                 format_duration(violation.at), violation.what);
    }
    if (options_.log != "full" && verdict.violations[0].promise != "S-6") return;
    for (const std::string& line : verdict.open_runs) fmt::print("  {}\n", line);
  }

  // A scenario and crashes that a seed chooses.
  void play_seed(uint64_t seed) {
    RandomPlay chosen = random_play(seed, scenarios_.size());
    play_once(scenarios_[chosen.scenario], seed, chosen.crashes);
  }

  int finish() {
    if (plays_ == 0) {
      fmt::print("no scenario is called \"{}\"; see --list\n", options_.scenario);
      ++failed_;
    }
    for (const auto& [name, count] : failures_of_) fmt::print("{}: {} failures\n", name, count);
    fmt::print("{} plays, {} lives of the process\n", plays_, lives_);
    if (runs_ > 0) fmt::print("{} runs and {} batches in random worlds\n", runs_, batches_);
    fmt::print("{} passed, {} failed, 0 skipped\n", passed_, failed_);
    return failed_ > 0 ? 1 : 0;
  }

 private:
  void play_once(const Scenario& scenario, uint64_t seed, const std::vector<CrashPoint>& crashes) {
    Verdict verdict =
        play(scenario, seed, crashes, options_.log == "full" ? Log::kTrace : Log::kNone);
    for (const std::string& line : verdict.trace) fmt::print("{}\n", line);
    judge(scenario, seed, crashes, verdict);
  }

  void judge(const Scenario& scenario, uint64_t seed, const std::vector<CrashPoint>& crashes,
             Verdict verdict) {
    lives_ += static_cast<size_t>(verdict.lives);
    if (plays_++ % kRepeatEach == 0 && play(scenario, seed, crashes, Log::kHash).hash !=
                                           play(scenario, seed, crashes, Log::kHash).hash) {
      verdict.violations.push_back({"S-17", "the same seed gave another trace", {}});
    }
    if (verdict.violations.empty()) {
      ++passed_;
      return;
    }
    ++failed_;
    if (++failures_of_[scenario.name] > kFailuresPrinted) return;
    for (const Violation& violation : verdict.violations) {
      fmt::print("seed={} scenario={} crash={} FAIL {} at t={}: {}\n", seed, scenario.name,
                 describe(crashes), violation.promise, format_duration(violation.at),
                 violation.what);
    }
  }

  Options options_;
  std::vector<Scenario> scenarios_;
  size_t plays_ = 0;
  size_t lives_ = 0;
  size_t runs_ = 0;
  uint64_t batches_ = 0;
  size_t passed_ = 0;
  size_t failed_ = 0;
  std::map<std::string, size_t> failures_of_;
};

int simulate(const Options& options, bool has_seed) {
  Simulator simulator(options);
  if (options.lists) return simulator.list();
  auto crashes = parse_crashes(options.crash);
  if (!crashes) {
    fmt::print("\"{}\" names no crash\n", options.crash);
    return 2;
  }
  bool is_of_scenarios = options.sweeps || !options.scenario.empty();
  bool is_one_seed = has_seed && options.seeds == 0 && options.plays == 0 && !is_of_scenarios;
  if (is_one_seed) simulator.play_world(options.seed);
  bool has_nothing_else = !is_one_seed && options.seeds == 0 && options.plays == 0;
  if (is_of_scenarios || has_nothing_else) simulator.play_fixed(*crashes);
  for (uint64_t i = 0; i < options.plays; ++i) simulator.play_seed(options.seed + i);
  for (uint64_t i = 0; i < options.seeds; ++i) simulator.play_world(options.seed + i);
  return simulator.finish();
}

}  // namespace
}  // namespace stepwell::sim

int main(int argc, char** argv) {
  stepwell::sim::Options options;
  CLI::App app("Plays the engine on virtual time, with crashes; all of it follows from a seed.");
  app.add_flag("--list", options.lists, "Print the names of the scenarios");
  app.add_option("--scenario", options.scenario, "Only this one");
  app.add_flag("--sweep", options.sweeps, "Crash at each boundary of each commit, and again");
  app.add_option("--stride", options.stride, "With --sweep: of the pairs of crashes one in so many")
      ->check(CLI::PositiveNumber);
  app.add_option("--crash", options.crash, "Where to crash, as failures print it");
  CLI::Option* seed = app.add_option("--seed", options.seed, "Play the random world of this seed");
  app.add_option("--seeds", options.seeds, "Play so many random worlds, from --seed on");
  app.add_option("--plays", options.plays, "Play so many scenarios with random crashes");
  app.add_option("--log", options.log, "full: print the trace")
      ->check(CLI::IsMember({"short", "full"}));
  CLI11_PARSE(app, argc, argv);
  return stepwell::sim::simulate(options, seed->count() > 0);
}
