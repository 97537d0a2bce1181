#include "tests/simulation/sweep.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <sstream>

namespace stepwell::sim {
namespace {

using Kind = CrashPoint::Kind;

constexpr Kind kKinds[] = {Kind::kBeforeSubmit,  Kind::kInFlightLost, Kind::kInFlightKept,
                           Kind::kBeforeEffects, Kind::kMidEffects,   Kind::kRecoveryPage};

// The crashes of one life, as a play in which it lived on tells: around each batch, and after each
// page that its recovery reads.
std::vector<CrashPoint> crashes_of_life(const Verdict& verdict, int life, size_t batches_max) {
  std::vector<CrashPoint> points;
  auto at = static_cast<size_t>(life);
  if (at >= verdict.effects.size()) return points;
  if (life > 0) {
    for (int page = 0; page < verdict.pages[at]; ++page) {
      points.push_back({life, Kind::kRecoveryPage, page, 0});
    }
  }
  size_t batches = std::min(batches_max, verdict.effects[at].size());
  for (size_t i = 0; i < batches; ++i) {
    auto index = static_cast<int>(i);
    for (Kind kind :
         {Kind::kBeforeSubmit, Kind::kInFlightLost, Kind::kInFlightKept, Kind::kBeforeEffects}) {
      points.push_back({life, kind, index, 0});
    }
    int effects = verdict.effects[at][i];
    if (effects >= 2) points.push_back({life, Kind::kMidEffects, index, effects / 2});
  }
  return points;
}

}  // namespace

std::string describe(const std::vector<CrashPoint>& crashes) {
  if (crashes.empty()) return "none";
  std::string text;
  for (const CrashPoint& point : crashes) {
    if (!text.empty()) text += "+";
    text += fmt::format("{}.{}.{}", point.life, crash_kind_name(point.kind), point.index);
    if (point.kind == Kind::kMidEffects) text += fmt::format(".{}", point.effects);
  }
  return text;
}

std::optional<std::vector<CrashPoint>> parse_crashes(const std::string& text) {
  std::vector<CrashPoint> points;
  if (text.empty() || text == "none") return points;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, '+');) {
    std::stringstream fields(part);
    std::string life;
    std::string kind;
    std::string index;
    std::string effects;
    std::getline(fields, life, '.');
    std::getline(fields, kind, '.');
    std::getline(fields, index, '.');
    std::getline(fields, effects, '.');
    CrashPoint point{std::atoi(life.c_str()), Kind::kBeforeSubmit, std::atoi(index.c_str()),
                     std::atoi(effects.c_str())};
    auto found = std::find_if(std::begin(kKinds), std::end(kKinds),
                              [&](Kind known) { return crash_kind_name(known) == kind; });
    if (found == std::end(kKinds)) return std::nullopt;
    point.kind = *found;
    points.push_back(point);
  }
  return points;
}

std::string name_of_play(const Scenario& scenario, uint64_t seed,
                         const std::vector<CrashPoint>& crashes) {
  return fmt::format("seed={} scenario={} crash={}", seed, scenario.name, describe(crashes));
}

void print_failure(const std::string& name, const Verdict& verdict, bool with_runs) {
  for (const Violation& violation : verdict.violations) {
    fmt::print("{} FAIL {} at t={}: {}\n", name, violation.promise, format_duration(violation.at),
               violation.what);
  }
  const bool is_stuck = std::any_of(verdict.violations.begin(), verdict.violations.end(),
                                    [](const auto& found) { return found.promise == "S-6"; });
  if (with_runs || is_stuck) {
    for (const std::string& line : verdict.open_runs) fmt::print("  {}\n", line);
  }
  std::fflush(stdout);  // the next play may end the process
}

RandomPlay random_play(uint64_t seed, size_t scenarios) {
  Random random = Random(seed).stream("play");
  RandomPlay result;
  result.scenario = random.below(scenarios);
  // Few crashes in most plays, a storm of them in some.
  uint64_t lives = random.chance(0.1) ? 2 : random.below(8);
  for (uint64_t life = 0; life < lives; ++life) {
    CrashPoint point;
    point.life = static_cast<int>(life);
    point.kind = kKinds[random.below(std::size(kKinds))];
    point.index = static_cast<int>(random.below(life == 0 ? 30 : 6));
    point.effects = static_cast<int>(1 + random.below(3));
    result.crashes.push_back(point);
  }
  return result;
}

void sweep(const Scenario& scenario, uint64_t seed, size_t stride, const Judge& judge) {
  constexpr size_t kAll = 1'000'000;
  constexpr size_t kRecoveryBatches = 2;  // what recovery writes, and the registration after it
  Verdict undisturbed = play(scenario, seed, {}, Log::kNone);
  judge({}, undisturbed);
  size_t number = 0;
  for (const CrashPoint& first : crashes_of_life(undisturbed, 0, kAll)) {
    Verdict once = play(scenario, seed, {first}, Log::kNone);
    judge({first}, once);
    if (!once.violations.empty()) continue;
    for (const CrashPoint& second : crashes_of_life(once, 1, kRecoveryBatches)) {
      if (number++ % stride != 0) continue;
      std::vector<CrashPoint> both{first, second};
      judge(both, play(scenario, seed, both, Log::kNone));
    }
  }
}

}  // namespace stepwell::sim
