// What a batch is made of: domain records, not SQL. Each says the whole of what it changes, so that
// storage never reads to decide.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/function_config.h"
#include "schema/message.h"
#include "schema/run.h"

namespace stepwell::storage {

// The unit of ownership. SQLite has one shard, 0; a shared database may have many.
using ShardId = uint32_t;

// A new event. Precondition: no event at this position.
struct PutEvent {
  EventRecord event;
};

// A new run. Precondition: no run of this number or id.
struct PutRun {
  RunRecord run;
};

// Replaces all of a run but what its creation fixed (no, id, function, events, event_id,
// created_at, start_at, invoked_by, rerun_of, end_events, flow). Precondition: the run exists and
// is not terminal.
struct UpdateRun {
  RunRecord run;
};

// A new step, pending or resolved at once. Precondition: the run has no step of this key.
struct PutStep {
  StepRecord step;
};

// Resolves a pending step, or moves it (`step.due`, `step.attempts`). Identified by run and pos;
// what its registration fixed (key, id, kind, registered_at, target, expression) stays as it is.
// All else is replaced, also `data`: of a pending kFetch or kInfer step that is its request, and
// the keys in it are kept no longer than they are needed. Precondition: the step exists and is
// pending.
struct UpdateStep {
  StepRecord step;
};

// Drops what is still pending of a run that ended (StepState::kDropped), with its data. No
// precondition.
struct DropPendingSteps {
  RunNo run = 0;
  Position pos = 0;  // of the end
  Time at{};
};

// A failed attempt. Precondition: no attempt at this position.
struct PutAttempt {
  AttemptRecord attempt;
};

// A function's configuration, new or changed. `archived`: no longer part of its app.
struct PutFunction {
  FunctionConfig config;
  bool archived = false;
  Position pos = 0;
};

// What a flow state is about. The numbers are stored: never reuse one.
enum class FlowKind : uint8_t {
  kThrottle = 1,
  kRateLimit = 2,
  kDebounce = 3,
  kBatch = 4,
  kBatchEvent = 5,
  kCron = 6,
  kPaused = 7,
};

// Which row of flow state: what flow control keeps of a function beside its runs. Ordered by
// function (bytes), kind, key (bytes), position.
struct FlowStateKey {
  std::string function;  // its slug
  FlowKind kind = FlowKind::kThrottle;
  std::string key;   // the value of the option's key, say; empty: the function has one
  Position pos = 0;  // of several rows of one key
  auto operator<=>(const FlowStateKey&) const = default;
};

// Puts a row of flow state, or replaces the one of the same key. No precondition.
struct PutFlowState {
  FlowStateKey key;
  Time at{};         // what this is depends on the kind
  std::string data;  // this too
};

// Drops the rows of function, kind and key at positions from one to another, both included. No
// precondition.
struct DropFlowState {
  std::string function;
  FlowKind kind = FlowKind::kThrottle;
  std::string key;
  Position up_to = kAllPositions;
  Position from = 0;

  static constexpr Position kAllPositions = static_cast<Position>(INT64_MAX);
};

// A message of a channel with a durable history. Precondition: no message at this position.
struct PutMessage {
  MessageRecord message;
};

// Drops the messages up to this position, which is remembered. No precondition.
struct DropMessages {
  Position through = 0;
};

// What is known of a topic, new or changed; an empty schema: nothing any more.
struct PutTopic {
  TopicRecord topic;
  Position pos = 0;
};

using Record =
    std::variant<PutEvent, PutRun, UpdateRun, PutStep, UpdateStep, DropPendingSteps, PutAttempt,
                 PutFunction, PutFlowState, DropFlowState, PutMessage, DropMessages, PutTopic>;

// One transaction.
struct Batch {
  ShardId shard = 0;
  uint64_t epoch = 0;       // of the owner; a commit of an older one is fenced
  uint64_t expect_seq = 0;  // how many batches were committed before this one
  Position last_pos = 0;    // the highest position given out so far
  bool clean_stop = false;  // the last batch of an orderly stop
  std::vector<Record> records;
};

}  // namespace stepwell::storage
