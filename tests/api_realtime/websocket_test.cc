// Subscriptions over WebSocket, on a real engine and real sockets.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "api/realtime/token.h"
#include "tests/api_realtime/helpers.h"
#include "tests/server/service_fixture.h"
#include "tests/server/websocket_client.h"

namespace stepwell::realtime {
namespace {

using namespace server;

constexpr auto kBothTopics = R"([{"channel":"c","name":"t"},{"channel":"c","name":"u"}])";

// An open subscription.
class Subscriber {
 public:
  Subscriber(uint16_t port, const std::string& query, std::string_view fields = {})
      : client_(port, "/v1/realtime/connect?" + query, fields) {
    REQUIRE(client_.head().status == 101);
  }
  WebSocketClient& client() { return client_; }

  // The text of the next message.
  std::string next() {
    const WebSocketFrame frame = client_.next();
    REQUIRE(frame.opcode == kTextFrame);
    return frame.payload;
  }
  std::string next_value() { return std::string(parse_json(next())->find("data")->text()); }

  // After this the server has read what was sent before.
  void wait_for_server() {
    client_.send(frame_bytes(kPingFrame, "now"));
    const WebSocketFrame frame = client_.next();
    REQUIRE(frame.opcode == kPongFrame);
    REQUIRE(frame.payload == "now");
  }

  // After this, what came before it counts as read.
  void wait_for_pings() {
    for (int i = 0; i < 2; ++i) {
      while (client_.next_frame().opcode != kPingFrame) {
      }
      client_.send(frame_bytes(kPongFrame, ""));
    }
  }

