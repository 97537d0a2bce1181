// The public Server: an engine and a Service on one libuv loop.
#include "stepwell/server.h"

#include <uv.h>

#include <csignal>

#include "api/embedded/engine_impl.h"
#include "api/server/http_server.h"
#include "api/server/service.h"
#include "api/server/uv_loop.h"

namespace stepwell {
namespace {

constexpr server::Milliseconds kGrace{10'000};

server::ServiceOptions service_options(const ServerOptions& options) {
  server::ServiceOptions service;
  bool has_keys = !options.event_keys.empty() || !options.signing_keys.empty();
  service.mode = has_keys ? server::Mode::kServe : server::Mode::kDev;
  service.event_keys = options.event_keys;
  service.signing_keys = options.signing_keys;
  service.addresses = options.addresses;
  service.port = options.port;
  service.hosts = options.hosts;
  service.origins = options.origins;
  return service;
}

[[noreturn]] void raise(const Error& error) {
  EngineError::Code code = EngineError::Code::kInvalid;
  if (error.code == ErrorCode::kIo || error.code == ErrorCode::kCorrupt) {
    code = EngineError::Code::kStorage;
  } else if (error.code == ErrorCode::kConflict) {
    code = EngineError::Code::kConflict;
  }
  throw EngineError(code, error.message);
}

// SIGINT and SIGTERM, while it lives.
class Signals {
 public:
  Signals(server::UvLoop& loop, std::function<void()> on_signal)
      : on_signal_(std::move(on_signal)) {
    int number = 0;
    for (uv_signal_t*& handle : handles_) {
      handle = new uv_signal_t;
      handle->data = this;
      uv_signal_init(loop.handle(), handle);
      uv_signal_start(
          handle, [](uv_signal_t* self, int) { static_cast<Signals*>(self->data)->on_signal_(); },
          number++ == 0 ? SIGINT : SIGTERM);
    }
  }
  ~Signals() {
    for (uv_signal_t* handle : handles_) {
      uv_close(reinterpret_cast<uv_handle_t*>(handle),
               [](uv_handle_t* self) { delete reinterpret_cast<uv_signal_t*>(self); });
    }
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  std::function<void()> on_signal_;
  uv_signal_t* handles_[2] = {};  // closed handles outlive this object until the loop's next turn
};

}  // namespace

class Server::Impl {
 public:
  Impl(Engine& engine, ServerOptions options)
      : engine_(engine.impl()), options_(std::move(options)) {
    Result<void> valid = server::validate(service_options(options_));
    if (!valid) raise(valid.error());
  }

  int run() {
    for (const std::string& address : options_.addresses) {
      // Known before the journal is touched: a program that was started twice leaves no file.
      Result<void> free = server::check_port_is_free(address, options_.port);
      if (!free) raise(free.error());
    }
    runtime::Runtime& runtime = engine_.prepare(loop_);
    // Of an earlier run.
    is_stopping_ = false;
    failure_.reset();
    try {
      service_ = std::make_unique<server::Service>(loop_, runtime, engine_.hub(),
                                                   service_options(options_));
      start();
    } catch (...) {
      service_.reset();
      engine_.finish();
      throw;
    }
    {
      Signals signals(loop_, [this] { begin_stop(); });
      loop_.run();
    }
    service_.reset();
    engine_.finish();
    if (failure_) raise(*failure_);
    return 0;
  }

  void stop() {
    loop_.post([this] { begin_stop(); });
  }

 private:
  void start() {
    Result<uint16_t> port = service_->listen();
    if (!port) raise(port.error());
    engine_.start_prepared([this, port = *port](Result<void> ready) {
      if (!ready) {
        if (!is_stopping_) failure_ = ready.error();  // a stop ends the recovery too
        return begin_stop();
      }
      if (!options_.on_ready) return;
      engine_.call_user("on_ready", [this, port] { options_.on_ready(port); });
    });
  }

  void begin_stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    service_->stop(kGrace, [this] { engine_.stop_prepared([this] { loop_.stop(); }); });
  }

  detail::EngineImpl& engine_;
  ServerOptions options_;
  server::UvLoop loop_;
  std::unique_ptr<server::Service> service_;  // loop thread
  bool is_stopping_ = false;                  // loop thread
  std::optional<Error> failure_;              // loop thread
};

Server::Server(Engine& engine, ServerOptions options)
    : impl_(std::make_unique<Impl>(engine, std::move(options))) {}
Server::~Server() = default;
int Server::run() {
  return impl_->run();
}
void Server::stop() {
  impl_->stop();
}

}  // namespace stepwell
