#include "tests/server/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

namespace stepwell::server {
namespace {

constexpr int kDeadlineMs = 10'000;

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

HttpClient::HttpClient(uint16_t port) : HttpClient(port, 0) {}

HttpClient HttpClient::with_small_buffer(uint16_t port) {
  return HttpClient(port, 4096);
}

HttpClient::HttpClient(uint16_t port, int receive_buffer) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);  // no destructor runs for what was not made
    throw std::runtime_error("cannot connect to the server under test");
  }
}

HttpClient::~HttpClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

void HttpClient::get(std::string_view path, std::string_view extra) {
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(extra).append("\r\n");
  send(request);
}

void HttpClient::post(std::string_view path, std::string_view body, std::string_view extra) {
  std::string request = "POST ";
  request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\n").append(extra);
  request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  send(request.append(body));
}

bool HttpClient::fill() {
  pollfd waiting{socket_, POLLIN, 0};
  if (::poll(&waiting, 1, kDeadlineMs) <= 0) throw std::runtime_error("the server says nothing");
  char chunk[16 * 1024];
  const ssize_t count = ::recv(socket_, chunk, sizeof chunk, 0);
  if (count <= 0) return false;
  buffer_.append(chunk, static_cast<size_t>(count));
  return true;
}

std::string HttpClient::read_line() {
  size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) throw std::runtime_error("the connection ended inside a line");
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return line;
}

std::string HttpClient::read_exactly(size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) throw std::runtime_error("the connection ended inside a body");
  }
  std::string bytes = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return bytes;
}

Reply HttpClient::read_head() {
  Reply reply;
  const std::string status_line = read_line();
  if (!status_line.starts_with("HTTP/1.1 ")) throw std::runtime_error("not HTTP: " + status_line);
  reply.status = std::stoi(status_line.substr(9, 3));
  for (std::string line = read_line(); !line.empty(); line = read_line()) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) throw std::runtime_error("a malformed field: " + line);
    if (!reply.headers.emplace(lower(line.substr(0, colon)), line.substr(colon + 2)).second) {
      throw std::runtime_error("a repeated field: " + line);
    }
  }
  reply.is_chunked = reply.header("transfer-encoding") == "chunked";
  return reply;
}

std::optional<Reply> HttpClient::read_reply(bool is_head) {
  if (buffer_.empty() && !fill()) return std::nullopt;
  Reply reply = read_head();
  if (is_head || reply.status == 100 || reply.status == 204) return reply;
  if (reply.is_chunked) {
    for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) {
      reply.body.append(chunk);
    }
  } else {
    reply.body = read_exactly(std::stoul(reply.headers.at("content-length")));
  }
  return reply;
}

std::string HttpClient::read_chunk() {
  const size_t size = std::stoul(read_line(), nullptr, 16);
  std::string bytes = read_exactly(size);
  if (read_exactly(2) != "\r\n") throw std::runtime_error("a chunk without its end");
  return bytes;
}

bool HttpClient::is_closed() {
  return buffer_.empty() && !fill();
}

bool HttpClient::has_unread_bytes() {
  pollfd waiting{socket_, POLLIN, 0};
  return !buffer_.empty() || ::poll(&waiting, 1, 0) > 0;
}

std::string HttpClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

void HttpClient::shut_down() {
  ::shutdown(socket_, SHUT_WR);
}

void HttpClient::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(socket_);
  socket_ = -1;
}

Reply fetch(uint16_t port, std::string_view path, std::string_view extra) {
  HttpClient client(port);
  client.get(path, extra);
  return client.read_reply().value();
}

Reply post_to(uint16_t port, std::string_view path, std::string_view body, std::string_view extra) {
  HttpClient client(port);
  client.post(path, body, extra);
  return client.read_reply().value();
}

}  // namespace stepwell::server
