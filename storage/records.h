// What a batch is made of: domain records, not SQL. Each says the whole of what it changes, so that
// storage never reads to decide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schema/function_config.h"
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
// created_at, start_at, invoked_by, rerun_of, is_quiet). Precondition: the run exists and is not
// terminal.
struct UpdateRun {
  RunRecord run;
};

// A new step, pending or resolved at once. Precondition: the run has no step of this key.
struct PutStep {
  StepRecord step;
};

// Resolves a pending step, or moves it (`step.due`, `step.attempts`). Identified by run and pos;
// what its registration fixed (key, id, kind, registered_at, target, expression) stays as it is.
// Precondition: the step exists and is pending.
struct UpdateStep {
  StepRecord step;
};

// Drops what is still pending of a run that ended (StepState::kDropped). No precondition.
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

using Record = std::variant<PutEvent, PutRun, UpdateRun, PutStep, UpdateStep, DropPendingSteps,
                            PutAttempt, PutFunction>;

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
