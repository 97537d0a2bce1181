// Runs that start or end too late are cancelled.
#include "engine/core/state.h"

namespace stepwell::core {

void State::run_created(Run& run) {
  (void)run;  // no function has a timeout yet: registration refuses them
}

void State::run_started(Run& run) {
  (void)run;
}

void State::fire_timeout(Run& run, const Timer& timer) {
  (void)run;
  (void)timer;
}

void State::expect_timeout_alarms(std::vector<ExpectedAlarm>& expected) const {
  (void)expected;
}

}  // namespace stepwell::core
