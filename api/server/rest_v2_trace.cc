// REST v2: a run as a tree of spans: the run, its steps, the failed attempts of each.
#include <fmt/core.h>

#include <string>
#include <utility>

#include "api/server/rest_v2_json.h"
#include "api/server/rest_v2_routes.h"

namespace stepwell::server {
namespace {

using storage::JournalReader;

std::string_view span_kind(StepKind kind) {
  switch (kind) {
    case StepKind::kInvoke:
      return "INVOKE";
    case StepKind::kSleep:
      return "SLEEP";
    case StepKind::kWaitForEvent:
    case StepKind::kCancelOn:
      return "WAIT_FOR_EVENT";
    case StepKind::kWaitForSignal:
      return "WAIT_FOR_SIGNAL";
    case StepKind::kInfer:
      return "AI_GATEWAY";
    case StepKind::kRun:
    case StepKind::kSendEvent:
    case StepKind::kFetch:
      return "RUN";
  }
  return "RUN";
}

std::string_view span_status(const StepRecord& step) {
  switch (step.state) {
    case StepState::kPending:
      return has_body(step.kind) ? (step.due ? "QUEUED" : "RUNNING") : "WAITING";
    case StepState::kCompleted:
      return "COMPLETED";
    case StepState::kFailed:
      return "FAILED";
    case StepState::kDropped:
      return "CANCELLED";
  }
  return "RUNNING";
}

// What a span lasts from, and until, with how long that was.
void append_times(JsonWriter& out, Time queued, const std::optional<Time>& started,
                  const std::optional<Time>& ended) {
  out.key("durationMs");
  if (started && ended) {
    out.string(std::to_string((*ended - *started).count()));
  } else {
    out.null();
  }
  append_v2_time(out, "queuedAt", queued);
  append_v2_time(out, "startedAt", started);
  append_v2_time(out, "endedAt", ended);
}

class TraceWriter {
 public:
  TraceWriter(const storage::RunSnapshot& snapshot, JournalReader& reader, V2Output output)
      : snapshot_(snapshot), reader_(reader), output_(output) {}

  Result<std::string> write() {
    const RunRecord& run = snapshot_.run;
    begin(run.id.to_string(), run.function.slug, v2_status(run.status));
    append_times(out_, run.created_at, run.started_at, run.ended_at);
    append_outcome(run.output, run.error);
    out_.key("children").begin_array();
    append_attempts(std::nullopt);
    for (const StepRecord& step : snapshot_.steps) {
      if (step.kind == StepKind::kCancelOn) continue;  // it is no step of the function's
      if (const Result<void> done = append_step(step); !done) return done.error();
    }
    return out_.end_array().end_object().take();
  }

 private:
  void begin(std::string_view id, std::string_view name, std::string_view status) {
    out_.begin_object().key("id").string(id).key("name").string(name);
    out_.key("status").string(status);
  }

  void append_outcome(std::string_view data, const std::optional<ErrorInfo>& error) {
    if (output_ == V2Output::kLeftOut) return;
    out_.key("output");
    if (error) {
      out_.raw(error_json(*error));
    } else {
      out_.raw(data.empty() ? "null" : data);
    }
  }

  Result<void> append_step(const StepRecord& step) {
    begin(step.key.to_string(), step.id, span_status(step));
    out_.key("stepOp").string(span_kind(step.kind)).key("stepId").string(step.id);
    append_times(out_, step.registered_at, step.registered_at, step.resolved_at);
    if (step.invoked_run != 0) {
      const auto runs = reader_.list_runs({.before = step.invoked_run + 1, .limit = 1});
      if (!runs) return runs.error();
      if (!runs->empty() && runs->front().no == step.invoked_run) {
        out_.key("runId").string(runs->front().id.to_string());
      }
    }
    const bool has_ended = step.state != StepState::kPending;  // else its data is a request
    append_outcome(has_ended ? std::string_view(step.data) : std::string_view(), step.error);
    out_.key("children").begin_array();
    append_attempts(step.key);
    out_.end_array().end_object();
    return {};
  }

  // Of a step, or of the function's own code.
  void append_attempts(const std::optional<StepKey>& step) {
    for (const AttemptRecord& attempt : snapshot_.attempts) {
      if (attempt.step != step) continue;
      begin(std::to_string(attempt.pos), fmt::format("Attempt {}", attempt.attempt), "FAILED");
      append_times(out_, attempt.started_at, attempt.started_at, attempt.ended_at);
      append_outcome("", attempt.error);
      out_.key("children").begin_array().end_array().end_object();
    }
  }

  const storage::RunSnapshot& snapshot_;
  JournalReader& reader_;
  V2Output output_;
  JsonWriter out_;
};

Result<Response> show_trace(JournalReader& reader, const RunId& id, V2Output output) {
  const Result<std::optional<RunRecord>> run = reader.find_run(id);
  if (!run) return run.error();
  if (!*run) return Error{ErrorCode::kNotFound, "there is no run " + id.to_string()};
  const Result<storage::RunSnapshot> snapshot = reader.load_run((**run).no, true);
  if (!snapshot) return snapshot.error();
  const Result<std::string> root = TraceWriter(*snapshot, reader, output).write();
  if (!root) return root.error();
  JsonWriter out;
  out.begin_object().key("runId").string(id.to_string()).key("rootSpan").raw(*root).end_object();
  return v2_data(200, out.take());
}

}  // namespace

void get_v2_trace(Gateway& gateway, const Request& request, const Responder& responder) {
  const std::optional<RunId> id = RunId::parse(request.param("id"));
  if (!id) {
    return responder.send(
        v2_error(400, fmt::format("\"{}\" is not the id of a run", request.param("id"))));
  }
  const Result<V2Output> output =
      read_v2_output(request.query_value("includeOutput").value_or("false"));
  if (!output) return responder.send(v2_failure(output.error()));
  answer_v2(gateway, responder, [id = *id, output = *output](JournalReader& reader) {
    return show_trace(reader, id, output);
  });
}

}  // namespace stepwell::server
