#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tests/server/http_client.h"
#include "tests/server/server_fixture.h"

namespace stepwell::server {

TEST_CASE("a stream is sent as it is written, then the connection serves on") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/stream");
  ResponseStream stream = fixture.take_stream();
  const Reply head = client.read_head();
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  CHECK(head.is_chunked);
  for (const std::string message : {"data: 1\n\n", "data: 2\n\n"}) {
    fixture.on_loop([&] { CHECK(stream.write(message)); });
    CHECK(client.read_chunk() == message);
  }
  fixture.on_loop([&] {
    CHECK(stream.write(""));
    stream.close();
    CHECK(!stream.is_open());
    CHECK(!stream.write("data: too late\n\n"));
  });
  CHECK(client.read_chunk().empty());
  client.get("/hello");
  CHECK(client.read_reply()->body == "hello");
}

TEST_CASE("HTTP/1.0 reads a stream until the connection ends") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.send("GET /stream HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  ResponseStream stream = fixture.take_stream();
  CHECK(!client.read_head().is_chunked);
  fixture.on_loop([&] {
    stream.write("one ");
    stream.write("two");
    stream.close();
  });
  CHECK(client.read_to_end() == "one two");
}

TEST_CASE("HEAD on a stream is answered and over") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const ResponseStream stream = fixture.take_stream();
  CHECK(client.read_head().status == 200);
  fixture.on_loop([&] { CHECK(!stream.is_open()); });
  client.get("/hello");
  CHECK(client.read_reply()->body == "hello");
}

TEST_CASE("a client that goes is told to the writer, once") {
  for (const bool is_crash : {false, true}) {
    CAPTURE(is_crash);
    ServerFixture fixture;
    HttpClient client(fixture.port());
    client.get("/stream");
    std::optional<ResponseStream> stream = fixture.take_stream();
    int closed = 0;
    fixture.on_loop([&] {
      stream->on_close([&] {
        ++closed;
        stream.reset();  // the last handle may go inside the callback
      });
    });
    client.read_head();
    if (is_crash) {
      client.reset();
    } else {
      client.shut_down();
    }
    fixture.wait_until([&] { return closed > 0; });
    fixture.wait_until([&] { return fixture.server().metrics().connections_open == 0; });
    CHECK(closed == 1);
  }
}

TEST_CASE("dropping the last handle ends the stream properly") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/stream");
  std::optional<ResponseStream> stream = fixture.take_stream();
  fixture.on_loop([&] { stream->write("bye"); });
  stream.reset();  // on this thread
  client.read_head();
  CHECK(client.read_chunk() == "bye");
  CHECK(client.read_chunk().empty());
}

TEST_CASE("the queue of a slow reader is bounded, and it hears when there is room") {
  Limits limits;
  limits.stream_queue_bytes_max = 64 * 1024;
  ServerFixture fixture(limits);
  HttpClient client = HttpClient::with_small_buffer(fixture.port());
  client.get("/stream");
  ResponseStream stream = fixture.take_stream();
  const std::string message(8 * 1024, 'm');
  int drained = 0;
  size_t taken = 0;
  fixture.on_loop([&] {
    stream.on_drain([&] { ++drained; });
    while (stream.write(message)) ++taken;
    CHECK(stream.is_open());
    CHECK(stream.queued_bytes() >= limits.stream_queue_bytes_max);
    CHECK(stream.queued_bytes() < limits.stream_queue_bytes_max + 2 * message.size());
  });
  client.read_head();
  std::string received;
  while (received.size() < taken * message.size()) received += client.read_chunk();
  CHECK(received == std::string(taken * message.size(), 'm'));
  fixture.wait_until([&] { return drained > 0; });
  CHECK(drained == 1);
  fixture.on_loop([&] { CHECK(stream.write("more")); });
  CHECK(client.read_chunk() == "more");
}

TEST_CASE("a reader that stops reading is closed after the write timeout") {
  Limits limits;
  limits.write_timeout = Milliseconds(50);
  ServerFixture fixture(limits);
  HttpClient client = HttpClient::with_small_buffer(fixture.port());
  client.get("/stream");
  ResponseStream stream = fixture.take_stream();
  int closed = 0;
  fixture.on_loop([&] {
    stream.on_close([&] { ++closed; });
    while (stream.write(std::string(8 * 1024, 'm'))) {
    }
  });
  fixture.wait_until([&] { return closed == 1; });
}

TEST_CASE("a quiet stream outlives the timeouts of requests") {
  Limits limits;
  limits.idle_timeout = limits.header_timeout = limits.write_timeout = Milliseconds(20);
  ServerFixture fixture(limits);
  HttpClient client(fixture.port());
  client.get("/stream");
  ResponseStream stream = fixture.take_stream();
  HttpClient idle(fixture.port());
  CHECK(idle.is_closed());
  fixture.on_loop([&] { CHECK(stream.write("still here")); });
  client.read_head();
  CHECK(client.read_chunk() == "still here");
}

TEST_CASE("stopping the server ends streams properly and tells their writers") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.get("/stream");
  ResponseStream stream = fixture.take_stream();
  int closed = 0;
  fixture.on_loop([&] {
    stream.on_close([&] { ++closed; });
    stream.write("last words");
  });
  auto stopped = fixture.stop(Milliseconds(10'000));
  client.read_head();
  CHECK(client.read_chunk() == "last words");
  CHECK(client.read_chunk().empty());
  CHECK(client.is_closed());
  client.shut_down();
  CHECK(stopped.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(closed == 1);
}

namespace {

// What happened to a sink, seen from outside: it may be gone.
struct SinkWatch {
  std::promise<void> piece_has_come;
  std::promise<void> client_has_gone;
  std::atomic<bool> is_answering = false;
  std::atomic<bool> died_answering = false;
  std::atomic<bool> is_gone = false;
};

// Refuses the body at its first piece, when the client has gone meanwhile.
class RefusingSink final : public BodySink {
 public:
  RefusingSink(std::shared_ptr<SinkWatch> watch, Responder responder)
      : watch_(std::move(watch)), responder_(std::move(responder)) {}
  ~RefusingSink() override {
    watch_->died_answering = watch_->is_answering.load();
    watch_->is_gone = true;
  }
  void on_piece(std::string_view) override {
    const std::shared_ptr<SinkWatch> watch = watch_;
    watch->piece_has_come.set_value();
    watch->client_has_gone.get_future().wait_for(std::chrono::seconds(10));
    watch->is_answering = true;
    responder_.send(Response::error(413, "too long"));
    watch->is_answering = false;
  }
  void on_end() override {}

 private:
  std::shared_ptr<SinkWatch> watch_;
  Responder responder_;
};

}  // namespace

TEST_CASE("a sink whose answer finds that the client has gone lives until it returns") {
  const auto watch = std::make_shared<SinkWatch>();
  ServerFixture fixture;
  fixture.set_sink([watch](const Request&, const Responder& responder) {
    return std::make_unique<RefusingSink>(watch, responder);
  });
  HttpClient client(fixture.port());
  client.send("POST /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nsome of it");
  watch->piece_has_come.get_future().wait();
  client.reset();
  watch->client_has_gone.set_value();
  fixture.wait_until([&] { return watch->is_gone.load(); });
  CHECK(!watch->died_answering);
}

}  // namespace stepwell::server
