#include "tests/simulation/command.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

#include "tests/simulation/isolated.h"
#include "tests/simulation/plan_text.h"
#include "tests/simulation/playing.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/sweep.h"

namespace stepwell::sim {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFailuresPrinted = 3;  // of each scenario
constexpr uint64_t kRepeatEach = 100;   // of so many plays one is done twice, for S-17

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
  void play_world(uint64_t seed) { play_plan(random_plan(seed), fmt::format("seed={}", seed)); }

  // A scenario and crashes that a seed chooses.
  void play_seed(uint64_t seed) {
    RandomPlay chosen = random_play(seed, scenarios_.size());
    play_once(scenarios_[chosen.scenario], seed, chosen.crashes);
  }

  // Plans that were kept: of one file, or of all files of a folder.
  void replay(const std::string& path) {
    std::vector<fs::path> files;
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::directory_iterator(path)) {
        if (entry.path().extension() == ".txt") files.push_back(entry.path());
      }
      std::sort(files.begin(), files.end());
    } else {
      files.emplace_back(path);
    }
    for (const fs::path& file : files) replay_file(file);
  }

  // Makes the world of the seed smaller while it breaks the same promise, and keeps it.
  int shrink_world(uint64_t seed) {
    Plan plan = random_plan(seed);
    auto broken_by = [](const Plan& tried) { return broken_promise([&] { return play(tried); }); };
    const std::string promise = broken_by(plan);
    if (promise.empty()) {
      fmt::print("seed {} breaks no promise: there is nothing to shrink\n", seed);
      return 2;
    }
    Shrunk shrunk = shrink(plan, [&](const Plan& tried) { return broken_by(tried) == promise; });
    fs::path file = fs::path(options_.keep) / fmt::format("seed-{}.txt", seed);
    std::ofstream out(file);
    out << fmt::format("# Broke {}; made smaller from seed {} in {} plays.\n", promise, seed,
                       shrunk.plays)
        << plan_text(shrunk.plan);
    out.close();
    if (!out) {
      fmt::print("cannot write {}\n", file.string());
      return 2;
    }
    fmt::print("{}: {} functions, {} actions, {} crashes; were {}, {}, {}\n", file.string(),
               shrunk.plan.functions.size(), shrunk.plan.actions.size(),
               shrunk.plan.options.crashes.size(), plan.functions.size(), plan.actions.size(),
               plan.options.crashes.size());
    return 0;
  }

  int finish() {
    if (plays_ == 0) {
      fmt::print("nothing was played: no scenario is called \"{}\", or no file is there\n",
                 options_.scenario);
      ++failed_;
    }
    for (const auto& [name, count] : failures_of_) fmt::print("{}: {} failures\n", name, count);
    fmt::print("{} plays, {} lives of the process\n", plays_, lives_);
    if (runs_ > 0) {
      fmt::print("{} runs, {} steps and {} batches in random worlds\n", runs_, steps_, batches_);
    }
    if (options_.hashes) fmt::print("trace hash {:016x}\n", hash_);
    fmt::print("{} passed, {} failed, 0 skipped\n", passed_, failed_);
    return failed_ > 0 ? 1 : 0;
  }

 private:
  void replay_file(const fs::path& file) {
    std::ifstream in(file);
    std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    Result<Plan> plan = parse_plan(text);
    if (in && plan && !plan->functions.empty()) return play_plan(*plan, file.filename().string());
    fmt::print("{}: {}\n", file.string(), plan ? "no plan" : plan.error().message);
    ++plays_;
    ++failed_;
  }

  void play_plan(const Plan& plan, const std::string& name) {
    bool is_repeated = plays_++ % kRepeatEach == kRepeatEach - 1;
    Log log = options_.log == "full"           ? Log::kTrace
              : is_repeated || options_.hashes ? Log::kHash
                                               : Log::kNone;
    const Playing playing(name);
    Verdict verdict = sim::play(plan, log);
    for (const std::string& line : verdict.trace) fmt::print("{}\n", line);
    lives_ += static_cast<size_t>(verdict.lives);
    runs_ += verdict.runs;
    steps_ += verdict.steps;
    batches_ += verdict.batches;
    hash_ = (hash_ ^ verdict.hash) * 1099511628211ULL;
    if (is_repeated && sim::play(plan, log).hash != verdict.hash) {
      verdict.violations.push_back({"S-17", "the same seed gave another trace", {}});
    }
    if (verdict.violations.empty()) {
      ++passed_;
      return;
    }
    ++failed_;
    print_failure(name, verdict, options_.log == "full");
  }

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
    print_failure(name_of_play(scenario, seed, crashes), verdict, options_.log == "full");
  }

  Options options_;
  std::vector<Scenario> scenarios_;
  size_t plays_ = 0;
  size_t lives_ = 0;
  size_t runs_ = 0;
  size_t steps_ = 0;
  uint64_t batches_ = 0;
  uint64_t hash_ = 14695981039346656037ULL;
  size_t passed_ = 0;
  size_t failed_ = 0;
  std::map<std::string, size_t> failures_of_;
};

}  // namespace

void add_options(CLI::App& app, Options& options) {
  app.add_flag("--list", options.lists, "Print the names of the scenarios");
  app.add_option("--scenario", options.scenario, "Only this one");
  app.add_flag("--sweep", options.sweeps, "Crash at each boundary of each commit, and again");
  app.add_option("--stride", options.stride, "With --sweep: of the pairs of crashes one in so many")
      ->check(CLI::PositiveNumber);
  app.add_option("--crash", options.crash, "Where to crash, as failures print it");
  app.add_option_function<uint64_t>(
      "--seed",
      [&options](uint64_t seed) {
        options.seed = seed;
        options.has_seed = true;
      },
      "Play the random world of this seed");
  app.add_option("--seeds", options.seeds, "Play so many random worlds, from --seed on");
  app.add_option("--plays", options.plays, "Play so many scenarios with random crashes");
  app.add_option("--replay", options.replay, "Play the plan in this file, or those in this folder")
      ->check(CLI::ExistingPath);
  app.add_flag("--shrink", options.shrinks,
               "Make the failing world of --seed smaller, and keep it");
  app.add_option("--keep", options.keep, "With --shrink: the folder for it")
      ->check(CLI::ExistingDirectory);
  app.add_flag("--trace-hash", options.hashes, "Print a hash of all that happened in the worlds");
  app.add_option("--log", options.log, "full: print the trace")
      ->check(CLI::IsMember({"short", "full"}));
}

int simulate(const Options& options) {
  Simulator simulator(options);
  if (options.lists) return simulator.list();
  auto crashes = parse_crashes(options.crash);
  if (!crashes) {
    fmt::print("\"{}\" names no crash\n", options.crash);
    return 2;
  }
  if (options.shrinks) return simulator.shrink_world(options.seed);
  bool is_of_scenarios = options.sweeps || !options.scenario.empty();
  bool is_counted = options.seeds > 0 || options.plays > 0 || !options.replay.empty();
  bool is_one_seed = options.has_seed && !is_counted && !is_of_scenarios;
  if (!options.replay.empty()) simulator.replay(options.replay);
  if (is_one_seed) simulator.play_world(options.seed);
  if (is_of_scenarios || (!is_one_seed && !is_counted)) simulator.play_fixed(*crashes);
  for (uint64_t i = 0; i < options.plays; ++i) simulator.play_seed(options.seed + i);
  for (uint64_t i = 0; i < options.seeds; ++i) simulator.play_world(options.seed + i);
  return simulator.finish();
}

}  // namespace stepwell::sim
