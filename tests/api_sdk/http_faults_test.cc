// Servers that misbehave: each request that meets one fails with its reason, and nothing else does.
#include <doctest/doctest.h>
#include <uv.h>

#include <future>

#include "api/sdk/plain_transport.h"
#include "tests/api_sdk/client_fixture.h"
#include "tests/api_sdk/scripted_server.h"

namespace stepwell::sdk {
namespace {

using Kind = HttpFailure::Kind;

HttpFailure failure_of(const std::string& bytes, bool resets = false, size_t limit = 1000) {
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.send(bytes);
    if (resets) peer.reset();
  });
  ClientFixture fixture;
  return fixture.failure({.url = server.url(), .response_bytes_max = limit});
}

TEST_CASE("garbage is no response") {
  CHECK(failure_of("garbage garbage\r\n\r\n").kind == Kind::kMalformed);
  CHECK(failure_of(std::string("\x16\x03\x01\x02\x00\x01", 6)).kind == Kind::kMalformed);
  CHECK(failure_of("HTTP/1.1 200 OK\nContent-Length: 2\n\nok").kind == Kind::kMalformed);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok").kind ==
        Kind::kMalformed);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").kind == Kind::kMalformed);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").kind ==
        Kind::kMalformed);
  CHECK(failure_of("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n").kind == Kind::kMalformed);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nX: " + std::string(64 * 1024, 'x') + "\r\n\r\n").kind ==
        Kind::kMalformed);
}

TEST_CASE("a connection that ends too early is a reset, wherever it ends") {
  CHECK(failure_of("").kind == Kind::kReset);
  CHECK(failure_of("HTTP/1.1 20").kind == Kind::kReset);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort").kind == Kind::kReset);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").kind ==
        Kind::kReset);
  CHECK(failure_of("", true).kind == Kind::kReset);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", true).kind == Kind::kReset);
}

TEST_CASE("a response over its limit is given up") {
  const std::string body(1001, 'x');
  CHECK(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + body).kind ==
        Kind::kTooLarge);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + body +
                   "\r\n0\r\n\r\n")
            .kind == Kind::kTooLarge);
  CHECK(failure_of("HTTP/1.1 200 OK\r\n\r\n" + body).kind == Kind::kTooLarge);
}

TEST_CASE("bytes behind a response end its connection, not the response") {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.read_request().empty()) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n");
    }
  });
  ClientFixture fixture;
  CHECK(fixture.response({.url = server.url()}).body == "ok");
  CHECK(fixture.response({.url = server.url()}).body == "ok");
  CHECK(server.connections() == 2);
}

TEST_CASE("nobody listens") {
  uint16_t port = 0;
  {
    ScriptedServer gone([](Peer&, int) {});
    port = gone.port();
  }
  ClientFixture fixture;
  const HttpFailure failure =
      fixture.failure({.url = "http://127.0.0.1:" + std::to_string(port) + "/"});
  CHECK(failure.kind == Kind::kUnreachable);
  CHECK(failure.message.find("connection refused") != std::string::npos);
  CHECK(fixture.failure({.url = "http://name.invalid/"}).kind == Kind::kUnreachable);
  CHECK(fixture.failure({.url = "https://127.0.0.1:" + std::to_string(port) + "/"}).kind ==
        Kind::kUnreachable);
}

TEST_CASE("a server that never answers runs into the timeout; so does one that dribbles") {
  ScriptedServer server([](Peer& peer, int number) {
    peer.read_request();
    if (number == 1) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    peer.wait_for_close();
  });
  ClientFixture fixture;
  for (int i = 0; i < 2; ++i) {
    CHECK(fixture.failure({.url = server.url(), .timeout = Milliseconds(50)}).kind ==
          Kind::kTimeout);
  }
}

TEST_CASE("a kept connection that the server closes meanwhile costs nothing") {
  ScriptedServer server([](Peer& peer, int number) {
    peer.read_request();
    peer.respond(200, "first");
    // It looks kept to the client, and is gone when the next request arrives.
    if (number == 0) {
      peer.read_request();
      return peer.reset();
    }
    peer.wait_for_close();
  });
  ClientFixture fixture;
  CHECK(fixture.response({.url = server.url(), .body = "one"}).body == "first");
  CHECK(fixture.response({.url = server.url(), .body = "two"}).body == "first");
  CHECK(server.connections() == 2);
}

