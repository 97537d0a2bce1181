// The engine at work: the core and its pipeline on a loop, with the threads around them. Whoever
// embeds it (the C++ API, the HTTP server, the CLI on a file) submits inputs and gets answers.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/driver.h"
#include "engine/core/pipeline.h"
#include "engine/runtime/journal_thread.h"
#include "engine/runtime/loop.h"
#include "engine/runtime/metrics.h"
#include "engine/runtime/read_pool.h"

namespace stepwell::runtime {

struct RuntimeOptions {
  core::Settings settings;
  size_t recovery_page = 5000;   // open runs, or recorded messages, read at a time
  size_t query_threads = 1;      // for queries of people and programs
  size_t query_queue_max = 256;  // beyond that they are refused
  // Work that waits for its answer: each event of a request counts, any other request counts as
  // one. Beyond that it is refused: more would only wait longer and take memory. A request that is
  // larger than all of it is taken when nothing else waits. Cancellations have a fifth on top.
  size_t work_max = 32 * 1024;
  // Runs that wait because too many calls are under way (Settings::calls_max). Beyond that events,
  // invocations and reruns are refused until some have had their turn.
  size_t crowd_max = 250'000;
  // How long the engine leaves alone what failed just now and would only fail again: a read, a
  // full disk.
  Duration retry_pause = std::chrono::seconds(1);
};

// What an operator is told at on_space.
inline constexpr std::string_view kDiskIsFull =
    "the disk is full: nothing new is accepted until there is room";
inline constexpr std::string_view kDiskHasRoom = "the disk has room again: events are accepted";

enum class RuntimeState : uint8_t { kStopped, kRecovering, kServing, kStopping, kFailed };

class Runtime : private core::PipelinePort {
 public:
  using AnswerCallback = std::function<void(core::Answer)>;
  using Query = std::function<void(storage::JournalReader&)>;

  // `loop` outlives the runtime. Nothing happens before start().
  Runtime(Loop& loop, std::unique_ptr<storage::Journal> journal, RuntimeOptions options);
  // On the loop thread, or when the loop does not run; not from inside a callback of this class but
  // that of stop(). The threads of drivers have ended. Without stop() before, it is as if the
  // process had been killed.
  ~Runtime() override;

  // -- Before start() ----------------------------------------------------------------------------

  // Who runs the functions of this kind. Used until stop(), or a fatal end, is done.
  void set_driver(DriverKind kind, core::Driver* driver);
  // Runs on the loop thread for each published message, in order, after its commit.
  void on_publish(std::function<void(core::PublishedMessage)> callback);
  // The same for what the engine says of runs by itself: that they begin and end, and that a step
  // is resolved. Comes after what was published in the same batch.
  void on_lifecycle(std::function<void(core::PublishedMessage)> callback);
  // Runs inside start() for each page of the recorded messages, oldest first.
  void on_messages_found(std::function<void(const storage::MessagePage&)> callback);
  // Runs on the loop thread for each run that ends, after its commit.
  void on_run_ended(std::function<void(const core::RunEnded&)> callback);
  // Runs on the loop thread after each commit, with the runs of which it recorded something.
  void on_commit(std::function<void(const std::vector<RunNo>&)> callback);
  // The journal can't be trusted any more: nothing is answered from here on. Programs exit with 74;
  // so does the process if nobody asked to be called. Loop thread.
  void on_fatal(std::function<void(storage::CommitOutcome, const std::string&)> callback);
  // The disk is full (true), or has room again; on the loop thread, once for each change.
  void on_space(std::function<void(bool is_out)> callback);

  // Takes the journal and recovers on the loop; `ready` runs on the loop thread when inputs are
  // accepted (with the error, when the journal cannot be read). Errors of taking it come at once.
  Result<void> start(std::function<void(Result<void>)> ready);

  // -- Any thread --------------------------------------------------------------------------------

  // Submits an input; its `request` is chosen here. `callback` gets the one answer on the loop
  // thread, after the commit that it depends on; it may be empty. Before the engine serves, while
  // it stops and when too many requests wait, the answer is kUnavailable; after a fatal end there
  // is none. Inputs of one thread are applied in the order given, but for those that need a look-up
  // in the journal first.
  void submit(core::Input input, AnswerCallback callback);

  // A driver's answer to a call.
  void reply(core::Reply reply);

  // Runs a query on a reading thread. kUnavailable when too many wait.
  Result<void> query(Query query);

  RuntimeState state() const { return state_.load(); }
  bool is_out_of_space() const { return is_out_of_space_.load(); }
  const Metrics& metrics() const { return metrics_; }
  Loop& loop() { return loop_; }

