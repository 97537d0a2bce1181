// POST /v1/cancellations: cancels all open runs of a function that were created in a time range.
#pragma once

#include "api/server/gateway.h"
#include "api/server/router.h"

namespace stepwell::server {

// `gateway` outlives the router.
void add_bulk_cancel_routes(Router& router, Gateway& gateway);

}  // namespace stepwell::server
