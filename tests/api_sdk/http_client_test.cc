#include "api/sdk/http_client.h"

#include <doctest/doctest.h>
#include <fmt/core.h>
#include <zlib.h>

#include <condition_variable>
#include <mutex>

#include "tests/api_sdk/client_fixture.h"
#include "tests/api_sdk/scripted_server.h"

namespace stepwell::sdk {
namespace {

using Kind = HttpFailure::Kind;

void echo_until_closed(Peer& peer, int) {
  while (true) {
    const std::string request = peer.read_request();
    if (request.empty()) return;
    peer.respond(200, request);
  }
}

TEST_CASE("a request arrives as it was given, and its response comes back") {
  ScriptedServer server(echo_until_closed);
  ClientFixture fixture;
  const HttpResponse response = fixture.response({.url = server.url("/a/b?c=d#e"),
                                                  .headers = {{"X-One", "1"}, {"Host", "evil"}},
                                                  .body = "{\"n\":1}"});
  CHECK(response.status == 200);
  CHECK(response.url.to_string() == server.url("/a/b?c=d"));
  CHECK(response.body.starts_with("POST /a/b?c=d HTTP/1.1\r\n"));
  CHECK(response.body.find(fmt::format("Host: 127.0.0.1:{}\r\n", server.port())) !=
        std::string::npos);
  CHECK(response.body.find("evil") == std::string::npos);
  CHECK(response.body.find("X-One: 1\r\n") != std::string::npos);
  CHECK(response.body.find("User-Agent: Stepwell\r\n") != std::string::npos);
  CHECK(response.body.find("Content-Length: 7\r\n") != std::string::npos);
  CHECK(response.body.ends_with("\r\n\r\n{\"n\":1}"));
}

TEST_CASE("a large request and a large response pass whole") {
  ScriptedServer server(echo_until_closed);
  ClientFixture fixture;
  const std::string body(6u << 20, 'x');
  const HttpResponse response = fixture.response({.url = server.url(), .body = body});
  CHECK(response.body.ends_with("\r\n\r\n" + body));
}

TEST_CASE("connections are kept and used again; of many at once each has its own") {
  ScriptedServer server(echo_until_closed);
  ClientFixture fixture;
  for (int i = 0; i < 5; ++i) CHECK(fixture.response({.url = server.url()}).status == 200);
  CHECK(server.connections() == 1);
  std::vector<HttpRequest> requests(4, HttpRequest{.url = server.url()});
  for (const HttpOutcome& outcome : fixture.ask_all(requests)) {
    CHECK(std::holds_alternative<HttpResponse>(outcome));
  }
  CHECK(server.connections() == 4);
}

TEST_CASE("a lane has so many places; another lane does not wait") {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> arrived;
  bool is_open = false;
  ScriptedServer server([&](Peer& peer, int) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      std::unique_lock lock(mutex);
      arrived.push_back(request.substr(6, 2));
      changed.notify_all();
      changed.wait(lock, [&] { return is_open || request.starts_with("POST /z"); });
      peer.respond(200, "");
    }
  });
  HttpClientOptions options = loopback_options();
  options.lane_requests_max = 2;
  ClientFixture fixture(options);
  int answered = 0;
  const auto count = [&](const HttpOutcome&) {
    if (++answered == 5) fixture.loop().stop();
  };
  for (const char* path : {"/a1", "/a2", "/a3", "/a4"}) {
    fixture.client().send({.url = server.url(path), .lane = "a"}, count);
  }
  CHECK(fixture.client().under_way() == 2);
  CHECK(fixture.client().waiting() == 2);
  fixture.client().send({.url = server.url("/z1"), .lane = "z"}, [&](const HttpOutcome&) {
    const std::lock_guard lock(mutex);
    CHECK(fixture.client().waiting() == 2);
    for (const std::string& path : arrived) CHECK((path != "a3" && path != "a4"));
    is_open = true;
    changed.notify_all();
    count({});
  });
  fixture.loop().run();
  CHECK(answered == 5);
  CHECK(arrived.size() == 5);
}

