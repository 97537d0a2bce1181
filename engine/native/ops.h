// Awaited steps as the ops that the engine understands.
#pragma once

#include "engine/core/call.h"
#include "stepwell/awaited_step.h"

namespace stepwell::native {

// The op that registers a step; one with a body is planned, not run. Moves out of the request what
// is not needed again.
StepOp make_op(detail::AwaitedStep& step);

// The op that ends an attempt of a step's body.
using BodyOutcome = std::variant<StepReturned, StepThrew>;
StepOp make_op(const detail::AwaitedStep& step, BodyOutcome outcome);

// Runs a body on this thread, and takes what it returns, throws and publishes.
BodyOutcome run_body(detail::Body& body, const std::stop_token& stop);

}  // namespace stepwell::native
