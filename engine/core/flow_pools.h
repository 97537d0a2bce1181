// Which pools of engine/flow/slots.h the limits of a function come to, and their names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/functions.h"
#include "engine/flow/slots.h"
#include "schema/flow_control.h"
#include "schema/run_flow.h"
#include "storage/records.h"

namespace stepwell::core {

// How the names of the pools of throttles begin.
inline constexpr std::string_view kThrottlePool = "t\n";

// The sizes of the limits, in the order of the configuration; those without a limit (0) left out.
flow::SlotLimits slot_limits(const FlowControl& flow);

// The pools that a run with these values needs. A limit whose key was not evaluated for the run has
// none for it.
flow::SlotKeys pools_of(const Function& function, const RunFlow& flow);

// The values of the keys again, from the pools that they led to.
std::map<std::string, std::optional<std::string>> values_of(const FlowControl& flow,
                                                            const flow::SlotKeys& pools);

// What must be the same for runs to stay in their pools: everything but the sizes.
std::string limits_shape(const FlowControl& flow);

// Where the state of a throttle is kept, by the name of its pool, and back.
storage::FlowStateKey throttle_key(std::string_view pool);
std::string throttle_pool(const storage::FlowStateKey& key);
// How the names of the pools of a function's throttle begin.
std::string throttle_pools(std::string_view slug);

// For people: what a queued run waits for.
std::string describe_place(const FlowControl& flow, const flow::SlotKeys& pools,
                           const flow::Slots::Place& place);

}  // namespace stepwell::core
