// Runs and the records that the journal keeps of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/error_info.h"
#include "schema/ids.h"
#include "schema/op.h"
#include "schema/time.h"

namespace stepwell {

// A place in the journal. One counter numbers everything that is recorded (events, runs, steps,
// attempts), so that "before" and "after" are comparisons. Rising, with holes; zero is no position.
using Position = uint64_t;

// The number of a run inside its journal: the position of its creation.
using RunNo = Position;

// The numbers are stored: never reuse one.
enum class RunStatus : uint8_t {
  kScheduled = 1,  // created, its code was not called yet
  kRunning = 2,
  kCompleted = 3,
  kFailed = 4,
  kCancelled = 5,
  kSkipped = 6,
};

bool is_terminal(RunStatus status);
// "Scheduled", "Running", "Completed" …: the names of REST v1.
std::string_view run_status_name(RunStatus status);
std::optional<RunStatus> parse_run_status(std::string_view name);  // any case

// An accepted event as it is stored.
struct EventRecord {
  Position pos = 0;
  EventId id;                // internal
  bool has_user_id = false;  // event.id was given by the sender (or made from a seed): de-duplicate
  Event event;
  Time received_at{};
  // An event that the end of a run made: its data is built from that run when it is read, so that
  // the output is stored once. Zero: `event.data` is stored here.
  RunNo of_run = 0;
};

// Which events the end of a run makes. One that such an event triggered makes fewer: no function
// keeps itself going for ever, and the data of an event holds that of two others at most. The
// numbers are stored: never reuse one.
enum class EndEvents : uint8_t {
  kAll = 0,
  kNone = 1,         // behind `inngest/function.finished` or `failed`
  kNotCancelled = 2  // behind `inngest/function.cancelled`: all but another of that name
};

// Of a run that these events trigger.
EndEvents end_events_behind(const std::vector<Event>& triggers);

// Who waits for the result of a run that was invoked.
struct InvokedBy {
  RunNo run = 0;
  StepKey step;
  bool operator==(const InvokedBy&) const = default;
};

struct RunRecord {
  RunNo no = 0;
  RunId id;
  FunctionId function;
  RunStatus status = RunStatus::kScheduled;
  std::vector<Position> events;  // what triggered it, the first first
  std::string event_id;          // for de-duplication with the function id; empty: none
  Time created_at{};
  Time start_at{};  // not called before this (a future ts)
  std::optional<Time> started_at;
  std::optional<Time> ended_at;
  Position ended_pos = 0;
  std::string output;              // raw JSON, when it completed
  std::optional<ErrorInfo> error;  // why it failed, was or is being cancelled
  std::optional<InvokedBy> invoked_by;
  std::optional<RunId> rerun_of;
  EndEvents end_events = EndEvents::kAll;
  // What was evaluated when it was scheduled: run_flow_json() of schema/run_flow.h; empty: nothing.
  std::string flow;
  // The function's own attempts (steps have theirs): failed ones so far, and when the next is due.
  int attempt = 0;
  std::optional<Time> retry_at;
  // For poison runs (design.md): at how many unclean restarts in a row it was under way with
  // nothing recorded in between, as of `deaths_pos`; and how many of those it was resumed alone.
  int deaths = 0;
  int deaths_alone = 0;
  Position deaths_pos = 0;
  int dialect = 0;  // see core::Call; 0: its code has not answered yet
};

// The numbers are stored: never reuse one.
enum class StepState : uint8_t {
  kPending = 1,    // registered and not resolved: planned, sleeping, waiting, invoking
  kCompleted = 2,  // `data` is the memo
  kFailed = 3,     // `error` is the memo
  kDropped = 4,    // its run ended before it was resolved
};

// A step of a run: registered when its op arrives (unless it arrives with its result), resolved
// once.
struct StepRecord {
  Position pos = 0;  // of its registration; identifies the row
  RunNo run = 0;
  StepKey key;
  std::string id;  // as the user wrote it
  StepKind kind = StepKind::kRun;
  StepState state = StepState::kPending;
  Position resolved_pos = 0;  // 0 while pending
  Position base = 0;  // look-back base of its memo; pending: the newest memo that the code had
  Time registered_at{};
  std::optional<Time> resolved_at;
  std::optional<Time> due;  // sleeping, waiting: when time resolves it; planned: next attempt
  int attempts = 0;         // failed attempts so far
  std::string target;       // event name, signal or function waited for
  // The wait's residual expression; the request of a kFetch or kInfer; of a pending kRun other
  // arguments for its body than those that the code gives, if there are any.
  std::string expression;
  std::string data;         // raw JSON: the memo
  std::optional<ErrorInfo> error;
  Position resolved_event = 0;  // the event that resolved a wait
  RunNo invoked_run = 0;        // the run that an invoke started
};

// A failed attempt of a step, or of the function's own code when `step` is absent.
struct AttemptRecord {
  Position pos = 0;
  RunNo run = 0;
  std::optional<StepKey> step;
  int attempt = 0;  // counted from 0
  Time started_at{};
  Time ended_at{};
  ErrorInfo error;
  std::optional<Time> retry_at;  // absent: there is no further one
};

}  // namespace stepwell
