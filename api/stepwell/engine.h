// The engine in this process: register functions, start it, send events.
//
//   Engine engine({.journal = sqlite("runs.db")});
//   engine.function({.id = "import-file"}, import_requested, import_file);
//   engine.start();
//   engine.send(import_requested, {.file = "a.csv", .rows = 200});
#pragma once

#include "stepwell/standard.h"  // first

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stepwell/channel.h"
#include "stepwell/duration.h"
#include "stepwell/event_type.h"
#include "stepwell/function.h"
#include "stepwell/function_ref.h"
#include "stepwell/function_registrar.h"

namespace stepwell {

// Something was asked of the engine that it cannot do: what, and how to mend it.
class EngineError : public std::runtime_error {
 public:
  enum class Code {
    kInvalid,      // the request is wrong: fix it
    kNotFound,     // there is no such run or function
    kConflict,     // its state does not allow it, or another process has the file
    kUnavailable,  // not now: not started, starting, stopping, or the disk is full
    kStorage,      // the journal cannot be opened, read or trusted
  };
  // `message` is for people.
  EngineError(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  // What a caller can do about it.
  Code code() const { return code_; }

 private:
  Code code_;
};

// What a journal may lose when the machine, not only the process, goes down.
enum class Durability : uint8_t {
  kStrict,   // nothing that was acknowledged
  kRelaxed,  // possibly the last commits
};

// Where the engine keeps its record.
struct JournalOptions {
  std::string path;  // of an SQLite file; empty: in memory, gone with the process
  Durability durability = Durability::kStrict;
};
// A file, created if it is missing. One process at a time has it open. EngineError when the path is
// empty.
JournalOptions sqlite(std::string path, Durability durability = Durability::kStrict);
// For tests: nothing outlives the engine.
JournalOptions in_memory();

// How an engine is made; every field has a default.
struct EngineOptions {
  JournalOptions journal;
  // The app under which the functions are registered: those of it that are missing at the next
  // start are taken for removed.
  std::string app = "app";
  size_t workers = 4;  // threads for functions and the bodies of their steps
  // Runs that sleep or wait leave memory, the least recently used first, beyond so many bytes.
  size_t memory_budget = 128u << 20;
  // For tests: every run leaves memory whenever it is suspended.
  bool always_evict = false;
  // How far back a wait looks for an event that was faster than it: at most a minute (more counts
  // as that), 100,000 events and 16 MiB of them. Zero: not at all.
  std::chrono::milliseconds wait_lookback = std::chrono::seconds(60);
  // Realtime channels whose recent messages survive a restart, recorded as steps are: names, or
  // beginnings of names and a `*`.
  std::vector<std::string> durable_channels = {};
  // Replaces the growing delays between attempts when set.
  std::optional<std::chrono::milliseconds> retry_interval;
  // The journal cannot be trusted any more (a failed fsync, say): nothing is acknowledged from here
  // on. Called once on the engine's thread. Default: writes the reason to stderr and exits with 74.
  // If it returns, calls under way and later ones end with EngineError (kStorage); it must make
  // none itself, but have another thread stop() the engine.
  std::function<void(const std::string& reason)> on_fatal;
  // Warnings for people, from any thread; also what callbacks of the user throw. Default: stderr.
  std::function<void(const std::string& line)> on_warning;
};

enum class RunState : uint8_t { kScheduled, kRunning, kCompleted, kFailed, kCancelled, kSkipped };

// A run as it stands in the journal.
struct RunInfo {
  std::string id;  // a ULID
  std::string function_id;
  RunState state = RunState::kScheduled;
  std::string output;         // raw JSON, when it completed
  std::string error_name;     // when it failed
  std::string error_message;  // likewise
  // It will never run again.
  bool has_ended() const { return state != RunState::kScheduled && state != RunState::kRunning; }
};

// A message that was published, as subscribers get it.
struct Message {
  std::string id;  // rises within a channel; resume after it
  std::string channel;
  std::string topic;
  std::string data;    // raw JSON
  std::string run_id;  // who published it; may be empty
};

// How a subscription begins, and what it is told beside messages.
struct SubscribeOptions {
  // The id of the last message that was seen: first comes what was published since. Empty: from now
  // on.
  std::string after = {};
  // Messages were lost here, for the callback was too slow or `after` is too long ago; how many,
  // if that is known. On the engine's thread.
  std::function<void(std::optional<uint64_t> missed)> on_gap = {};
};

namespace detail {
class EngineImpl;
class Listener;
}  // namespace detail

// Functions are registered before start() (see FunctionRegistrar). All others may be called from
// any thread. Those that block wait for the engine's thread: called on it, from inside of on_fatal,
// of a subscriber's callback or of ServerOptions::on_ready, they throw EngineError (kInvalid).
// Before start() and as soon as stop() has begun calls throw EngineError (kUnavailable); those
// under way end then, with an answer or with that error.
class Engine : public FunctionRegistrar {
 public:
  // Opens nothing yet.
  explicit Engine(EngineOptions options);
  // Stops it, if it runs, on a thread that may do so. No call may be under way.
  ~Engine();

