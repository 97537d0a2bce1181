// The event API: POST /e/{key}, POST /invoke/{slug}, GET /health.
#pragma once

#include <cstddef>

#include "api/server/gateway.h"
#include "api/server/router.h"

namespace stepwell::server {

struct EventRouteOptions {
  size_t body_bytes_max = 32 * 1024 * 1024;  // over it: 413
  // What may be on its way to the journal at once. Over it: 503, and senders try again.
  size_t requests_in_flight_max = 8'192;
  size_t bytes_in_flight_max = 64 * 1024 * 1024;
};

// `gateway` lives until the loop has stopped.
void add_event_routes(Router& router, Gateway& gateway, const EventRouteOptions& options);

}  // namespace stepwell::server
