#include "api/server/http_server.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "api/server/connection.h"
#include "schema/check.h"

namespace stepwell::server {
namespace {

constexpr int kBacklog = 1024;

std::string format_date(std::time_t seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

Error listen_error(const std::string& address, uint16_t port, int code) {
  return {code == UV_EADDRINUSE ? ErrorCode::kConflict : ErrorCode::kIo,
          fmt::format("cannot listen on {} port {}: {}", address, port, uv_strerror(code))};
}

// A numeric address of either family.
Result<sockaddr_storage> parse_address(const std::string& address, uint16_t port) {
  sockaddr_storage storage{};
  if (uv_ip4_addr(address.c_str(), port, reinterpret_cast<sockaddr_in*>(&storage)) != 0 &&
      uv_ip6_addr(address.c_str(), port, reinterpret_cast<sockaddr_in6*>(&storage)) != 0) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not an IP address", address)};
  }
  return storage;
}

}  // namespace

Result<void> check_port_is_free(const std::string& address, uint16_t port) {
  const Result<sockaddr_storage> place = parse_address(address, port);
  if (!place) return place.error();
  if (port == 0) return {};
  const int fd = socket(place->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return listen_error(address, port, uv_translate_sys_error(errno));
  const int on = 1;  // as libuv does: a port whose last connections linger is free
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool is_ip6 = place->ss_family == AF_INET6;
  if (is_ip6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const int code = bind(fd, reinterpret_cast<const sockaddr*>(&*place),
                        is_ip6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
  const int error = errno;
  close(fd);
  if (code != 0) return listen_error(address, port, uv_translate_sys_error(error));
  return {};
}

struct HttpServer::Listener {
  uv_tcp_t handle;
  HttpServer* server;
};

HttpServer::HttpServer(UvLoop& loop, const Router& router, HttpOptions options)
    : loop_(loop),
      router_(router),
      options_(std::move(options)),
      read_buffer_(std::make_unique<char[]>(kReadBufferBytes)) {}

HttpServer::~HttpServer() {
  on_stopped_ = nullptr;
  is_draining_ = true;
  close_listeners();
  while (!connections_.empty()) (*connections_.begin())->close();
}

void HttpServer::close_listeners() {
  for (Listener* listener : std::exchange(listeners_, {})) {
    listener->server = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&listener->handle),
             [](uv_handle_t* handle) { delete static_cast<Listener*>(handle->data); });
  }
}

Result<uint16_t> HttpServer::listen(const std::string& address, uint16_t port) {
  Result<sockaddr_storage> place = parse_address(address, port);
  if (!place) return place.error();
  sockaddr_storage storage = *place;
  const auto* ip4 = reinterpret_cast<const sockaddr_in*>(&storage);
  const auto* ip6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  auto* listener = new Listener{{}, this};
  uv_tcp_init(loop_.handle(), &listener->handle);
  listener->handle.data = listener;
  listeners_.push_back(listener);

  // ::1 and 0.0.0.0 may both be wanted on one port, so an IPv6 socket is for IPv6 alone.
  const unsigned flags = storage.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0;
  int code = uv_tcp_bind(&listener->handle, reinterpret_cast<sockaddr*>(&storage), flags);
  if (code == 0) {
    code = uv_listen(reinterpret_cast<uv_stream_t*>(&listener->handle), kBacklog,
                     [](uv_stream_t* stream, int status) {
                       auto* self = static_cast<Listener*>(stream->data);
                       if (status == 0 && self->server != nullptr) {
                         Connection::accept(*self->server, stream);
                       }
                     });
  }
  if (code != 0) return listen_error(address, port, code);
  int length = sizeof storage;
  code = uv_tcp_getsockname(&listener->handle, reinterpret_cast<sockaddr*>(&storage), &length);
  if (code != 0) return listen_error(address, port, code);
  return ntohs(storage.ss_family == AF_INET6 ? ip6->sin6_port : ip4->sin_port);
}

// Counts a new connection in, unless there are too many. Loopback clients are the operator's own
// processes (an SDK's app opens hundreds), so only the total bounds them.
bool HttpServer::admit(Connection& connection) {
  const Limits& limits = options_.limits;
  const auto known = connections_per_ip_.find(connection.address());
  const size_t of_address = known == connections_per_ip_.end() ? 0 : known->second;
  const bool is_crowded = !connection.is_loopback() && of_address >= limits.connections_per_ip_max;
  if (is_draining_ || is_crowded || connections_.size() >= limits.connections_max) {
    ++metrics_.connections_refused;
    return false;
  }
  ++metrics_.connections_accepted;
  ++connections_per_ip_[connection.address()];
  connections_.insert(&connection);
  metrics_.connections_open = connections_.size();
  return true;
}

void HttpServer::forget(Connection& connection) {
  if (connections_.erase(&connection) == 0) return;  // it was not admitted
  metrics_.connections_open = connections_.size();
  const auto known = connections_per_ip_.find(connection.address());
  if (--known->second == 0) connections_per_ip_.erase(known);
  finish_stop();
}

void HttpServer::stop(Milliseconds grace, std::function<void()> on_stopped) {
  CHECK_INVARIANT(!is_draining_, "stop() is called once");
  is_draining_ = true;
  on_stopped_ = std::move(on_stopped);
  close_listeners();
  const std::vector<Connection*> open(connections_.begin(), connections_.end());
  for (Connection* connection : open) connection->drain();
  stop_timer_ = std::make_unique<Timer>(loop_, [this] {
    while (!connections_.empty()) (*connections_.begin())->close();
  });
  stop_timer_->arm_after(grace);
  finish_stop();
}

void HttpServer::finish_stop() {
  if (!on_stopped_ || !connections_.empty()) return;
  if (stop_timer_) stop_timer_->disarm();
  // Not from here: the caller may be a connection, and on_stopped may destroy the server.
  loop_.post(std::exchange(on_stopped_, nullptr));
}

const std::string& HttpServer::common_lines() {
  const std::time_t now = std::time(nullptr);
  if (now != dated_second_) {
    dated_second_ = now;
    dated_lines_ = fmt::format("Date: {}\r\n{}", format_date(now), options_.common_lines);
  }
  return dated_lines_;
}

}  // namespace stepwell::server
