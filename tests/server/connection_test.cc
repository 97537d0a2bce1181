#include <doctest/doctest.h>

#include <string>

#include "tests/server/http_client.h"
#include "tests/server/server_fixture.h"

namespace stepwell::server {

TEST_CASE("an answer carries its length, its type, the date and the common fields") {
  ServerFixture fixture;
  const Reply reply = fetch(fixture.port(), "/hello");
  CHECK(reply.status == 200);
  CHECK(reply.body == "hello");
  CHECK(reply.header("content-type") == "text/plain; charset=utf-8");
  CHECK(reply.header("x-server") == "test");
  CHECK(reply.header("date").ends_with(" GMT"));
  CHECK(reply.headers.count("connection") == 0);
}

TEST_CASE("10,000 requests on one connection") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  for (int i = 0; i < 10'000; ++i) {
    const std::string body = "number " + std::to_string(i);
    client.post("/echo", body);
    REQUIRE(client.read_reply()->body == body);
  }
  const HttpMetrics metrics = fixture.metrics();
  CHECK(metrics.requests == 10'000);
  CHECK(metrics.connections_accepted == 1);
  CHECK(metrics.buffered_body_bytes == 0);
}

TEST_CASE("pipelined requests are answered in order, the slow one first") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/hold");
  std::string burst;
  for (int i = 0; i < 100; ++i) {
    burst += "GET /items/" + std::to_string(i) + "/x HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.send(burst);
  Responder held = fixture.take_held();
  CHECK(!client.has_unread_bytes());
  fixture.on_loop([&] { held.send(Response::text(200, "at last")); });
  CHECK(client.read_reply()->body == "at last");
  for (int i = 0; i < 100; ++i) {
    REQUIRE(client.read_reply()->body == std::to_string(i) + "|x|");
  }
}

TEST_CASE("more pipelined bytes than are read ahead wait in the socket and are answered too") {
  Limits limits;
  limits.pipelined_bytes_max = 1024;
  ServerFixture fixture(limits);
  HttpClient client(fixture.port());
  client.get("/hold");
  Responder held = fixture.take_held();
  const std::string body(64 * 1024, 'b');
  for (int i = 0; i < 4; ++i) client.post("/echo", body);
  fixture.on_loop([&] { held.send(Response::text(200, "first")); });
  CHECK(client.read_reply()->body == "first");
  for (int i = 0; i < 4; ++i) CHECK(client.read_reply()->body == body);
}

TEST_CASE("HEAD is answered like GET, without the body") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto reply = client.read_reply(/*is_head=*/true);
  CHECK(reply->status == 200);
  CHECK(reply->header("content-length") == "5");
  client.get("/hello");  // the connection is in step
  CHECK(client.read_reply()->body == "hello");
}

TEST_CASE("HTTP/1.0 closes unless it was asked not to") {
  ServerFixture fixture;
  HttpClient once(fixture.port());
  once.send("GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n");
  CHECK(once.read_reply()->header("connection") == "close");
  CHECK(once.is_closed());
  HttpClient twice(fixture.port());
  for (int i = 0; i < 2; ++i) {
    twice.send("GET /hello HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
    CHECK(twice.read_reply()->header("connection") == "keep-alive");
  }
}

TEST_CASE("\"Connection: close\" is honoured") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/hello", "Connection: close\r\n");
  CHECK(client.read_reply()->header("connection") == "close");
  CHECK(client.is_closed());
}

TEST_CASE("100-continue comes before the body, and only if the body is wanted") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
      "Expect: 100-continue\r\n\r\n");
  CHECK(client.read_reply()->status == 100);
  client.send("hello");
  CHECK(client.read_reply()->body == "hello");

  client.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n"
      "Expect: 100-continue\r\n\r\n");
  CHECK(client.read_reply()->status == 413);
  CHECK(client.is_closed());
}

TEST_CASE("chunked requests") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("5\r\nhello\r\n");
  client.send("6\r\n world\r\n0\r\n\r\n");
  CHECK(client.read_reply()->body == "hello world");
  client.get("/hello");
  CHECK(client.read_reply()->body == "hello");
}

TEST_CASE("a request that is dropped unanswered closes its connection, on any thread") {
  ServerFixture fixture;
  HttpClient dropped(fixture.port());
  dropped.get("/drop");
  CHECK(dropped.is_closed());

  HttpClient held(fixture.port());
  held.get("/hold");
  { const Responder responder = fixture.take_held(); }  // this thread drops it
  CHECK(held.is_closed());
}

TEST_CASE("a handler that throws is a 500, and the server goes on") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/throw");
  const auto reply = client.read_reply();
  CHECK(reply->status == 500);
  CHECK(reply->body.find("a handler failed") == std::string::npos);
  client.get("/hello");
  CHECK(client.read_reply()->body == "hello");
}

TEST_CASE("an answer to a client that has crashed goes nowhere") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/hold");
  Responder held = fixture.take_held();
  client.reset();
  fixture.wait_until([&] { return !held.is_open(); });
  fixture.on_loop([&] { held.send(Response::text(200, "too late")); });
  CHECK(fetch(fixture.port(), "/hello").status == 200);
  fixture.wait_until([&] { return fixture.server().metrics().connections_open == 0; });
}