 private:
  WebSocketClient client_;
};

std::string token_of(const ServiceFixture& fixture, const std::string& topics) {
  return "token=" + get_token(fixture.port(), topics);
}

// Until so many are left.
void wait_for_subscriptions(ServiceFixture& fixture, size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (fixture.hub_stats().subscriptions > count && std::chrono::steady_clock::now() < deadline) {
  }
  CHECK(fixture.hub_stats().subscriptions == count);
}

ServiceOptions with_keep_alive(std::chrono::milliseconds keep_alive) {
  ServiceOptions options;
  options.realtime.keep_alive = keep_alive;
  return options;
}

ServiceOptions serve_options() {
  ServiceOptions options;
  options.mode = Mode::kServe;
  options.event_keys = {"k"};
  options.signing_keys = {"abcd"};
  return options;
}

}  // namespace

TEST_CASE("the handshake is answered as the protocol asks, and the first frame is a ping") {
  ServiceFixture fixture;
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?" + token_of(fixture, kBothTopics),
                         "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  CHECK(client.head().status == 101);
  CHECK(client.head().header("upgrade") == "websocket");
  CHECK(client.head().header("connection") == "Upgrade");
  CHECK(client.head().header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(client.head().header("sec-websocket-extensions").empty());
  CHECK(client.next_frame().opcode == kPingFrame);
}

TEST_CASE("a subscriber gets the messages of its topics as text frames with the SDKs' fields") {
  ServiceFixture fixture;
  Subscriber one(fixture.port(),
                 token_of(fixture, R"([{"channel":"post:1/ä b","name":"updated"}])"));
  Subscriber two(fixture.port(),
                 token_of(fixture, R"([{"channel":"post:1/ä b","name":"updated"}])"));
  const std::string channel = "channel=post%3A1%2F%C3%A4%20b";
  publish(fixture.port(), channel + "&topic=other", "0");
  publish(fixture.port(), channel + "&topic=updated&run_id=01K3ABCDEFGHJKMNPQRSTVWXYZ",
          R"({"n":1})");
  publish(fixture.port(), channel + "&topic=updated", "Hello");
  publish(fixture.port(), channel + "&topic=updated", std::string(70'000, 'x'));
  for (Subscriber* subscriber : {&one, &two}) {
    const std::string text = subscriber->next();
    const JsonView json = parse_json(text).value();
    CHECK(json.find("kind")->as_string() == "data");
    CHECK(json.find("channel")->as_string() == "post:1/ä b");
    CHECK(json.find("topic")->as_string() == "updated");
    CHECK(json.find("data")->text() == R"({"n":1})");
    CHECK(json.find("env_id")->as_string() == kEnvironmentId);
    CHECK(json.find("run_id")->as_string() == "01K3ABCDEFGHJKMNPQRSTVWXYZ");
    CHECK(parse_rfc3339(*json.find("created_at")->as_string()).ok());
    CHECK(subscriber->next_value() == "\"Hello\"");
    CHECK(subscriber->next_value().size() == 70'002);
  }
}

TEST_CASE("a token may come in the Authorization field, as Go sends it") {
  ServiceFixture fixture({}, serve_options());
  const Reply made =
      post_to(fixture.port(), "/v1/realtime/token", kBothTopics, "Authorization: Bearer abcd\r\n");
  const std::string token = *parse_json(made.body)->find("jwt")->as_string();
  WebSocketClient client(fixture.port(), "/v1/realtime/connect",
                         "Authorization: Bearer " + token + "\r\n");
  CHECK(client.head().status == 101);
}

TEST_CASE("who has no proper token is refused before the upgrade") {
  ServiceFixture fixture({}, serve_options());
  const TokenSigner forger("another key");
  const Time now = from_millis(4'000'000'000'000);
  const std::string forged =
      forger.sign({.id = "x", .issued_at = now, .expires_at = now, .topics = {{"c", "t"}}});
  for (const std::string query : {"", "?token=", "?token=x.y.z", "?channel=c"}) {
    CAPTURE(query);
    WebSocketClient client(fixture.port(), "/v1/realtime/connect" + query);
    CHECK(client.head().status == 401);
  }
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?token=" + forged);
  CHECK(client.head().status == 401);
  // The signing key publishes; it does not listen.
  WebSocketClient with_key(fixture.port(), "/v1/realtime/connect",
                           "Authorization: Bearer abcd\r\n");
  CHECK(with_key.head().status == 401);
}

TEST_CASE("pages of origins that are not allowed get no socket, nor do other hosts") {
  ServiceFixture fixture;
  const std::string path = "/v1/realtime/connect?" + token_of(fixture, kBothTopics);
  CHECK(WebSocketClient(fixture.port(), path, "Origin: https://evil.example\r\n").head().status ==
        403);
  CHECK(WebSocketClient(fixture.port(), path, "Origin: null\r\n").head().status == 403);
  WebSocketClient page(fixture.port(), path, "Origin: http://localhost:3000\r\n");
  CHECK(page.head().status == 101);
  CHECK(page.head().header("access-control-allow-origin") == "http://localhost:3000");
  HttpClient rebound(fixture.port());
  rebound.send("GET " + path + " HTTP/1.1\r\nHost: evil.example\r\n" +
               std::string(kHandshakeFields) + "\r\n");
  CHECK(rebound.read_head().status == 403);
}

TEST_CASE("a request that is no handshake is told so") {
  ServiceFixture fixture;
  const std::string path = "/v1/realtime/connect?channel=c";
  const Reply plain = fetch(fixture.port(), path);
  CHECK(plain.status == 426);
  CHECK(plain.header("upgrade") == "websocket");
  const Reply old = fetch(fixture.port(), path,
                          "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                          "Sec-WebSocket-Version: 8\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  CHECK(old.status == 426);
  CHECK(old.header("sec-websocket-version") == "13");
  for (const char* key : {"", "Sec-WebSocket-Key: x\r\n", "Sec-WebSocket-Key: dGhl\r\n"}) {
    CAPTURE(key);
    CHECK(fetch(fixture.port(), path,
                std::string("Connection: Upgrade\r\nUpgrade: WebSocket\r\n"
                            "Sec-WebSocket-Version: 13\r\n") +
                    key)
              .status == 400);
  }
}

TEST_CASE("nothing that was published since the token was made is missed") {
  ServiceFixture fixture;
  const std::string token = token_of(fixture, kBothTopics);
  publish(fixture.port(), "channel=c&topic=t", "1");
  publish(fixture.port(), "channel=c&topic=u", "2");
  Subscriber late(fixture.port(), token);
  CHECK(late.next_value() == "1");
  CHECK(late.next_value() == "2");
}

TEST_CASE("a channel is replayed from its first message to who asks for a token just after") {
  ServiceFixture fixture;
  publish(fixture.port(), "channel=c&topic=t", "1");
  const std::string first_token = token_of(fixture, kBothTopics);
  Subscriber first(fixture.port(), first_token);
  CHECK(first.next_value() == "1");
}

TEST_CASE("the same token goes on after the last message that it has read") {
  ServiceFixture fixture({}, with_keep_alive(std::chrono::milliseconds(80)));
  const std::string token = token_of(fixture, kBothTopics);
  {
    Subscriber first(fixture.port(), token);
    publish(fixture.port(), "channel=c&topic=t", "1");
    publish(fixture.port(), "channel=c&topic=u", "2");
    CHECK(first.next_value() == "1");
    CHECK(first.next_value() == "2");
    first.wait_for_pings();
  }
  wait_for_subscriptions(fixture, 0);
  publish(fixture.port(), "channel=c&topic=t", "3");
  Subscriber second(fixture.port(), token);
  CHECK(second.next_value() == "3");
  publish(fixture.port(), "channel=c&topic=t", "4");
  CHECK(second.next_value() == "4");
  // Another token knows nothing of that: the channel is young, so all of it is new.
  Subscriber other(fixture.port(), token_of(fixture, kBothTopics));
  CHECK(other.next_value() == "1");
}

TEST_CASE("what a connection is sent that closes at once, the next one with its token gets again") {
  ServiceFixture fixture({}, with_keep_alive(std::chrono::hours(1)));
  const std::string token = token_of(fixture, kBothTopics);
  publish(fixture.port(), "channel=c&topic=t", "1");
  publish(fixture.port(), "channel=c&topic=t", "2");
  {
    Subscriber first(fixture.port(), token);
    CHECK(first.next_value() == "1");
    CHECK(first.next_value() == "2");
  }
  wait_for_subscriptions(fixture, 0);
  Subscriber second(fixture.port(), token);
  CHECK(second.next_value() == "1");
  CHECK(second.next_value() == "2");
  publish(fixture.port(), "channel=c&topic=t", "3");
  CHECK(second.next_value() == "3");
}

TEST_CASE("two readers with one token take nothing from one another, also when one comes back") {
  ServiceFixture fixture({}, with_keep_alive(std::chrono::milliseconds(80)));
  const std::string token = token_of(fixture, kBothTopics);
  Subscriber first(fixture.port(), token);
  publish(fixture.port(), "channel=c&topic=t", "1");
  CHECK(first.next_value() == "1");
  first.wait_for_pings();
  {
    Subscriber second(fixture.port(), token);
    CHECK(second.next_value() == "1");
  }
  wait_for_subscriptions(fixture, 1);
  publish(fixture.port(), "channel=c&topic=t", "2");
  CHECK(first.next_value() == "2");
  first.wait_for_pings();
  Subscriber second(fixture.port(), token);
  CHECK(second.next_value() == "1");
  CHECK(second.next_value() == "2");
}

TEST_CASE("what is written to a client that is silent does not count as read") {
  ServiceFixture fixture({}, with_keep_alive(std::chrono::milliseconds(80)));
  const std::string token = token_of(fixture, kBothTopics);
  Subscriber silent(fixture.port(), token);
  publish(fixture.port(), "channel=c&topic=t", "1");
  CHECK(silent.next_value() == "1");
  CHECK(silent.client().next_close_code() == 1008);
  wait_for_subscriptions(fixture, 0);
  Subscriber second(fixture.port(), token);
  CHECK(second.next_value() == "1");
}

TEST_CASE("since: a message's id or a time") {
  ServiceFixture fixture;
  const std::string token = token_of(fixture, kBothTopics);
  publish(fixture.port(), "channel=c&topic=t", "1");
  publish(fixture.port(), "channel=c&topic=t", "2");
  std::string id;
  {
    Subscriber first(fixture.port(), token);
    const std::string text = first.next();
    id = *parse_json(text)->find("id")->as_string();
    CHECK(first.next_value() == "2");
  }
  Subscriber again(fixture.port(), token + "&since=" + id);
  CHECK(again.next_value() == "2");
  Subscriber all(fixture.port(), token + "&since=2020-01-01T00%3A00%3A00Z");
  // What another process may have published since then is not known.
  CHECK(parse_json(all.next())->find("kind")->as_string() == "gap");
  CHECK(all.next_value() == "1");
  // A day is no id, though it looks like one.
  Subscriber future(fixture.port(), token + "&since=2999-12-30");
  Subscriber other_life(fixture.port(), token + "&since=1-1");
  CHECK(parse_json(other_life.next())->find("kind")->as_string() == "gap");
  CHECK(other_life.next_value() == "1");
  publish(fixture.port(), "channel=c&topic=t", "3");
  CHECK(future.next_value() == "3");
  WebSocketClient wrong(fixture.port(), "/v1/realtime/connect?" + token + "&since=yesterday");
  CHECK(wrong.head().status == 400);
}

TEST_CASE("a subscriber may take further topics, with a token for them, and give topics up") {
  ServiceFixture fixture;
  Subscriber subscriber(fixture.port(), token_of(fixture, R"([{"channel":"c","name":"t"}])"));
  publish(fixture.port(), "channel=d&topic=t", "0");
  const std::string other = get_token(fixture.port(), R"([{"channel":"d","name":"t"}])");
  subscriber.client().send_text(R"({"kind":"sub","data":")" + other + R"("})");
  publish(fixture.port(), "channel=d&topic=t", "1");
  // From the time of that token on; the channel is young.
  CHECK(subscriber.next_value() == "0");
  CHECK(subscriber.next_value() == "1");
  subscriber.client().send_text(
      R"({"kind":"unsub","data":[{"kind":"run","channel":"d","name":"t","env_id":"other"},)"
      R"({"kind":"run","channel":"c","name":"t",)"
      R"("env_id":"00000000-0000-4000-b000-000000000000"}]})");
  subscriber.wait_for_server();
  publish(fixture.port(), "channel=c&topic=t", "2");
  publish(fixture.port(), "channel=d&topic=t", "3");
  CHECK(subscriber.next_value() == "3");
}

TEST_CASE("what a client says that makes no sense is ignored") {
  ServiceFixture fixture;
  Subscriber subscriber(fixture.port(), token_of(fixture, kBothTopics));
  for (const char* text : {"", "x", "[]", "{}", R"({"kind":"sub"})", R"({"kind":"sub","data":7})",
                           R"({"kind":"sub","data":"x.y.z"})", R"({"kind":"unsub","data":"all"})",
                           R"({"kind":"unsub","data":[1,{"channel":1,"name":"t"}]})",
                           R"({"kind":"other","data":1})"}) {
    subscriber.client().send_text(text);
  }
  subscriber.client().send(frame_bytes(kBinaryFrame, std::string("\x00\xff", 2)));
  subscriber.client().send(frame_bytes(kPongFrame, "unasked"));
  // A message in fragments, with a control frame between them.
  subscriber.client().send(frame_bytes(kTextFrame, "{\"kind\":", true, 0x00));
  subscriber.wait_for_server();
  subscriber.client().send(frame_bytes(0x0, "1}", true, 0x80));
  subscriber.wait_for_server();
  publish(fixture.port(), "channel=c&topic=t", "1");
  CHECK(subscriber.next_value() == "1");
}

TEST_CASE("a client that breaks the protocol is told how and closed; nobody else is disturbed") {
  ServiceFixture fixture;
  Subscriber bystander(fixture.port(), "channel=c");
  struct Case {
    const char* what;
    std::string bytes;
    int code;
  };
  const std::vector<Case> cases = {
      {"an unmasked frame", frame_bytes(kTextFrame, "{}", false), 1002},
      {"a reserved bit", frame_bytes(kTextFrame, "{}", true, 0xc0), 1002},
      {"a reserved opcode", frame_bytes(0x3, "{}"), 1002},
      {"a control frame in fragments", frame_bytes(kPingFrame, "x", true, 0x00), 1002},
      {"a control frame that is too long", frame_bytes(kPingFrame, std::string(200, 'x')), 1002},
      {"a continuation of nothing", frame_bytes(0x0, "x"), 1002},
      {"text that is not UTF-8", frame_bytes(kTextFrame, "\xff\xfe"), 1007},
      {"a message that is too long", frame_bytes(kTextFrame, std::string(40'000, 'x')), 1009},
      {"10 MB", frame_bytes(kTextFrame, std::string(10'000'000, 'x')), 1009},
      {"noise", "\x81\x7f nobody knows what this is, and it goes on and on", 1002},
  };
  for (const Case& broken : cases) {
    CAPTURE(std::string(broken.what));
    Subscriber subscriber(fixture.port(), "channel=c");
    subscriber.client().send(broken.bytes);
    CHECK(subscriber.client().next_close_code() == broken.code);
  }
  publish(fixture.port(), "channel=c&topic=t", "1");
  CHECK(bystander.next_value() == "1");
}

TEST_CASE("a fragmented message counts as a whole") {
  ServiceFixture fixture;
  Subscriber subscriber(fixture.port(), "channel=c");
  subscriber.client().send(frame_bytes(kTextFrame, std::string(20'000, 'x'), true, 0x00));
  subscriber.client().send(frame_bytes(0x0, std::string(20'000, 'x'), true, 0x00));
  CHECK(subscriber.client().next_close_code() == 1009);
}

TEST_CASE("a client's goodbye is answered, and its subscription is gone") {
  ServiceFixture fixture;
  Subscriber subscriber(fixture.port(), "channel=c");
  CHECK(fixture.hub_stats().subscriptions == 1);
  subscriber.client().send(frame_bytes(kCloseFrame, std::string("\x03\xe8", 2) + "bye"));
  CHECK(subscriber.client().next_close_code() == 1000);
  Subscriber rude(fixture.port(), "channel=c");
  rude.client().connection().reset();
  wait_for_subscriptions(fixture, 0);
}

TEST_CASE("frames that came with the handshake are not lost") {
  ServiceFixture fixture;
  HttpClient client(fixture.port());
  client.send("GET /v1/realtime/connect?channel=c HTTP/1.1\r\nHost: localhost\r\n" +
              std::string(kHandshakeFields) + "\r\n" + frame_bytes(kPingFrame, "early"));
  CHECK(client.read_head().status == 101);
  CHECK(client.read_bytes(2) == std::string("\x89\x00", 2));
  CHECK(client.read_bytes(7) ==
        "\x8a\x05"
        "early");
}

TEST_CASE("quiet clients are pinged again and again; who never answers is closed") {
  ServiceFixture fixture({}, with_keep_alive(std::chrono::milliseconds(80)));
  Subscriber alive(fixture.port(), "channel=c");
  for (int i = 0; i < 6; ++i) {
    CHECK(alive.client().next_frame().opcode == kPingFrame);
    alive.client().send(frame_bytes(kPongFrame, ""));
  }
  Subscriber dead(fixture.port(), "channel=c");
  int pings = 0;
  WebSocketFrame frame = dead.client().next_frame();
  for (; frame.opcode == kPingFrame; frame = dead.client().next_frame()) ++pings;
  CHECK(pings == 3);
  CHECK(frame.opcode == kCloseFrame);
}

TEST_CASE("when the server stops, clients are told before the connection ends") {
  std::optional<ServiceFixture> fixture;
  fixture.emplace();
  Subscriber subscriber(fixture->port(), "channel=c");
  fixture.reset();
  CHECK(parse_json(subscriber.next())->find("kind")->as_string() == "closing");
  CHECK(subscriber.client().next_close_code() == 1001);
}

TEST_CASE("a WebSocket has a bounded number of topics") {
  ServiceOptions options;
  options.realtime.topics_max = 3;
  ServiceFixture fixture({}, options);
  Subscriber subscriber(fixture.port(), token_of(fixture, kBothTopics));
  const auto take = [&](const std::string& topics) {
    const std::string token = get_token(fixture.port(), topics);
    subscriber.client().send_text(R"({"kind":"sub","data":")" + token + R"("})");
  };
  take(R"([{"channel":"c","name":"v"}])");
  subscriber.wait_for_server();
  take(R"([{"channel":"c","name":"w"}])");
  CHECK(subscriber.client().next_close_code() == 1008);
}

TEST_CASE("a WebSocket that is not read loses the oldest and is told so; others lose nothing") {
  ServiceOptions options;
  options.limits.stream_queue_bytes_max = 16 * 1024;
  const HistoryBounds few{std::chrono::minutes(5), 2, 64u << 20};
  ServiceFixture fixture({}, options, {.history = few, .held_messages_max = 4});
  WebSocketClient stalled(WebSocketClient::SmallBuffer{}, fixture.port(),
                          "/v1/realtime/connect?channel=c");
  Subscriber healthy(fixture.port(), "channel=c");
  const std::string text(64 * 1024, 'x');
  constexpr int kMessages = 200;  // more than the sockets' buffers hold
  for (int i = 0; i < kMessages; ++i) {
    publish(fixture.port(), "channel=c&topic=t", std::to_string(i) + text);
    CHECK(healthy.next_value() == "\"" + std::to_string(i) + text + "\"");
  }
  CHECK(fixture.hub_stats().dropped > 0);
  // In order, with gaps where some are missing, up to the last.
  int last = -1;
  bool had_gap = false;
  while (last != kMessages - 1) {
    const std::string frame = stalled.next().payload;
    const JsonView json = parse_json(frame).value();
    if (json.find("kind")->as_string() == "gap") {
      had_gap = true;
      continue;
    }
    const int number = std::stoi(*json.find("data")->as_string());
    if (number != last + 1) CHECK(std::exchange(had_gap, false));
    CHECK(number > last);
    last = number;
  }
}

}  // namespace stepwell::realtime
