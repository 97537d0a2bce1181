// Whether a run that nothing turned away may start, and when: priority, singleton, then its place
// among what waits for slots and for the throttle.
#include "engine/core/state.h"

namespace stepwell::core {

State::Started State::admit(NewRun request) {
  return start_run(std::move(request));
}

void State::recover_throttle(storage::FlowState state) {
  (void)state;  // nothing has written any
}

void State::fire_slots(const Timer& timer) {
  (void)timer;  // nothing has set any
}

void State::expect_slot_alarms(std::vector<ExpectedAlarm>& expected) const {
  (void)expected;
}

}  // namespace stepwell::core
