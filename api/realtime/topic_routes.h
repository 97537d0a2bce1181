// /api/realtime/topics: which schemas the messages of topics must fit.
#pragma once

#include "api/server/gateway.h"
#include "api/server/router.h"

namespace stepwell::realtime {

// `gateway` lives until the loop has stopped.
void add_topic_routes(server::Router& router, server::Gateway& gateway);

}  // namespace stepwell::realtime
