#include "api/server/admin_routes.h"

#include <chrono>
#include <string>
#include <utility>

#include "api/server/inspect/queries.h"
#include "api/server/wrong_id.h"
#include "engine/runtime/clock.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

Response as_json(std::string body) {
  return Response::json(200, std::move(body));
}

QueryRequest read_request(const Query& query, Request&& request) {
  QueryRequest read{.query = std::move(request.query), .now = runtime::wall_clock()};
  if (query.pattern.ends_with("{id}")) read.id = request.param("id");
  return read;
}

void ask(Gateway& gateway, QueryFunction answer, QueryRequest request, const Responder& responder) {
  gateway.answer_query(
      responder,
      [answer, request = std::move(request)](storage::JournalReader& reader) {
        return answer(request, reader);
      },
      as_json);
}

// What the core says comes first: it knows only open runs, and the journal has all others.
void ask_for_run(Gateway& gateway, QueryFunction answer, QueryRequest request,
                 const Responder& responder) {
  gateway.look_into_core(
      [&gateway, answer, request = std::move(request), responder](const core::Core* core) mutable {
        const std::optional<RunId> id = RunId::parse(request.id);
        if (core != nullptr && id) request.wake = core->wake_source(*id);
        ask(gateway, answer, std::move(request), responder);
      });
}

void ask_for_function(Gateway& gateway, QueryFunction answer, QueryRequest request,
                      const Responder& responder) {
  gateway.look_into_core(
      [&gateway, answer, request = std::move(request), responder](const core::Core* core) mutable {
        if (core != nullptr)
          request.function = core->function_view(FunctionId{request.id}, request.now);
        ask(gateway, answer, std::move(request), responder);
      });
}

void ask_for_functions(Gateway& gateway, QueryFunction answer, QueryRequest request,
                       const Responder& responder) {
  gateway.look_into_core(
      [&gateway, answer, request = std::move(request), responder](const core::Core* core) mutable {
        if (core != nullptr) request.paused = core->paused_functions();
        ask(gateway, answer, std::move(request), responder);
      });
}

// The stream begins when it is known that there is such a run.
void follow(Gateway& gateway, RunStreams& streams, const Request& request,
            const Responder& responder) {
  const std::optional<RunId> id = RunId::parse(request.param("id"));
  if (!id) return Responder(responder).send(failure(not_a_run_id(request.param("id"))));
  const Result<void> queued = gateway.runtime().query(
      // The loop outlives the threads that read; the gateway may not.
      [&loop = gateway.loop(), &streams, id = *id, responder](storage::JournalReader& reader) {
        const Result<std::optional<RunRecord>> run = reader.find_run(id);
        loop.post([&streams, id, run, responder]() mutable {
          if (!run) return responder.send(failure(run.error()));
          if (*run) return streams.open((**run).no, responder);
          responder.send(failure(no_such_run(id.to_string())));
        });
      });
  if (!queued) Responder(responder).send(failure(queued.error()));
}

