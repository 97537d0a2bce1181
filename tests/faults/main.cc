// stepwell-disk: plays scenarios with the journal in SQLite on a simulated disk that fails.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/faults/fault_play.h"
#include "tests/simulation/sweep.h"

namespace stepwell::faults {
namespace {

constexpr size_t kFailuresPrinted = 3;  // of each scenario
constexpr uint64_t kRepeatEach = 100;   // of so many plays one is done twice, for S-17

struct Options {
  bool lists = false;
  bool sweeps = false;
  std::vector<std::string> scenarios;
  std::string faults = "none";
  std::string crash = "none";
  uint64_t seed = 1;
  uint64_t seeds = 0;
  size_t stride = 1;
  std::string log = "short";
};

class Player {
 public:
  explicit Player(const Options& options) : options_(options), scenarios_(sim::all_scenarios()) {}

  int list() const {
    for (const sim::Scenario& scenario : scenarios_) fmt::print("{}\n", scenario.name);
    return 0;
  }

  // The first that was asked for and is none; empty: there is none such.
  std::string unknown_scenario() const {
    for (const std::string& name : options_.scenarios) {
      if (std::none_of(scenarios_.begin(), scenarios_.end(),
                       [&](const sim::Scenario& scenario) { return scenario.name == name; })) {
        return name;
      }
    }
    return "";
  }

  // The scenarios that were asked for, with the faults that were asked for or each one.
  void play_fixed(const std::vector<Fault>& faults, const std::vector<sim::CrashPoint>& crashes) {
    for (const sim::Scenario& scenario : scenarios_) {
      if (!is_wanted(scenario)) continue;
      if (!options_.sweeps) {
        play_once(scenario, {.seed = options_.seed, .faults = faults, .power_loss = 1.0}, crashes);
        continue;
      }
      sweep_faults(scenario, {options_.seed, options_.stride, 0},
                   [&](const MediumOptions& medium, const FaultVerdict& verdict) {
                     judge(scenario, medium, {}, verdict);
                   });
    }
  }

  // The play that a seed stands for.
  void play_seed(uint64_t seed) {
    RandomFaultPlay chosen = random_fault_play(seed, scenarios_.size());
    play_once(scenarios_[chosen.scenario], chosen.medium, chosen.crashes);
  }

  int finish() {
    for (const auto& [name, count] : failures_of_) fmt::print("{}: {} failures\n", name, count);
    fmt::print("{} plays, {} lives of the process, {} failed calls of the disk\n", plays_, lives_,
               calls_failed_);
    fmt::print("{} passed, {} failed, 0 skipped\n", passed_, failed_);
    return failed_ > 0 ? 1 : 0;
  }

 private:
  bool is_wanted(const sim::Scenario& scenario) const {
    const auto& names = options_.scenarios;
    return names.empty() || std::find(names.begin(), names.end(), scenario.name) != names.end();
  }

  void play_once(const sim::Scenario& scenario, const MediumOptions& medium,
                 const std::vector<sim::CrashPoint>& crashes) {
    FaultVerdict verdict = play_on_disk(scenario, medium, crashes, options_.log == "full");
    for (const std::string& line : verdict.verdict.trace) fmt::print("{}\n", line);
    judge(scenario, medium, crashes, std::move(verdict));
  }

  void judge(const sim::Scenario& scenario, const MediumOptions& medium,
             const std::vector<sim::CrashPoint>& crashes, FaultVerdict verdict) {
    std::vector<sim::Violation>& violations = verdict.verdict.violations;
    lives_ += static_cast<size_t>(verdict.verdict.lives);
    calls_failed_ += verdict.failures;
    bool repeats = plays_++ % kRepeatEach == 0;
    if (repeats &&
        play_on_disk(scenario, medium, crashes, false).verdict.hash != verdict.verdict.hash) {
      violations.push_back({"S-17", "the same seed gave another trace", {}});
    }
    if (violations.empty()) {
      ++passed_;
      return;
    }
    ++failed_;
    if (++failures_of_[scenario.name] > kFailuresPrinted) return;
    sim::print_failure(name_of_play(scenario, medium, crashes), verdict.verdict,
                       options_.log == "full");
  }

  Options options_;
  std::vector<sim::Scenario> scenarios_;
  size_t plays_ = 0;
  size_t lives_ = 0;
  uint64_t calls_failed_ = 0;
  size_t passed_ = 0;
  size_t failed_ = 0;
  std::map<std::string, size_t> failures_of_;
};

int play(const Options& options, bool has_seed) {
  Player player(options);
  if (options.lists) return player.list();
  if (const std::string name = player.unknown_scenario(); !name.empty()) {
    fmt::print("there is no scenario \"{}\"; see --list\n", name);
    return 2;
  }
  auto faults = parse_faults(options.faults);
  auto crashes = sim::parse_crashes(options.crash);
  if (!faults || !crashes) {
    fmt::print("\"{}\" or \"{}\" names no fault or crash\n", options.faults, options.crash);
    return 2;
  }
  bool is_one_seed = has_seed && options.seeds == 0 && options.scenarios.empty() && !options.sweeps;
  if (is_one_seed) player.play_seed(options.seed);
  if (!is_one_seed && (options.sweeps || options.seeds == 0)) player.play_fixed(*faults, *crashes);
  for (uint64_t i = 0; i < options.seeds; ++i) player.play_seed(options.seed + i);
  return player.finish();
}

}  // namespace
}  // namespace stepwell::faults

int main(int argc, char** argv) {
  stepwell::faults::Options options;
  CLI::App app("Plays the engine over SQLite on a simulated disk that fails.");
  app.add_flag("--list", options.lists, "Print the names of the scenarios");
  app.add_option("--scenario", options.scenarios, "Only these");
  app.add_flag("--sweep", options.sweeps, "Each fault at each call of the disk, once and for ever");
  app.add_option("--stride", options.stride, "With --sweep: of the faults one in so many")
      ->check(CLI::PositiveNumber);
  app.add_option("--faults", options.faults, "What the disk does, as failures print it");
  app.add_option("--crash", options.crash, "Where to crash, as failures print it");
  CLI::Option* seed = app.add_option("--seed", options.seed, "Replay this seed");
  app.add_option("--seeds", options.seeds, "Play so many seeds, from --seed on");
  app.add_option("--log", options.log, "full: print the trace")
      ->check(CLI::IsMember({"short", "full"}));
  CLI11_PARSE(app, argc, argv);
  return stepwell::faults::play(options, seed->count() > 0);
}
