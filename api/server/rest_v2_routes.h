// REST v2, as far as upstream serves it for runs, events and invocations: under /v2 and /api/v2.
#pragma once

#include "api/server/gateway.h"
#include "api/server/router.h"

namespace stepwell::server {

// `gateway` outlives the router.
void add_rest_v2_routes(Router& router, Gateway& gateway);

}  // namespace stepwell::server