  // -- Loop thread -------------------------------------------------------------------------------

  // Commits what was accepted and the mark of an orderly stop, if the journal lets it; `done` is
  // posted to the loop when nothing more will happen, and may destroy the runtime. Calls under way
  // are made again at the next start. Stops a recovery too.
  void stop(std::function<void()> done);

  // Looking in; only while serving.
  const core::Core& core() const { return pipeline_->core(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Submitted {
    core::Input input;
    AnswerCallback callback;
    size_t work = 0;
    Clock::time_point at;
  };
  struct Asked {
    AnswerCallback callback;
    size_t work = 0;
  };

  Result<void> find_messages(storage::JournalReader& reader);

  // The pipeline's port.
  void commit(storage::Batch batch) override;
  void fetch(core::FetchId id, const core::Lookup& lookup) override;
  void perform(core::Effect effect) override;
  void rebuild() override;
  void fatal(storage::CommitOutcome outcome, const std::string& message) override;

  // Runs the task on the loop if this object is still there then. Any thread.
  void post(std::function<void()> task);
  void refuse(AnswerCallback callback, size_t work, const char* why);
  void committed(const storage::CommitResult& result);
  void journal_failed(const storage::CommitResult& result);
  void stopped();
  void told_of_commit(const storage::CommitResult& result);

  void drain();
  void apply(Submitted submitted, Time now);
  void flush();
  void set_alarm();
  void alarm_went_off();
  void load_run(RunNo run);
  void read_events(std::shared_ptr<const core::ReadEvents> wanted);
  void events_read(std::shared_ptr<const core::ReadEvents> wanted, Result<core::EventsRead> read);
  void run_loaded(RunNo run, Result<storage::RunSnapshot> snapshot);
  void fetched(core::FetchId id, Result<core::LookupResult> result);
  void do_later(std::function<void()> task);
  void answered(core::Answer answer);

  // Recovery: each part is read on the reading thread and handed to the new core on the loop.
  struct Recovery;
  void recover(std::function<void(Result<void>)> done);
  void recover_from_full_disk();
  void recover_flow_page(std::shared_ptr<Recovery> recovery,
                         std::optional<storage::FlowStateKey> after);
  void recover_messages(std::shared_ptr<Recovery> recovery, Position after);
  void recover_page(std::shared_ptr<Recovery> recovery, RunNo after);
  void recovered(std::shared_ptr<Recovery> recovery);
  bool is_over(Recovery& recovery);
  void recovery_failed(std::shared_ptr<Recovery> recovery, Error error);

  Loop& loop_;
  RuntimeOptions options_;
  std::unique_ptr<storage::Journal> unopened_journal_;
  std::map<DriverKind, core::Driver*> drivers_;
  std::function<void(core::PublishedMessage)> on_publish_;
  std::function<void(core::PublishedMessage)> on_lifecycle_;
  std::function<void(const storage::MessagePage&)> on_messages_found_;
  std::function<void(const core::RunEnded&)> on_run_ended_;
  std::function<void(const std::vector<RunNo>&)> on_commit_;
  std::function<void(storage::CommitOutcome, const std::string&)> on_fatal_;
  std::function<void(bool)> on_space_;

  std::mutex mutex_;
  std::vector<Submitted> inbox_;  // guarded by mutex_
  std::atomic<RuntimeState> state_{RuntimeState::kStopped};
  std::atomic<bool> is_out_of_space_{false};
  std::atomic<size_t> crowd_{0};  // runs that wait their turn, as of the last input
  std::atomic<size_t> work_{0};  // that waits for its answer
  Metrics metrics_;

  // Loop thread.
  std::unique_ptr<core::Pipeline> pipeline_;
  storage::Ownership ownership_;
  core::RequestId last_request_ = 0;
  std::unordered_map<core::RequestId, Asked> asked_;
  std::optional<Time> alarm_;
  std::vector<RunNo> committing_;  // the runs of the batch at the journal, for on_commit_
  std::vector<core::PublishedMessage> lifecycle_;  // what is to be said when it is committed
  std::vector<std::function<void()>> later_;       // what follows from reads that failed
  Time later_at_{};
  Time rebuilt_at_{};
  std::vector<std::function<void()>> on_stopped_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // tasks on the loop look at it

  // The threads go first, while what they call still exists.
  std::unique_ptr<JournalThread> journal_;
  std::unique_ptr<ReadPool> reads_;
  std::unique_ptr<ReadPool> queries_;
};

}  // namespace stepwell::runtime
