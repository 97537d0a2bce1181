// Steps whose body is an HTTP request that the engine makes: step.fetch and step.ai.infer.
#pragma once

#include <string_view>

#include "api/sdk/http_client.h"
#include "schema/op.h"
#include "schema/result.h"

namespace stepwell::sdk {

// The request that the op's options (JSON) ask for. The error says what is wrong with them.
Result<HttpRequest> engine_request(StepKind kind, std::string_view options);

// What the outcome gives the step. Of step.fetch any response is a result; of step.ai.infer only
// one of success.
std::variant<StepReturned, StepThrew> engine_result(StepKind kind, HttpOutcome outcome, Time now);

}  // namespace stepwell::sdk
