// A server that does on its sockets exactly what a test says, right or wrong.
#pragma once

#include <openssl/types.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace stepwell::sdk {

class TlsIdentity;

// One connection, in blocking calls on a thread of its own.
class Peer {
 public:
  // Over TLS if `identity` is given.
  explicit Peer(int socket, const TlsIdentity* identity = nullptr);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // The next request with its body (Content-Length); empty when the client has closed.
  std::string read_request();
  void send(std::string_view bytes);
  // A whole response with its length.
  void respond(int status, std::string_view body, std::string_view header_lines = "");
  // Closes with a RST instead of an orderly end.
  void reset();
  // Blocks until the client closes.
  void wait_for_close();

 private:
  ssize_t receive(char* bytes, size_t size);
  ssize_t transmit(std::string_view bytes);

  int socket_;
  ssl_st* tls_ = nullptr;
  std::string buffer_;
};

class ScriptedServer {
 public:
  // `script` runs for each connection, which is closed when it returns; its number counts from 0.
  // With an `identity`, which outlives it, it speaks TLS.
  explicit ScriptedServer(std::function<void(Peer&, int)> script,
                          const TlsIdentity* identity = nullptr);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  uint16_t port() const { return port_; }
  // "http://127.0.0.1:PORT" + path, or https.
  std::string url(std::string_view path = "/") const;
  int connections() const { return connections_; }

 private:
  void accept_all();

  std::function<void(Peer&, int)> script_;
  const TlsIdentity* identity_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::thread> threads_;  // guarded by mutex_
  std::vector<int> sockets_;          // guarded by mutex_
  std::thread acceptor_;
};

}  // namespace stepwell::sdk
