#include "api/server/connection.h"

#include <exception>
#include <optional>
#include <utility>

#include "api/server/origin.h"
#include "schema/check.h"

namespace stepwell::server {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

struct Name {
  std::string address;
  uint16_t port = 0;
};

Name name_of(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET6) {
    const auto& ip6 = reinterpret_cast<const sockaddr_in6&>(storage);
    uv_ip6_name(&ip6, text, sizeof text);
    std::string_view address = text;
    // An IPv4 client of a socket that listens for both.
    constexpr std::string_view kMapped = "::ffff:";
    if (address.starts_with(kMapped)) address.remove_prefix(kMapped.size());
    return {std::string(address), ntohs(ip6.sin6_port)};
  }
  const auto& ip4 = reinterpret_cast<const sockaddr_in&>(storage);
  uv_ip4_name(&ip4, text, sizeof text);
  return {text, ntohs(ip4.sin_port)};
}

}  // namespace

Connection::Connection(HttpServer& server)
    : server_(&server), limits_(server.options_.limits), parser_(limits_) {}

void Connection::accept(HttpServer& server, uv_stream_t* listener) {
  auto* connection = new Connection(server);  // deletes itself, see close()
  if (connection->open(listener)) return;
  connection->close();
}

bool Connection::open(uv_stream_t* listener) {
  uv_loop_t* loop = listener->loop;
  uv_timer_init(loop, &timer_);
  timer_.data = this;
  ++open_handles_;
  CHECK_INVARIANT(uv_tcp_init(loop, &tcp_) == 0);
  tcp_.data = this;
  ++open_handles_;
  if (uv_accept(listener, reinterpret_cast<uv_stream_t*>(&tcp_)) != 0) return false;
  read_names();
  if (!server_->admit(*this)) return false;
  uv_tcp_nodelay(&tcp_, 1);
  start_reading();
  update_read_deadline();
  return true;
}

void Connection::read_names() {
  sockaddr_storage storage{};
  int length = sizeof storage;
  if (uv_tcp_getpeername(&tcp_, reinterpret_cast<sockaddr*>(&storage), &length) == 0) {
    Name name = name_of(storage);
    peer_.is_loopback = is_loopback_address(name.address);
    peer_.port = name.port;
    peer_.address = std::move(name.address);
  }
  length = sizeof storage;
  if (uv_tcp_getsockname(&tcp_, reinterpret_cast<sockaddr*>(&storage), &length) == 0) {
    local_address_ = name_of(storage).address;
  }
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  release_body();
  sink_.reset();
  server_->forget(*this);
  if (exchange_ != nullptr) {
    Exchange& exchange = *std::exchange(exchange_, nullptr);
    exchange.cut();
    // The callback may drop the last handle of the exchange, and so the function that is running.
    if (const auto on_close = std::exchange(exchange.on_close, nullptr)) on_close();
  }
  const auto on_closed = [](uv_handle_t* handle) {
    auto* self = static_cast<Connection*>(handle->data);
    if (--self->open_handles_ == 0) delete self;
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&tcp_), on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), on_closed);
}

void Connection::drain() {
  switch (state_) {
    case State::kReading:
      if (!parser_.is_inside_message()) close();
      return;
    case State::kStreaming: {
      if (const auto on_stop = exchange_->on_stop) on_stop();
      if (state_ != State::kStreaming) return;
      const auto on_close = std::exchange(exchange_->on_close, nullptr);
      end_stream({});
      if (on_close) on_close();
      return;
    }
    case State::kAnswering:
    case State::kLingering:
    case State::kClosed:
      return;  // finish_exchange() sees that the server is draining
  }
}

void Connection::start_reading() {
  if (is_reading_ || saw_end_) return;
  is_reading_ = true;
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&tcp_),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        HttpServer& server = *static_cast<Connection*>(handle->data)->server_;
        *buffer = uv_buf_init(server.read_buffer_.get(), kReadBufferBytes);
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
        auto* self = static_cast<Connection*>(stream->data);
        if (count > 0) self->on_read({buffer->base, static_cast<size_t>(count)});
        if (count < 0) self->on_end(count != UV_EOF);
      });
}

void Connection::stop_reading() {
  if (!is_reading_) return;
  is_reading_ = false;
  uv_read_stop(reinterpret_cast<uv_stream_t*>(&tcp_));
}

