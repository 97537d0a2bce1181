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
#include "api/server/request_bodies.h"
#include "api/server/rest_v2_json.h"
#include "engine/runtime/clock.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

constexpr size_t kEventRunsMax = 40;

Result<Response> v2_run(storage::JournalReader& reader, const RunId& id) {
  const Result<std::optional<RunRecord>> run = reader.find_run(id);
  if (!run) return run.error();
  if (!*run) return Error{ErrorCode::kNotFound, "there is no run " + id.to_string()};
  const auto functions = reader.functions();
  if (!functions) return functions.error();
  JsonWriter out;
  const Result<void> written = append_v2_run(out, **run, *functions, reader);
  if (!written) return written.error();
  return v2_data(200, out.take());
}

Result<Response> v2_runs_of_event(storage::JournalReader& reader, const std::string& id) {
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
    const Result<void> written = append_v2_run(out, run, *functions, reader);
    if (!written) return written.error();
  }
  return v2_data(200, out.end_array().take());
}

// -- Handlers -------------------------------------------------------------------------------------

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
  answer_v2(gateway, responder,
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
  Result<core::RerunRun> rerun = read_v2_rerun(*id, request.body);
  if (!rerun) return responder.send(v2_failure(rerun.error()));
  gateway.submit(std::move(*rerun), [responder](const core::Answer& done) {
    if (done.error) return responder.send(v2_failure(*done.error));
    JsonWriter out;
    out.begin_object().key("runId");
    if (done.run) {
      out.string(done.run->to_string());
    } else {
      out.null();  // it waits for further events
    }
    responder.send(v2_data(200, out.end_object().take()));
  });
}

// 409, with the run that the key had started, if it has: the first may be debounced or batched yet.
Result<Response> repeated_invocation(storage::JournalReader& reader, const FunctionId& function,
                                     std::string_view key, const Error& error) {
  const Time since = runtime::wall_clock() - core::kDeduplicationWindow;
  const auto history = reader.event_history(core::invocation_id(function, key), since);
  if (!history) return history.error();
  for (const storage::EventHistory::Started& started : history->started) {
    if (started.function != function) continue;
    const auto runs = reader.list_runs({.before = started.run + 1, .limit = 1});
    if (!runs) return runs.error();
    if (runs->empty() || runs->front().no != started.run) continue;
    JsonWriter out;
    out.begin_object().key("errors").begin_array().begin_object();
    out.key("code").string("conflict").key("message").string(error.message);
    out.end_object().end_array().key("data").begin_object();
    out.key("runId").string(runs->front().id.to_string()).end_object();
    return Response::json(409, out.end_object().take());
  }
  return error;
}

void submit_invocation(Gateway& gateway, core::InvokeDirectly input, const Responder& responder) {
  gateway.submit(input, [&gateway, responder, function = input.function,
                         key = input.idempotency_key](const core::Answer& done) {
    if (done.error && done.error->code == ErrorCode::kConflict && !key.empty()) {
      return answer_v2(gateway, responder,
                       [function, key, error = *done.error](storage::JournalReader& reader) {
                         return repeated_invocation(reader, function, key, error);
                       });
    }
    if (done.error) return responder.send(v2_failure(*done.error));
    JsonWriter out;
    out.begin_object().key("runId");
    if (done.run) {
      out.string(done.run->to_string());
      out.key("queuedAt").string(format_rfc3339(done.run->ulid.time()));
    } else {  // debounced or batched: the event's runs tell, once there is one
      out.null().key("eventId").string(done.event_ids.at(0).to_string());
    }
    out.end_object();
    responder.send(v2_data(200, out.take()));
  });
}

// The function may be named with its app's id before it or without.
void invoke(Gateway& gateway, const Request& request, const Responder& responder) {
  Result<core::InvokeDirectly> read = read_invocation(request.body);
  if (!read) return responder.send(v2_failure(read.error()));
  auto input = std::make_shared<core::InvokeDirectly>(std::move(*read));
  const Result<void> queued = gateway.runtime().query(
      // The loop outlives the threads that read; the gateway may not, unless the loop runs.
      [&gateway, &loop = gateway.loop(), responder, app = request.param("app"),
       function = request.param("function"), input](storage::JournalReader& reader) {
        const Result<FunctionId> id = find_function(reader, app, function);
        loop.post([&gateway, responder, id, input] {
          if (!id) return responder.send(v2_failure(id.error()));
          input->function = *id;
          submit_invocation(gateway, std::move(*input), responder);
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
  answer_v2(gateway, responder, [id = request.param("id")](storage::JournalReader& reader) {
    return v2_runs_of_event(reader, id);
  });
}

void health(Gateway& gateway, const Request&, const Responder& responder) {
  const bool is_serving = gateway.runtime().state() == runtime::RuntimeState::kServing;
  if (!is_serving) return responder.send(v2_error(503, "not serving yet, or not any more"));
  if (gateway.runtime().is_out_of_space()) {
    return responder.send(v2_error(503, "the disk is full"));
  }
  responder.send(v2_data(200, R"({"status":"ok"})"));
}

// What upstream's interface names for its hosted service, or for accounts, which are not here.
constexpr std::pair<Method, std::string_view> kNotBuilt[] = {
    {Method::kGet, "/account"},
    {Method::kGet, "/envs"},
    {Method::kPost, "/envs"},
    {Method::kPatch, "/envs/{id}"},
    {Method::kGet, "/env/webhooks"},
    {Method::kPost, "/env/webhooks"},
    {Method::kGet, "/partner/accounts"},
    {Method::kPost, "/partner/accounts"},
    {Method::kGet, "/keys/events"},
    {Method::kGet, "/keys/signing"},
    {Method::kPost, "/apps/{app}/syncs"},
    {Method::kPost, "/runs/{id}/scores"},
};

void not_built(Gateway&, const Request& request, const Responder& responder) {
  responder.send(v2_error(501, fmt::format("{} is not part of Stepwell", request.path)));
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
    add(Method::kGet, "/health", health);
    add(Method::kGet, "/runs/{id}", get_run);
    add(Method::kGet, "/runs/{id}/trace", get_v2_trace);
    add(Method::kPost, "/runs/{id}/cancel", cancel_run);
    add(Method::kPost, "/runs/{id}/rerun", rerun);
    add(Method::kPost, "/apps/{app}/functions/{function}/invoke", invoke, kEventBytesMax);
    add(Method::kPost, "/events", post_event, kEventBytesMax);
    add(Method::kGet, "/events/{id}/runs", runs_of_event);
    for (const auto& [method, pattern] : kNotBuilt) add(method, pattern, not_built);
  }
}

}  // namespace stepwell::server
