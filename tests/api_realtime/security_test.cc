// Who may listen, publish and make tokens, in serve mode and in dev mode.
#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "api/realtime/token.h"
#include "api/server/secret.h"
#include "engine/runtime/clock.h"
#include "tests/api_realtime/helpers.h"
#include "tests/server/service_fixture.h"
#include "tests/server/websocket_client.h"

namespace stepwell::realtime {
namespace {

using namespace server;

constexpr char kTopics[] = R"([{"channel":"c","name":"t"}])";

ServiceOptions serving(const std::string& signing_key = "abcd") {
  ServiceOptions options;
  options.mode = Mode::kServe;
  options.event_keys = {"k"};
  options.signing_keys = {signing_key};
  options.origins = {"https://app.example"};
  return options;
}

std::string bearer(const std::string& token) {
  return "Authorization: Bearer " + token + "\r\n";
}

std::string made_token(const ServiceFixture& fixture, const std::string& key) {
  const Reply reply = post_to(fixture.port(), "/v1/realtime/token", kTopics, bearer(key));
  REQUIRE(reply.status == 201);
  return *parse_json(reply.body)->find("jwt")->as_string();
}

// The signer of a server with this signing key.
TokenSigner signer(const std::string& key = "abcd") {
  return TokenSigner(
      derive_key(SigningKey::parse(key).value().reveal(), "stepwell realtime tokens 1"));
}

TokenClaims claims(Duration issued_ago, Duration lifetime) {
  const Time issued = runtime::wall_clock() - issued_ago;
  return {.id = "01K3ABCDEFGHJKMNPQRSTVWXYZ",
          .issued_at = issued,
          .expires_at = issued + lifetime,
          .topics = {{"c", "t"}}};
}

int socket_status(const ServiceFixture& fixture, const std::string& token,
                  const std::string& fields = {}) {
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?token=" + token, fields);
  return client.head().status;
}

int events_status(const ServiceFixture& fixture, const std::string& token,
                  const std::string& fields = {}) {
  HttpClient client(fixture.port());
  client.get("/v1/realtime/sse?token=" + token, fields);
  return client.read_head().status;
}

}  // namespace

TEST_CASE("a token is good for the servers that share the signing key, and for no others") {
  const ServiceFixture first({}, serving());
  const ServiceFixture again({}, serving());
  const ServiceFixture other({}, serving("abce"));
  const std::string token = made_token(first, "abcd");
  CHECK(socket_status(first, token) == 101);
  CHECK(events_status(again, token) == 200);  // as after a restart
  CHECK(socket_status(other, token) == 401);
  CHECK(events_status(other, token) == 401);
}

TEST_CASE("without a signing key each server has a secret of its own") {
  const ServiceFixture first;
  const ServiceFixture second;
  const std::string token = get_token(first.port(), kTopics);
  const std::string other = get_token(second.port(), kTopics);
  CHECK(token.substr(token.rfind('.')) != other.substr(other.rfind('.')));
  CHECK_FALSE(signer().verify(token, runtime::wall_clock()).ok());
}

TEST_CASE("a token that is over, or not yet there, opens nothing") {
  const ServiceFixture fixture({}, serving());
  const std::string good = signer().sign(claims(Duration(1'000), kTokenLifetime));
  CHECK(socket_status(fixture, good) == 101);
  const std::string over = signer().sign(claims(Duration(61'000), kTokenLifetime));
  const std::string early = signer().sign(claims(-Duration(60'000), kTokenLifetime));
  for (const std::string& token : {over, early}) {
    CHECK(socket_status(fixture, token) == 401);
    CHECK(events_status(fixture, token) == 401);
  }
  CHECK(kTokenLifetime <= std::chrono::minutes(1));
}

// Such a request was let in by its head; its query must not be what it opens then.
TEST_CASE("a token that expires before the body has come opens nothing") {
  const ServiceFixture fixture({}, serving());
  for (const std::string path : {"/v1/realtime/sse", "/v1/realtime/connect"}) {
    // Tokens tell whole seconds: it is good for half a second at least.
    const TokenClaims now_made = claims(Duration(0), Duration(1'500));
    HttpClient client(fixture.port());
    client.send("GET " + path +
                "?channel=secret&since=2020-01-01&token=" + signer().sign(now_made) +
                " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Transfer-Encoding: chunked\r\n\r\n");
    while (runtime::wall_clock() <= now_made.expires_at) {
      std::this_thread::sleep_until(now_made.expires_at + Duration(1));
    }
    client.send("0\r\n\r\n");
    CHECK(client.read_head().status == 401);
  }
}

TEST_CASE("a right to publish is not one to listen, nor to make tokens") {
  const ServiceFixture fixture({}, serving());
  TokenClaims publisher = claims(Duration(1'000), kTokenLifetime);
  publisher.topics.clear();
  publisher.may_publish = true;
  const std::string token = signer().sign(publisher);
  const std::string path = "/v1/realtime/publish?channel=c&topic=t";
  CHECK(post_to(fixture.port(), path, "1", bearer(token)).status == 200);
  CHECK(post_to(fixture.port(), "/v1/realtime/token", kTopics, bearer(token)).status == 401);
  CHECK(socket_status(fixture, token) == 401);
  CHECK(events_status(fixture, token) == 401);
}

TEST_CASE("serve mode: pages of the named origins connect, those of this machine do not") {
  const ServiceFixture fixture({}, serving());
  for (const char* origin : {"http://localhost:3000", "http://127.0.0.1:3000", "null",
                             "https://app.example.evil", "http://app.example"}) {
    CAPTURE(origin);
    const std::string fields = "Origin: " + std::string(origin) + "\r\n";
    CHECK(socket_status(fixture, made_token(fixture, "abcd"), fields) == 403);
    CHECK(events_status(fixture, made_token(fixture, "abcd"), fields) == 403);
    CHECK(post_to(fixture.port(), "/v1/realtime/token", kTopics, bearer("abcd") + fields).status ==
          403);
  }
  const std::string fields = "Origin: https://app.example\r\n";
  CHECK(socket_status(fixture, made_token(fixture, "abcd"), fields) == 101);
  CHECK(events_status(fixture, made_token(fixture, "abcd"), fields) == 200);
}

TEST_CASE("no answer lets pages of any origin in") {
  const ServiceFixture serve({}, serving());
  const ServiceFixture dev;
  const std::string field = "access-control-allow-origin";
  CHECK(post_to(serve.port(), "/v1/realtime/token", kTopics, bearer("abcd")).header(field) == "");
  CHECK(post_to(dev.port(), "/v1/realtime/token", kTopics).header(field) == "");
  const Reply page =
      post_to(dev.port(), "/v1/realtime/token", kTopics, "Origin: http://localhost:3000\r\n");
  CHECK(page.status == 201);
  CHECK(page.header(field) == "http://localhost:3000");
}

TEST_CASE("a token opens its own topics and no more") {
  const ServiceFixture fixture({}, serving());
  const std::string key = bearer("abcd");
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=d&topic=u&token=" +
                                             made_token(fixture, "abcd"));
  REQUIRE(client.head().status == 101);
  const auto say = [&](const std::string& query, const std::string& data) {
    CHECK(post_to(fixture.port(), "/v1/realtime/publish?" + query, data, key).status == 200);
  };
  say("channel=d&topic=u", "1");
  say("channel=c&topic=u", "2");
  say("channel=C&topic=t", "3");
  say("channel=c&topic=t", "4");
  WebSocketFrame frame = client.next();
  while (frame.opcode != kTextFrame) frame = client.next();
  CHECK(parse_json(frame.payload)->find("data")->text() == "4");
}

}  // namespace stepwell::realtime