void Connection::on_read(std::string_view bytes) {
  switch (state_) {
    case State::kReading:
      consume(bytes);
      return;
    case State::kStreaming:
      if (is_upgraded_) return on_upgraded_bytes(bytes);
      [[fallthrough]];
    case State::kAnswering:
      input_.append(bytes);
      if (input_.size() >= limits_.pipelined_bytes_max) stop_reading();
      return;
    case State::kLingering:
    case State::kClosed:
      return;
  }
}

void Connection::on_upgraded_bytes(std::string_view bytes) {
  if (exchange_ == nullptr) return;
  // Copies: whoever is told may put another in its place, or close.
  const auto on_bytes = exchange_->on_bytes;
  const std::string early = std::exchange(input_, {});  // sent before our answer
  if (on_bytes && !early.empty()) on_bytes(early);
  if (on_bytes && !bytes.empty() && state_ == State::kStreaming) on_bytes(bytes);
}

// The client will send no more; `is_error`: it is gone. Between the two a client that shut down its
// side may still wait for its answer, but not for an endless stream.
void Connection::on_end(bool is_error) {
  saw_end_ = true;
  stop_reading();
  if (is_error || state_ != State::kAnswering) close();
}

void Connection::consume(std::string_view bytes) {
  is_consuming_ = true;
  while (state_ == State::kReading) {
    const bool was_inside = parser_.is_inside_message();
    const RequestParser::Progress progress = parser_.feed(bytes);
    bytes.remove_prefix(progress.consumed);
    if (!was_inside && parser_.is_inside_message()) phase_started_ = uv_now(tcp_.loop);
    hand_on_body();
    if (state_ != State::kReading || !count_body()) break;
    if (progress.event == RequestParser::Event::kNeedMore) break;
    if (progress.event == RequestParser::Event::kHead) {
      on_head(!bytes.empty());
    } else if (progress.event == RequestParser::Event::kMessage) {
      on_message();
    } else {
      ++server_->metrics_.requests_malformed;
      refuse(Response::error(parser_.error().status, parser_.error().message));
    }
  }
  is_consuming_ = false;
  if (state_ == State::kClosed) return;
  if (state_ == State::kAnswering || state_ == State::kStreaming) input_.append(bytes);
  if (state_ == State::kStreaming && is_upgraded_ && !input_.empty()) on_upgraded_bytes({});
  update_read_deadline();
}

void Connection::on_head(bool body_has_begun) {
  ++server_->metrics_.requests;
  Request& request = parser_.request();
  request.peer = peer_;
  request.local_address = local_address_;
  is_head_request_ = request.method == Method::kHead;
  minor_version_ = request.minor_version;
  keep_alive_ = parser_.keep_alive();
  phase_started_ = uv_now(tcp_.loop);

  Router::Decision decision;
  try {
    decision = server_->router_.decide(request);
  } catch (const std::exception&) {
    decision.response = Response::error(500, "internal error");
  }
  cors_lines_ = std::move(decision.cors_lines);
  route_ = decision.route;
  refusal_ = std::move(decision.response);
  if (route_ != nullptr && route_->open_body) open_body();
  if (sink_) {
    parser_.set_body_limit(SIZE_MAX);
  } else if (route_ != nullptr) {
    parser_.set_body_limit(route_->body_bytes_max);
    if (parser_.content_length().value_or(0) > route_->body_bytes_max) {
      refusal_ = Response::error(413, "the body is too large");
    }
  }
  if (!parser_.has_body()) return;
  if (refusal_) {
    // Nobody wants the body. Reading over it would let the client decide how long that takes.
    refuse(*std::exchange(refusal_, std::nullopt));
  } else if (request.wants_continue && !body_has_begun) {
    write(std::string(kContinue), {});
  }
}

void Connection::on_message() {
  release_body();
  Request request = parser_.take_request();
  state_ = State::kAnswering;
  if (sink_) {
    const std::shared_ptr<BodySink> sink = std::move(sink_);
    sink->on_end();
    return;
  }
  if (refusal_) {
    answer(*std::exchange(refusal_, std::nullopt));
    return;
  }
  call_handler(std::move(request));
}

std::shared_ptr<Exchange> Connection::make_exchange() {
  // The last handle may be dropped on another thread; what follows from it happens on this one.
  const auto release = [&loop = server_->loop_](Exchange* dropped) {
    if (loop.is_loop_thread()) {
      delete dropped;
    } else {
      loop.post([owned = std::shared_ptr<Exchange>(dropped)] {});
    }
  };
  std::shared_ptr<Exchange> exchange(new Exchange(*this), release);
  exchange_ = exchange.get();
  return exchange;
}

