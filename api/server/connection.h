// One client's connection: reads requests one after the other, answers them in order.
//
//   kReading ──request complete──► kAnswering ──Responder::send──► kReading, or kLingering
//                                      ├──Responder::stream──► kStreaming ──close──► as above
//                                      └──Responder::upgrade─► kStreaming, in both directions
//   any ──gone, too slow, abandoned──► kClosed
//
// Requests that the client pipelines wait, unparsed and bounded, until the one before is answered:
// most of ours change something, and their order is part of what the client asked for.
//
// kLingering: we have said our last word and the client may still be sending (a body that was
// refused by its head). Closing now would make the system discard our answer, so we shut down our
// side and read on for a moment.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/server/http_parser.h"
#include "api/server/http_server.h"
#include "api/server/response.h"
#include "api/server/router.h"

namespace stepwell::server {

// What a Responder or ResponseStream holds: the link to a connection that may go at any time.
class Exchange {
 public:
  explicit Exchange(Connection& connection) : connection_(&connection) {}
  ~Exchange();

  // Nothing when the client is gone or the exchange is over.
  Connection* connection() const { return connection_; }
  // The connection's side.
  void cut() { connection_ = nullptr; }

  bool is_answered = false;
  std::function<void()> on_drain;
  std::function<void()> on_close;
  std::function<void()> on_stop;
  std::function<void(std::string_view)> on_bytes;

 private:
  Connection* connection_;
};

// Loop thread only. Deletes itself when libuv has closed its handles.
class Connection {
 public:
  // Takes the connection that waits on `listener` and begins to read.
  static void accept(HttpServer& server, uv_stream_t* listener);

  // Closes at once. The server calls it when it is destroyed or its grace is over.
  void close();
  // The server is stopping: an idle connection closes, a stream ends, a request is answered first.
  void drain();

  const std::string& address() const { return peer_.address; }
  bool is_loopback() const { return peer_.is_loopback; }

  // For the exchange under way.
  void answer(Response response);
  void start_stream(Response head);
  void start_upgraded(Response head);
  bool write_stream(std::string_view bytes);
  void pause_body();
  void resume_body();
  bool has_room();
  size_t queued_bytes() const;
  void end_stream(std::string_view last_bytes);
  // Its last handle was dropped before it was over.
  void abandon();

 private:
  enum class State { kReading, kAnswering, kStreaming, kLingering, kClosed };
  struct Write;

  explicit Connection(HttpServer& server);
  ~Connection() = default;

  bool open(uv_stream_t* listener);
  void read_names();
  void start_reading();
  void stop_reading();

  void on_read(std::string_view bytes);
  void on_end(bool is_error);
  void on_upgraded_bytes(std::string_view bytes);
  void consume(std::string_view bytes);
  void on_head(bool body_has_begun);
  void on_message();
  std::shared_ptr<Exchange> make_exchange();
  void open_body();
  void hand_on_body();
  void call_handler(Request request);
  static void handle(const Route& route, Request request,
                     const std::shared_ptr<Exchange>& exchange);
  void decode(const Route& route, Request request, const std::shared_ptr<Exchange>& exchange);
  bool count_body();
  void release_body();
  void refuse(Response response);
  void finish_when_written();
  void finish_exchange();

  void buffer(std::string_view bytes);
  void flush_stream();
  void write(std::string first, std::string second);
  void on_written(int status);
  void linger();

  void update_read_deadline();
  void arm_timer();
  void on_timer();
  void on_read_timeout();

  HttpServer* server_;
  const Limits& limits_;
  uv_tcp_t tcp_;
  uv_timer_t timer_;
  int open_handles_ = 0;
  State state_ = State::kReading;
  bool is_reading_ = false;
  bool is_consuming_ = false;
  bool saw_end_ = false;

  Peer peer_;
  std::string local_address_;
  RequestParser parser_;
  std::string input_;  // read ahead, while a request is being answered

  // Of the request under way.
  const Route* route_ = nullptr;
  std::optional<Response> refusal_;  // answered when the message is complete
  std::string cors_lines_;
  bool keep_alive_ = false;
  bool is_head_request_ = false;
  int minor_version_ = 1;
  bool is_upgraded_ = false;
  bool is_chunked_ = false;  // the stream
  size_t counted_body_bytes_ = 0;
  std::shared_ptr<BodySink> sink_;  // takes the body that is being read; shared while it is called
  bool is_body_paused_ = false;
  Exchange* exchange_ = nullptr;

  // Writing.
  size_t writes_in_flight_ = 0;
  bool is_flushing_ = false;         // the answer is complete, but not yet written
  size_t unwritten_bytes_seen_ = 0;  // at the last look, to tell a slow reader from a stalled one
  std::string stream_buffer_;
  bool was_found_full_ = false;

  // Deadlines on the loop's clock in milliseconds; 0: none.
  uint64_t phase_started_ = 0;  // when the head or the body that is being read began
  uint64_t read_deadline_ = 0;
  uint64_t write_deadline_ = 0;
  uint64_t timer_due_ = 0;
};

}  // namespace stepwell::server
