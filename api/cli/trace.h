// A run's trace as the server tells it, and as people read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cli/screen.h"
#include "schema/json.h"
#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::cli {

struct TraceError {
  std::string name;
  std::string message;
  std::string stack;
};

// A failed attempt of a step, or of the function itself.
struct TraceAttempt {
  int64_t number = 1;
  Time started_at{};
  Time ended_at{};
  std::optional<Time> retry_at;
  TraceError error;
};

struct TraceStep {
  std::string id;
  std::string kind;   // "StepRun", "Sleep", "WaitForEvent" …
  std::string state;  // "Pending", "Completed", "Failed", "Dropped"
  Time registered_at{};
  std::optional<Time> resolved_at;
  std::optional<Time> due;
  std::string target;       // event, signal or function
  std::string condition;    // of a wait
  std::string resolved_by;  // id of the event that ended a wait
  std::string run;          // that an invoke started
  std::vector<TraceAttempt> attempts;
  std::string data;  // raw JSON; empty: none
  std::optional<TraceError> error;

  bool is_pending() const { return state == "Pending"; }
  bool is_run() const { return kind == "StepRun" || kind == "SendEvent"; }
  // Also by the engine itself: it is tried again, and waits for no one.
  bool is_call() const { return is_run() || kind == "Gateway" || kind == "AIGateway"; }
};

struct TraceEvent {
  std::string id;
  std::string name;
  std::string data;  // raw JSON
};

struct Trace {
  std::string id;
  std::string function;
  std::string status;
  Time created_at{};
  std::optional<Time> start_at;
  std::optional<Time> started_at;
  std::optional<Time> ended_at;
  Time as_of{};
  std::string rerun_of;
  std::string invoked_by;
  std::vector<std::string> flow_faults;  // what of its flow control could not be evaluated
  std::vector<TraceEvent> events;
  std::vector<TraceStep> steps;  // of the code, in the order in which they began
  std::vector<TraceStep> cancellations;
  std::vector<TraceAttempt> attempts;  // of the function itself
  std::string output;                  // raw JSON; empty: none
  std::optional<TraceError> error;
  std::string why;           // an open run is not moving
  std::string waiting_kind;  // "call", "timer" …; empty: it has ended
  std::string waiting_for;   // "event", "sleep" …; empty: nothing
  std::optional<Time> due;

  bool is_open() const { return !ended_at.has_value(); }
};

// Reads what GET /api/runs/{id} answers under "data".
Trace read_trace(const JsonView& data);

// Payloads in whole, or as much of them as a line holds.
enum class Payloads : uint8_t { kShort, kWhole };

// The page of `runs show`: heading, timeline, and how it ended or why it is not moving.
std::string render_trace(const Trace& trace, const Screen& screen, Payloads payloads);

// What happened since `before`, a line each, as `runs tail` prints it; all of it without a
// `before`.
std::string render_news(const Trace& trace, const Trace* before, const Screen& screen,
                        Payloads payloads);

}  // namespace stepwell::cli
