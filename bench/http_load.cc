#include "bench/http_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "api/server/request.h"
#include "bench/bench.h"

namespace stepwell::bench {
namespace {

// The value of a field of an answer's head; nothing if it has none, or one that is no number.
std::optional<size_t> number_in(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view field = head.substr(at, head.find("\r\n", at) - at);
    const size_t colon = field.find(": ");
    if (colon == std::string_view::npos) continue;
    if (!server::equals_ignoring_case(field.substr(0, colon), name)) continue;
    size_t number = 0;
    const char* end = field.data() + field.size();
    const auto read = std::from_chars(field.data() + colon + 2, end, number);
    if (read.ec == std::errc() && read.ptr == end) return number;
  }
  return std::nullopt;
}

class Load {
 public:
  Load(uint16_t port, std::string path, const LoadPlan& plan,
       const std::function<const std::string&(uint64_t)>& body)
      : port_(port), path_(std::move(path)), plan_(plan), body_(body) {
    epoll_ = epoll_create1(0);
  }
  ~Load() {
    for (const Connection& connection : connections_) close(connection.socket);
    close(epoll_);
  }

  LoadResult run() {
    connections_.resize(static_cast<size_t>(plan_.connections));
    for (Connection& connection : connections_) open(connection);
    Stopwatch watch;
    for (Connection& connection : connections_) send_next(connection);
    std::vector<epoll_event> events(256);
    Stopwatch since_second;
    while (answers() < plan_.requests && watch.seconds() < plan_.seconds) {
      int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10'000);
      if (count <= 0) throw std::runtime_error("the server has stopped answering");
      for (int i = 0; i < count; ++i) serve(*static_cast<Connection*>(events[i].data.ptr));
      if (since_second.seconds() < 1) continue;
      plan_.on_second();
      since_second = Stopwatch();
    }
    result_.seconds = watch.seconds();
    return std::move(result_);
  }

 private:
  struct Connection {
    int socket = -1;
    std::string out;
    size_t sent = 0;
    std::string in;
    Stopwatch since;
    bool is_idle = true;
  };

  uint64_t answers() const { return result_.answered + result_.refused + result_.wrong; }

  void open(Connection& connection) {
    connection.socket = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("cannot connect");
    }
    int one = 1;
    setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fcntl(connection.socket, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &connection;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
  }

  void send_next(Connection& connection) {
    connection.is_idle = started_ == plan_.requests;
    if (connection.is_idle) return;
    const std::string& body = body_(started_++);
    connection.out = "POST " + path_ + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
                     std::to_string(body.size()) + "\r\n\r\n" + body;
    connection.sent = 0;
    connection.since = Stopwatch();
    flush(connection);
  }

  void flush(Connection& connection) {
    while (connection.sent < connection.out.size()) {
      ssize_t count = write(connection.socket, connection.out.data() + connection.sent,
                            connection.out.size() - connection.sent);
      if (count < 0) return;  // epoll says when there is room
      connection.sent += static_cast<size_t>(count);
    }
  }

  void serve(Connection& connection) {
    flush(connection);
    char buffer[16384];
    while (true) {
      ssize_t count = read(connection.socket, buffer, sizeof(buffer));
      if (count == 0) throw std::runtime_error("the server has closed a connection");
      if (count < 0) break;
      connection.in.append(buffer, static_cast<size_t>(count));
    }
    while (!connection.is_idle && take_answer(connection)) send_next(connection);
  }

  // The server answers with Content-Length; true if a whole answer was there.
  bool take_answer(Connection& connection) {
    size_t head = connection.in.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    std::string_view text(connection.in.data(), head);
    std::optional<size_t> length = number_in(text, "content-length");
    if (!length) throw std::runtime_error("an answer without its length");
    if (connection.in.size() < head + 4 + *length) return false;
    const std::string_view status = text.substr(std::string_view("HTTP/1.1 ").size(), 3);
    if (status == "200") {
      ++result_.answered;
      result_.millis.push_back(connection.since.seconds() * 1000);
    } else if ((status == "429" || status == "503") && number_in(text, "retry-after")) {
      ++result_.refused;
    } else {
      ++result_.wrong;
    }
    connection.in.erase(0, head + 4 + *length);
    return true;
  }

  uint16_t port_;
  std::string path_;
  const LoadPlan& plan_;
  const std::function<const std::string&(uint64_t)>& body_;
  int epoll_ = -1;
  uint64_t started_ = 0;
  std::vector<Connection> connections_;
  LoadResult result_;
};

}  // namespace

LoadResult run_load(uint16_t port, const std::string& path, const LoadPlan& plan,
                    const std::function<const std::string&(uint64_t)>& body) {
  return Load(port, path, plan, body).run();
}

}  // namespace stepwell::bench
