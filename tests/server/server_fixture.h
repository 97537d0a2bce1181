// A server with a few routes on a loop of its own, for the tests of the HTTP layer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "api/server/http_server.h"
#include "api/server/router.h"
#include "api/server/uv_loop.h"

namespace stepwell::server {

// The routes:
//   GET  /hello               200 "hello"
//   POST /echo                200, the body; up to 1 MiB
//   POST /small               200, the body; up to 16 bytes
//   GET  /big                 200, 8 MiB of "x"
//   GET  /hold                answered by the test, see take_held()
//   GET  /stream              a stream that the test writes, see take_stream()
//   POST /sink                its body goes to what the test makes, see set_sink()
//   GET  /items/{id}/{part}   200 "id|part|", then the query as "name=value;"
//   GET  /items/first/{part}  200 "first"
//   GET  /drop                never answered
//   GET  /throw               the handler throws
//   GET  /secret              kSigningKey; the authorizer wants "Authorization: Bearer open"
class ServerFixture {
 public:
  explicit ServerFixture(Limits limits = {}, OriginRules rules = {});
  ~ServerFixture();

  uint16_t port() const { return port_; }
  HttpServer& server() { return *server_; }
  UvLoop& loop() { return loop_; }

  // Runs `task` on the loop thread and waits for it.
  void on_loop(const std::function<void()>& task);
  // Runs `condition` on the loop thread, again and again, until it is true; throws after 10 s.
  void wait_until(const std::function<bool()>& condition);
  HttpMetrics metrics();

  // Before the first request of /sink.
  void set_sink(OpenBody open) { open_sink_ = std::move(open); }

  // Waits for the first request of /hold, or of /stream.
  Responder take_held() { return held_.get_future().get(); }
  ResponseStream take_stream() { return stream_.get_future().get(); }

  // Asks the server to stop; ready when it has.
  std::future<void> stop(Milliseconds grace);

 private:
  void add_routes();

  UvLoop loop_;
  Router router_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
  OpenBody open_sink_;
  std::promise<Responder> held_;
  std::promise<ResponseStream> stream_;
  std::thread thread_;
};

}  // namespace stepwell::server
