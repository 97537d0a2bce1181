// What an app asks of the server while one of its functions runs: the state of a large run, and to
// record steps before the call is answered.
#pragma once

#include <functional>

#include "api/server/gateway.h"
#include "api/server/router.h"

namespace stepwell::sdk {

// Runs `task`, which hands the engine what `call` reports, soon: together with others.
using InGroup = std::function<void(const core::CallId& call, std::function<void()> task)>;

// GET /v0/runs/{id}/batch, GET /v0/runs/{id}/actions, POST /v1/checkpoint/{id}/async. `gateway`
// outlives the router.
void add_run_routes(server::Router& router, server::Gateway& gateway, const InGroup& in_group);

// Reads the body of a checkpoint. The error says what is wrong.
Result<core::RecordProgress> parse_checkpoint(std::string_view run_id, std::string_view body);

}  // namespace stepwell::sdk
