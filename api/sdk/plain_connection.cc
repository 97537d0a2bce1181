#include "api/sdk/plain_connection.h"

#include <fmt/core.h>
#include <uv.h>

#include <array>
#include <utility>

#include "api/sdk/address_policy.h"
#include "schema/check.h"

namespace stepwell::sdk {
namespace {

template <typename Handle>
uv_handle_t* as_handle(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace

// One handle per attempt to connect: a socket that failed to can't try another address.
struct PlainConnection::State {
  struct Socket {
    uv_tcp_t tcp;
    uv_connect_t connect;
    State* state;  // null: given up
  };
  struct Write {
    uv_write_t request;
    std::string bytes;
  };

  PlainConnection* owner;
  Socket* socket = nullptr;

  void open(uv_loop_t* loop) {
    socket = new Socket{{}, {}, this};
    CHECK_INVARIANT(uv_tcp_init(loop, &socket->tcp) == 0);
    socket->tcp.data = socket;
  }
  void close() {
    if (socket == nullptr) return;
    socket->state = nullptr;
    uv_close(as_handle(&socket->tcp),
             [](uv_handle_t* handle) { delete static_cast<Socket*>(handle->data); });
    socket = nullptr;
  }

  static void on_connect(uv_connect_t* request, int status) {
    auto* socket = static_cast<Socket*>(request->handle->data);
    if (socket->state == nullptr) return;
    PlainConnection& owner = *socket->state->owner;
    if (status < 0) return owner.address_failed(status);
    uv_tcp_nodelay(&socket->tcp, 1);
    owner.timer_.disarm();
    owner.start_reading();
    std::exchange(owner.on_connected_, nullptr)("");
  }
  static void on_alloc(uv_handle_t*, size_t, uv_buf_t* buffer) {
    // Read at once, one connection after the other.
    static thread_local std::array<char, 64 * 1024> bytes;
    *buffer = uv_buf_init(bytes.data(), bytes.size());
  }
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    auto* socket = static_cast<Socket*>(stream->data);
    if (socket->state == nullptr || count == 0) return;
    PlainConnection& owner = *socket->state->owner;
    if (count < 0) return owner.ended(static_cast<int>(count));
    owner.read({buffer->base, static_cast<size_t>(count)});
  }
};

PlainConnection::PlainConnection(server::UvLoop& loop, std::string origin,
                                 Milliseconds stale_within)
    : loop_(loop),
      origin_(std::move(origin)),
      state_(new State{this}),
      timer_(loop, [this] { timed_out(); }),
      stale_within_(stale_within) {}

PlainConnection::~PlainConnection() {
  state_->close();
  delete state_;
}

void PlainConnection::connect(std::vector<sockaddr_storage> addresses, Milliseconds timeout_each,
                              std::function<void(std::string)> on_connected) {
  CHECK_INVARIANT(phase_ == Phase::kNew && !addresses.empty());
  phase_ = Phase::kConnecting;
  addresses_ = std::move(addresses);
  connect_timeout_ = timeout_each;
  on_connected_ = std::move(on_connected);
  try_next_address();
}

void PlainConnection::try_next_address() {
  const auto& address = reinterpret_cast<const sockaddr&>(addresses_[next_address_]);
  state_->open(loop_.handle());
  timer_.arm_after(connect_timeout_);
  const int code =
      uv_tcp_connect(&state_->socket->connect, &state_->socket->tcp, &address, State::on_connect);
  connect_code_ = code != 0 ? code : UV_ETIMEDOUT;
  if (code != 0) timer_.arm_after(Milliseconds(0));  // not from inside connect()
}

void PlainConnection::address_failed(int code) {
  const auto& address = reinterpret_cast<const sockaddr&>(addresses_[next_address_]);
  if (!connect_problem_.empty()) connect_problem_ += ", ";
  connect_problem_ += fmt::format("{}: {}", address_text(address), uv_strerror(code));
  state_->close();
  if (++next_address_ < addresses_.size()) return try_next_address();
  timer_.disarm();
  phase_ = Phase::kDone;
  std::exchange(on_connected_, nullptr)(std::move(connect_problem_));
}

void PlainConnection::start_reading() {
  uv_read_start(reinterpret_cast<uv_stream_t*>(&state_->socket->tcp), State::on_alloc,
                State::on_read);
}

void PlainConnection::exchange(std::string bytes, bool has_no_body, size_t response_bytes_max,
                               Milliseconds timeout, OnDone on_done) {
  CHECK_INVARIANT(phase_ == Phase::kConnecting || phase_ == Phase::kIdle);
  was_idle_ = phase_ == Phase::kIdle;
  phase_ = Phase::kExchange;
  has_received_ = false;
  on_idle_end_ = nullptr;
  on_done_ = std::move(on_done);
  timeout_ = timeout;
  response_bytes_max_ = response_bytes_max;
  parser_ = std::make_unique<ResponseParser>(response_bytes_max, has_no_body);
  timer_.arm_after(timeout);
  sent_at_ = uv_now(loop_.handle());
  write(std::move(bytes));
}

void PlainConnection::write(std::string bytes) {
  auto* stream = reinterpret_cast<uv_stream_t*>(&state_->socket->tcp);
  uv_buf_t buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
  // Most requests fit into the socket's buffer. Failures show when the answer is read.
  const int written = uv_try_write(stream, &buffer, 1);
  const size_t done = written > 0 ? static_cast<size_t>(written) : 0;
  if (done == bytes.size()) return;
  auto* rest = new State::Write{{}, std::move(bytes)};
  rest->request.data = rest;
  buffer = uv_buf_init(rest->bytes.data() + done, static_cast<unsigned>(rest->bytes.size() - done));
  const int code = uv_write(&rest->request, stream, &buffer, 1, [](uv_write_t* request, int) {
    delete static_cast<State::Write*>(request->data);
  });
  if (code != 0) delete rest;
}

void PlainConnection::read(std::string_view bytes) {
  if (phase_ == Phase::kIdle) return ended(UV_EPROTO);  // nobody asked
  if (phase_ != Phase::kExchange) return;
  has_received_ = true;
  const ResponseParser::Event event = parser_->feed(bytes);
  if (event != ResponseParser::Event::kNeedMore) complete(event);
}

void PlainConnection::ended(int code) {
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kDone;
    timer_.disarm();
    return std::exchange(on_idle_end_, nullptr)();
  }
  if (phase_ != Phase::kExchange) return;
  if (code == UV_EOF && has_received_) {
    const ResponseParser::Event event = parser_->finish();
    if (event == ResponseParser::Event::kMessage) return complete(event);
    return fail(HttpFailure::Kind::kReset, parser_->problem());
  }
  fail(HttpFailure::Kind::kReset,
       has_received_
           ? fmt::format("the connection ended inside the response: {}", uv_strerror(code))
           : fmt::format("the connection ended before the response began: {}", uv_strerror(code)));
}

void PlainConnection::timed_out() {
  switch (phase_) {
    case Phase::kConnecting:
      return address_failed(connect_code_);
    case Phase::kExchange:
      return fail(HttpFailure::Kind::kTimeout,
                  fmt::format("no complete response within {} ms", timeout_.count()));
    case Phase::kIdle:
      return ended(UV_ETIMEDOUT);
    case Phase::kNew:
    case Phase::kDone:
      return;
  }
}

void PlainConnection::complete(ResponseParser::Event event) {
  if (event == ResponseParser::Event::kTooLarge) {
    return fail(HttpFailure::Kind::kTooLarge,
                fmt::format("the response is over the limit of {} bytes", response_bytes_max_));
  }
  if (event == ResponseParser::Event::kMalformed) {
    return fail(HttpFailure::Kind::kMalformed, parser_->problem());
  }
  const bool has_sent_all =
      uv_stream_get_write_queue_size(reinterpret_cast<uv_stream_t*>(&state_->socket->tcp)) == 0;
  server_idle_timeout_ = keep_alive_timeout(parser_->headers().find("keep-alive").value_or(""));
  Result result{.outcome = HttpResponse{.status = parser_->status(),
                                        .headers = std::move(parser_->headers()),
                                        .body = std::move(parser_->body()),
                                        .url = {}},
                .is_reusable = parser_->keep_alive() && has_sent_all};
  finish(std::move(result));
}

void PlainConnection::fail(HttpFailure::Kind kind, std::string message) {
  const uint64_t waited = uv_now(loop_.handle()) - sent_at_;
  const bool is_stale = kind == HttpFailure::Kind::kReset && was_idle_ && !has_received_ &&
                        waited <= static_cast<uint64_t>(stale_within_.count());
  finish({.outcome = HttpFailure{kind, std::move(message)}, .is_stale = is_stale});
}

// The owner may destroy this object from inside the callback.
void PlainConnection::finish(Result result) {
  phase_ = Phase::kDone;
  timer_.disarm();
  std::exchange(on_done_, nullptr)(std::move(result));
}

void PlainConnection::abandon() {
  phase_ = Phase::kDone;
  timer_.disarm();
  state_->close();
  on_connected_ = nullptr;
  on_idle_end_ = nullptr;
  on_done_ = nullptr;
}

void PlainConnection::wait_idle(Milliseconds timeout, std::function<void()> on_idle_end) {
  CHECK_INVARIANT(phase_ == Phase::kDone);
  phase_ = Phase::kIdle;
  on_idle_end_ = std::move(on_idle_end);
  timer_.arm_after(timeout);
}

}  // namespace stepwell::sdk