// At the end of the head, for routes that may want the body as it comes.
void Connection::open_body() {
  const std::shared_ptr<Exchange> exchange = make_exchange();
  try {
    sink_ = route_->open_body(parser_.request(), Responder(exchange));
  } catch (const std::exception&) {
    sink_.reset();
    refusal_ = Response::error(500, "internal error");
  }
  // Without a sink nobody keeps the exchange: there will be another one, for the handler.
}

void Connection::hand_on_body() {
  if (!sink_) return;
  const std::string piece = std::exchange(parser_.request().body, {});
  if (piece.empty()) return;
  // Its answer may find that the client has gone: then this connection drops the sink.
  const std::shared_ptr<BodySink> sink = sink_;
  sink->on_piece(piece);
}

void Connection::call_handler(Request request) {
  const std::shared_ptr<Exchange> exchange = make_exchange();
  const std::string_view coding = request.headers.find("content-encoding").value_or("identity");
  if (equals_ignoring_case(coding, "identity")) {
    handle(*route_, std::move(request), exchange);
  } else {
    decode(*route_, std::move(request), exchange);
  }
}

void Connection::handle(const Route& route, Request request,
                        const std::shared_ptr<Exchange>& exchange) {
  try {
    route.handler(std::move(request), Responder(exchange));
  } catch (const std::exception&) {
    // A failure of ours must not look like success, nor take the server with it.
    if (!exchange->is_answered) Responder(exchange).send(Response::error(500, "internal error"));
  }
}

// Decompresses the body off the loop, up to what the route takes, then calls the handler.
void Connection::decode(const Route& route, Request request,
                        const std::shared_ptr<Exchange>& exchange) {
  struct Work {
    Request request;
    std::optional<Error> error;
  };
  auto work = std::make_shared<Work>();
  work->request = std::move(request);
  server_->loop_.offload(
      [work, decoder = server_->router_.decoder(), most = route.body_bytes_max] {
        const std::string coding(*work->request.headers.find("content-encoding"));
        Result<std::string> text = decoder(coding, std::move(work->request.body), most);
        if (!text) {
          work->error = text.error();
          return;
        }
        work->request.body = std::move(*text);
        work->request.body.reserve(work->request.body.size() + kBodyPadding);
      },
      [work, &route, exchange] {
        if (!work->error) return handle(route, std::move(work->request), exchange);
        const int status = work->error->code == ErrorCode::kTooLarge ? 413 : 400;
        Responder(exchange).send(Response::error(status, work->error->message));
      });
}

// Counts what the body that is being read occupies. False: the server holds too much already, and
// the request was refused.
bool Connection::count_body() {
  const size_t held = parser_.request().body.size();
  server_->metrics_.buffered_body_bytes += held - counted_body_bytes_;
  counted_body_bytes_ = held;
  if (server_->metrics_.buffered_body_bytes <= limits_.buffered_body_bytes_max) return true;
  refuse(Response::unavailable("the server is reading too much at once"));
  return false;
}

void Connection::release_body() {
  server_->metrics_.buffered_body_bytes -= std::exchange(counted_body_bytes_, 0);
}

// Answers a request that will not be read to its end; it is the last one of this connection.
void Connection::refuse(Response response) {
  release_body();
  sink_.reset();
  keep_alive_ = false;
  state_ = State::kAnswering;
  answer(std::move(response));
}

// The answer is complete. The next request is not looked at before the client has taken it: who
// pipelines and does not read must not fill our memory with answers.
void Connection::finish_when_written() {
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->cut();
  state_ = State::kAnswering;
  if (writes_in_flight_ > 0) {
    is_flushing_ = true;
  } else {
    finish_exchange();
  }
}

void Connection::finish_exchange() {
  route_ = nullptr;
  cors_lines_.clear();
  if (!keep_alive_ || server_->is_draining_ || (saw_end_ && input_.empty() && !is_consuming_)) {
    linger();
    return;
  }
  state_ = State::kReading;
  start_reading();
  if (is_consuming_) return;  // consume() goes on by itself
  const std::string input = std::exchange(input_, {});
  consume(input);
  if (saw_end_ && state_ == State::kReading) linger();
}

}  // namespace stepwell::server
