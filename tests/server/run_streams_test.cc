#include "api/server/run_streams.h"

#include <doctest/doctest.h>

#include <memory>

#include "tests/server/http_client.h"
#include "tests/server/server_fixture.h"

namespace stepwell::server {
namespace {

// Opens a stream for `client`, which has asked for /hold, as a query does that took a while;
// `before_it` happens meanwhile. Returns how many streams are open then.
size_t open_streams(ServerFixture& fixture,
                    const std::function<void(const Responder&)>& before_it) {
  Responder responder = fixture.take_held();
  before_it(responder);
  size_t open = 0;
  fixture.on_loop([&] {
    RunStreams streams(fixture.loop());
    streams.open(1, responder);
    open = streams.size();
  });
  return open;
}

}  // namespace

TEST_CASE("a client that waits for the changes of a run gets a stream") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/hold");
  CHECK(open_streams(fixture, [](const Responder&) {}) == 1);
  CHECK(client.read_head().header("content-type") == "text/event-stream");
  CHECK(client.read_chunk() == "event: changed\ndata: {}\n\n");
}

TEST_CASE("no stream is kept for a client that has gone, or asks for the head alone") {
  SUBCASE("gone while the run was looked for") {
    ServerFixture fixture;
    HttpClient client(fixture.port());
    client.get("/hold");
    const auto leave = [&](const Responder& responder) {
      client.reset();
      fixture.wait_until([&] { return !responder.is_open(); });
    };
    CHECK(open_streams(fixture, leave) == 0);
  }
  SUBCASE("HEAD") {
    ServerFixture fixture;
    HttpClient client(fixture.port());
    client.send("HEAD /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(open_streams(fixture, [](const Responder&) {}) == 0);
    CHECK(client.read_head().status == 200);
  }
}

}  // namespace stepwell::server
