// Clients that are slow, greedy or many. The limits are short; the loop's own timers do the
// waiting.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/server/http_client.h"
#include "tests/server/server_fixture.h"

namespace stepwell::server {

TEST_CASE("a head that does not end in time is a 408") {
  Limits limits;
  limits.header_timeout = Milliseconds(30);
  ServerFixture fixture(limits);
  HttpClient client(fixture.port());
  client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  CHECK(client.read_reply()->status == 408);
  CHECK(client.is_closed());
  CHECK(fixture.metrics().timeouts == 1);
}

TEST_CASE("a head that trickles in does not buy time with each byte") {
  Limits limits;
  limits.header_timeout = Milliseconds(30);
  ServerFixture fixture(limits);
  HttpClient client(fixture.port());
  client.send("GET /hello HTTP/1.1\r\n");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!client.has_unread_bytes() && std::chrono::steady_clock::now() < deadline) {
    client.send("X-A: b\r\n");
    fixture.on_loop([] {});
  }
  const int status = client.read_reply()->status;
  CHECK((status == 408 || status == 431));
}

TEST_CASE("a body that does not come is a 408, one that comes fast enough is read") {
  Limits limits;
  limits.body_grace = Milliseconds(30);
  limits.body_bytes_per_second_min = 100;
  ServerFixture fixture(limits);
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\n";
  HttpClient stalled(fixture.port());
  stalled.send(head + "1");
  CHECK(stalled.read_reply()->status == 408);
  CHECK(stalled.is_closed());

  // 50 bytes at the least rate buy half a second; nothing of it is waited for.
  HttpClient steady(fixture.port());
  steady.send(head + std::string(50, 'x'));
  fixture.wait_until([&] { return fixture.server().metrics().buffered_body_bytes == 50; });
  steady.send(std::string(10, 'x'));
  CHECK(steady.read_reply()->status == 200);
}

TEST_CASE("an idle connection is closed without a word") {
  Limits limits;
  limits.idle_timeout = Milliseconds(30);
  ServerFixture fixture(limits);
  HttpClient fresh(fixture.port());
  CHECK(fresh.is_closed());
  HttpClient used(fixture.port());
  used.get("/hello");
  CHECK(used.read_reply()->status == 200);
  CHECK(used.is_closed());
}

TEST_CASE("a request that is being answered is not idle") {
  Limits limits;
  limits.idle_timeout = Milliseconds(20);
  limits.header_timeout = Milliseconds(20);
  ServerFixture fixture(limits);
  HttpClient waiting(fixture.port());
  waiting.get("/hold");
  Responder held = fixture.take_held();
  HttpClient idle(fixture.port());
  CHECK(idle.is_closed());  // so the timeout has passed for the other, too
  fixture.on_loop([&] { held.send(Response::text(200, "patience")); });
  CHECK(waiting.read_reply()->body == "patience");
}

TEST_CASE("a client that does not read its answer is closed") {
  Limits limits;
  limits.write_timeout = Milliseconds(50);
  ServerFixture fixture(limits);
  HttpClient client = HttpClient::with_small_buffer(fixture.port());
  client.get("/big");
  fixture.wait_until([&] { return fixture.server().metrics().timeouts == 1; });
  fixture.wait_until([&] { return fixture.server().metrics().connections_open == 0; });
}

TEST_CASE("bodies have the limit of their route, announced or chunked") {
  ServerFixture fixture;
  CHECK(post_to(fixture.port(), "/small", std::string(16, 'x')).status == 200);
  CHECK(post_to(fixture.port(), "/small", std::string(17, 'x')).status == 413);
  HttpClient chunked(fixture.port());
  chunked.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "11\r\n12345678901234567\r\n");
  CHECK(chunked.read_reply()->status == 413);
  CHECK(chunked.is_closed());
  HttpClient unread(fixture.port());
  unread.send("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n\r\n");
  CHECK(unread.read_reply()->status == 413);  // before a byte of the body was sent
  HttpClient huge(fixture.port());
  huge.send("POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999999\r\n\r\n");
  CHECK(huge.read_reply()->status == 413);
}

TEST_CASE("a head over its limits is a 414 or a 431") {
  ServerFixture fixture;
  CHECK(fetch(fixture.port(), "/" + std::string(9'000, 'a')).status == 414);
  CHECK(fetch(fixture.port(), "/hello", "X-A: " + std::string(33'000, 'a') + "\r\n").status == 431);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  CHECK(fetch(fixture.port(), "/hello", many).status == 431);
}

TEST_CASE("all bodies together have a limit") {
  Limits limits;
  limits.buffered_body_bytes_max = 1000;
  ServerFixture fixture(limits);
  const std::string head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 800\r\n\r\n";
  HttpClient first(fixture.port());
  first.send(head + std::string(700, 'x'));
  fixture.wait_until([&] { return fixture.server().metrics().buffered_body_bytes == 700; });
  HttpClient second(fixture.port());
  second.send(head + std::string(700, 'x'));
  const auto refused = second.read_reply();
  CHECK(refused->status == 503);
  CHECK(!refused->header("retry-after").empty());
  first.send(std::string(100, 'x'));
  CHECK(first.read_reply()->body.size() == 800);
  CHECK(fixture.metrics().buffered_body_bytes == 0);
}

TEST_CASE("connections over the limit are closed, and room is made by those that go") {
  Limits limits;
  limits.connections_max = 3;
  limits.connections_per_ip_max = 1;  // does not count for loopback
  ServerFixture fixture(limits);
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<HttpClient>(fixture.port()));
    clients.back()->get("/hello");
    CHECK(clients.back()->read_reply()->status == 200);
  }
  HttpClient refused(fixture.port());
  CHECK(refused.is_closed());
  CHECK(fixture.metrics().connections_refused == 1);
  clients.pop_back();
  fixture.wait_until([&] { return fixture.server().metrics().connections_open == 2; });
  CHECK(fetch(fixture.port(), "/hello").status == 200);
}

}  // namespace stepwell::server
