#include "tests/api_sdk/scripted_server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "schema/check.h"
#include "tests/api_sdk/tls_identity.h"

namespace stepwell::sdk {

Peer::Peer(int socket, const TlsIdentity* identity) : socket_(socket) {
  if (identity == nullptr) return;
  tls_ = SSL_new(identity->context());
  SSL_set_fd(tls_, socket);
  SSL_accept(tls_);  // a client that refuses the certificate is seen by the next read
}

Peer::~Peer() {
  SSL_free(tls_);
  shutdown(socket_, SHUT_RDWR);
}

ssize_t Peer::receive(char* bytes, size_t size) {
  if (tls_ == nullptr) return recv(socket_, bytes, size, 0);
  return SSL_read(tls_, bytes, static_cast<int>(size));
}

ssize_t Peer::transmit(std::string_view bytes) {
  if (tls_ == nullptr) return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
}

std::string Peer::read_request() {
  const auto read_more = [this] {
    char bytes[16 * 1024];
    const ssize_t count = receive(bytes, sizeof(bytes));
    if (count > 0) buffer_.append(bytes, static_cast<size_t>(count));
    return count > 0;
  };
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more()) return "";
  }
  end += 4;
  const size_t field = buffer_.find("Content-Length: ");
  if (field < end) end += std::strtoul(buffer_.c_str() + field + 16, nullptr, 10);
  while (buffer_.size() < end) {
    if (!read_more()) return "";
  }
  std::string request = buffer_.substr(0, end);
  buffer_.erase(0, end);
  return request;
}

void Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = transmit(bytes);
    if (count <= 0) return;  // the client has gone, as some tests want it
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void Peer::respond(int status, std::string_view body, std::string_view header_lines) {
  send(fmt::format("HTTP/1.1 {} Text\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                   header_lines, body));
}

void Peer::reset() {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  // The number stays taken, so that nobody else gets it; the connection itself is gone.
  const int nothing = socket(AF_UNIX, SOCK_STREAM, 0);
  dup2(nothing, socket_);
  close(nothing);
}

void Peer::wait_for_close() {
  char byte = 0;
  while (receive(&byte, 1) > 0) {
  }
}

ScriptedServer::ScriptedServer(std::function<void(Peer&, int)> script, const TlsIdentity* identity)
    : script_(std::move(script)), identity_(identity) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  CHECK_INVARIANT(bind(listener_, raw, size) == 0 && listen(listener_, 64) == 0 &&
                  getsockname(listener_, raw, &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) close(socket);
  close(listener_);
}

void ScriptedServer::accept_all() {
  while (true) {
    const int socket = accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number = connections_++] {
      Peer peer(socket, identity_);
      script_(peer, number);
    });
  }
}

std::string ScriptedServer::url(std::string_view path) const {
  return fmt::format("{}://127.0.0.1:{}{}", identity_ ? "https" : "http", port_, path);
}

}  // namespace stepwell::sdk
