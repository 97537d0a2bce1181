// REST v2, as far as upstream serves it for runs, events and invocations: under /v2 and /api/v2.
#pragma once

#include "api/server/gateway.h"
#include "api/server/router.h"

namespace stepwell::server {

// Single things. `gateway` outlives the router; so below.
void add_rest_v2_routes(Router& router, Gateway& gateway);

// Lists of runs; apps and their functions.
void add_rest_v2_lists(Router& router, Gateway& gateway);

// The handler of "/runs/{id}/trace".
void get_v2_trace(Gateway& gateway, const Request& request, const Responder& responder);

}  // namespace stepwell::server
