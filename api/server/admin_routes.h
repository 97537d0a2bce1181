// The API that our own command line reads: lists, traces, reruns and the server's health. Under
// /api/; not part of any SDK's protocol.
//
//   GET  /api/runs?status=&function=&from=&until=&limit=&cursor=   newest first
//   GET  /api/runs/{id}                 the trace: steps, attempts, what an open run waits for
//   POST /api/runs/{id}/rerun           a new run with the same events: {"data":{"run_id"}}
//   GET  /api/events?name=&internal=&from=&until=&limit=&cursor=
//   GET  /api/events/{id}               by internal or sender's id, with its runs
//   GET  /api/functions
//   GET  /api/doctor?deep=              figures and findings of journal, engine, loop and HTTP
//
// Lists answer {"data":[…],"cursor":…}: the cursor fetches the next page, null ends the list.
#pragma once

#include "api/server/gateway.h"
#include "api/server/http_server.h"
#include "api/server/router.h"

namespace stepwell::server {

// All live until the loop has stopped.
void add_admin_routes(Router& router, Gateway& gateway, const HttpServer& http);

}  // namespace stepwell::server
