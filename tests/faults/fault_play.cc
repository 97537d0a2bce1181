#include "tests/faults/fault_play.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <sstream>

#include "tests/simulation/playing.h"
#include "tests/simulation/sweep.h"

namespace stepwell::faults {
namespace {

// Of a play, about: later calls are rarely reached.
constexpr uint64_t kCallsOfPlay = 300;

std::optional<Fault> parse_fault(std::string text) {
  Fault fault;
  fault.is_for_ever = text.ends_with('!');
  if (fault.is_for_ever) text.pop_back();
  const size_t split = text.find('@');
  if (split == std::string::npos) return std::nullopt;
  auto kind = std::find_if(std::begin(kAllFaults), std::end(kAllFaults), [&](FaultKind known) {
    return fault_name(known) == std::string_view(text).substr(0, split);
  });
  const char* end = text.data() + text.size();
  auto [rest, failed] = std::from_chars(text.data() + split + 1, end, fault.at);
  if (kind == std::end(kAllFaults) || failed != std::errc() || rest != end) return std::nullopt;
  fault.kind = *kind;
  return fault;
}

}  // namespace

std::string describe(const std::vector<Fault>& faults) {
  if (faults.empty()) return "none";
  std::string text;
  for (const Fault& fault : faults) {
    if (!text.empty()) text += "+";
    text += fmt::format("{}@{}{}", fault_name(fault.kind), fault.at, fault.is_for_ever ? "!" : "");
  }
  return text;
}

std::optional<std::vector<Fault>> parse_faults(const std::string& text) {
  std::vector<Fault> faults;
  if (text.empty() || text == "none") return faults;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, '+');) {
    std::optional<Fault> fault = parse_fault(part);
    if (!fault) return std::nullopt;
    faults.push_back(*fault);
  }
  return faults;
}

std::string name_of_play(const sim::Scenario& scenario, const MediumOptions& medium,
                         const std::vector<sim::CrashPoint>& crashes) {
  return fmt::format("seed={} scenario={} faults={} crash={}", medium.seed, scenario.name,
                     describe(medium.faults), sim::describe(crashes));
}

FaultVerdict play_on_disk(const sim::Scenario& scenario, const MediumOptions& medium,
                          std::vector<sim::CrashPoint> crashes, bool keeps_trace) {
  const sim::Playing playing(name_of_play(scenario, medium, crashes));
  auto disk = std::make_shared<SqliteMedium>(medium);
  FaultVerdict result;
  result.verdict = sim::play(scenario, medium.seed, std::move(crashes),
                             keeps_trace ? sim::Log::kTrace : sim::Log::kHash, disk);
  result.counts = disk->disk().counts();
  result.failures = disk->disk().failures();
  return result;
}

RandomFaultPlay random_fault_play(uint64_t seed, size_t scenarios) {
  sim::RandomPlay base = sim::random_play(seed, scenarios);
  RandomFaultPlay result{base.scenario, std::move(base.crashes), {.seed = seed}};
  Random random = Random(seed).stream("faults");
  const double shares[] = {0.0, 0.5, 1.0};
  result.medium.power_loss = shares[random.below(std::size(shares))];
  result.medium.orderly_close = shares[random.below(std::size(shares))] / 2;
  uint64_t count = random.below(4);
  for (uint64_t i = 0; i < count; ++i) {
    Fault fault;
    fault.kind = kAllFaults[random.below(std::size(kAllFaults))];
    fault.at = random.below(kCallsOfPlay);
    fault.is_for_ever = random.chance(0.3);
    result.medium.faults.push_back(fault);
  }
  return result;
}

void sweep_faults(const sim::Scenario& scenario, const FaultSweep& sweep, const FaultJudge& judge) {
  MediumOptions medium{.seed = sweep.seed, .power_loss = 1.0};
  FaultVerdict undisturbed = play_on_disk(scenario, medium, {}, false);
  judge(medium, undisturbed);
  size_t number = 0;
  for (FaultKind kind : kAllFaults) {
    uint64_t calls = undisturbed.counts.concerning(kind);
    for (uint64_t at = 0; at < calls; ++at) {
      for (bool is_for_ever : {false, true}) {
        if (is_for_ever && kind == FaultKind::kPowerCut) continue;
        if ((number++ + sweep.offset) % sweep.stride != 0) continue;
        medium.faults = {{kind, at, is_for_ever}};
        judge(medium, play_on_disk(scenario, medium, {}, false));
      }
    }
  }
}

}  // namespace stepwell::faults
