// A whole server in one object: a loop thread, an engine on it, and its HTTP service. For programs
// that are a server; and for the command line, which opens a file by hosting it for a moment.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "api/server/service.h"
#include "engine/runtime/runtime.h"

namespace stepwell::server {

struct HostOptions {
  ServiceOptions service;
  runtime::RuntimeOptions runtime;
  realtime::HubSettings hub;
  std::unique_ptr<storage::Journal> journal;
  // Sets drivers and further routes, on the calling thread, before anything starts. What it returns
  // is destroyed when the engine and the service are, while the loop still exists.
  std::function<std::shared_ptr<void>(runtime::Runtime&, Service&)> prepare;
  // Runs on the loop thread when the journal can't be trusted any more: a program exits with 74.
  // Without it the host only stops answering.
  std::function<void(storage::CommitOutcome, const std::string&)> on_fatal;
  // Runs on the loop thread when the disk is full (true), and when there is room again.
  std::function<void(bool is_out)> on_space;
  // How long stop() lets requests under way be answered.
  Milliseconds grace{10'000};
};

// Any thread, unless it says otherwise.
class Host {
 public:
  // Checks the options, takes the journal and listens; returns while the recovery goes on, during
  // which /health says 503.
  static Result<std::unique_ptr<Host>> start(HostOptions options);
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  uint16_t port() const { return port_; }
  runtime::Runtime& runtime() { return *runtime_; }
  // Loop thread only.
  realtime::Hub& hub() { return hub_; }
  UvLoop& loop() { return loop_; }

  // Waits for the end of the recovery; the error says why it failed.
  Result<void> wait_until_serving();

  // Answers what is under way, commits the mark of an orderly stop, and returns when all is quiet.
  // Not from the loop thread. Further calls do nothing.
  void stop();

 private:
  explicit Host(HostOptions options);
  Result<void> open();

  HostOptions options_;
  UvLoop loop_;
  realtime::Hub hub_;  // loop thread
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<Service> service_;
  std::shared_ptr<void> prepared_;
  uint16_t port_ = 0;

  std::mutex mutex_;
  std::condition_variable recovered_changed_;
  std::optional<Result<void>> recovered_;  // guarded by mutex_
  std::once_flag stop_once_;
  std::thread thread_;
};

}  // namespace stepwell::server
