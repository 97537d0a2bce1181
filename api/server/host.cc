#include "api/server/host.h"

#include <utility>

#include "engine/runtime/clock.h"
#include "engine/runtime/hub_feed.h"

namespace stepwell::server {

Result<std::unique_ptr<Host>> Host::start(HostOptions options) {
  if (const Result<void> valid = validate(options.service); !valid) return valid.error();
  std::unique_ptr<Host> host(new Host(std::move(options)));
  if (const Result<void> opened = host->open(); !opened) return opened.error();
  return host;
}

// The clock tells the hub's ids from those of the one before a restart.
Host::Host(HostOptions options)
    : options_(std::move(options)),
      hub_(runtime::with_durable_channels(options_.hub, options_.runtime.settings),
           static_cast<uint64_t>(to_millis(runtime::wall_clock())), runtime::wall_clock()) {}

Host::~Host() {
  stop();
  service_.reset();
  runtime_.reset();
  prepared_.reset();
}

Result<void> Host::open() {
  runtime_ =
      std::make_unique<runtime::Runtime>(loop_, std::move(options_.journal), options_.runtime);
  runtime::feed_hub(*runtime_, hub_);
  service_ = std::make_unique<Service>(loop_, *runtime_, hub_, options_.service);
  runtime_->on_fatal([this](storage::CommitOutcome outcome, const std::string& message) {
    if (options_.on_fatal) options_.on_fatal(outcome, message);
  });
  runtime_->on_space([this](bool is_out) {
    if (options_.on_space) options_.on_space(is_out);
  });
  if (options_.prepare) prepared_ = options_.prepare(*runtime_, *service_);
  // First the port: whoever starts a second server learns it before it touches the journal.
  const Result<uint16_t> port = service_->listen();
  if (!port) return port.error();
  port_ = *port;
  const Result<void> started = runtime_->start([this](const Result<void>& recovered) {
    const std::lock_guard lock(mutex_);
    recovered_ = recovered;
    recovered_changed_.notify_all();
  });
  if (!started) return started.error();
  thread_ = std::thread([this] { loop_.run(); });
  return {};
}

Result<void> Host::wait_until_serving() {
  std::unique_lock lock(mutex_);
  recovered_changed_.wait(lock, [this] { return recovered_.has_value(); });
  return *recovered_;
}

void Host::stop() {
  std::call_once(stop_once_, [this] {
    if (!thread_.joinable()) return;  // it never started
    loop_.post([this] {
      service_->stop(options_.grace, [this] { runtime_->stop([this] { loop_.stop(); }); });
    });
    thread_.join();
    // Whoever still waits for the recovery waits in vain.
    const std::lock_guard lock(mutex_);
    if (!recovered_) recovered_ = Error{ErrorCode::kUnavailable, "the server was stopped"};
    recovered_changed_.notify_all();
  });
}

}  // namespace stepwell::server
