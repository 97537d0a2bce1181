// Tokens, publishing and event streams, on a real engine.
#include <doctest/doctest.h>

#include <string>

#include "api/realtime/realtime_routes.h"
#include "tests/api_realtime/helpers.h"
#include "tests/server/service_fixture.h"

namespace stepwell::realtime {
namespace {

using server::fetch;
using server::HttpClient;
using server::post_to;
using server::ServiceFixture;
using server::ServiceOptions;

struct SseMessage {
  std::string id;
  std::string data;
};

// An open event stream.
class Listener {
 public:
  Listener(uint16_t port, const std::string& query, const std::string& fields = {})
      : client_(port) {
    client_.get("/v1/realtime/sse?" + query, fields);
    head_ = client_.read_head();
  }
  const server::Reply& head() const { return head_; }

  // The next message; comments are passed over.
  SseMessage next() {
    while (true) {
      size_t end = 0;
      while ((end = buffer_.find("\n\n")) == std::string::npos) buffer_ += client_.read_chunk();
      const std::string block = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      const size_t data = block.find("data: ");
      if (data == std::string::npos) continue;
      SseMessage message;
      if (block.starts_with("id: ")) message.id = block.substr(4, block.find('\n') - 4);
      message.data = block.substr(data + 6);
      return message;
    }
  }
  std::string next_value() { return std::string(parse_json(next().data)->find("data")->text()); }

  // After this, what came before it counts as read.
  void wait_for_comments() {
    for (int i = 0; i < 2; ++i) {
      size_t end = 0;
      while ((end = buffer_.find(":\n\n")) == std::string::npos) buffer_ += client_.read_chunk();
      buffer_.erase(0, end + 3);
    }
  }

 private:
  HttpClient client_;
  server::Reply head_;
  std::string buffer_;
};

// Until nobody is subscribed any more.
void wait_until_alone(ServiceFixture& fixture) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  size_t left = 1;
  while (left > 0 && std::chrono::steady_clock::now() < deadline) {
    left = fixture.hub_stats().subscriptions;
  }
  CHECK(left == 0);
}

}  // namespace

