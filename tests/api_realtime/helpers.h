// What subscribers and publishers do, over real sockets.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "schema/json.h"
#include "tests/server/http_client.h"

namespace stepwell::realtime {

inline std::string get_token(uint16_t port, const std::string& topics) {
  const server::Reply reply = server::post_to(port, "/v1/realtime/token", topics);
  REQUIRE(reply.status == 201);
  return *parse_json(reply.body)->find("jwt")->as_string();
}

inline void publish(uint16_t port, const std::string& query, const std::string& body) {
  const server::Reply reply = server::post_to(port, "/v1/realtime/publish?" + query, body);
  CHECK(reply.status == 200);
  CHECK(reply.body.empty());
}

}  // namespace stepwell::realtime