  // -- Running ----------------------------------------------------------------------------------

  // Opens the journal, recovers what is in it and goes on with it; returns when events are
  // accepted. EngineError when the journal cannot be opened; kUnavailable when stop() was called
  // before it was ready. Blocks.
  void start();
  // Commits what was accepted, asks the step bodies that run to stop (by their std::stop_token,
  // whose callbacks run on the engine's thread) and waits for them, and closes the journal. Their
  // results are not recorded: such steps run again when their runs, as all that are not finished,
  // go on at the next start. EngineError: kInvalid on the engine's thread and its workers (step
  // bodies, on_failure), kConflict while a Server runs it.
  void stop();
  // start(), then blocks until stop() is called by another thread, be it before it is ready. 0.
  int run();

  // Sends events; returns their ids when they are durable. EngineError when they are refused.
  // Blocks.
  template <class T>
  std::string send(const EventType<T>& type, const std::type_identity_t<T>& data) {
    return send(NewEvent(type, data));
  }
  std::string send(const NewEvent& event);
  std::vector<std::string> send(const std::vector<NewEvent>& events);

  // Ends a run. EngineError if there is none or it has ended otherwise. Blocks.
  void cancel(std::string_view run_id);
  // Starts a new run with the events of another; its id. Blocks.
  std::string rerun(std::string_view run_id);
  // Ends the wait for a signal with `data`; EngineError (kNotFound) if nobody waits. Blocks.
  void send_signal(std::string_view signal, const RawJson& data);
  // Runs a function that has no trigger, or without its trigger; the run's id, empty while it is
  // debounced or batched. EngineError if it is turned away (a rate limit). Blocks.
  template <class In, class Out>
  std::string invoke(const FunctionRef<In, Out>& function, const std::type_identity_t<In>& data) {
    return invoke(function.id, RawJson(to_json_text(data)));
  }
  std::string invoke(std::string_view function_id, const RawJson& data);

  // The run as committed; nothing if there is none. Blocks.
  std::optional<RunInfo> find_run(std::string_view run_id);
  // The runs that an event started, by the id that send() gave; at most 1,000 of them. Blocks.
  std::vector<RunInfo> runs_of(std::string_view event_id);
  // Waits until the run has ended, for an hour or as long as is said; EngineError (kUnavailable)
  // when the time is up first, or the engine stops. Blocks.
  RunInfo wait_for(std::string_view run_id) { return wait_for(run_id, std::chrono::hours(1)); }
  template <class Rep, class Period>
  RunInfo wait_for(std::string_view run_id, std::chrono::duration<Rep, Period> timeout) {
    return wait_until_ended(run_id, detail::ceil_milliseconds(timeout));
  }

  // Until it is destroyed its callback is called.
  class Subscription;
  // Hears what is published on a channel, all topics when `topic` is empty. The callback runs on
  // the engine's thread and must not block; what it throws is a warning (on_warning). Unsubscribes
  // when the result goes. EngineError when `options` name no message.
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(
      std::string_view channel, std::string_view topic,
      std::function<void(const Message&)> callback, SubscribeOptions options = {});
  // The messages of one topic, as what they are. One that does not fit T is skipped with a warning.
  template <class T>
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(
      const Topic<T>& topic, std::type_identity_t<std::function<void(const T&)>> callback,
      SubscribeOptions options = {}) {
    return subscribe(
        topic.channel(), topic.name(),
        [callback = std::move(callback)](const Message& message) {
          callback(from_json_text<T>(message.data));
        },
        std::move(options));
  }

  // For other parts of Stepwell that are built around an engine.
  detail::EngineImpl& impl() { return *impl_; }

 private:
  std::string_view add(FunctionOptions options,
                       std::shared_ptr<const detail::FunctionCode> code) override;
  void add_topic(const std::string& channel, const std::string& name, std::string schema) override;
  RunInfo wait_until_ended(std::string_view run_id, std::chrono::milliseconds timeout);

  std::unique_ptr<detail::EngineImpl> impl_;
};

// A live subscription. Outlived by its engine, but not by its start: it hears nothing after a stop.
class Engine::Subscription {
 public:
  // Waits for the callback if that runs just now, unless it is the callback that destroys it.
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  friend class detail::EngineImpl;
  Subscription() = default;
  detail::EngineImpl* engine_ = nullptr;
  uint64_t number_ = 0;
  std::shared_ptr<detail::Listener> listener_;
};

}  // namespace stepwell