TEST_CASE("what a publisher sends becomes JSON") {
  CHECK(message_data(R"( {"a": 1} )") == R"({"a": 1})");
  CHECK(message_data("42") == "42");
  CHECK(message_data("\"Hello\"") == "\"Hello\"");
  CHECK(message_data("Hello") == "\"Hello\"");
  CHECK(message_data("") == "\"\"");
  CHECK(message_data("{\"a\":") == R"("{\"a\":")");
}

TEST_CASE("a subscriber with a token gets the messages of its topics, in order") {
  ServiceFixture fixture;
  const std::string token =
      get_token(fixture.port(), R"([{"channel":"post:1/ä b","name":"updated","kind":"run"}])");
  Listener listener(fixture.port(), "token=" + token);
  CHECK(listener.head().status == 200);
  CHECK(listener.head().header("content-type") == "text/event-stream");
  CHECK(listener.head().header("cache-control") == "no-cache");
  publish(fixture.port(), "channel=post%3A1%2F%C3%A4+b&topic=other", "0");
  publish(fixture.port(), "channel=elsewhere&topic=updated", "0");
  publish(fixture.port(), "channel=post%3A1%2F%C3%A4+b&topic=updated", R"({"n":1})");
  publish(fixture.port(), "channel=post%3A1%2F%C3%A4+b&topic=updated", "Hello");
  const SseMessage first = listener.next();
  const JsonView json = parse_json(first.data).value();
  CHECK(json.find("kind")->as_string() == "data");
  CHECK(json.find("channel")->as_string() == "post:1/ä b");
  CHECK(json.find("topic")->as_string() == "updated");
  CHECK(json.find("data")->text() == R"({"n":1})");
  CHECK(json.find("id")->as_string() == first.id);
  CHECK(listener.next_value() == "\"Hello\"");
}

TEST_CASE("JSON with line ends is one event all the same") {
  ServiceFixture fixture;
  Listener listener(fixture.port(), "channel=c");
  publish(fixture.port(), "channel=c&topic=t", "{\n  \"a\": 1,\r\n\n  \"b\": \"x\\ny\"\n}");
  const SseMessage message = listener.next();
  const JsonView data = *parse_json(message.data)->find("data");
  CHECK(data.find("a")->as_int64() == 1);
  CHECK(data.find("b")->as_string() == "x\ny");
}

TEST_CASE(
    "an event stream with a token goes on after what it has read when the token comes again") {
  ServiceOptions options;
  options.realtime.keep_alive = std::chrono::milliseconds(80);
  ServiceFixture fixture({}, options);
  const std::string token = get_token(fixture.port(), R"([{"channel":"c","name":"t"}])");
  {
    Listener first(fixture.port(), "token=" + token);
    publish(fixture.port(), "channel=c&topic=t", "1");
    CHECK(first.next_value() == "1");
    first.wait_for_comments();
  }
  wait_until_alone(fixture);
  publish(fixture.port(), "channel=c&topic=t", "2");
  Listener second(fixture.port(), "token=" + token);
  CHECK(second.next_value() == "2");
}

TEST_CASE("nothing that was published since the token was made is missed") {
  ServiceFixture fixture;
  const std::string token = get_token(fixture.port(), R"([{"channel":"c","name":"t"}])");
  publish(fixture.port(), "channel=c&topic=t", "1");
  publish(fixture.port(), "channel=c&topic=t", "2");
  Listener late(fixture.port(), "token=" + token);
  CHECK(late.next_value() == "1");
  CHECK(late.next_value() == "2");
}

TEST_CASE("a browser that reconnects gets what came after the last message it saw, once") {
  ServiceFixture fixture;
  const std::string token = get_token(fixture.port(), R"([{"channel":"c","name":"t"}])");
  std::string seen;
  {
    Listener first(fixture.port(), "token=" + token);
    publish(fixture.port(), "channel=c&topic=t", "1");
    publish(fixture.port(), "channel=c&topic=t", "2");
    seen = first.next().id;
  }
  publish(fixture.port(), "channel=c&topic=t", "3");
  Listener second(fixture.port(), "token=" + token, "Last-Event-ID: " + seen + "\r\n");
  CHECK(second.next_value() == "2");
  CHECK(second.next_value() == "3");
  publish(fixture.port(), "channel=c&topic=t", "4");
  CHECK(second.next_value() == "4");
}

TEST_CASE("an id of another life of the server is a gap first") {
  ServiceFixture fixture;
  const std::string token = get_token(fixture.port(), R"([{"channel":"c","name":"t"}])");
  publish(fixture.port(), "channel=c&topic=t", "1");
  Listener listener(fixture.port(), "token=" + token, "Last-Event-ID: 1-1\r\n");
  const SseMessage gap = listener.next();
  CHECK(gap.id.empty());
  CHECK(parse_json(gap.data)->find("kind")->as_string() == "gap");
  CHECK(listener.next_value() == "1");
  CHECK(fetch(fixture.port(), "/v1/realtime/sse?since=x&token=" + token).status == 400);
}

// An app's own SSE lines are passed on as they are, with ids that mean nothing here.
TEST_CASE("a browser that comes back with the id of an app's line is not turned away") {
  ServiceFixture fixture;
  const std::string token = get_token(fixture.port(), R"([{"channel":"c","name":"t"}])");
  std::string seen;
  {
    Listener first(fixture.port(), "token=" + token);
    publish(fixture.port(), "channel=c&topic=t", "1");
    publish(fixture.port(), "channel=c&topic=t", "2");
    seen = first.next().id;
    CHECK(first.next_value() == "2");
  }
  publish(fixture.port(), "channel=c&topic=t", "3");
  Listener unknown(fixture.port(), "channel=c", "Last-Event-ID: 42\r\n");
  CHECK(parse_json(unknown.next().data)->find("kind")->as_string() == "gap");
  Listener since(fixture.port(), "channel=c&since=" + seen, "Last-Event-ID: 42\r\n");
  CHECK(since.next_value() == "2");
  Listener known(fixture.port(), "token=" + token, "Last-Event-ID: 42\r\n");
  CHECK(!known.next().id.empty());  // no gap: the token tells how far it had read
}

TEST_CASE("dev mode: a channel without a token, for curl; all of its topics unless one is named") {
  ServiceFixture fixture;
  Listener all(fixture.port(), "channel=c");
  Listener one(fixture.port(), "channel=c&topic=b");
  publish(fixture.port(), "channel=c&topic=a", "1");
  publish(fixture.port(), "channel=c&topic=b", "2");
  CHECK(all.next_value() == "1");
  CHECK(all.next_value() == "2");
  CHECK(one.next_value() == "2");
}

TEST_CASE("serve mode: tokens for those with the signing key, streams for those with a token") {
  ServiceOptions options;
  options.mode = server::Mode::kServe;
  options.event_keys = {"k"};
  options.signing_keys = {"abcd"};
  ServiceFixture fixture({}, options);
  const std::string topics = R"([{"channel":"c","name":"t"}])";
  CHECK(post_to(fixture.port(), "/v1/realtime/token", topics).status == 401);
  const server::Reply made =
      post_to(fixture.port(), "/v1/realtime/token", topics, "Authorization: Bearer abcd\r\n");
  REQUIRE(made.status == 201);
  const std::string token = *parse_json(made.body)->find("jwt")->as_string();
  // A token to subscribe makes no further tokens and publishes nothing.
  const std::string bearer = "Authorization: Bearer " + token + "\r\n";
  CHECK(post_to(fixture.port(), "/v1/realtime/token", topics, bearer).status == 401);
  CHECK(post_to(fixture.port(), "/v1/realtime/publish?channel=c&topic=t", "1", bearer).status ==
        401);
  CHECK(fetch(fixture.port(), "/v1/realtime/sse?channel=c&topic=t").status == 401);
  CHECK(fetch(fixture.port(), "/v1/realtime/sse?token=" + token + "x").status == 401);
  Listener listener(fixture.port(), "token=" + token);
  CHECK(post_to(fixture.port(), "/v1/realtime/publish?channel=c&topic=t", "1",
                "Authorization: Bearer abcd\r\n")
            .status == 200);
  CHECK(listener.next_value() == "1");
}

TEST_CASE("bad requests for tokens and messages") {
  ServiceFixture fixture;
  for (const char* body : {"", "{}", "[]", "[1]", R"([{"channel":"c"}])"}) {
    CAPTURE(body);
    CHECK(post_to(fixture.port(), "/v1/realtime/token", body).status == 400);
  }
  const std::string huge(kMessageBytesMax + 1, 'x');
  CHECK(post_to(fixture.port(), "/v1/realtime/publish?channel=c&topic=t", huge).status == 413);
}

TEST_CASE("a quiet event stream gets a comment again and again") {
  ServiceOptions options;
  options.realtime.keep_alive = std::chrono::milliseconds(80);
  ServiceFixture fixture({}, options);
  HttpClient client(fixture.port());
  client.get("/v1/realtime/sse?channel=c");
  CHECK(client.read_head().status == 200);
  for (int i = 0; i < 4; ++i) CHECK(client.read_chunk() == ":\n\n");
}

TEST_CASE("streams end when their clients go, and their subscriptions with them") {
  ServiceFixture fixture;
  {
    Listener first(fixture.port(), "channel=c");
    Listener second(fixture.port(), "channel=c");
    CHECK(fixture.hub_stats().subscriptions == 2);
  }
  wait_until_alone(fixture);
}

TEST_CASE("a subscriber that does not read loses the oldest and is told so; others lose nothing") {
  ServiceOptions options;
  options.limits.stream_queue_bytes_max = 16 * 1024;
  const HistoryBounds few{std::chrono::minutes(5), 2, 64u << 20};
  ServiceFixture fixture({}, options, {.history = few, .held_messages_max = 4});
  HttpClient stalled = HttpClient::with_small_buffer(fixture.port());
  stalled.get("/v1/realtime/sse?channel=c");
  stalled.read_head();
  Listener healthy(fixture.port(), "channel=c");
  const std::string text(64 * 1024, 'x');
  constexpr int kMessages = 200;  // more than the sockets' buffers hold
  for (int i = 0; i < kMessages; ++i) {
    publish(fixture.port(), "channel=c&topic=t", std::to_string(i) + text);
    CHECK(healthy.next_value() == "\"" + std::to_string(i) + text + "\"");
  }
  CHECK(fixture.hub_stats().dropped > 0);
  std::string received;
  while (received.find("\"kind\":\"gap\"") == std::string::npos) received += stalled.read_chunk();
  // Behind the gap the newest follow, up to the last.
  const std::string last = "\"" + std::to_string(kMessages - 1) + "xxx";
  while (received.find(last) == std::string::npos) received += stalled.read_chunk();
}

}  // namespace stepwell::realtime