TEST_CASE("redirects repeat the request, and keep what the new URL lacks of the query") {
  ScriptedServer server([](Peer& peer, int) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("POST /old")) {
        peer.respond(308, "", "Location: /new?stepId=other\r\n");
      } else {
        peer.respond(200, request);
      }
    }
  });
  ClientFixture fixture;
  HttpRequest request{.url = server.url("/old?fnId=f&stepId=s"), .body = "text"};
  request.redirects = {.max = 5, .repeats_request = true};
  const HttpResponse response = fixture.response(request);
  CHECK(response.body.starts_with("POST /new?stepId=other&fnId=f HTTP/1.1\r\n"));
  CHECK(response.body.ends_with("\r\n\r\ntext"));
  CHECK(response.url.path() == "/new");

  request.redirects = {.max = 3, .repeats_request = false};
  CHECK(fixture.response(request).body.ends_with("\r\n\r\ntext"));
  request.redirects.max = 0;
  CHECK(fixture.response(request).status == 308);
}

TEST_CASE("as browsers do, 302 after POST asks with GET and without a body") {
  ScriptedServer server([](Peer& peer, int) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("POST")) {
        peer.respond(302, "", "Location: got\r\n");
      } else {
        peer.respond(200, request);
      }
    }
  });
  ClientFixture fixture;
  HttpRequest request{
      .url = server.url("/a/b"), .headers = {{"Content-Type", "text/plain"}}, .body = "text"};
  request.redirects.max = 3;
  const std::string seen = fixture.response(request).body;
  CHECK(seen.starts_with("GET /a/got HTTP/1.1\r\n"));
  CHECK(seen.find("Content-Type") == std::string::npos);
  CHECK(seen.find("text") == std::string::npos);
}

TEST_CASE("redirects end: too many, to another host, to what is no URL") {
  ScriptedServer server([](Peer& peer, int) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("POST /loop")) {
        peer.respond(307, "", "Location: /loop\r\n");
      } else if (request.starts_with("POST /away")) {
        peer.respond(307, "", "Location: http://localhost:1/\r\n");
      } else if (request.starts_with("POST /metadata")) {
        peer.respond(307, "", "Location: http://169.254.169.254/latest\r\n");
      } else {
        peer.respond(307, "", "Location: ftp://127.0.0.1/\r\n");
      }
    }
  });
  ClientFixture fixture;
  const auto fail = [&](std::string_view path, bool may_leave) {
    HttpRequest request{.url = server.url(path)};
    request.redirects = {.max = 5, .may_leave_host = may_leave};
    return fixture.failure(request);
  };
  CHECK(fail("/loop", false).kind == Kind::kRedirects);
  CHECK(fail("/away", false).kind == Kind::kRedirects);
  CHECK(fail("/away", false).message.find("another host") != std::string::npos);
  CHECK(fail("/away", true).kind == Kind::kUnreachable);
  CHECK(fail("/metadata", true).kind == Kind::kDenied);
  CHECK(fail("/ftp", true).kind == Kind::kRedirects);
}

TEST_CASE("credentials do not follow to another host") {
  ScriptedServer target(echo_until_closed);
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.respond(307, "", fmt::format("Location: http://localhost:{}/\r\n", target.port()));
  });
  ClientFixture fixture;
  HttpRequest request{.url = server.url(),
                      .headers = {{"Authorization", "Bearer secret"}, {"X-Kept", "yes"}}};
  request.redirects = {.max = 1, .may_leave_host = true};
  const std::string seen = fixture.response(request).body;
  CHECK(seen.find("secret") == std::string::npos);
  CHECK(seen.find("X-Kept: yes") != std::string::npos);
}

TEST_CASE("credentials do not follow to another port") {
  ScriptedServer target(echo_until_closed);
  ScriptedServer server([&](Peer& peer, int) {
    peer.read_request();
    peer.respond(307, "", fmt::format("Location: {}\r\n", target.url()));
  });
  ClientFixture fixture;
  HttpRequest request{.url = server.url(), .headers = {{"Authorization", "Bearer secret"}}};
  request.redirects = {.max = 1};
  CHECK(fixture.response(request).body.find("secret") == std::string::npos);
}

