// Publishing: metadata, chunk streams, raw bytes, and what is refused.
#include <doctest/doctest.h>

#include <fmt/core.h>

#include <string>

#include "api/realtime/publish_stream.h"
#include "api/realtime/realtime_routes.h"
#include "tests/api_realtime/helpers.h"
#include "tests/server/service_fixture.h"
#include "tests/server/websocket_client.h"

namespace stepwell::realtime {
namespace {

using namespace server;

// A body that is sent piece by piece.
class Upload {
 public:
  Upload(uint16_t port, const std::string& path, const std::string& content_type) : client_(port) {
    client_.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + content_type +
                 "\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  void send(const std::string& piece) {
    client_.send(fmt::format("{:x}\r\n{}\r\n", piece.size(), piece));
  }
  int end() {
    client_.send("0\r\n\r\n");
    return client_.read_reply().value().status;
  }
  HttpClient& client() { return client_; }

 private:
  HttpClient client_;
};

Upload chunk_stream(const ServiceFixture& fixture, const std::string& query) {
  return {fixture.port(), "/v1/realtime/publish?" + query, "text/stream"};
}

// The next message of a WebSocket, with its members at hand.
class Received {
 public:
  explicit Received(WebSocketClient& client) : text_(client.next().payload) {
    const Result<JsonView> json = parse_json(text_);
    REQUIRE(json.ok());
    json_ = *json;
  }
  std::string string(const char* key) const {
    const auto member = json_.find(key);
    return member ? member->as_string().value_or("not a string") : "none";
  }
  std::string json(const char* key) const {
    const auto member = json_.find(key);
    return member ? std::string(member->text()) : "none";
  }

