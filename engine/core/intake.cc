// What may keep an event from starting a run of its own: batching, rate limit, debounce.
#include "engine/core/state.h"

namespace stepwell::core {

std::optional<State::Started> State::take_in(NewRun& request) {
  (void)request;  // no function has any of these yet: registration refuses them
  return std::nullopt;
}

void State::recover_intake(storage::FlowState state) {
  (void)state;  // nothing has written any
}

void State::fire_intake(const Timer& timer) {
  (void)timer;  // nothing has set any
}

void State::expect_intake_alarms(std::vector<ExpectedAlarm>& expected) const {
  (void)expected;
}

}  // namespace stepwell::core
