// Functions that start by the clock.
#include "engine/core/state.h"

namespace stepwell::core {

void State::recover_cron(storage::FlowState state) {
  (void)state;  // nothing has written any
}

void State::fire_cron(const Timer& timer) {
  (void)timer;  // no function has a schedule yet: registration refuses them
}

void State::expect_cron_alarms(std::vector<ExpectedAlarm>& expected) const {
  (void)expected;
}

}  // namespace stepwell::core
