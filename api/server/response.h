// What a handler answers: a whole response, or a stream that goes on for as long as it likes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stepwell::server {

class Exchange;

struct Response {
  int status = 200;
  std::string content_type = "application/json";  // left out if empty
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // beyond the server's own

  static Response json(int status, std::string body);
  static Response text(int status, std::string body);
  // {"error":…,"status":…}, the shape in which SDKs read errors.
  static Response error(int status, std::string_view message);
  // 503 with a Retry-After between 1 and 5 seconds, which differs so that clients spread.
  static Response unavailable(std::string_view message);
};

std::string_view reason_phrase(int status);

// The head of a response up to and with its empty line. `framing` is the lines that say how the
// body ends and whether the connection does; each ends with CR LF. Control bytes in values become
// blanks.
std::string format_head(const Response& response, std::string_view common,
                        std::string_view framing);

// A response that is written piece by piece, as server-sent events are. Copies share the stream;
// when the last one is gone the stream is closed. Loop thread only, but for that.
class ResponseStream {
 public:
  // Queues `bytes` for the client. False: they were not taken, because the client is gone or is so
  // far behind that the queue is full (then on_drain is called once there is room again).
  bool write(std::string_view bytes);
  // Whether write() would take something now. If it is the queue that is full, on_drain is called
  // once there is room again.
  bool has_room();
  // What the client has not taken yet.
  size_t queued_bytes() const;
  bool is_open() const;

  // Called when the queue, having been found full, is below half of its limit.
  void on_drain(std::function<void()> callback);
  // Called once when the client goes or the server stops; not after close().
  void on_close(std::function<void()> callback);
  // Of an upgraded connection: what the client sends.
  void on_bytes(std::function<void(std::string_view)> callback);
  // Called when the server stops, before the stream is ended: the time to close() it with a word.
  void on_stop(std::function<void()> callback);

  // Ends the response after what is queued and `last_bytes`, which are taken however much that is.
  void close(std::string_view last_bytes = {});

 private:
  friend class Responder;
  explicit ResponseStream(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  std::shared_ptr<Exchange> exchange_;
};

// The right and the duty to answer one request, exactly once: now or later, on the loop thread.
// Copies share it. If the last one is dropped unanswered (on any thread) the connection is closed,
// so that the client learns that something went wrong.
class Responder {
 public:
  explicit Responder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  // Answers. Does nothing if the client has gone.
  void send(Response response) const;
  // Answers with the head (the body of `head` must be empty) and goes on as a stream.
  ResponseStream stream(Response head) const;
  // Answers with "101 Switching Protocols" and these header fields; from there on the connection
  // carries whatever is written, and nothing else.
  ResponseStream upgrade(Response head) const;
  // Whether the client is still there to read an answer.
  bool is_open() const;

  // For a BodySink that has too much to do: the client is kept waiting until resume_body().
  void pause_body() const;
  void resume_body() const;

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace stepwell::server
