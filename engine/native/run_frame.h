// A run whose code is in memory: its coroutines, what they await, and what they have not seen yet.
//
// The code of a run must go the same way each time, hot or replayed. It depends on nothing but the
// results of its steps and the order in which they come; so this gives them one at a time, in the
// order of the journal, and lets the code come to rest in between. A replay is the same thing with
// more of them at hand. Where the result that is next in order is the one that is asked for, and
// nobody else is ready, it is handed over without a suspension.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/call.h"
#include "stepwell/awaited_step.h"
#include "stepwell/function.h"

namespace stepwell::native {

// How a function's code came to its end.
using Outcome = std::variant<core::Returned, core::Threw>;

// Results that steps of these ids are given without being asked for: for the tests of user code.
struct Stub {
  std::string data = "null";       // raw JSON
  std::optional<ErrorInfo> error;  // the step has failed
};
using Stubs = std::map<std::string, Stub>;

// Where warnings about user code go: the run's id and a sentence. Any thread.
using Warn = std::function<void(const std::string& run_id, const std::string& text)>;

}  // namespace stepwell::native

namespace stepwell::detail {

// One thread at a time; whoever owns the frame sees to that.
class RunFrame {
 public:
  // `code`, `stubs` (or null) and `warn` outlive the frame.
  struct Options {
    const FunctionCode& code;
    const native::Warn& warn;
    const native::Stubs* stubs = nullptr;
    Determinism determinism = Determinism::kWarn;
    int attempt = 0;
  };
  RunFrame(std::shared_ptr<const core::RunContext> run, const Options& options);
  // Destroys the coroutines. No body of the run runs any more, or ever will.
  ~RunFrame();
  RunFrame(const RunFrame&) = delete;
  RunFrame& operator=(const RunFrame&) = delete;

  // -- By the driver -----------------------------------------------------------------------------

  // What a call brings: results that are new, steps that are registered.
  void add(std::vector<core::MemoEntry> memo, const std::vector<core::RegisteredStep>& registered);

  // Lets the code go on until it needs what is not there.
  void advance();

  // How the code ended; nothing while it goes on. May be moved from when that is known.
  std::optional<native::Outcome>& outcome() { return outcome_; }

  // Steps that were met and that the engine does not know yet, in the order in which they were met;
  // empty after the call.
  std::vector<AwaitedStep*> take_new_steps();

  // The step that the whole run waits for, if there is only one, it is new, and it has a body.
  AwaitedStep* sole_new_body() const;

  enum class Planned { kFound, kAbandoned, kNotMet };
  // The step with a body that is registered under this key.
  std::pair<Planned, AwaitedStep*> find_planned(const StepKey& key) const;

  // The code awaits this step now, or has the result of it.
  bool has_met(const StepKey& key) const;

  // Bodies that run, so that no code goes on which would pull the ground from under them.
  void body_started(AwaitedStep& step, std::stop_source* stop);
  void body_ended(AwaitedStep& step);
  size_t running_bodies() const { return running_.size(); }

  std::vector<Publication> take_publications();
  std::stop_source& stop_source() { return stop_; }
  const std::stop_source& stop_source() const { return stop_; }
  const core::RunContext& run() const { return *run_; }

  // -- By the code, through stepwell/chain.h and stepwell/awaited_step.h ------------------------

  bool begin(AwaitedStep& step);
  void forget(AwaitedStep& step);
  void make_ready(Chain& chain);
  void remove_from_queue(Chain& chain);
  void join_decided(const Join& join);
  void publish(Publication message);

  // The frame whose code runs on this thread; null: none.
  static RunFrame* current();

 private:
  // What is known of a step that the code has not got the result of.
  struct Slot {
    enum class State : uint8_t {
      kRegistered,  // pending, not met by the code yet
      kRecorded,    // its result is at hand, its turn has not come
      kGiven,       // its turn came, but the code has not met it yet
      kAwaited,     // met: `step`; its result may be at hand or not
      kAbandoned,   // met by code that was abandoned since
    };
    StepKind kind = StepKind::kRun;
    State state = State::kRegistered;
    bool has_memo = false;
    size_t memo = 0;  // its place in memo_, if it has one
    AwaitedStep* step = nullptr;
  };

  void name(AwaitedStep& step);
  bool begin_stubbed(AwaitedStep& step);
  bool begin_known(AwaitedStep& step, Slot& slot);
  bool give_up_to(const AwaitedStep& step);
  void give_next();
  void hand_over(AwaitedStep& step, core::MemoEntry& entry);
  void resume_ready();
  void resume(Chain& chain);
  bool is_gated(const Chain& chain) const;
  bool is_running_under(const Join& join) const;
  void finish();
  void report_unreached();
  void fail_mismatch(const AwaitedStep& step, StepKind recorded);
  void warn_or_fail(const std::string& text);

  std::shared_ptr<const core::RunContext> run_;
  Determinism determinism_;
  const native::Warn& warn_;
  const native::Stubs* stubs_;
  std::stop_source stop_;

  // In the order of the journal; those before next_ have had their turn.
  std::vector<core::MemoEntry> memo_;
  size_t next_ = 0;
  size_t given_unmet_ = 0;
  std::unordered_map<StepKey, Slot> slots_;
  size_t awaited_ = 0;
  std::unordered_map<std::string, int> uses_;  // of each step id, to number its repeats

  std::vector<AwaitedStep*> new_steps_;
  std::vector<AwaitedStep*> running_;
  std::vector<Publication> publications_;
  std::deque<Chain*> ready_;
  std::optional<native::Outcome> outcome_;

  Chain main_;
  Task<std::string> code_;
  Chain* resumed_ = nullptr;
  bool is_torn_down_ = false;
};

}  // namespace stepwell::detail
