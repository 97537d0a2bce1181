// Listens, accepts, and keeps count of connections.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "api/server/limits.h"
#include "api/server/router.h"
#include "api/server/uv_loop.h"
#include "schema/result.h"

namespace stepwell::server {

class Connection;

struct HttpMetrics {
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;  // over a limit on their number
  uint64_t requests = 0;             // whose head was read
  uint64_t requests_malformed = 0;
  uint64_t timeouts = 0;  // connections closed for being slow
  size_t connections_open = 0;
  size_t buffered_body_bytes = 0;  // of bodies that are being read
};

struct HttpOptions {
  Limits limits;
  // Header lines of every answer, each with its CR LF.
  std::string common_lines;
};

// Whether somebody listens there already (kConflict): for whoever would rather know before it opens
// a journal. Port 0 is always free.
Result<void> check_port_is_free(const std::string& address, uint16_t port);

// Loop thread only. Destroying it closes everything at once; stop() is the polite way.
class HttpServer {
 public:
  // `loop` and `router` must outlive the server.
  HttpServer(UvLoop& loop, const Router& router, HttpOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Listens on a numeric address ("127.0.0.1", "::1"); port 0 picks a free one. Returns the port.
  Result<uint16_t> listen(const std::string& address, uint16_t port);

  // Stops listening, closes idle connections, ends streams, and lets requests under way be answered
  // for at most `grace`; then closes what is left and calls on_stopped. Once only.
  void stop(Milliseconds grace, std::function<void()> on_stopped);

  const HttpMetrics& metrics() const { return metrics_; }

 private:
  friend class Connection;
  struct Listener;

  bool admit(Connection& connection);
  void forget(Connection& connection);
  void close_listeners();
  void finish_stop();
  // The common lines with today's date.
  const std::string& common_lines();

  UvLoop& loop_;
  const Router& router_;
  const HttpOptions options_;
  HttpMetrics metrics_;
  std::vector<Listener*> listeners_;  // each lives until libuv has closed it
  std::unordered_set<Connection*> connections_;
  std::unordered_map<std::string, size_t> connections_per_ip_;
  // Where the loop reads to: a read is parsed before the next one begins.
  std::unique_ptr<char[]> read_buffer_;
  bool is_draining_ = false;
  std::function<void()> on_stopped_;
  std::unique_ptr<Timer> stop_timer_;
  int64_t dated_second_ = -1;
  std::string dated_lines_;
};

// Small, because libuv reads up to 32 times from one socket before it looks at the next one.
inline constexpr size_t kReadBufferBytes = 16 * 1024;

}  // namespace stepwell::server
