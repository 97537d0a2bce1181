// The API that our own command line reads: lists, traces and the server's health. Under /api/; not
// part of any SDK's protocol. What changes something is in life_routes.h.
//
//   GET  /api/runs, /api/events, /api/functions, /api/doctor, and the first three with /{id}
//                                       what inspect/queries.h answers
//   GET  /api/runs/{id}/stream          server-sent events while the run changes
#pragma once

#include "api/server/gateway.h"
#include "api/server/http_server.h"
#include "api/server/router.h"
#include "api/server/run_streams.h"
#include "engine/realtime/hub.h"

namespace stepwell::server {

// All live until the loop has stopped.
void add_admin_routes(Router& router, Gateway& gateway, const HttpServer& http,
                      const realtime::Hub& hub, RunStreams& streams);

}  // namespace stepwell::server