TEST_CASE("a request that a server was at work on when its connection ended is not sent again") {
  TransportFixture<PlainTransport, PlainOptions> client(
      {.addresses = {.allow_loopback = true}, .stale_within = Milliseconds(5)});
  std::promise<void> time_is_over;
  server::Timer timer(client.loop(), [&] { time_is_over.set_value(); });
  ScriptedServer server([&](Peer& peer, int number) {
    peer.read_request();
    peer.respond(200, "first");
    peer.read_request();
    if (number > 0) return;
    client.loop().post([&] { timer.arm_after(Milliseconds(20)); });
    time_is_over.get_future().wait();
    peer.reset();
  });
  CHECK(std::holds_alternative<HttpResponse>(client.post(server.url())));
  const HttpOutcome second = client.post(server.url());
  REQUIRE(std::holds_alternative<HttpFailure>(second));
  CHECK(std::get<HttpFailure>(second).kind == Kind::kReset);
  CHECK(server.connections() == 1);
}

TEST_CASE("all requests that wait for a name share one look-up") {
  server::UvLoop loop;
  PlainTransport transport(loop, {.addresses = {.allow_loopback = true}});
  std::promise<void> go_on;
  const std::shared_future<void> may_go_on = go_on.get_future().share();
  for (int thread = 0; thread < 4; ++thread) {  // all of libuv's
    loop.offload([may_go_on] { may_go_on.wait(); }, [] {});
  }
  int failed = 0;
  for (uint64_t id = 1; id <= 100; ++id) {
    transport.start(id, {.method = "GET", .url = Url::parse("http://name.invalid/").value()},
                    [&](const HttpOutcome& outcome) {
                      failed += std::holds_alternative<HttpFailure>(outcome) ? 1 : 0;
                      if (failed == 100) loop.stop();
                    });
  }
  CHECK(loop.handle()->active_reqs.count == 5);
  go_on.set_value();
  loop.run();
  CHECK(failed == 100);
}

TEST_CASE("a kept connection that ends inside a response is not asked again") {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.respond(200, "first");
    peer.read_request();
    peer.send("HTTP/1.1 200");
  });
  ClientFixture fixture;
  CHECK(fixture.response({.url = server.url()}).body == "first");
  CHECK(fixture.failure({.url = server.url()}).kind == Kind::kReset);
  CHECK(server.connections() == 1);
}

TEST_CASE("a fresh connection that ends before the response is not asked again") {
  ScriptedServer server([](Peer& peer, int) { peer.read_request(); });
  ClientFixture fixture;
  CHECK(fixture.failure({.url = server.url()}).kind == Kind::kReset);
  CHECK(server.connections() == 1);
}

TEST_CASE("a server that announces a short life of its connections is believed") {
  ScriptedServer server([](Peer& peer, int) {
    while (!peer.read_request().empty()) peer.respond(200, "", "Keep-Alive: timeout=1\r\n");
  });
  ClientFixture fixture;
  CHECK(fixture.response({.url = server.url()}).status == 200);
  CHECK(fixture.response({.url = server.url()}).status == 200);
  CHECK(server.connections() == 2);
}

TEST_CASE("one connection's fault does not touch the others") {
  ScriptedServer server([](Peer& peer, int) {
    const std::string request = peer.read_request();
    if (request.starts_with("POST /bad")) return peer.send("nonsense\r\n\r\n");
    peer.respond(200, "fine");
  });
  ClientFixture fixture;
  std::vector<HttpRequest> requests;
  for (int i = 0; i < 10; ++i) {
    requests.push_back({.url = server.url(i % 2 == 0 ? "/good" : "/bad")});
  }
  const std::vector<HttpOutcome> outcomes = fixture.ask_all(requests);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    CHECK(std::holds_alternative<HttpResponse>(outcomes[i]) == (i % 2 == 0));
  }
}

}  // namespace
}  // namespace stepwell::sdk
