#include "tests/simulation/mutants.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>

#include "schema/mutant.h"
#include "tests/simulation/isolated.h"
#include "tests/simulation/random_plan.h"
#include "tests/simulation/sweep.h"

namespace stepwell {

// The one mutable thing that is not passed down: the engine must not know that it may be broken.
static size_t chosen_mutant = std::size(kMutants);

bool mutant(MutantName name) {
  return name.index() == chosen_mutant;
}

namespace sim {
namespace {

struct Catch {
  std::string promise;
  uint64_t seed = 0;
};

// Scenarios cost little beside a world, and some bugs show in one of them only.
constexpr uint64_t kPlaysPerSeed = 4;

std::optional<Catch> hunt(const std::vector<Scenario>& scenarios, uint64_t first, uint64_t seeds) {
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    std::string promise = broken_promise([&] { return play(random_plan(seed)); });
    for (uint64_t i = 0; i < kPlaysPerSeed && promise.empty(); ++i) {
      RandomPlay chosen = random_play(seed * kPlaysPerSeed + i, scenarios.size());
      promise = broken_promise(
          [&] { return play(scenarios[chosen.scenario], seed, chosen.crashes, Log::kNone); });
    }
    if (!promise.empty()) return Catch{promise, seed};
  }
  return std::nullopt;
}

}  // namespace

bool choose_mutant(const std::string& name) {
  for (size_t i = 0; i < std::size(kMutants); ++i) {
    if (kMutants[i].name != name) continue;
    chosen_mutant = i;
    return true;
  }
  return false;
}

void list_mutants() {
  for (size_t i = 0; i < std::size(kMutants); ++i) {
    fmt::print("{:<32} {}\n", kMutants[i].name, kMutants[i].promise);
  }
}

int hunt_mutants(uint64_t first, uint64_t seeds, const std::string& only) {
  const std::vector<Scenario> scenarios = all_scenarios();
  size_t caught = 0;
  size_t missed = 0;
  for (size_t i = 0; i < std::size(kMutants); ++i) {
    const MutantInfo& info = kMutants[i];
    if (!only.empty() && only != info.name) continue;
    chosen_mutant = i;
    std::optional<Catch> found = hunt(scenarios, first, seeds);
    ++(found ? caught : missed);
    if (found) {
      fmt::print("{:<32} {:<5} caught by {} after {} seeds\n", info.name, info.promise,
                 found->promise, found->seed - first + 1);
    } else {
      fmt::print("{:<32} {:<5} NOT CAUGHT in {} seeds\n", info.name, info.promise, seeds);
    }
    std::fflush(stdout);
  }
  fmt::print("{} passed, {} failed, 0 skipped\n", caught, missed);
  return missed > 0 || caught == 0 ? 1 : 0;
}

}  // namespace sim
}  // namespace stepwell