TEST_CASE("a client that has said its last word still gets its answers") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/hold");
  client.get("/hello");
  client.shut_down();
  Responder held = fixture.take_held();
  fixture.on_loop([&] { held.send(Response::text(200, "held")); });
  CHECK(client.read_reply()->body == "held");
  CHECK(client.read_reply()->body == "hello");
  CHECK(client.is_closed());
}

TEST_CASE("a large answer reaches a client that has shut down its side before it was written") {
  ServerFixture fixture;
  HttpClient client = HttpClient::with_small_buffer(fixture.port());
  client.get("/big");
  client.shut_down();
  const auto reply = client.read_reply();
  CHECK(reply->body.size() == 8 * 1024 * 1024);
  CHECK(client.is_closed());
}

TEST_CASE("a client that pipelines and does not read gets one answer at a time") {
  ServerFixture fixture;
  HttpClient client = HttpClient::with_small_buffer(fixture.port());
  constexpr int kRequests = 8;
  for (int i = 0; i < kRequests; ++i) client.get("/big");
  client.get("/hello");
  fixture.wait_until([&] { return fixture.server().metrics().requests > 0; });
  // However long the loop turns, the second request is not begun.
  for (int i = 0; i < 100; ++i) fixture.on_loop([] {});
  CHECK(fixture.metrics().requests == 1);
  for (int i = 0; i < kRequests; ++i) CHECK(client.read_reply()->body.size() == 8 * 1024 * 1024);
  CHECK(client.read_reply()->body == "hello");
}

TEST_CASE("stopping and idleness do not cut an answer that is still being read") {
  Limits limits;
  limits.idle_timeout = Milliseconds(20);
  ServerFixture fixture(limits);
  HttpClient idle(fixture.port());
  HttpClient client = HttpClient::with_small_buffer(fixture.port());
  client.get("/big");
  const Reply head = client.read_head();
  CHECK(idle.is_closed());  // so the time has passed for the other, too
  auto stopped = fixture.stop(Milliseconds(10'000));
  const size_t length = std::stoul(head.header("content-length"));
  CHECK(client.read_to_end().size() == length);
  client.shut_down();
  CHECK(stopped.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("half a request and a hang-up leave nothing behind") {
  ServerFixture fixture;
  for (const char* part :
       {"", "GET /hel", "POST /echo HTTP/1.1\r\nHost: localhost\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe"}) {
    CAPTURE(part);
    HttpClient polite(fixture.port());
    polite.send(part);
    polite.shut_down();
    CHECK(polite.is_closed());
    HttpClient crashed(fixture.port());
    crashed.send(part);
    crashed.reset();
  }
  fixture.wait_until([&] { return fixture.server().metrics().connections_open == 0; });
  CHECK(fixture.metrics().buffered_body_bytes == 0);
}

TEST_CASE("a refused body does not cost the client the answer") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  // More than the socket buffers hold: the server must read over some of it for the answer to live.
  client.post("/small", std::string(4 * 1024 * 1024, 'x'));
  const auto reply = client.read_reply();
  REQUIRE(reply.has_value());
  CHECK(reply->status == 413);
  CHECK(reply->header("connection") == "close");
}

TEST_CASE("stopping answers what is under way, then closes") {
  ServerFixture fixture;
  HttpClient idle(fixture.port());
  idle.get("/hello");
  idle.read_reply();
  HttpClient busy(fixture.port());
  busy.get("/hold");
  Responder held = fixture.take_held();

  auto stopped = fixture.stop(Milliseconds(10'000));
  CHECK(idle.is_closed());
  CHECK_THROWS(HttpClient(fixture.port()));
  CHECK(!busy.has_unread_bytes());
  fixture.on_loop([&] { held.send(Response::text(200, "done")); });
  const auto reply = busy.read_reply();
  CHECK(reply->body == "done");
  CHECK(reply->header("connection") == "close");
  CHECK(busy.is_closed());
  busy.shut_down();
  CHECK(stopped.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("stopping does not wait longer than its grace") {
  ServerFixture fixture;
  HttpClient busy(fixture.port());
  busy.get("/hold");
  Responder held = fixture.take_held();
  auto stopped = fixture.stop(Milliseconds(20));
  CHECK(stopped.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(busy.is_closed());
  fixture.on_loop([&] { CHECK(!held.is_open()); });
}

TEST_CASE("an address that is taken, or none, is an error with a name") {
  ServerFixture fixture;
  fixture.on_loop([&] {
    const auto taken = fixture.server().listen("127.0.0.1", fixture.port());
    REQUIRE(!taken.ok());
    CHECK(taken.error().message.find("address already in use") != std::string::npos);
    CHECK(fixture.server().listen("localhost", 0).error().code == ErrorCode::kInvalid);
    CHECK(fixture.server().listen("300.0.0.1", 0).error().code == ErrorCode::kInvalid);
  });
}

}  // namespace stepwell::server