 private:
  std::string text_;
  JsonView json_;
};

}  // namespace

TEST_CASE("metadata goes along, if it is JSON") {
  ServiceFixture fixture;
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=c");
  publish(fixture.port(), "channel=c&topic=t&metadata=%7B%22a%22%3A1%7D", "1");
  publish(fixture.port(), "channel=c&topic=t", "2");
  CHECK(Received(client).json("metadata") == R"({"a":1})");
  CHECK(Received(client).json("metadata") == "none");
  CHECK(
      post_to(fixture.port(), "/v1/realtime/publish?channel=c&topic=t&metadata=%7B", "1").status ==
      400);
}

TEST_CASE("a chunk stream is heard while it comes, each chunk as a message") {
  ServiceFixture fixture;
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=c");
  Upload upload = chunk_stream(
      fixture, "channel=c&topic=t&run_id=01K3ABCDEFGHJKMNPQRSTVWXYZ&metadata=%7B%22a%22%3A1%7D");
  for (const std::string piece : {"once upon", " a \"time\"", " there"}) {
    upload.send(piece);
    const Received received(client);
    CHECK(received.string("kind") == "data");
    CHECK(received.string("data") == piece);
    CHECK(received.string("channel") == "c");
    CHECK(received.string("topic") == "t");
    CHECK(received.string("run_id") == "01K3ABCDEFGHJKMNPQRSTVWXYZ");
    CHECK(received.json("metadata") == R"({"a":1})");
    CHECK(received.string("stream_id").size() == 26);
  }
  CHECK(upload.end() == 200);
  // No frame of upstream's, which would stop the JavaScript clients: the next one is a message.
  publish(fixture.port(), "channel=c&topic=t", "\"after\"");
  CHECK(Received(client).string("data") == "after");
}

TEST_CASE("who asks for it gets chunk streams as upstream sends them") {
  ServiceFixture fixture;
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=c&chunks=frames");
  Upload upload = chunk_stream(fixture, "channel=c&topic=t");
  const Received start(client);
  CHECK(start.string("kind") == "datastream-start");
  const std::string id = start.string("data");
  CHECK(!id.empty());
  CHECK(id.find(':') == std::string::npos);
  upload.send("hello");
  const Received chunk(client);
  CHECK(chunk.string("kind") == "chunk");
  CHECK(chunk.string("stream_id") == id);
  CHECK(chunk.string("data") == "hello");
  CHECK(chunk.string("channel") == "c");
  CHECK(chunk.string("topic") == "t");
  CHECK(upload.end() == 200);
  const Received end(client);
  CHECK(end.string("kind") == "datastream-end");
  CHECK(end.string("data") == id);
  WebSocketClient wrong(fixture.port(), "/v1/realtime/connect?channel=c&chunks=bytes");
  CHECK(wrong.head().status == 400);
}

TEST_CASE("no character is cut, however the bytes come") {
  ServiceFixture fixture;
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=c");
  Upload upload = chunk_stream(fixture, "channel=c&topic=t");
  upload.send("a\xf0\x9f");
  CHECK(Received(client).string("data") == "a");
  upload.send(
      "\x98\x80"
      "b\xc3");
  CHECK(Received(client).string("data") == "\U0001F600b");
  upload.send("\xa4");
  CHECK(Received(client).string("data") == "ä");
  std::string large;
  for (int i = 0; i < 20'000; ++i) large += "€";
  upload.send(large + "\xe2\x82");
  CHECK(upload.end() == 200);
  std::string received;
  while (received.size() < large.size()) {
    const std::string text = Received(client).string("data");
    CHECK(text.size() <= 4096);
    received += text;
  }
  // What is incomplete at the very end cannot be completed any more.
  if (received.size() == large.size()) received += Received(client).string("data");
  CHECK(received == large + "\uFFFD");
}

TEST_CASE("where a text may be cut") {
  CHECK(utf8_piece("abc", 10, false) == 3);
  CHECK(utf8_piece("abc", 2, false) == 2);
  CHECK(utf8_piece("aä", 2, true) == 1);
  CHECK(utf8_piece("a\xc3", 10, false) == 1);
  CHECK(utf8_piece("a\xc3", 10, true) == 2);
  CHECK(utf8_piece("\xe2\x82", 10, false) == 0);
  CHECK(utf8_piece("€", 10, false) == 3);
  CHECK(utf8_piece("\x80\x80\x80\x80", 10, false) == 4);
  CHECK(utf8_piece("\xff", 10, false) == 1);
  CHECK(utf8_piece("", 10, false) == 0);
}

TEST_CASE("a publisher that goes away ends its stream") {
  ServiceFixture fixture;
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=c&chunks=frames");
  {
    Upload upload = chunk_stream(fixture, "channel=c&topic=t");
    upload.send("half");
    CHECK(Received(client).string("kind") == "datastream-start");
    CHECK(Received(client).string("data") == "half");
    upload.client().reset();
  }
  CHECK(Received(client).string("kind") == "datastream-end");
}

TEST_CASE("a stream that is too long is refused and ended; an empty one is none the less one") {
  ServiceFixture fixture;
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=c&topic=end&chunks=frames");
  CHECK(chunk_stream(fixture, "channel=c&topic=end").end() == 200);
  CHECK(Received(client).string("kind") == "datastream-start");
  CHECK(Received(client).string("kind") == "datastream-end");
  Upload upload = chunk_stream(fixture, "channel=c&topic=other");
  const std::string piece(1 << 20, 'x');
  for (size_t sent = 0; sent <= kStreamBytesMax; sent += piece.size()) upload.send(piece);
  CHECK(upload.client().read_reply().value().status == 413);
}

TEST_CASE("tee hands bytes on as they are, in order, to all event streams") {
  ServiceFixture fixture;
  HttpClient one(fixture.port());
  HttpClient two(fixture.port());
  for (HttpClient* client : {&one, &two}) {
    client->get("/v1/realtime/sse?channel=run&topic=%24stream");
    CHECK(client->read_head().status == 200);
    CHECK(client->read_chunk() == ":\n\n");
  }
  Upload upload(fixture.port(), "/v1/realtime/publish/tee?channel=run", "application/octet-stream");
  std::string sent;
  for (const std::string piece :
       {"event: inngest.stream\n", "data: {\"data\":1}\n\n", "\xff\x01"}) {
    upload.send(piece);
    sent += piece;
  }
  CHECK(upload.end() == 200);
  for (HttpClient* client : {&one, &two}) {
    std::string received;
    while (received.size() < sent.size()) received += client->read_chunk();
    CHECK(received == sent);
  }
  CHECK(post_to(fixture.port(), "/v1/realtime/publish/tee", "x").status == 400);
}

TEST_CASE("a WebSocket gets what is teed as messages") {
  ServiceFixture fixture;
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=run&topic=%24stream");
  CHECK(post_to(fixture.port(), "/v1/realtime/publish/tee?channel=run", "data: 1\n\n").status ==
        200);
  const Received received(client);
  CHECK(received.string("kind") == "data");
  CHECK(received.string("topic") == "$stream");
  CHECK(received.string("data") == "data: 1\n\n");
}

TEST_CASE("serve mode: streams and tees need the right to publish") {
  ServiceOptions options;
  options.mode = Mode::kServe;
  options.event_keys = {"k"};
  options.signing_keys = {"abcd"};
  ServiceFixture fixture({}, options);
  const std::string key = "Authorization: Bearer abcd\r\n";
  const Reply made =
      post_to(fixture.port(), "/v1/realtime/token", R"([{"channel":"c","name":"t"}])", key);
  const std::string token = *parse_json(made.body)->find("jwt")->as_string();
  for (const std::string path :
       {"/v1/realtime/publish/tee?channel=c", "/v1/realtime/publish?channel=c&topic=t"}) {
    CAPTURE(path);
    CHECK(post_to(fixture.port(), path, "x").status == 401);
    CHECK(post_to(fixture.port(), path, "x", "Authorization: Bearer " + token + "\r\n").status ==
          401);
    CHECK(post_to(fixture.port(), path, "x", "Content-Type: text/stream\r\n").status == 401);
    CHECK(post_to(fixture.port(), path, "x", key).status == 200);
  }
}

TEST_CASE("a message needs a channel and a topic, and any text is a name") {
  ServiceFixture fixture;
  for (const std::string query :
       {"", "channel=c", "topic=t", "channel=&topic=t", "channel=c&topic="}) {
    CAPTURE(query);
    CHECK(post_to(fixture.port(), "/v1/realtime/publish?" + query, "1").status == 400);
    CHECK(post_to(fixture.port(), "/v1/realtime/publish?" + query, "1",
                  "Content-Type: text/stream\r\n")
              .status == 400);
  }
  for (const std::string run : {"x", "01JD", "01JD00000000000000000000001"}) {
    CAPTURE(run);
    const std::string path = "/v1/realtime/publish?channel=c&topic=t&run_id=" + run;
    CHECK(post_to(fixture.port(), path, "1").status == 400);
    CHECK(post_to(fixture.port(), path, "1", "Content-Type: text/stream\r\n").status == 400);
  }
  publish(fixture.port(), "channel=c&topic=t&run_id=", "1");  // of no run
  const std::string name = "a%3A%2F%20%E2%82%AC%F0%9F%98%80";
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=" + name);
  publish(fixture.port(), "channel=" + name + "&topic=" + name, "1");
  CHECK(Received(client).string("topic") == "a:/ €\U0001F600");
}

}  // namespace stepwell::realtime
