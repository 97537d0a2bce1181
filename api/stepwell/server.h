// An HTTP server around an engine: the event API, the REST API, realtime streams, and what the
// command line talks to. In the library stepwell::server.
//
//   Engine engine({.journal = sqlite("runs.db")});
//   …
//   Server server(engine, {.port = 8288});
//   return server.run();
#pragma once

#include "stepwell/standard.h"  // first

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stepwell/engine.h"

namespace stepwell {

// How a server is made.
struct ServerOptions {
  // Numeric addresses to listen on, all with this port; 0 picks a free one.
  std::vector<std::string> addresses = {"127.0.0.1"};
  uint16_t port = 8288;
  // Without keys it is a development server, which trusts whoever reaches it: on loopback only.
  // With them, events need an event key and everything else a signing key (an even number of
  // hexadecimal digits, with or without "signkey-…-" before them).
  std::vector<std::string> event_keys = {};
  std::vector<std::string> signing_keys = {};
  // Names under which it is reached, and origins of pages that may call it, beside its own.
  std::vector<std::string> hosts = {};
  std::vector<std::string> origins = {};
  // Called on the server's thread when events are accepted. Calls of the engine that block throw
  // there: it may tell another thread to make them. What it throws is a warning (on_warning).
  std::function<void(uint16_t port)> on_ready = {};
};

// Runs an engine that is not started itself. The engine outlives the server.
class Server {
 public:
  // EngineError when the options are wrong.
  Server(Engine& engine, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens the journal, listens, and serves on this thread until stop(), SIGINT or SIGTERM; then
  // answers what is under way and closes the journal. 0. EngineError when it cannot start. May be
  // called again when it has returned.
  int run();

  // Ends run(), or the next one if none is under way. Any thread.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stepwell
