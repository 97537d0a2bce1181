#include "api/cli/trace.h"

#include <algorithm>

namespace stepwell::cli {
namespace {

std::string read_string(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> value = object.find(key);
  return value ? value->as_string().value_or("") : std::string();
}

std::optional<Time> read_time(const JsonView& object, std::string_view key) {
  const Result<Time> time = parse_rfc3339(read_string(object, key));
  return time ? std::optional(*time) : std::nullopt;
}

std::string read_raw(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> value = object.find(key);
  return value ? std::string(value->text()) : std::string();
}

std::optional<TraceError> read_error(const JsonView& object) {
  const std::optional<JsonView> error = object.find("error");
  if (!error || !error->is_object()) return std::nullopt;
  return TraceError{read_string(*error, "name"), read_string(*error, "message"),
                    read_string(*error, "stack")};
}

template <typename T>
std::vector<T> read_list(const JsonView& object, std::string_view key, T (*read)(const JsonView&)) {
  std::vector<T> items;
  const std::optional<JsonView> list = object.find(key);
  if (!list) return items;
  for (JsonElements it = list->elements(); it.next();) items.push_back(read(it.value()));
  return items;
}

TraceAttempt read_attempt(const JsonView& object) {
  const std::optional<JsonView> number = object.find("number");
  return {.number = number ? number->as_int64().value_or(1) : 1,
          .started_at = read_time(object, "started_at").value_or(Time{}),
          .ended_at = read_time(object, "ended_at").value_or(Time{}),
          .retry_at = read_time(object, "retry_at"),
          .error = read_error(object).value_or(TraceError{})};
}

TraceEvent read_event(const JsonView& object) {
  return {read_string(object, "id"), read_string(object, "name"), read_raw(object, "data")};
}

TraceStep read_step(const JsonView& object) {
  TraceStep step;
  step.id = read_string(object, "id");
  step.kind = read_string(object, "kind");
  step.state = read_string(object, "state");
  step.registered_at = read_time(object, "registered_at").value_or(Time{});
  step.resolved_at = read_time(object, "resolved_at");
  step.due = read_time(object, "due");
  for (std::string_view key : {"event", "signal", "function"}) {
    if (step.target.empty()) step.target = read_string(object, key);
  }
  step.condition = read_string(object, "if");
  if (const auto event = object.find("resolved_by")) step.resolved_by = read_string(*event, "id");
  step.run = read_string(object, "run");
  step.attempts = read_list(object, "attempts", read_attempt);
  step.data = read_raw(object, "data");
  step.error = read_error(object);
  return step;
}

std::string read_text(const JsonView& value) {
  return value.as_string().value_or("");
}

void read_run(const JsonView& run, Trace& trace) {
  trace.id = read_string(run, "id");
  trace.function = read_string(run, "function");
  trace.status = read_string(run, "status");
  trace.created_at = read_time(run, "created_at").value_or(Time{});
  trace.start_at = read_time(run, "start_at");
  trace.started_at = read_time(run, "started_at");
  trace.ended_at = read_time(run, "ended_at");
  trace.rerun_of = read_string(run, "rerun_of");
  trace.invoked_by = read_string(run, "invoked_by");
  trace.flow_faults = read_list(run, "flow_faults", read_text);
  trace.output = read_raw(run, "output");
  trace.error = read_error(run);
}

}  // namespace

Trace read_trace(const JsonView& data) {
  Trace trace;
  if (const auto run = data.find("run")) read_run(*run, trace);
  trace.as_of = read_time(data, "as_of").value_or(trace.created_at);
  trace.events = read_list(data, "events", read_event);
  for (TraceStep& step : read_list(data, "steps", read_step)) {
    const bool is_cancellation = step.kind == "CancelOn";
    (is_cancellation ? trace.cancellations : trace.steps).push_back(std::move(step));
  }
  std::stable_sort(trace.steps.begin(), trace.steps.end(),
                   [](const auto& a, const auto& b) { return a.registered_at < b.registered_at; });
  trace.attempts = read_list(data, "attempts", read_attempt);
  if (const auto waiting = data.find("waiting")) {
    trace.why = read_string(*waiting, "why");
    trace.waiting_kind = read_string(*waiting, "kind");
    trace.waiting_for = read_string(*waiting, "waiting_for");
    trace.due = read_time(*waiting, "due");
  }
  return trace;
}

}  // namespace stepwell::cli
