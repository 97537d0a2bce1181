// Puts the parts of the server together around an engine: keys, routes, the realtime hub, sockets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/realtime/realtime_routes.h"
#include "api/server/auth.h"
#include "api/server/event_routes.h"
#include "api/server/gateway.h"
#include "api/server/http_server.h"
#include "api/server/run_streams.h"
#include "engine/realtime/hub.h"

namespace stepwell::server {

struct ServiceOptions {
  Mode mode = Mode::kDev;
  std::vector<std::string> event_keys;
  std::vector<std::string> signing_keys;  // the first signs, the others are accepted for rotation
  // Numeric addresses to listen on, all with this port; 0 picks a free one.
  std::vector<std::string> addresses = {"127.0.0.1"};
  uint16_t port = 8288;
  // Names under which the server is reached, beside its addresses and, in dev mode, localhost.
  // Empty in serve mode: any name, as every request that matters shows a key.
  std::vector<std::string> hosts;
  // Origins whose pages may call, beside our own and, in dev mode, those of localhost.
  std::vector<std::string> origins;
  Limits limits;
  EventRouteOptions events;
  realtime::DoorOptions realtime;
};

// Checks what can be checked without a socket: that serve mode has its keys, that dev mode, which
// asks for none, listens on loopback only, that keys are well formed, and that hosts and origins
// can be those of a request. The error says how to mend it.
Result<void> validate(const ServiceOptions& options);

// Loop thread only (the loop given here).
class Service {
 public:
  // `options` are valid. `hub` lives on the same loop; whoever owns it publishes to it what the
  // runtime publishes. All outlive the service, and the service lives until the loop has stopped.
  Service(UvLoop& loop, runtime::Runtime& runtime, realtime::Hub& hub, ServiceOptions options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Listens on all addresses. Returns the port.
  Result<uint16_t> listen();

  // See HttpServer::stop. Comes before the runtime's own stop, which answers what is under way.
  void stop(Milliseconds grace, std::function<void()> on_stopped);

  // For routes of other folders (SDK protocol, dashboard), before listen().
  Router& router() { return router_; }
  Gateway& gateway() { return gateway_; }
  const Auth& auth() const { return auth_; }

 private:
  ServiceOptions options_;
  Random random_;
  Auth auth_;
  Gateway gateway_;
  Router router_;
  std::unique_ptr<realtime::Doors> doors_;
  std::unique_ptr<RunStreams> run_streams_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace stepwell::server
