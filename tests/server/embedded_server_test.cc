// The public Server around an Engine: its life, and who may end it.
#include <doctest/doctest.h>
#include <stepwell/server.h>
#include <stepwell/stepwell.h>

#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/server/http_client.h"

namespace stepwell {
namespace {

using namespace std::chrono_literals;

// A server that runs on a thread of its own.
class Served {
 public:
  explicit Served(Engine& engine) : server_(engine, options()) {}
  ~Served() { stop(); }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  // The port, when events are accepted.
  uint16_t run() {
    ready_ = {};
    ended_ = std::async(std::launch::async, [this] { return server_.run(); });
    return ready_.get_future().get();
  }
  void stop() {
    if (!ended_.valid()) return;
    server_.stop();
    CHECK(ended_.get() == 0);
  }
  // Runs at on_ready, behind what tells of the port.
  std::function<void()> at_ready;
  Server& server() { return server_; }

 private:
  ServerOptions options() {
    ServerOptions options;
    options.port = 0;
    options.on_ready = [this](uint16_t port) {
      ready_.set_value(port);
      if (at_ready) at_ready();
    };
    return options;
  }

  std::promise<uint16_t> ready_;
  Server server_;
  std::future<int> ended_;
};

int status_of(uint16_t port, std::string_view path) {
  server::HttpClient client(port);
  client.get(path);
  return client.read_reply().value().status;
}

TEST_CASE("a server may run again, and be stopped again") {
  Engine engine({.journal = in_memory()});
  Served served(engine);
  for (int i = 0; i < 3; ++i) {
    CAPTURE(i);
    const uint16_t port = served.run();
    CHECK(status_of(port, "/health") == 200);
    served.stop();
  }
  served.server().stop();  // before it runs
  CHECK(served.server().run() == 0);
}

TEST_CASE("what on_ready throws is a warning, and the server serves") {
  std::mutex mutex;
  std::vector<std::string> warnings;
  Engine engine({.journal = in_memory(), .on_warning = [&](const std::string& line) {
                   std::lock_guard lock(mutex);
                   warnings.push_back(line);
                 }});
  Served served(engine);
  served.at_ready = [] { throw std::runtime_error("nobody to tell"); };
  const uint16_t port = served.run();
  CHECK(status_of(port, "/health") == 200);
  served.stop();
  std::lock_guard lock(mutex);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "on_ready: nobody to tell");
}

TEST_CASE("an engine that a server runs is stopped by the server") {
  Engine engine({.journal = in_memory()});
  Served served(engine);
  served.run();
  try {
    engine.stop();
    FAIL("it said nothing");
  } catch (const EngineError& error) {
    CHECK(error.code() == EngineError::Code::kConflict);
  }
  engine.send(NewEvent("a/b", RawJson("{}")));
  served.stop();
  engine.stop();
  engine.start();
  engine.stop();
}

}  // namespace
}  // namespace stepwell
