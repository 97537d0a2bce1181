// An engine with native functions: the runtime, the driver and the hub put together. Behind the
// public Engine, and what the HTTP server is built around.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/embedded/call_gate.h"
#include "api/embedded/listener.h"
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
  // events are accepted. When the journal fails meanwhile it is destroyed without having run. From
  // here on calls are let in: run the loop.
  void start_prepared(std::function<void(Result<void>)> ready);
  // Loop thread: turns calls away, stops the runtime and tells the bodies that run to stop; `done`
  // runs when all is committed and the last call has left. Then call finish().
  void stop_prepared(std::function<void()> done);
  // After the loop has returned: ends the threads and closes the journal.
  void finish();
  // Calls code of the user; what it throws becomes a warning.
  void call_user(const char* what, const std::function<void()>& code) const;
  // For tests: the journal of the next start, in place of that of the options.
  void use_journal(std::unique_ptr<storage::Journal> journal) {
    next_journal_ = std::move(journal);
  }

  // -- By itself --------------------------------------------------------------------------------

  void start();
  void stop();
  int run();

  // -- Calls, from any thread -------------------------------------------------------------------
  // EngineError when the engine does not run or stops, and from the loop thread where they block.

  // Submits an input and waits for its answer; EngineError when it is refused.
  core::Answer ask(core::Input input);
  // Runs a query on a reading thread and waits.
  void query(const std::function<void(storage::JournalReader&)>& query);
  RunInfo wait_for(const RunId& id, std::chrono::milliseconds timeout);
  // Waits until so many runs have ended since the engine was made.
  void wait_for_ends(uint64_t count);

  // Does not block on the loop thread.
  std::unique_ptr<Engine::Subscription> subscribe(realtime::TopicName topic,
                                                  std::function<void(const Message&)> callback,
                                                  SubscribeOptions options);
  // Never fails: an engine that stops has forgotten it anyway.
  void unsubscribe(uint64_t number, Listener& listener);

 private:
  struct Subscribed {
    std::shared_ptr<Listener> listener;
    std::unique_ptr<realtime::Subscription> subscription;
  };

  std::unique_ptr<storage::Journal> open_journal();
  void wire();
  void register_functions(std::function<void(Result<void>)> done);
  void register_topics(std::function<void(Result<void>)> done);
  void journal_failed(storage::CommitOutcome outcome, const std::string& message);
  void run_failed(const core::RunEnded& ended);
  void deliver(uint64_t number);
  void on_loop(std::function<void()> task);
  Result<void> try_query(const std::function<void(storage::JournalReader&)>& query);
  // The line goes to the user's on_warning, whatever that does.
  void warn(const std::string& line) const;
  void wake_waiting();
  bool is_loop_thread() const { return loop_thread_.load() == std::this_thread::get_id(); }
  void check_may_block() const;
  bool is_running() const { return runtime_ != nullptr; }
  // False if it was stopped before it was ready.
  bool start_unless_stopped();

  EngineOptions options_;
  std::vector<FunctionConfig> configs_;
  std::vector<TopicRecord> topics_;
  std::map<std::string, native::RegisteredFunction> code_;
  std::map<std::string, std::function<void(const Failure&)>> failure_callbacks_;

  // Set up before the gate opens and taken apart when the last call has left: between the two
  // whoever has passed the gate, and what runs on the threads below, may use all of it.
  CallGate gate_;
  runtime::Loop* loop_ = nullptr;
  std::unique_ptr<native::WorkerPool> workers_;
  std::unique_ptr<native::NativeDriver> driver_;
  std::unique_ptr<storage::Journal> next_journal_;  // see use_journal
  std::unique_ptr<runtime::Runtime> runtime_;
  // Read by whoever must not wait for the thread that it is on itself.
  std::atomic<std::thread::id> loop_thread_{};
  std::atomic<const native::WorkerPool*> pool_{nullptr};

  realtime::Hub hub_;                         // loop thread
  std::map<uint64_t, Subscribed> listeners_;  // loop thread
  uint64_t last_listener_ = 0;                // loop thread

  std::mutex lifecycle_;  // one start or stop at a time
  std::unique_ptr<runtime::PlainLoop> own_loop_;
  std::thread own_thread_;                // guarded by lifecycle_
  std::atomic<bool> is_prepared_{false};  // on whosever loop

  std::mutex mutex_;
  std::condition_variable run_ended_;  // or the gate has closed
  std::condition_variable stopped_;
  uint64_t ends_ = 0;           // guarded by mutex_: how many runs have ended
  bool is_stopped_ = true;      // guarded by mutex_
  uint64_t starts_ = 0;         // guarded by mutex_
  uint64_t stopped_start_ = 0;  // guarded by mutex_: the last one that stop() was called for
};

// The run as people see it.
RunInfo run_info(const RunRecord& run);

}  // namespace stepwell::detail
