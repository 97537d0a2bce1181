#include "api/server/rest_v2_routes.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/server/event_body.h"
#include "api/server/queries.h"
#include "engine/runtime/clock.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

constexpr size_t kEventRunsMax = 40;

// -- Answers --------------------------------------------------------------------------------------

std::string_view code_of(int status) {
  switch (status) {
    case 400:
      return "invalid_request";
    case 404:
      return "not_found";
    case 409:
      return "conflict";
    case 501:
      return "not_implemented";
    case 503:
      return "unavailable";
    default:
      return "internal_error";
  }
}

Response v2_error(int status, std::string_view message) {
  JsonWriter out;
  out.begin_object().key("errors").begin_array().begin_object();
  out.key("code").string(code_of(status)).key("message").string(message);
  return Response::json(status, out.end_object().end_array().end_object().take());
}

Response v2_failure(const Error& error) {
  return v2_error(status_of(error.code), error.message);
}

Response v2_data(int status, std::string_view data) {
  JsonWriter out;
  out.begin_object().key("data").raw(data).key("metadata").begin_object();
  out.key("fetchedAt").string(format_rfc3339(runtime::wall_clock())).key("cachedUntil").null();
  return Response::json(status, out.end_object().end_object().take());
}

// -- Runs -----------------------------------------------------------------------------------------

std::string_view status_word(RunStatus status) {
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

void append_time(JsonWriter& out, std::string_view key, const std::optional<Time>& time) {
  out.key(key);
  if (time) {
    out.string(format_rfc3339(*time));
  } else {
    out.null();
  }
}

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
  std::string name;
  out.key("trigger").begin_object().key("eventIds").begin_array();
  for (const Position position : run.events) {
    const Result<std::optional<EventRecord>> event = reader.event_at(position);
    if (!event) return event.error();
    if (!*event) continue;
    if (name.empty()) name = (**event).event.name;
    out.string((**event).id.to_string());
  }
  out.end_array().key("eventName").string(name).key("isBatch").boolean(run.events.size() > 1);
  out.key("batchId").null().key("cronSchedule").null().end_object();
  return {};
}

Result<void> append_run(JsonWriter& out, const RunRecord& run,
                        const std::vector<storage::StoredFunction>& functions,
                        storage::JournalReader& reader) {
  out.begin_object().key("id").string(run.id.to_string());
  append_function(out, run, functions);
  out.key("status").string(status_word(run.status));
  append_time(out, "queuedAt", run.created_at);
  append_time(out, "startedAt", run.started_at);
  append_time(out, "endedAt", run.ended_at);
  out.key("durationMs");
  if (run.started_at && run.ended_at) {
    out.string(std::to_string((*run.ended_at - *run.started_at).count()));
  } else {
    out.null();
  }
  if (const Result<void> trigger = append_trigger(out, run, reader); !trigger) return trigger;
  out.key("output");
  if (run.error) {
    out.raw(error_json(*run.error));
  } else if (!run.output.empty()) {
    out.raw(run.output);
  } else {
    out.null();
  }
  out.end_object();
  return {};
}

Result<std::string> v2_run(storage::JournalReader& reader, const RunId& id) {
  const Result<std::optional<RunRecord>> run = reader.find_run(id);
  if (!run) return run.error();
  if (!*run) return Error{ErrorCode::kNotFound, "there is no run " + id.to_string()};
  const auto functions = reader.functions();
  if (!functions) return functions.error();
  JsonWriter out;
  const Result<void> written = append_run(out, **run, *functions, reader);
  if (!written) return written.error();
  return out.take();
}

Result<std::string> v2_runs_of_event(storage::JournalReader& reader, const std::string& id) {
  const Result<std::optional<EventRecord>> event = reader.find_event(id);
  if (!event) return event.error();
  if (!*event) return Error{ErrorCode::kNotFound, fmt::format("there is no event {}", id)};
  const auto runs = reader.list_runs({.of_event = (**event).pos, .limit = kEventRunsMax});
  if (!runs) return runs.error();
  const auto functions = reader.functions();
  if (!functions) return functions.error();
  JsonWriter out;
  out.begin_array();
  for (const RunRecord& run : *runs) {
    const Result<void> written = append_run(out, run, *functions, reader);
    if (!written) return written.error();
  }
  return out.end_array().take();
}

// -- Handlers -------------------------------------------------------------------------------------

// As Gateway::answer_query, with this API's errors.
void answer(Gateway& gateway, const Responder& responder, Gateway::Query query) {
  const Result<void> queued = gateway.runtime().query(
      [&gateway, responder, query = std::move(query)](storage::JournalReader& reader) {
        const Result<std::string> result = query(reader);
        Response response = result ? v2_data(200, *result) : v2_failure(result.error());
        gateway.loop().post(
            [responder, response = std::move(response)] { responder.send(response); });
      });
  if (!queued) responder.send(v2_failure(queued.error()));
}

// The run's id from the path; answers if it is none.
std::optional<RunId> run_of(const Request& request, const Responder& responder) {
  std::optional<RunId> id = RunId::parse(request.param("id"));
  if (!id) {
    responder.send(
        v2_error(400, fmt::format("\"{}\" is not the id of a run", request.param("id"))));
  }
  return id;
}

