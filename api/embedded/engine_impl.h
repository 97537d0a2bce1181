// An engine with native functions: the runtime, the driver and the hub put together. Behind the
// public Engine, and what the HTTP server is built around.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/native/driver.h"
#include "engine/native/worker_pool.h"
#include "engine/realtime/hub.h"
#include "engine/runtime/plain_loop.h"
#include "engine/runtime/runtime.h"
#include "stepwell/engine.h"

namespace stepwell::detail {

class EngineImpl {
 public:
  explicit EngineImpl(EngineOptions options);
  ~EngineImpl();

  std::string_view add(FunctionOptions options, std::shared_ptr<const FunctionCode> code);
  void add_topic(TopicRecord topic);

  // -- Putting a server around it ---------------------------------------------------------------

  // Opens the journal and builds the runtime on `loop`, without starting it. EngineError.
  runtime::Runtime& prepare(runtime::Loop& loop);
  realtime::Hub& hub() { return hub_; }
  // Starts what was prepared; `ready` runs on the loop thread when functions are registered and
  // events are accepted.
  void start_prepared(std::function<void(Result<void>)> ready);
  // Loop thread: stops the runtime; `done` runs when all is committed. Then call finish().
  void stop_prepared(std::function<void()> done);
  // After the loop has returned: ends the threads and closes the journal.
  void finish();

  // -- By itself --------------------------------------------------------------------------------

  void start();
  void stop();
  int run();

  // Submits an input and waits for its answer; EngineError when it is refused.
  core::Answer ask(core::Input input);
  // Runs a query on a reading thread and waits.
  void query(const std::function<void(storage::JournalReader&)>& query);
  RunInfo wait_for(const RunId& id, std::chrono::milliseconds timeout);
  // Waits until so many runs have ended since the engine was made.
  void wait_for_ends(uint64_t count);

  std::unique_ptr<Engine::Subscription> subscribe(realtime::TopicName topic,
                                                  std::function<void(const Message&)> callback,
                                                  SubscribeOptions options);
  void unsubscribe(uint64_t number);

 private:
  struct Listener {
    std::function<void(const Message&)> callback;
    std::function<void(std::optional<uint64_t>)> on_gap;
    std::unique_ptr<realtime::Subscription> subscription;
  };

  std::unique_ptr<storage::Journal> open_journal() const;
  void register_functions(std::function<void(Result<void>)> done);
  void register_topics(std::function<void(Result<void>)> done);
  void run_failed(const core::RunEnded& ended);
  void deliver(uint64_t number);
  void on_loop(std::function<void()> task);
  bool is_running() const { return runtime_ != nullptr; }

  EngineOptions options_;
  std::vector<FunctionConfig> configs_;
  std::vector<TopicRecord> topics_;
  std::map<std::string, native::RegisteredFunction> code_;
  std::map<std::string, std::function<void(const Failure&)>> failure_callbacks_;

  runtime::Loop* loop_ = nullptr;
  std::unique_ptr<runtime::PlainLoop> own_loop_;
  std::thread own_thread_;
  std::unique_ptr<native::WorkerPool> workers_;
  std::unique_ptr<native::NativeDriver> driver_;
  realtime::Hub hub_;  // loop thread
  std::unique_ptr<runtime::Runtime> runtime_;
  std::map<uint64_t, Listener> listeners_;  // loop thread
  uint64_t last_listener_ = 0;              // loop thread

  std::mutex mutex_;
  std::condition_variable run_ended_;
  std::condition_variable stopped_;
  uint64_t ends_ = 0;       // guarded by mutex_: how many runs have ended
  bool is_stopped_ = true;  // guarded by mutex_
};

// The run as people see it.
RunInfo run_info(const RunRecord& run);

}  // namespace stepwell::detail
