// /v1/realtime: tokens, subscriptions, publishing.
#pragma once

#include "api/realtime/doors.h"
#include "api/realtime/publish_stream.h"
#include "api/server/auth.h"
#include "api/server/gateway.h"
#include "api/server/router.h"
#include "schema/limits.h"
#include "schema/random.h"

namespace stepwell::realtime {

// Where a client wants to start, if it says so: behind the last message that it has seen
// (Last-Event-ID, which browsers send when they reconnect), or at a time.
Result<void> read_start(const server::Request& request, Grant& grant);

// Where a message is to go, by the query of its request.
Result<StreamTarget> read_target(const server::Request& request);

// What a publisher's body becomes: valid JSON as it is, anything else as a JSON string (SDKs send
// strings without quotes).
std::string message_data(std::string_view body);

// All live until the loop has stopped. `random` makes the ids of tokens.
struct RouteParts {
  server::Gateway& gateway;
  const server::Auth& auth;
  Doors& doors;
  Random& random;
};
void add_realtime_routes(server::Router& router, RouteParts parts);

}  // namespace stepwell::realtime
