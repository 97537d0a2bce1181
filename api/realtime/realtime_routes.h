// /v1/realtime: tokens, subscriptions, publishing.
#pragma once

#include "api/realtime/doors.h"
#include "api/server/auth.h"
#include "api/server/gateway.h"
#include "api/server/router.h"
#include "schema/random.h"

namespace stepwell::realtime {

inline constexpr size_t kMessageBytesMax = 512 * 1024;

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
