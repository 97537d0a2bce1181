// Calls: how the core reaches a function's code, whatever runs it. A driver (native, HTTP) gets a
// Call and answers it exactly once with a Reply, or is told to drop the run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/function_config.h"
#include "schema/op.h"
#include "schema/run.h"
#include "schema/shared_text.h"

namespace stepwell::core {

// Identifies a call; never used again, also not after a restart (it holds the owner's epoch).
struct CallId {
  uint64_t epoch = 0;
  uint64_t number = 0;
  auto operator<=>(const CallId&) const = default;
};

// A resolved step as the function's code is to see it.
struct MemoEntry {
  StepKey key;
  std::string id;
  StepKind kind = StepKind::kRun;
  StepState state = StepState::kCompleted;  // kCompleted or kFailed
  // Raw JSON: the result; "null" for a timed-out wait. Every call of the run shows it, so that it
  // is shared.
  SharedText data;
  std::optional<ErrorInfo> error;           // when failed
  Position resolved_pos = 0;
};

// A registered step that is not resolved yet.
struct RegisteredStep {
  StepKey key;
  StepKind kind = StepKind::kRun;
};

// What never changes about a run while it is called: shared by all its calls.
struct RunContext {
  RunNo no = 0;
  RunId id;
  FunctionId function;
  std::vector<Event> events;  // what triggered it, the first first
  Time created_at{};
};

// Where the function's code is, as it was registered last: calls follow an app that moves.
struct Endpoint {
  std::string app;
  std::string url;  // empty: in this process
};

enum class CallKind : uint8_t {
  kFunction,  // run the function's code with the memo until it needs something new
  kStep,      // run the body of the planned step `target`
};

struct Call {
  CallId id;
  CallKind kind = CallKind::kFunction;
  std::shared_ptr<const RunContext> run;
  StepKey target;         // kStep: which
  std::string target_id;  // kStep: its id as the user wrote it
  // kStep: what the target is. Of kFetch and kInfer the driver makes this request itself.
  StepKind target_kind = StepKind::kRun;
  std::string request;
  // kStep: other arguments for the body than those that the code gives, a JSON array; empty: none.
  std::string input;
  std::shared_ptr<const Endpoint> endpoint;
  int attempt = 0;  // of the function's code or of the step, from 0
  int max_attempts = 1;
  // With `is_cold`, `memo` holds every resolved step, in the order in which they were resolved;
  // else only those that no earlier kFunction call of this run had (the driver keeps the frame).
  bool is_cold = true;
  std::vector<MemoEntry> memo;
  // Registered and unresolved steps: the code may meet them, their ops are not to be sent again.
  std::vector<RegisteredStep> pending;
  // What the run's last reply said of the language in which its code speaks (an SDK's version of
  // the protocol); 0: nothing yet.
  int dialect = 0;
};

// The code needs something: ops, in the order in which they were met. Empty: it waits for steps
// that are already registered.
struct Yielded {
  std::vector<StepOp> ops;
  bool wants_call = false;  // the code stopped by itself, and goes on when it is called again
};

// The function returned: the run completes with `output` (raw JSON), once `ops` are taken.
struct Returned {
  std::string output = "null";
  std::vector<StepOp> ops;
};

// The function's code threw, or could not be reached.
struct Threw {
  ErrorInfo error;
  bool retriable = true;
  std::optional<Duration> retry_after;
};

struct Reply {
  CallId call;
  RunNo run = 0;
  std::variant<Yielded, Returned, Threw> outcome;
  std::vector<Publication> publications;        // published outside of steps, in order
  ParallelMode parallel = ParallelMode::kRace;  // of kFunction calls
  int dialect = 0;                              // 0: as before
};

}  // namespace stepwell::core
