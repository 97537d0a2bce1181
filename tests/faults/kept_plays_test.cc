// Plays that once broke a promise, played again for ever.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/faults/fault_play.h"
#include "tests/simulation/sweep.h"

namespace stepwell::faults {
namespace {

struct KeptPlay {
  const char* what;  // was wrong
  const char* scenario;
  uint64_t seed;
  const char* faults;
  const char* crashes;
};

constexpr KeptPlay kPlays[] = {
    {"a commit that a full disk refused was found after a crash", "parallel", 4785,
     "short-write@64!",
     "0.before-effects.2+1.mid-effects.5.2+2.mid-effects.0.2+3.mid-effects.0.2+4.in-flight-kept.2+"
     "5.in-flight-lost.3+6.before-submit.0"},
    {"the same, behind a batch that was committed", "copies", 1681, "short-write@171!+full@202!",
     "0.in-flight-lost.9+1.mid-effects.0.3"},
};

TEST_CASE("what a play on a failing disk has found stays mended") {
  const std::vector<sim::Scenario> scenarios = sim::all_scenarios();
  for (const KeptPlay& kept : kPlays) {
    CAPTURE(kept.what);
    auto scenario = std::find_if(scenarios.begin(), scenarios.end(),
                                 [&](const auto& each) { return each.name == kept.scenario; });
    REQUIRE(scenario != scenarios.end());
    auto faults = parse_faults(kept.faults);
    auto crashes = sim::parse_crashes(kept.crashes);
    REQUIRE(faults);
    REQUIRE(crashes);
    FaultVerdict verdict = play_on_disk(
        *scenario, {.seed = kept.seed, .faults = *faults, .power_loss = 1.0}, *crashes, false);
    CHECK(verdict.failures > 0);
    for (const sim::Violation& violation : verdict.verdict.violations) {
      FAIL_CHECK(violation.promise << ": " << violation.what);
    }
  }
}

}  // namespace
}  // namespace stepwell::faults
