#include "api/server/rest_routes.h"

#include <fmt/core.h>

#include <charconv>
#include <string>
#include <utility>

#include "api/server/queries.h"
#include "api/server/record_json.h"
#include "api/server/request_bodies.h"
#include "api/server/wrong_id.h"
#include "engine/runtime/clock.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

constexpr size_t kRestPageSize = 20;
constexpr size_t kSignalBytesMax = 4 * 1024 * 1024;  // as the output of a step

Response enveloped(std::string data) {
  return Response::json(200, envelope(data, runtime::wall_clock()));
}

Response not_an_id(std::string_view text) {
  return failure(not_a_run_id(text));
}

void list(Gateway& gateway, const Request& request, Responder responder) {
  const Result<size_t> limit = read_limit(request, kRestPageSize, kPageSizeMax);
  const Result<std::optional<Time>> before = read_time(request, "received_before");
  const Result<std::optional<Time>> after = read_time(request, "received_after");
  if (!limit) return responder.send(failure(limit.error()));
  if (!before) return responder.send(failure(before.error()));
  if (!after) return responder.send(failure(after.error()));
  storage::EventFilter filter{.received_from = *after, .received_until = *before, .limit = *limit};
  if (const auto name = request.query_value("name")) {
    filter.name = std::string(*name);
    // Somebody who names an internal event wants to see it.
    filter.include_internal = is_internal_event_name(*name);
  }
  std::string cursor(request.query_value("cursor").value_or(""));
  gateway.answer_query(
      responder,
      [filter, cursor = std::move(cursor)](storage::JournalReader& reader) {
        return rest_events(reader, filter, cursor);
      },
      enveloped);
}

void cancel(Gateway& gateway, const Request& request, Responder responder) {
  const std::optional<RunId> id = RunId::parse(request.param("id"));
  if (!id) return responder.send(not_an_id(request.param("id")));
  gateway.submit(core::CancelRun{.id = *id}, [responder](const core::Answer& answer) mutable {
    // An empty body, as upstream has it.
    responder.send(answer.error ? failure(*answer.error)
                                : Response{.status = 200, .content_type = ""});
  });
}

void send_signal(Gateway& gateway, const Request& request, Responder responder) {
  Result<core::SendSignal> input = read_signal(request.body);
  if (!input) return responder.send(failure(input.error()));
  gateway.submit(std::move(*input), [responder](const core::Answer& answer) mutable {
    if (answer.error) return responder.send(failure(*answer.error));
    JsonWriter out;
    out.begin_object().key("run_id").string(answer.run ? answer.run->to_string() : "").end_object();
    responder.send(enveloped(out.take()));
  });
}

Route query_route(Gateway& gateway, std::string pattern,
                  Result<std::string> (*query)(storage::JournalReader&, std::string_view)) {
  return {.method = Method::kGet,
          .pattern = std::move(pattern),
          .policy = Access::kSigningKey,
          .handler = [&gateway, query](Request&& request, const Responder& responder) {
            gateway.answer_query(
                responder,
                [query, id = request.param("id")](storage::JournalReader& reader) {
                  return query(reader, id);
                },
                enveloped);
          }};
}

Route run_route(Gateway& gateway, std::string pattern,
                Result<std::string> (*query)(storage::JournalReader&, const RunId&)) {
  return {.method = Method::kGet,
          .pattern = std::move(pattern),
          .policy = Access::kSigningKey,
          .handler = [&gateway, query](Request&& request, const Responder& responder) {
            const std::optional<RunId> id = RunId::parse(request.param("id"));
            if (!id) return responder.send(not_an_id(request.param("id")));
            gateway.answer_query(
                responder,
                [query, id = *id](storage::JournalReader& reader) { return query(reader, id); },
                enveloped);
          }};
}

// The configurations of an app's functions, in a bare list.
void list_app_functions(Gateway& gateway, const Request& request, const Responder& responder) {
  gateway.answer_query(
      responder,
      [app = request.param("app")](storage::JournalReader& reader) -> Result<std::string> {
        const auto functions = reader.functions();
        if (!functions) return functions.error();
        JsonWriter out;
        out.begin_array();
        for (const storage::StoredFunction& each : *functions) {
          if (each.archived || each.config.app != app) continue;
          out.raw(function_config_json(each.config));
        }
        return out.end_array().take();
      },
      [](std::string list) { return Response::json(200, std::move(list)); });
}

}  // namespace

Result<size_t> read_limit(const Request& request, size_t fallback, size_t most) {
  const std::optional<std::string_view> text = request.query_value("limit");
  if (!text) return fallback;
  size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || end != text->data() + text->size() || limit == 0 || limit > most) {
    return Error{ErrorCode::kInvalid, fmt::format("\"limit\" must be a number from 1 to {}", most)};
  }
  return limit;
}

Result<std::optional<Time>> read_time(const Request& request, std::string_view name) {
  const std::optional<std::string_view> text = request.query_value(name);
  if (!text) return std::optional<Time>();
  const Result<Time> time = parse_rfc3339(*text);
  if (!time) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("\"{}\" must be a time like 2026-11-23T10:00:00Z", name)};
  }
  return std::optional(*time);
}

void add_rest_routes(Router& router, Gateway& gateway) {
  router.add({.method = Method::kGet,
              .pattern = "/v1/events",
              .policy = Access::kSigningKey,
              .handler = [&gateway](Request&& request, Responder responder) {
                list(gateway, request, std::move(responder));
              }});
  router.add(query_route(gateway, "/v1/events/{id}", rest_event));
  router.add(query_route(gateway, "/v1/events/{id}/runs", rest_runs_of_event));
  router.add(run_route(gateway, "/v1/runs/{id}", rest_run));
  router.add(run_route(gateway, "/v1/runs/{id}/jobs", rest_jobs));
  router.add({.method = Method::kGet,
              .pattern = "/v1/apps/{app}/functions",
              .policy = Access::kSigningKey,
              .handler = [&gateway](Request&& request, const Responder& responder) {
                list_app_functions(gateway, request, responder);
              }});
  router.add({.method = Method::kDelete,
              .pattern = "/v1/runs/{id}",
              .policy = Access::kSigningKey,
              .handler = [&gateway](Request&& request, Responder responder) {
                cancel(gateway, request, std::move(responder));
              }});
  router.add({.method = Method::kPost,
              .pattern = "/v1/signals",
              .policy = Access::kSigningKey,
              .body_bytes_max = kSignalBytesMax,
              .handler = [&gateway](Request&& request, Responder responder) {
                send_signal(gateway, request, std::move(responder));
              }});
}

}  // namespace stepwell::server
