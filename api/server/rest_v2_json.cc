#include "api/server/rest_v2_json.h"

#include <algorithm>
#include <utility>

#include "api/server/request.h"
#include "engine/runtime/clock.h"
#include "schema/run_flow.h"

namespace stepwell::server {

// -- Answers --------------------------------------------------------------------------------------

namespace {

std::string_view code_of(int status) {
  switch (status) {
    case 400:
      return "invalid_request";
    case 401:
      return "unauthorized";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 413:
      return "too_large";
    case 501:
      return "not_implemented";
    case 503:
      return "unavailable";
    default:
      return "internal_error";
  }
}

void append_metadata(JsonWriter& out) {
  out.key("metadata").begin_object();
  out.key("fetchedAt").string(format_rfc3339(runtime::wall_clock())).key("cachedUntil").null();
  out.end_object();
}

}  // namespace

Response v2_error(int status, std::string_view message) {
  JsonWriter out;
  out.begin_object().key("errors").begin_array().begin_object();
  out.key("code").string(code_of(status)).key("message").string(message);
  return Response::json(status, out.end_object().end_array().end_object().take());
}

Response v2_failure(const Error& error) {
  Response response = v2_error(status_of(error.code), error.message);
  response.headers = failure(error).headers;  // Retry-After, when it is worth trying again
  return response;
}

Response v2_data(int status, std::string_view data) {
  JsonWriter out;
  out.begin_object().key("data").raw(data);
  append_metadata(out);
  return Response::json(status, out.end_object().take());
}

Response v2_page(const V2Page& page) {
  JsonWriter out;
  out.begin_object().key("data").raw(page.data);
  append_metadata(out);
  out.key("page").begin_object().key("cursor");
  if (page.cursor) {
    out.string(*page.cursor);
  } else {
    out.null();
  }
  out.key("hasMore").boolean(page.cursor.has_value());
  out.key("limit").integer(static_cast<int64_t>(page.limit)).end_object();
  return Response::json(200, out.end_object().take());
}

// -- Runs -----------------------------------------------------------------------------------------

std::string_view v2_status(RunStatus status) {
  switch (status) {
    case RunStatus::kScheduled:
      return "QUEUED";
    case RunStatus::kRunning:
      return "RUNNING";
    case RunStatus::kCompleted:
      return "COMPLETED";
    case RunStatus::kFailed:
      return "FAILED";
    case RunStatus::kCancelled:
      return "CANCELLED";
    case RunStatus::kSkipped:
      return "SKIPPED";
  }
  return "UNKNOWN";
}

void append_v2_time(JsonWriter& out, std::string_view key, const std::optional<Time>& time) {
  out.key(key);
  if (time) {
    out.string(format_rfc3339(*time));
  } else {
    out.null();
  }
}

std::optional<RunStatus> parse_v2_status(std::string_view word) {
  for (const RunStatus status : {RunStatus::kScheduled, RunStatus::kRunning, RunStatus::kCompleted,
                                 RunStatus::kFailed, RunStatus::kCancelled, RunStatus::kSkipped}) {
    if (equals_ignoring_case(v2_status(status), word)) return status;
  }
  return std::nullopt;
}

Result<V2Output> read_v2_output(std::string_view value) {
  if (value == "true") return V2Output::kShown;
  if (value == "false") return V2Output::kLeftOut;
  return Error{ErrorCode::kInvalid, "\"includeOutput\" is true or false"};
}

namespace {

void append_function(JsonWriter& out, const RunRecord& run,
                     const std::vector<storage::StoredFunction>& functions) {
  const auto found = std::find_if(
      functions.begin(), functions.end(),
      [&](const storage::StoredFunction& one) { return one.config.id == run.function; });
  const std::string app = found == functions.end() ? "" : found->config.app;
  std::string_view id = run.function.slug;
  if (!app.empty() && id.starts_with(app + "-")) id.remove_prefix(app.size() + 1);
  out.key("function").begin_object().key("id").string(id);
  out.key("name").string(found == functions.end() ? "" : found->config.name);
  out.key("app").begin_object().key("id").string(app).end_object().end_object();
  out.key("app").begin_object().key("id").string(app).end_object();
}

Result<void> append_trigger(JsonWriter& out, const RunRecord& run, storage::JournalReader& reader) {
  const bool is_batch = parse_run_flow(run.flow).batched_at.has_value();
  std::string name;
  out.key("trigger").begin_object().key("eventIds").begin_array();
  for (const Position position : run.events) {
    const Result<std::optional<EventRecord>> event = reader.event_at(position);
    if (!event) return event.error();
    if (!*event) continue;
    if (name.empty()) name = (**event).event.name;
    out.string((**event).id.to_string());
  }
  out.end_array().key("eventName").string(name).key("isBatch").boolean(is_batch);
  out.key("batchId").null().key("cronSchedule").null().end_object();
  return {};
}

}  // namespace

Result<void> append_v2_run(JsonWriter& out, const RunRecord& run,
                           const std::vector<storage::StoredFunction>& functions,
                           storage::JournalReader& reader, V2Output output) {
  out.begin_object().key("id").string(run.id.to_string());
  append_function(out, run, functions);
  out.key("status").string(v2_status(run.status));
  append_v2_time(out, "queuedAt", run.created_at);
  append_v2_time(out, "startedAt", run.started_at);
  append_v2_time(out, "endedAt", run.ended_at);
  out.key("durationMs");
  if (run.started_at && run.ended_at) {
    out.string(std::to_string((*run.ended_at - *run.started_at).count()));
  } else {
    out.null();
  }
  if (const Result<void> trigger = append_trigger(out, run, reader); !trigger) return trigger;
  if (output == V2Output::kShown) {
    out.key("output");
    if (run.error) {
      out.raw(error_json(*run.error));
    } else if (!run.output.empty()) {
      out.raw(run.output);
    } else {
      out.null();
    }
  }
  out.end_object();
  return {};
}

void answer_v2(Gateway& gateway, const Responder& responder,
               std::function<Result<Response>(storage::JournalReader&)> query) {
  const Result<void> queued = gateway.runtime().query(
      // The loop outlives the threads that read; the gateway may not.
      [&loop = gateway.loop(), responder,
       query = std::move(query)](storage::JournalReader& reader) {
        const Result<Response> result = query(reader);
        Response response = result ? *result : v2_failure(result.error());
        loop.post([responder, response = std::move(response)] { responder.send(response); });
      });
  if (!queued) responder.send(v2_failure(queued.error()));
}

}  // namespace stepwell::server
