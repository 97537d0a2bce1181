// The trace of a run.
#include "api/server/inspect/parameters.h"
#include "api/server/inspect/queries.h"
#include "api/server/inspect/shape.h"
#include "api/server/inspect/why.h"
#include "api/server/wrong_id.h"

namespace stepwell::server {
namespace {

std::string_view state_name(StepState state) {
  switch (state) {
    case StepState::kPending:
      return "Pending";
    case StepState::kCompleted:
      return "Completed";
    case StepState::kFailed:
      return "Failed";
    case StepState::kDropped:
      return "Dropped";
  }
  return "unknown";
}

// What the target of a step of this kind is; empty: it has none.
std::string_view target_name(StepKind kind) {
  switch (kind) {
    case StepKind::kWaitForEvent:
    case StepKind::kCancelOn:
      return "event";
    case StepKind::kWaitForSignal:
      return "signal";
    case StepKind::kInvoke:
      return "function";
    default:
      return "";
  }
}

// Writes the parts of a trace that need the reader; the first error ends it.
class TraceWriter {
 public:
  TraceWriter(const storage::RunSnapshot& snapshot, storage::JournalReader& reader)
      : snapshot_(snapshot), reader_(reader) {}

  Result<std::string> write(const QueryRequest& request) {
    json_.begin_object().key("data").begin_object();
    Result<void> written = write_run();
    if (!written) return written.error();
    json_.key("events").begin_array();
    for (const EventRecord& event : snapshot_.events) write_event(json_, event);
    json_.end_array().key("steps").begin_array();
    for (const StepRecord& step : snapshot_.steps) {
      written = write_step(step);
      if (!written) return written.error();
    }
    json_.end_array();
    write_attempts(std::nullopt);
    if (!is_terminal(snapshot_.run.status)) {
      const Waiting waiting = why_not_moving(snapshot_, request.wake, request.now);
      json_.key("waiting").begin_object().key("kind").string(waiting.kind);
      json_.key("why").string(waiting.why);
      if (!waiting.what.empty()) json_.key("waiting_for").string(waiting.what);
      write_time(json_, "due", waiting.due);
      json_.end_object();
    }
    write_time(json_, "as_of", request.now);
    return json_.end_object().end_object().take();
  }

 private:
  Result<void> write_run() {
    json_.key("run").begin_object();
    write_run_members(json_, snapshot_.run, RunDetail::kFull);
    if (snapshot_.run.invoked_by) {
      Result<void> written = write_run_id("invoked_by", snapshot_.run.invoked_by->run);
      if (!written) return written.error();
    }
    json_.end_object();
    return {};
  }

  // The id of a run that is known by its number, if it is still there.
  Result<void> write_run_id(std::string_view key, RunNo no) {
    Result<std::optional<RunRecord>> run = run_at(reader_, no);
    if (!run) return run.error();
    if (*run) json_.key(key).string((**run).id.to_string());
    return {};
  }

  Result<void> write_step(const StepRecord& step) {
    json_.begin_object().key("id").string(step.id).key("key").string(step.key.to_string());
    json_.key("kind").string(step_kind_name(step.kind));
    json_.key("state").string(state_name(step.state));
    write_time(json_, "registered_at", step.registered_at);
    write_time(json_, "resolved_at", step.resolved_at);
    if (step.state == StepState::kPending || step.kind == StepKind::kSleep) {
      write_time(json_, "due", step.due);
    }
    if (const std::string_view name = target_name(step.kind); !name.empty()) {
      json_.key(name).string(step.target);
    }
    // The request of a fetch is not shown: it may hold keys.
    if (!step.expression.empty() && !has_body(step.kind)) json_.key("if").string(step.expression);
    if (step.resolved_event != 0) {
      json_.key("resolved_by");
      Result<void> written = write_event_name(json_, reader_, step.resolved_event);
      if (!written) return written.error();
    }
    if (step.invoked_run != 0) {
      Result<void> written = write_run_id("run", step.invoked_run);
      if (!written) return written.error();
    }
    json_.key("failed_attempts").integer(step.attempts);
    write_attempts(step.key);
    if (step.state == StepState::kCompleted) json_.key("data").raw(step.data);
    if (step.error) json_.key("error").raw(error_json(*step.error));
    json_.end_object();
    return {};
  }

  // The failed attempts of a step, or of the function itself.
  void write_attempts(const std::optional<StepKey>& step) {
    json_.key("attempts").begin_array();
    for (const AttemptRecord& attempt : snapshot_.attempts) {
      if (attempt.step == step) write_attempt(json_, attempt, step ? "" : led_to(attempt));
    }
    json_.end_array();
  }

  // The step that the function's code asked for first when it was tried again; empty: none yet.
  std::string_view led_to(const AttemptRecord& attempt) const {
    for (const StepRecord& step : snapshot_.steps) {
      if (step.pos > attempt.pos && step.kind != StepKind::kCancelOn) return step.id;
    }
    return "";
  }

  const storage::RunSnapshot& snapshot_;
  storage::JournalReader& reader_;
  JsonWriter json_;
};

}  // namespace

Result<std::string> show_run(const QueryRequest& request, storage::JournalReader& reader) {
  if (!request.query.empty()) return unknown_parameter(request.query.front().first, "none");
  const std::optional<RunId> id = RunId::parse(request.id);
  if (!id) return not_a_run_id(request.id);
  Result<std::optional<RunRecord>> found = reader.find_run(*id);
  if (!found) return found.error();
  if (!*found) return no_such_run(request.id);
  Result<storage::RunSnapshot> snapshot = reader.load_run((**found).no, true);
  if (!snapshot) return snapshot.error();
  return TraceWriter(*snapshot, reader).write(request);
}

}  // namespace stepwell::server
