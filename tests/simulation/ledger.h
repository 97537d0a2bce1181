// The ledger: every fact that the world outside of the engine can know, and every batch that became
// durable, in the order in which they happened. Checkers listen; the trace is hashed, so that two
// runs of one seed can be compared.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/core.h"
#include "tests/simulation/history.h"

namespace stepwell::sim {

// A promise that was found broken: "S-3", and what was seen.
struct Violation {
  std::string promise;
  std::string what;
  Duration at{};
};

struct BodyFact {
  RunId run;
  StepKey step;
  std::string id;
  int attempt = 0;
  bool has_returned = false;  // when finished: returned or threw
  std::string data;           // what it returned
  core::CallId call;          // in which it runs
};

// An op that a driver sent: what its code had seen when it made it.
struct OpFact {
  RunNo run = 0;
  StepKey step;
  std::optional<StepKey> seen;
  bool tells_seen = true;  // `seen` is what the engine was told
};

// What somebody was told who sent events in one request: all were accepted, under these ids.
struct AcceptedEvents {
  std::vector<Event> sent;
  std::vector<EventId> ids;
};

// A signal as somebody sent it.
struct SignalFact {
  std::string signal;
  std::string data;
  Position sent_at = 0;  // what was durable then
};

// What is kept of what happens.
enum class Log {
  kNone,
  kHash,   // of the trace, so that two plays can be compared
  kTrace,  // the trace too
};

// Judges the facts of one promise. Each method is told what just happened; `history` is what the
// durable batches amount to.
class Checker {
 public:
  virtual ~Checker() = default;

  // Before the batch is part of the history, and after.
  virtual void before_batch(const storage::Batch& batch, const History& history);
  virtual void after_batch(const storage::Batch& batch, const History& history, Time now);
  virtual void events_acked(const AcceptedEvents& accepted, const History& history);
  virtual void call_started(const core::Call& call, const History& history, Time now);
  virtual void call_answered(const core::CallId& call);  // the core is told
  virtual void body_started(const BodyFact& body, const History& history, Time now);
  virtual void body_finished(const BodyFact& body);
  virtual void op_sent(const OpFact& op);
  virtual void cancel_acked(const RunId& run, const History& history);
  // Who asked for a run was told that it exists; that one that was stored then does not.
  virtual void run_told(const RunId& run, const History& history);
  virtual void run_denied(const RunId& run, const History& history);
  virtual void signal_sent(const SignalFact& signal);
  // `was_taken`: by somebody; else nobody waits for it.
  virtual void signal_answered(const SignalFact& signal, bool was_taken);
  virtual void run_ended(const core::RunEnded& end, const History& history);
  // What the engine finds wrong with itself.
  virtual void found(const core::Finding& finding);
  virtual void crashed();
  virtual void clock_jumps(Time before);
  // At each crash and at the end: what the journal holds must agree with what was before.
  enum class Extent { kChanges, kEverything };
  virtual void audit(storage::JournalReader& reader, const History& history, Extent extent);
  // The world has stopped; nothing will happen any more.
  virtual void ended(const History& history);

  std::vector<Violation> take_violations() { return std::exchange(violations_, {}); }

 protected:
  // At most a few of one checker are kept: the first is what counts.
  void fail(std::string promise, std::string what);

 private:
  std::vector<Violation> violations_;
};

class Ledger {
 public:
  explicit Ledger(std::function<Time()> clock, Log log);

  void add(std::unique_ptr<Checker> checker) { checkers_.push_back(std::move(checker)); }

  void batch_durable(const storage::Batch& batch);
  void events_acked(const AcceptedEvents& accepted);
  void call_started(const core::Call& call);
  void call_answered(const core::CallId& call);
  void body_started(const BodyFact& body);
  void body_finished(const BodyFact& body);
  void op_sent(const OpFact& op);
  void cancel_acked(const RunId& run);
  void run_told(const RunId& run);
  void run_denied(const RunId& run);
  void signal_sent(const SignalFact& signal);
  void signal_answered(const SignalFact& signal, bool was_taken);
  void run_ended(const core::RunEnded& end);
  void found(const core::Finding& finding);
  void crashed();
  void clock_jumps();  // before it does
  // `extent`: look at everything, or only at what has changed since the last time.
  void audit(storage::JournalReader& reader, Checker::Extent extent);
  void ended();
  // Anything else worth a line of the trace.
  template <typename... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    if (log_ != Log::kNone) add_line(fmt::format(format, std::forward<Args>(args)...));
  }
  // A broken promise that is not a checker's business.
  void fail(std::string promise, std::string what);

  const History& history() const { return history_; }
  const std::vector<Violation>& violations() const { return violations_; }
  const std::vector<std::string>& trace() const { return trace_; }
  uint64_t hash() const { return hash_; }

 private:
  void collect();
  void add_line(const std::string& line);

  std::function<Time()> clock_;
  Log log_;
  History history_;
  std::vector<std::unique_ptr<Checker>> checkers_;
  std::vector<Violation> violations_;
  std::vector<std::string> trace_;
  uint64_t hash_ = 14695981039346656037ULL;
};

}  // namespace stepwell::sim