int64_t micros(std::chrono::nanoseconds duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

std::string_view state_name(runtime::RuntimeState state) {
  switch (state) {
    case runtime::RuntimeState::kStopped:
      return "stopped";
    case runtime::RuntimeState::kRecovering:
      return "recovering";
    case runtime::RuntimeState::kServing:
      return "serving";
    case runtime::RuntimeState::kStopping:
      return "stopping";
    case runtime::RuntimeState::kFailed:
      return "failed";
  }
  return "unknown";
}

// The members "loop" and "http".
void append_server(JsonWriter& out, const UvLoop& loop, const HttpMetrics& http) {
  const auto count = [&out](std::string_view key, uint64_t value) {
    out.key(key).integer(static_cast<int64_t>(value));
  };
  out.key("loop").begin_object();
  out.key("lag_p50_us").integer(micros(loop.lag().quantile(0.5)));
  out.key("lag_p99_us").integer(micros(loop.lag().quantile(0.99)));
  out.key("lag_max_us").integer(micros(loop.lag().max())).end_object();
  out.key("http").begin_object();
  count("connections_open", http.connections_open);
  count("connections_accepted", http.connections_accepted);
  count("connections_refused", http.connections_refused);
  count("requests", http.requests);
  count("requests_malformed", http.requests_malformed);
  count("timeouts", http.timeouts);
  out.end_object();
}

// How long commits take, how much they carry, and how long inputs wait for the loop.
void append_metrics(JsonWriter& out, const runtime::Metrics& metrics) {
  auto distribution = [&out](const char* name, const runtime::Distribution& values) {
    out.key(name).begin_object().key("count").integer(static_cast<int64_t>(values.count()));
    out.key("p50").integer(static_cast<int64_t>(values.quantile(0.5)));
    out.key("p99").integer(static_cast<int64_t>(values.quantile(0.99)));
    out.key("max").integer(static_cast<int64_t>(values.max())).end_object();
  };
  distribution("commit_us", metrics.commit_micros);
  distribution("batch_records", metrics.batch_records);
  distribution("input_wait_us", metrics.input_wait_micros);
}

void append_hub(JsonWriter& out, const realtime::Hub& hub) {
  const realtime::HubStats stats = hub.stats();
  const auto count = [&out](std::string_view key, uint64_t value) {
    out.key(key).integer(static_cast<int64_t>(value));
  };
  out.key("realtime").begin_object();
  count("subscribers", stats.subscriptions);
  count("channels", stats.channels);
  count("published", stats.published);
  count("delivered", stats.delivered);
  count("dropped", stats.dropped);
  count("held_messages", stats.held_messages);
  count("held_bytes", stats.held_bytes);
  count("history_messages", stats.history_messages);
  count("history_bytes", stats.history_bytes);
  out.key("lag_ms").integer(hub.lag(runtime::wall_clock()).count()).end_object();
}

CoreHealth health_of(const core::Core& core) {
  return {.findings = core.check(),
          .open_runs = core.open_runs(),
          .hot_bytes = core.hot_bytes(),
          .lookback_overflows = core.lookback_overflows()};
}

void doctor(Gateway& gateway, const HttpServer& http, const realtime::Hub& hub,
            QueryRequest request, const Responder& responder) {
  JsonWriter server;
  server.begin_object().key("state").string(state_name(gateway.runtime().state()));
  request.is_out_of_space = gateway.runtime().is_out_of_space();
  server.key("out_of_space").boolean(request.is_out_of_space);
  append_metrics(server, gateway.runtime().metrics());
  append_server(server, gateway.loop(), http.metrics());
  append_hub(server, hub);
  request.server = server.end_object().take();
  gateway.look_into_core(
      [&gateway, request = std::move(request), responder](const core::Core* core) mutable {
        if (core != nullptr) request.health = health_of(*core);
        ask(gateway, run_doctor, std::move(request), responder);
      });
}

Route get(std::string pattern, Handler handler) {
  return {.method = Method::kGet,
          .pattern = std::move(pattern),
          .policy = Access::kSigningKey,
          .handler = std::move(handler)};
}

}  // namespace

void add_admin_routes(Router& router, Gateway& gateway, const HttpServer& http,
                      const realtime::Hub& hub, RunStreams& streams) {
  for (const Query& query : queries()) {
    router.add(get(std::string(query.pattern), [&gateway, &http, &hub, query](
                                                   Request&& request, const Responder& responder) {
      QueryRequest read = read_request(query, std::move(request));
      switch (query.needs) {
        case CoreView::kNothing:
          return ask(gateway, query.answer, std::move(read), responder);
        case CoreView::kWakeSource:
          return ask_for_run(gateway, query.answer, std::move(read), responder);
        case CoreView::kHealth:
          return doctor(gateway, http, hub, std::move(read), responder);
        case CoreView::kFunction:
          return ask_for_function(gateway, query.answer, std::move(read), responder);
        case CoreView::kPaused:
          return ask_for_functions(gateway, query.answer, std::move(read), responder);
      }
    }));
  }
  router.add(get("/api/runs/{id}/stream",
                 [&gateway, &streams](Request&& request, const Responder& responder) {
                   follow(gateway, streams, request, responder);
                 }));
}

}  // namespace stepwell::server
