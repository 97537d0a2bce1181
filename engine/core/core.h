// The deterministic state machine of the engine: inputs and the time go in, writes and effects come
// out. It reads no clock, starts no thread, does no I/O; the same inputs give the same outputs.
//
// Whoever drives it (engine/core/pipeline.h) commits the writes in order and performs the effects
// of a transition only after the batch with its writes is durable.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/effect.h"
#include "engine/core/input.h"
#include "schema/random.h"

namespace stepwell::core {

struct Settings {
  // Hot runs (their memo, and the driver's frame) are evicted, the least recently used first, while
  // together they take more than this.
  size_t hot_bytes_max = 128u << 20;
  // Calls under way at once, of all functions together; further runs wait their turn, and need not
  // be in memory for it.
  size_t calls_max = 16 * 1024;
  // What a frame that the driver keeps is taken to cost on top of the memo.
  size_t frame_bytes = 6 * 1024;
  // Whether functions behind URLs are called. If not, their runs wait as those whose code is not at
  // hand.
  bool calls_endpoints = true;
  // For tests: evict a run each time it is suspended.
  bool always_evict = false;
  // How far back a wait looks; zero: upstream's rule, not at all. At most Lookback::kAgeMax.
  Duration wait_lookback = std::chrono::seconds(60);
  // Replaces the backoff table by this constant when set ("--retry-interval").
  std::optional<Duration> retry_interval;
  // A run that was resumed alone when the process died so many times fails.
  int deaths_alone_max = 3;
  int steps_max = 1000;                     // per run; at most 10,000
  size_t step_output_bytes_max = 4u << 20;  // errors are cut to this
  size_t state_bytes_max = 32u << 20;       // all outputs, errors and names of a run's steps
  // Channels whose messages are recorded: names, or beginnings of names and a `*`.
  std::vector<std::string> durable_channels;
  HistoryBounds durable_history = kDurableHistory;
};

// `attempts` of a wait for a signal that a later one has replaced.
inline constexpr int kReplacedWaiter = 1;

// One finding of the consistency check: an open run that nothing will wake, say.
struct Finding {
  RunId run;
  std::string what;
};

// Why an open run does not move, for people and for the check that none is stuck.
struct WakeSource {
  enum class Kind { kNone, kCall, kTimer, kWait, kChild, kFunction, kLoading, kQueued };
  Kind kind = Kind::kNone;
  std::string what;  // "waits for event post/liked until …"
  std::optional<Time> due;
};

// A key of a function's flow control that is in use, or that runs wait for.
struct LimitInUse {
  std::string limit;  // the field of the configuration: "concurrency[0]", "throttle", "debounce"
  std::string key;    // the value of its key; empty: it has none
  // Slots that are held, starts that count against a rate limit, events that a batch or a debounce
  // has gathered, the run of a singleton.
  int64_t used = 0;
  int64_t of = 0;           // 0: as many as come
  int64_t waiting = 0;      // runs behind it
  std::optional<Time> due;  // when what is gathered starts, at the latest
};

// What the core knows of a function, for people.
struct FunctionView {
  std::optional<Time> paused_at;
  bool is_available = false;  // its code is at hand
  size_t queued = 0;          // open runs that have not started
  size_t running = 0;         // and those that have
  size_t attempts = 0;        // under way now
  std::vector<LimitInUse> limits;
};

class State;

class Core {
 public:
  // `random` is the only source of ids and jitter.
  Core(Settings settings, Random random);
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;

  // -- Recovery, before the first apply, in this order -------------------------------------------

  // Takes over from an earlier owner of the journal.
  void begin_recovery(const storage::Ownership& ownership);
  void recover_functions(std::vector<storage::StoredFunction> functions);
  void recover_topics(const std::vector<TopicRecord>& topics);
  // Pages of recorded messages, in their order.
  void recover_messages(const std::vector<MessageRecord>& page);
  // The look-back window, oldest first.
  void recover_events(std::vector<EventRecord> events);
  // Pages of flow state, in the order of its keys; all of them before the runs.
  void recover_flow_states(std::vector<storage::FlowState> page, Time now);
  // Pages of open runs, in the order of their numbers.
  void recover_runs(std::vector<storage::OpenRun> page, Time now);
  // After a restart inside one process: what the core before knew that is not in the journal (whose
  // code is at hand, which numbers of calls are used up). After recover_functions.
  void carry_over(const Core& before);
  // All is loaded: runs that were under way go on.
  void finish_recovery(Time now, Transition& out);

  // -- Running -----------------------------------------------------------------------------------

  // What `input` needs from the journal before apply; empty for most.
  Lookup lookups_of(const Input& input) const;

  // Applies one input. `batch` is the number of the batch that will hold the writes. Appends to
  // `out`.
  void apply(Input input, Time now, uint64_t batch, Transition& out);

  // When TimePassed is to be applied next; nothing: no timer.
  std::optional<Time> next_due() const;

  // -- Looking in ---------------------------------------------------------------------------------

  Position last_pos() const;
  uint64_t epoch() const;
  size_t open_runs() const;
  // The id of an open run.
  std::optional<RunId> run_id(RunNo run) const;
  size_t hot_bytes() const;
  // Runs that wait because so many calls are under way.
  size_t crowd() const;
  // Requests that were applied and whose answers are still to come: cancellations of runs that are
  // read from the journal first.
  std::vector<RequestId> unanswered() const;
  // Why the open run does not move; nothing if it is not open.
  std::optional<WakeSource> wake_source(const RunId& id) const;
  // Nothing if there is no such function. Looks at every open run.
  std::optional<FunctionView> function_view(const FunctionId& id, Time now) const;
  // In the order of their ids.
  std::vector<FunctionId> paused_functions() const;
  // Every open run has a wake source, and the indexes agree with the runs (S-6, S-15).
  std::vector<Finding> check() const;
  // The same for one run; nothing if it is not open.
  std::vector<Finding> check(RunNo run) const;
  // How many events left the look-back window before their time.
  uint64_t lookback_overflows() const;

  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace stepwell::core