TEST_CASE("addresses are refused by the policy, whatever the name says") {
  ClientFixture strict{HttpClientOptions{}};
  CHECK(strict.failure({.url = "http://127.0.0.1:1/"}).kind == Kind::kDenied);
  CHECK(strict.failure({.url = "http://localhost:1/"}).kind == Kind::kDenied);
  CHECK(strict.failure({.url = "http://2130706433:1/"}).kind == Kind::kDenied);
  CHECK(strict.failure({.url = "http://0x7f.1:1/"}).kind == Kind::kDenied);
  CHECK(strict.failure({.url = "http://[::1]:1/"}).kind == Kind::kDenied);
  CHECK(strict.failure({.url = "http://[::ffff:127.0.0.1]:1/"}).kind == Kind::kDenied);
  CHECK(strict.failure({.url = "http://10.0.0.1:1/"}).kind == Kind::kDenied);
  CHECK(strict.failure({.url = "https://127.0.0.1:1/"}).kind == Kind::kDenied);
  CHECK(strict.failure({.url = "https://localhost:1/"}).kind == Kind::kDenied);
}

TEST_CASE("what can't be sent is refused, later and with a reason") {
  ClientFixture fixture;
  CHECK(fixture.failure({.url = "ftp://h/"}).kind == Kind::kInvalid);
  CHECK(fixture.failure({.url = "http://u:p@h/"}).message.find("credentials") != std::string::npos);
  CHECK(fixture.failure({.url = "http://127.0.0.1/", .headers = {{"a", "b\r\nc: d"}}}).kind ==
        Kind::kInvalid);
  CHECK(fixture.failure({.url = "http://127.0.0.1/", .headers = {{"a b", "c"}}}).kind ==
        Kind::kInvalid);
  CHECK(fixture.failure({.method = "GET /", .url = "http://127.0.0.1/"}).kind == Kind::kInvalid);
}

TEST_CASE("a compressed response is decompressed, within the limit") {
  const std::string text(3u << 20, 'a');
  uLongf size = compressBound(text.size());
  std::string packed(size, '\0');
  REQUIRE(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                   reinterpret_cast<const Bytef*>(text.data()), text.size()) == Z_OK);
  packed.resize(size);
  ScriptedServer server([&](Peer& peer, int) {
    while (!peer.read_request().empty()) {
      peer.respond(200, packed, "Content-Encoding: deflate\r\n");
    }
  });
  ClientFixture fixture;
  const HttpResponse response = fixture.response({.url = server.url()});
  CHECK(response.body == text);
  CHECK(response.is_decoded);
  CHECK(fixture.failure({.url = server.url(), .response_bytes_max = 1u << 20}).kind ==
        Kind::kTooLarge);
}

TEST_CASE("a coding in a second field counts as one in the first") {
  ScriptedServer server([](Peer& peer, int) {
    peer.read_request();
    peer.respond(200, "text", "Content-Encoding: identity\r\nContent-Encoding: br\r\n");
  });
  ClientFixture fixture;
  CHECK(fixture.failure({.url = server.url()}).kind == Kind::kMalformed);
}

TEST_CASE("a cancelled request is not answered, and its place is free") {
  std::mutex mutex;
  std::condition_variable changed;
  bool has_arrived = false;
  ScriptedServer server([&](Peer& peer, int) {
    const std::string request = peer.read_request();
    if (request.starts_with("POST /second")) return peer.respond(200, "");
    {
      const std::lock_guard lock(mutex);
      has_arrived = true;
    }
    changed.notify_all();
    peer.wait_for_close();
  });
  HttpClientOptions options = loopback_options();
  options.lane_requests_max = 1;
  ClientFixture fixture(options);
  bool is_answered = false;
  const uint64_t id = fixture.client().send({.url = server.url("/first")},
                                            [&](const HttpOutcome&) { is_answered = true; });
  std::thread canceller([&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return has_arrived; });
    fixture.loop().post([&] { fixture.client().cancel(id); });
  });
  CHECK(fixture.response({.url = server.url("/second")}).status == 200);
  canceller.join();
  CHECK(!is_answered);
  CHECK(fixture.client().under_way() == 0);
}

}  // namespace
}  // namespace stepwell::sdk
