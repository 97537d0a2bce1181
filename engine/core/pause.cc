// Paused functions: what triggers them is skipped, and their open runs stand still.
#include "engine/core/state.h"

namespace stepwell::core {

std::optional<State::Started> State::stop_at_pause(NewRun& request) {
  (void)request;  // no function can be paused yet
  return std::nullopt;
}

void State::recover_pause(storage::FlowState state) {
  (void)state;  // nothing has written any
}

}  // namespace stepwell::core
