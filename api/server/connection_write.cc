// The answering half of Connection: responses, streams, and the deadlines of slow clients.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/server/connection.h"
#include "schema/check.h"

namespace stepwell::server {

// What the system did not take at once; owns the bytes until it has.
struct Connection::Write {
  uv_write_t request;
  Connection* connection;
  std::string first;
  std::string second;
};

void Connection::answer(Response response) {
  if (state_ == State::kReading) {  // a sink has seen enough of the body
    release_body();
    keep_alive_ = false;
    state_ = State::kAnswering;
  }
  const bool has_body = response.status != 204 && response.status != 304;
  const bool closes = !keep_alive_ || server_->is_draining_;
  std::string framing = std::move(cors_lines_);
  if (has_body) {
    framing += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  if (closes) {
    framing.append("Connection: close\r\n");
  } else if (minor_version_ == 0) {
    framing.append("Connection: keep-alive\r\n");
  }
  std::string head = format_head(response, server_->common_lines(), framing);
  const bool sends_body = has_body && !is_head_request_;
  write(std::move(head), sends_body ? std::move(response.body) : std::string());
  if (state_ != State::kClosed) finish_when_written();
}

void Connection::start_stream(Response head) {
  CHECK_INVARIANT(head.body.empty(), "a stream's head has no body");
  // HTTP/1.0 has no chunks: there the end of the connection is the end of the body.
  if (minor_version_ == 0) keep_alive_ = false;
  std::string framing = std::move(cors_lines_);
  is_chunked_ = minor_version_ > 0;
  if (is_chunked_) framing.append("Transfer-Encoding: chunked\r\n");
  if (!keep_alive_) framing.append("Connection: close\r\n");
  write(format_head(head, server_->common_lines(), framing), {});
  if (state_ == State::kClosed) return;
  if (is_head_request_) {
    finish_when_written();
    return;
  }
  state_ = State::kStreaming;
  // Whoever shut down its side before the stream began does not read it for ever.
  if (saw_end_) close();
}

void Connection::start_upgraded(Response head) {
  CHECK_INVARIANT(head.status == 101 && head.body.empty(), "not the head of an upgrade");
  keep_alive_ = false;
  is_chunked_ = false;
  is_upgraded_ = true;
  const std::string framing = std::move(cors_lines_) + "Connection: Upgrade\r\n";
  write(format_head(head, server_->common_lines(), framing), {});
  if (state_ == State::kClosed) return;
  state_ = State::kStreaming;
  if (saw_end_) close();
}

bool Connection::write_stream(std::string_view bytes) {
  if (!has_room()) return false;
  buffer(bytes);
  flush_stream();
  return state_ != State::kClosed;
}

void Connection::buffer(std::string_view bytes) {
  if (bytes.empty()) return;  // an empty chunk would end the body
  if (is_chunked_) {
    stream_buffer_ += fmt::format("{:x}\r\n", bytes.size());
    stream_buffer_.append(bytes).append("\r\n");
  } else {
    stream_buffer_.append(bytes);
  }
}

void Connection::pause_body() {
  if (state_ != State::kReading) return;
  is_body_paused_ = true;
  stop_reading();
  update_read_deadline();
}

void Connection::resume_body() {
  if (!is_body_paused_) return;
  is_body_paused_ = false;
  if (state_ != State::kReading) return;
  start_reading();
  update_read_deadline();
}

bool Connection::has_room() {
  if (state_ != State::kStreaming) return false;
  const bool is_full = queued_bytes() >= limits_.stream_queue_bytes_max;
  was_found_full_ |= is_full;
  return !is_full;
}

size_t Connection::queued_bytes() const {
  const auto* stream = reinterpret_cast<const uv_stream_t*>(&tcp_);
  return stream_buffer_.size() + uv_stream_get_write_queue_size(stream);
}

void Connection::end_stream(std::string_view last_bytes) {
  if (state_ != State::kStreaming) return;
  buffer(last_bytes);
  if (is_chunked_) stream_buffer_.append("0\r\n\r\n");
  // What is still buffered must go before the next answer, or before the end.
  if (!stream_buffer_.empty()) write(std::exchange(stream_buffer_, {}), {});
  if (state_ != State::kClosed) finish_when_written();
}

void Connection::abandon() {
  exchange_ = nullptr;
  if (state_ == State::kStreaming) {
    end_stream({});
  } else if (state_ == State::kAnswering) {
    close();
  }
}

// One write is under way at a time; what comes meanwhile is sent together when it is done.
void Connection::flush_stream() {
  if (writes_in_flight_ == 0 && !stream_buffer_.empty()) {
    write(std::exchange(stream_buffer_, {}), {});
  }
}

void Connection::write(std::string first, std::string second) {
  auto* stream = reinterpret_cast<uv_stream_t*>(&tcp_);
  std::array<uv_buf_t, 2> buffers = {
      uv_buf_init(first.data(), static_cast<unsigned>(first.size())),
      uv_buf_init(second.data(), static_cast<unsigned>(second.size()))};
  size_t written = 0;
  if (writes_in_flight_ == 0) {
    const int result = uv_try_write(stream, buffers.data(), buffers.size());
    if (result < 0 && result != UV_EAGAIN) {
      close();
      return;
    }
    written = static_cast<size_t>(std::max(result, 0));
    if (written == first.size() + second.size()) return;
  }
  auto* rest = new Write{{}, this, std::move(first), std::move(second)};
  rest->request.data = rest;
  const size_t of_first = std::min(written, rest->first.size());
  const size_t of_second = written - of_first;
  buffers = {uv_buf_init(rest->first.data() + of_first,
                         static_cast<unsigned>(rest->first.size() - of_first)),
             uv_buf_init(rest->second.data() + of_second,
                         static_cast<unsigned>(rest->second.size() - of_second))};
  ++writes_in_flight_;
  const int result = uv_write(&rest->request, stream, buffers.data(), buffers.size(),
                              [](uv_write_t* request, int status) {
                                auto* done = static_cast<Write*>(request->data);
                                Connection* connection = done->connection;
                                delete done;
                                connection->on_written(status);
                              });
  if (result != 0) {
    --writes_in_flight_;
    delete rest;
    close();
    return;
  }
  if (write_deadline_ == 0) {
    unwritten_bytes_seen_ = uv_stream_get_write_queue_size(stream);
    write_deadline_ = uv_now(tcp_.loop) + static_cast<uint64_t>(limits_.write_timeout.count());
    arm_timer();
  }
}

void Connection::on_written(int status) {
  --writes_in_flight_;
  if (state_ == State::kClosed) return;
  if (status < 0) {
    close();
    return;
  }
  if (writes_in_flight_ == 0) write_deadline_ = 0;
  if (writes_in_flight_ == 0 && is_flushing_) {
    is_flushing_ = false;
    finish_exchange();
    return;
  }
  flush_stream();
  if (state_ == State::kClosed) return;
  if (was_found_full_ && state_ == State::kStreaming &&
      queued_bytes() < limits_.stream_queue_bytes_max / 2) {
    was_found_full_ = false;
    if (const auto on_drain = exchange_->on_drain) on_drain();
  }
}

void Connection::linger() {
  state_ = State::kLingering;
  input_.clear();
  if (saw_end_) {
    close();
    return;
  }
  auto* request = new uv_shutdown_t;
  const int result = uv_shutdown(request, reinterpret_cast<uv_stream_t*>(&tcp_),
                                 [](uv_shutdown_t* done, int) { delete done; });
  if (result != 0) {
    delete request;
    close();
    return;
  }
  start_reading();
  update_read_deadline();
}

void Connection::update_read_deadline() {
  const uint64_t now = uv_now(tcp_.loop);
  const auto after = [](uint64_t start, Milliseconds delay) {
    return start + static_cast<uint64_t>(delay.count());
  };
  switch (state_) {
    case State::kReading:
      if (is_body_paused_) {
        read_deadline_ = 0;
      } else if (sink_ || !parser_.is_inside_message()) {
        read_deadline_ = after(now, limits_.idle_timeout);
      } else if (!parser_.is_reading_body()) {
        read_deadline_ = after(phase_started_, limits_.header_timeout);
      } else {
        const size_t seconds_worth = counted_body_bytes_ / limits_.body_bytes_per_second_min;
        read_deadline_ = after(phase_started_, limits_.body_grace) + 1000 * seconds_worth;
      }
      break;
    case State::kLingering:
      read_deadline_ = after(now, limits_.linger_timeout);
      break;
    case State::kAnswering:
    case State::kStreaming:
    case State::kClosed:
      read_deadline_ = 0;
      break;
  }
  arm_timer();
}

// The timer is only ever moved forward here: deadlines move later with each request, and on_timer()
// finds out. That spares two operations on the loop's timers per request.
void Connection::arm_timer() {
  uint64_t due = read_deadline_;
  if (write_deadline_ != 0 && (due == 0 || write_deadline_ < due)) due = write_deadline_;
  if (due == 0 || (timer_due_ != 0 && timer_due_ <= due)) return;
  timer_due_ = due;
  const uint64_t now = uv_now(tcp_.loop);
  uv_timer_start(
      &timer_, [](uv_timer_t* timer) { static_cast<Connection*>(timer->data)->on_timer(); },
      due > now ? due - now : 0, 0);
}

void Connection::on_timer() {
  timer_due_ = 0;
  const uint64_t now = uv_now(tcp_.loop);
  if (write_deadline_ != 0 && now >= write_deadline_) {
    const size_t unwritten = uv_stream_get_write_queue_size(reinterpret_cast<uv_stream_t*>(&tcp_));
    if (unwritten >= unwritten_bytes_seen_) {
      ++server_->metrics_.timeouts;
      close();
      return;
    }
    unwritten_bytes_seen_ = unwritten;
    write_deadline_ = now + static_cast<uint64_t>(limits_.write_timeout.count());
  }
  if (read_deadline_ != 0 && now >= read_deadline_) {
    read_deadline_ = 0;
    on_read_timeout();
    if (state_ == State::kClosed) return;
  }
  arm_timer();
}

void Connection::on_read_timeout() {
  const bool owes_an_answer = state_ == State::kReading && parser_.is_inside_message();
  if (!owes_an_answer) {
    close();
    return;
  }
  ++server_->metrics_.timeouts;
  refuse(Response::error(408, "the request came too slowly"));
}

Exchange::~Exchange() {
  if (connection_ != nullptr) connection_->abandon();
}

void Responder::send(Response response) const {
  CHECK_INVARIANT(!exchange_->is_answered, "a request was answered twice");
  exchange_->is_answered = true;
  if (Connection* connection = exchange_->connection()) connection->answer(std::move(response));
}

ResponseStream Responder::stream(Response head) const {
  CHECK_INVARIANT(!exchange_->is_answered, "a request was answered twice");
  exchange_->is_answered = true;
  if (Connection* connection = exchange_->connection()) connection->start_stream(std::move(head));
  return ResponseStream(exchange_);
}

ResponseStream Responder::upgrade(Response head) const {
  CHECK_INVARIANT(!exchange_->is_answered, "a request was answered twice");
  exchange_->is_answered = true;
  if (Connection* connection = exchange_->connection()) connection->start_upgraded(std::move(head));
  return ResponseStream(exchange_);
}

bool Responder::is_open() const {
  return exchange_->connection() != nullptr;
}

bool ResponseStream::write(std::string_view bytes) {
  Connection* connection = exchange_->connection();
  return connection != nullptr && connection->write_stream(bytes);
}

bool ResponseStream::has_room() {
  Connection* connection = exchange_->connection();
  return connection != nullptr && connection->has_room();
}

size_t ResponseStream::queued_bytes() const {
  const Connection* connection = exchange_->connection();
  return connection == nullptr ? 0 : connection->queued_bytes();
}

bool ResponseStream::is_open() const {
  return exchange_->connection() != nullptr;
}

void ResponseStream::on_drain(std::function<void()> callback) {
  exchange_->on_drain = std::move(callback);
}

void ResponseStream::on_close(std::function<void()> callback) {
  exchange_->on_close = std::move(callback);
}

void Responder::pause_body() const {
  if (Connection* connection = exchange_->connection()) connection->pause_body();
}

void Responder::resume_body() const {
  if (Connection* connection = exchange_->connection()) connection->resume_body();
}

void ResponseStream::on_bytes(std::function<void(std::string_view)> callback) {
  exchange_->on_bytes = std::move(callback);
}

void ResponseStream::on_stop(std::function<void()> callback) {
  exchange_->on_stop = std::move(callback);
}

void ResponseStream::close(std::string_view last_bytes) {
  exchange_->on_close = nullptr;
  exchange_->on_drain = nullptr;
  exchange_->on_bytes = nullptr;
  exchange_->on_stop = nullptr;
  if (Connection* connection = exchange_->connection()) connection->end_stream(last_bytes);
}

}  // namespace stepwell::server
