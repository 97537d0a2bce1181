// The runtime and the hub put together: what is published is handed out once it is committed, and
// what channels with a durable history have had before is there again at a start.
#pragma once

#include "engine/realtime/hub.h"
#include "engine/runtime/runtime.h"

namespace stepwell::runtime {

// The hub's share of the engine's settings: what is recorded is decided by both alike.
realtime::HubSettings with_durable_channels(realtime::HubSettings hub,
                                            const core::Settings& settings);

// Before start(). The hub lives on the runtime's loop and outlives the runtime.
void feed_hub(Runtime& runtime, realtime::Hub& hub);

}  // namespace stepwell::runtime
