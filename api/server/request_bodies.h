// What the bodies of requests ask for, those of events apart (event_body.h): each a pure function
// of the bytes that came. The errors are the sender's, and say what is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/core/condition.h"
#include "engine/core/input.h"
#include "schema/result.h"

namespace stepwell::server {

// POST /v1/cancellations: which open runs are to be cancelled.
struct BulkCancellation {
  std::string app;
  std::string function;  // as it was given: with the app's id before it or without
  std::optional<Time> started_after;
  Time started_before{};
  std::string expression;  // over `event`, which triggered the run; empty: every run
  core::Condition condition;
};
Result<BulkCancellation> read_cancellation(std::string_view body, Time now);

// POST /v1/signals: {"signal", "data"?}
Result<core::SendSignal> read_signal(std::string_view body);

// POST /api/runs/{id}/rerun: {"from_step"?, "input"?}, or nothing.
Result<core::RerunRun> read_rerun(const RunId& id, std::string_view body);

// POST /v2/runs/{id}/rerun: {"fromStep"?: {"stepId", "input"?}}, or nothing.
Result<core::RerunRun> read_v2_rerun(const RunId& id, std::string_view body);

// POST /v2/apps/{app}/functions/{function}/invoke: {"data", "user"?, "idempotencyKey"?}; the
// last may also be spelt "idempotency_key". The function is still to be looked up.
Result<core::InvokeDirectly> read_invocation(std::string_view body);

}  // namespace stepwell::server
