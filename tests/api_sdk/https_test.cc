// https to apps: whom it trusts, and what becomes of a request when its connection ends.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "api/sdk/curl_transport.h"
#include "tests/api_sdk/client_fixture.h"
#include "tests/api_sdk/scripted_server.h"
#include "tests/api_sdk/tls_identity.h"

namespace stepwell::sdk {
namespace {

using Kind = HttpFailure::Kind;

std::string certificate_file(const std::string& name) {
  return std::filesystem::temp_directory_path() / (name + "-" + std::to_string(getpid()) + ".pem");
}

HttpClientOptions trusting(const TlsIdentity& identity) {
  HttpClientOptions options = loopback_options();
  options.ca_file = identity.file();
  return options;
}

void answer_all(Peer& peer, int) {
  while (!peer.read_request().empty()) peer.respond(200, "ok");
}

TEST_CASE("an app with a trusted certificate is asked over one kept connection") {
  const TlsIdentity identity("IP:127.0.0.1", certificate_file("trusted"));
  ScriptedServer server(answer_all, &identity);
  ClientFixture fixture(trusting(identity));
  CHECK(fixture.response({.url = server.url(), .body = "one"}).body == "ok");
  CHECK(fixture.response({.url = server.url(), .body = "two"}).body == "ok");
  CHECK(server.connections() == 1);
}

TEST_CASE("an app with a certificate of nobody's, or of somebody else's, is not asked") {
  const TlsIdentity identity("IP:127.0.0.1", certificate_file("unknown"));
  const TlsIdentity other("DNS:other.test", certificate_file("other"));
  std::atomic<bool> was_asked{false};
  const auto note = [&](Peer& peer, int) {
    if (!peer.read_request().empty()) was_asked = true;
  };
  {
    ScriptedServer unknown(note, &identity);
    ScriptedServer misnamed(note, &other);
    ClientFixture fixture(trusting(other));
    CHECK(fixture.failure({.url = unknown.url()}).kind == Kind::kUnreachable);
    CHECK(fixture.failure({.url = misnamed.url()}).kind == Kind::kUnreachable);
  }
  CHECK_FALSE(was_asked);
}

TEST_CASE("a kept connection that the app closes meanwhile costs nothing over https either") {
  const TlsIdentity identity("IP:127.0.0.1", certificate_file("stale"));
  ScriptedServer server(
      [](Peer& peer, int number) {
        peer.read_request();
        peer.respond(200, "first");
        if (number == 0) {
          peer.read_request();
          return peer.reset();
        }
        peer.wait_for_close();
      },
      &identity);
  ClientFixture fixture(trusting(identity));
  CHECK(fixture.response({.url = server.url(), .body = "one"}).body == "first");
  CHECK(fixture.response({.url = server.url(), .body = "two"}).body == "first");
  CHECK(server.connections() == 2);
}

TEST_CASE("a connection that breaks inside a response is told at once over https too") {
  const TlsIdentity identity("IP:127.0.0.1", certificate_file("broken"));
  ScriptedServer server(
      [](Peer& peer, int) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12");
        peer.send("345");
        peer.reset();
      },
      &identity);
  ClientFixture fixture(trusting(identity));
  for (int round = 0; round < 20; ++round) {  // what came before the end may be read before it
    CHECK(fixture.failure({.url = server.url(), .timeout = Milliseconds(60'000)}).kind ==
          Kind::kReset);
  }
}

TEST_CASE("a request that an app was at work on over https is not sent again") {
  const TlsIdentity identity("IP:127.0.0.1", certificate_file("late"));
  ScriptedServer server(
      [&](Peer& peer, int number) {
        peer.read_request();
        peer.respond(200, "first");
        if (number > 0) return answer_all(peer, number);
        peer.read_request();
        peer.reset();
      },
      &identity);
  // However soon it ends, that is late.
  TransportFixture<CurlTransport, CurlOptions> client({.addresses = {.allow_loopback = true},
                                                       .stale_within = Milliseconds(0),
                                                       .ca_file = identity.file()});
  CHECK(std::holds_alternative<HttpResponse>(client.post(server.url())));
  const HttpOutcome second = client.post(server.url());
  REQUIRE(std::holds_alternative<HttpFailure>(second));
  CHECK(std::get<HttpFailure>(second).kind == Kind::kReset);
  CHECK(std::get<HttpFailure>(second).message.find("ended") != std::string::npos);
}

}  // namespace
}  // namespace stepwell::sdk
