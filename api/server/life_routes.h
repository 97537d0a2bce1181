// What people do to runs and functions, for our own command line. Under /api/; not part of any
// SDK's protocol.
//
//   POST /api/runs/{id}/rerun         a new run with the same events: {"data":{"run_id"}};
//                                     {"from_step","input"}: from a step on
//   POST /api/reruns?…                the same for all runs that the parameters of GET /api/runs
//                                     name: {"data":{"runs","refused"}}; with dry_run=true only
//                                     how many they are: {"data":{"runs"}}
//   POST /api/functions/{id}/pause    {"data":{"function","paused","changed"}}
//   POST /api/functions/{id}/resume   the same
#pragma once

#include "api/server/gateway.h"
#include "api/server/router.h"

namespace stepwell::server {

// What the query of POST /api/reruns asks for.
struct RerunSelection {
  NamedValues query;  // as of GET /api/runs
  bool is_dry = false;
};
Result<RerunSelection> read_selection(const NamedValues& query);

// `gateway` outlives the router.
void add_life_routes(Router& router, Gateway& gateway);

}  // namespace stepwell::server