void get_run(Gateway& gateway, const Request& request, const Responder& responder) {
  const std::optional<RunId> id = run_of(request, responder);
  if (!id) return;
  answer(gateway, responder,
         [id = *id](storage::JournalReader& reader) { return v2_run(reader, id); });
}

void cancel_run(Gateway& gateway, const Request& request, const Responder& responder) {
  const std::optional<RunId> id = run_of(request, responder);
  if (!id) return;
  gateway.submit(core::CancelRun{.id = *id}, [responder, id = *id](const core::Answer& done) {
    if (done.error) return responder.send(v2_failure(*done.error));
    JsonWriter out;
    out.begin_object().key("id").string(id.to_string()).key("status").string("CANCELLED");
    responder.send(v2_data(200, out.end_object().take()));
  });
}

void rerun(Gateway& gateway, const Request& request, const Responder& responder) {
  const std::optional<RunId> id = run_of(request, responder);
  if (!id) return;
  if (!request.body.empty()) {
    const Result<JsonView> body = parse_json(request.body);
    if (!body) return responder.send(v2_failure(body.error()));
    const auto from = body->find("fromStep");
    if (from && !from->is_null()) {
      return responder.send(v2_error(
          501, "\"fromStep\": this version reruns whole runs only; leave it out to do so"));
    }
  }
  gateway.submit(core::RerunRun{.id = *id}, [responder](const core::Answer& done) {
    if (done.error) return responder.send(v2_failure(*done.error));
    JsonWriter out;
    out.begin_object().key("runId").string(done.run->to_string()).end_object();
    responder.send(v2_data(200, out.take()));
  });
}

void submit_invocation(Gateway& gateway, FunctionId function, Event event,
                       const Responder& responder) {
  core::InvokeDirectly input;
  input.function = std::move(function);
  input.event = std::move(event);
  gateway.submit(std::move(input), [responder](const core::Answer& done) {
    if (done.error) return responder.send(v2_failure(*done.error));
    JsonWriter out;
    out.begin_object().key("runId").string(done.run->to_string());
    out.key("queuedAt").string(format_rfc3339(done.run->ulid.time())).end_object();
    responder.send(v2_data(200, out.take()));
  });
}

// {"data":{…}}; the function may be named with its app's id before it or without.
void invoke(Gateway& gateway, const Request& request, const Responder& responder) {
  const std::string text = request.body.empty() ? "{}" : request.body;
  Result<Event> event = parse_event(text, NameRule::kIgnored);
  if (!event) return responder.send(v2_failure(event.error()));
  const Result<JsonView> body = parse_json(text);
  const auto key = body->find("idempotencyKey");
  if (key && !key->is_null()) {
    return responder.send(v2_error(501,
                                   "\"idempotencyKey\": this version cannot do it yet; send an "
                                   "event with an id instead"));
  }
  const Result<void> queued = gateway.runtime().query(
      [&gateway, responder, app = request.param("app"), function = request.param("function"),
       event = std::make_shared<Event>(std::move(*event))](storage::JournalReader& reader) {
        const Result<FunctionId> id = find_function(reader, app, function);
        gateway.loop().post([&gateway, responder, id, event] {
          if (!id) return responder.send(v2_failure(id.error()));
          submit_invocation(gateway, *id, std::move(*event), responder);
        });
      });
  if (!queued) responder.send(v2_failure(queued.error()));
}

void post_event(Gateway& gateway, const Request& request, const Responder& responder) {
  EventBody body = parse_event_body(request.body, std::nullopt);
  if (!body.error.empty() || body.items.size() != 1) {
    return responder.send(v2_error(400, body.error.empty() ? "one event is wanted" : body.error));
  }
  core::AcceptEvents input;
  input.events = std::move(body.items);
  gateway.submit(std::move(input), [responder](const core::Answer& done) {
    if (done.error) return responder.send(v2_failure(*done.error));
    JsonWriter out;
    out.begin_object().key("eventId").string(done.event_ids.at(0).to_string()).end_object();
    responder.send(v2_data(200, out.take()));
  });
}

void runs_of_event(Gateway& gateway, const Request& request, const Responder& responder) {
  answer(gateway, responder, [id = request.param("id")](storage::JournalReader& reader) {
    return v2_runs_of_event(reader, id);
  });
}

}  // namespace

void add_rest_v2_routes(Router& router, Gateway& gateway) {
  using Handle = void (*)(Gateway&, const Request&, const Responder&);
  for (const std::string_view prefix : {"/v2", "/api/v2"}) {
    const auto add = [&](Method method, std::string_view pattern, Handle handle,
                         size_t bytes_max = kDefaultBodyLimit) {
      router.add({.method = method,
                  .pattern = fmt::format("{}{}", prefix, pattern),
                  .policy = Access::kSigningKey,
                  .body_bytes_max = bytes_max,
                  .handler = [&gateway, handle](Request&& request, const Responder& responder) {
                    handle(gateway, request, responder);
                  }});
    };
    add(Method::kGet, "/runs/{id}", get_run);
    add(Method::kPost, "/runs/{id}/cancel", cancel_run);
    add(Method::kPost, "/runs/{id}/rerun", rerun);
    add(Method::kPost, "/apps/{app}/functions/{function}/invoke", invoke, kEventBytesMax);
    add(Method::kPost, "/events", post_event, kEventBytesMax);
    add(Method::kGet, "/events/{id}/runs", runs_of_event);
  }
}

}  // namespace stepwell::server
