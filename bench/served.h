// An engine behind HTTP in this process: the parts of stepwell::Server, so that its loop can be
// looked at.
#pragma once

#include <stepwell/stepwell.h>

#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "api/embedded/engine_impl.h"
#include "api/server/service.h"
#include "api/server/uv_loop.h"

namespace stepwell::bench {

class Served {
 public:
  // `prepare` registers functions.
  Served(const std::string& path, const std::function<void(Engine&)>& prepare,
         server::ServiceOptions options = {})
      : engine_({.journal = sqlite(path), .workers = 2}),
        service_(loop_, open(prepare), engine_.impl().hub(), on_any_port(std::move(options))) {
    port_ = service_.listen().value();
    std::promise<void> ready;
    engine_.impl().start_prepared([&ready](stepwell::Result<void>) { ready.set_value(); });
    thread_ = std::thread([this] { loop_.run(); });
    ready.get_future().wait();
  }
  ~Served() {
    loop_.post([this] {
      service_.stop(server::Milliseconds(1000),
                    [this] { engine_.impl().stop_prepared([this] { loop_.stop(); }); });
    });
    thread_.join();
    engine_.impl().finish();
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  // What `look` sees on the loop thread.
  template <class F>
  auto on_loop(F look) {
    std::promise<decltype(look())> result;
    loop_.post([&] { result.set_value(look()); });
    return result.get_future().get();
  }

  uint16_t port() const { return port_; }
  Engine& engine() { return engine_; }
  double lag_p99_ms() {
    return on_loop([this] {
      return std::chrono::duration<double, std::milli>(loop_.lag().quantile(0.99)).count();
    });
  }
  realtime::HubStats hub() {
    return on_loop([this] { return engine_.impl().hub().stats(); });
  }

 private:
  runtime::Runtime& open(const std::function<void(Engine&)>& prepare) {
    prepare(engine_);
    return engine_.impl().prepare(loop_);
  }
  static server::ServiceOptions on_any_port(server::ServiceOptions options) {
    options.port = 0;
    return options;
  }
  server::UvLoop loop_;
  Engine engine_;
  server::Service service_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace stepwell::bench
