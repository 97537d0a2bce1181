#include "api/server/admin_routes.h"

#include <fmt/core.h>

#include <chrono>
#include <string>
#include <utility>

#include "api/server/queries.h"
#include "api/server/rest_routes.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

constexpr size_t kPageSize = 50;

Response as_json(std::string body) {
  return Response::json(200, std::move(body));
}

// "Running,Failed", any case.
Result<std::vector<RunStatus>> read_statuses(const Request& request) {
  std::vector<RunStatus> statuses;
  std::string_view rest = request.query_value("status").value_or("");
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    const std::optional<RunStatus> status = parse_run_status(name);
    if (!status) {
      return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not a status of runs", name)};
    }
    statuses.push_back(*status);
  }
  return statuses;
}

struct Page {
  std::optional<Time> from;
  std::optional<Time> until;
  size_t limit = kPageSize;
  std::string cursor;
};

Result<Page> read_page(const Request& request) {
  const Result<size_t> limit = read_limit(request, kPageSize, kPageSizeMax);
  if (!limit) return limit.error();
  const Result<std::optional<Time>> from = read_time(request, "from");
  if (!from) return from.error();
  const Result<std::optional<Time>> until = read_time(request, "until");
  if (!until) return until.error();
  return Page{*from, *until, *limit, std::string(request.query_value("cursor").value_or(""))};
}

void runs(Gateway& gateway, const Request& request, Responder responder) {
  Result<Page> page = read_page(request);
  if (!page) return responder.send(failure(page.error()));
  Result<std::vector<RunStatus>> statuses = read_statuses(request);
  if (!statuses) return responder.send(failure(statuses.error()));
  storage::RunFilter filter{.statuses = std::move(*statuses),
                            .created_from = page->from,
                            .created_until = page->until,
                            .limit = page->limit};
  if (const auto slug = request.query_value("function")) {
    filter.function = FunctionId{std::string(*slug)};
  }
  gateway.answer_query(
      responder,
      [filter = std::move(filter), cursor = std::move(page->cursor)](
          storage::JournalReader& reader) { return list_runs(reader, filter, cursor); },
      as_json);
}

void events(Gateway& gateway, const Request& request, Responder responder) {
  Result<Page> page = read_page(request);
  if (!page) return responder.send(failure(page.error()));
  storage::EventFilter filter{.include_internal = request.query_value("internal").has_value(),
                              .received_from = page->from,
                              .received_until = page->until,
                              .limit = page->limit};
  if (const auto name = request.query_value("name")) filter.name = std::string(*name);
  gateway.answer_query(
      responder,
      [filter = std::move(filter), cursor = std::move(page->cursor)](
          storage::JournalReader& reader) { return list_events(reader, filter, cursor); },
      as_json);
}

// Why the run does not move is asked of the core first: it knows only open runs, and the journal
// has all others.
void run(Gateway& gateway, const Request& request, Responder responder) {
  const std::optional<RunId> id = RunId::parse(request.param("id"));
  if (!id) {
    return responder.send(
        Response::error(400, fmt::format("\"{}\" is not the id of a run", request.param("id"))));
  }
  gateway.look_into_core([&gateway, responder, id](const core::Core* core) {
    std::string moving;
    if (core != nullptr) {
      if (const auto source = core->wake_source(*id)) moving = source->what;
    }
    gateway.answer_query(
        responder,
        [id, moving](storage::JournalReader& reader) { return show_run(reader, *id, moving); },
        as_json);
  });
}

void rerun(Gateway& gateway, const Request& request, Responder responder) {
  const std::optional<RunId> id = RunId::parse(request.param("id"));
  if (!id) {
    return responder.send(
        Response::error(400, fmt::format("\"{}\" is not the id of a run", request.param("id"))));
  }
  gateway.submit(core::RerunRun{.id = *id}, [responder](const core::Answer& answer) mutable {
    if (answer.error) return responder.send(failure(*answer.error));
    JsonWriter out;
    out.begin_object().key("data").begin_object().key("run_id");
    out.string(answer.run ? answer.run->to_string() : "").end_object().end_object();
    responder.send(Response::json(201, out.take()));
  });
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

// The member "engine"; all runs are checked if `deep`.
void append_engine(JsonWriter& out, const core::Core* core, bool deep) {
  out.key("engine").begin_object();
  if (core != nullptr) {
    out.key("open_runs").integer(static_cast<int64_t>(core->open_runs()));
    out.key("hot_bytes").integer(static_cast<int64_t>(core->hot_bytes()));
    out.key("lookback_overflows").integer(static_cast<int64_t>(core->lookback_overflows()));
    out.key("findings").begin_array();
    if (deep) {
      for (const core::Finding& finding : core->check()) {
        out.string(finding.run.to_string() + ": " + finding.what);
      }
    }
    out.end_array();
  }
  out.end_object();
}

void doctor(Gateway& gateway, const HttpServer& http, const Request& request,
            const Responder& responder) {
  const bool deep = request.query_value("deep").has_value();
  const auto server = std::make_shared<JsonWriter>();
  server->begin_object().key("state").string(state_name(gateway.runtime().state()));
  server->key("out_of_space").boolean(gateway.runtime().is_out_of_space());
  append_metrics(*server, gateway.runtime().metrics());
  append_server(*server, gateway.loop(), http.metrics());
  gateway.look_into_core([&gateway, responder, deep, server](const core::Core* core) {
    append_engine(*server, core, deep);
    gateway.answer_query(
        responder,
        [server, deep](storage::JournalReader& reader) -> Result<std::string> {
          const Result<std::string> journal = journal_health(reader, deep);
          if (!journal) return journal.error();
          server->key("journal").raw(*journal).end_object();
          return R"({"data":)" + server->take() + "}";
        },
        as_json);
  });
}

Route get(std::string pattern, Handler handler) {
  return {.method = Method::kGet,
          .pattern = std::move(pattern),
          .policy = Access::kSigningKey,
          .handler = std::move(handler)};
}

}  // namespace

void add_admin_routes(Router& router, Gateway& gateway, const HttpServer& http) {
  router.add(get("/api/runs", [&gateway](Request&& request, Responder responder) {
    runs(gateway, request, std::move(responder));
  }));
  router.add(get("/api/runs/{id}", [&gateway](Request&& request, Responder responder) {
    run(gateway, request, std::move(responder));
  }));
  router.add({.method = Method::kPost,
              .pattern = "/api/runs/{id}/rerun",
              .policy = Access::kSigningKey,
              .handler = [&gateway](Request&& request, Responder responder) {
                rerun(gateway, request, std::move(responder));
              }});
  router.add(get("/api/events", [&gateway](Request&& request, Responder responder) {
    events(gateway, request, std::move(responder));
  }));
  router.add(get("/api/events/{id}", [&gateway](Request&& request, const Responder& responder) {
    gateway.answer_query(
        responder,
        [id = request.param("id")](storage::JournalReader& reader) {
          return show_event(reader, id);
        },
        as_json);
  }));
  router.add(get("/api/functions", [&gateway](Request&&, const Responder& responder) {
    gateway.answer_query(responder, list_functions, as_json);
  }));
  router.add(get("/api/doctor", [&gateway, &http](Request&& request, const Responder& responder) {
    doctor(gateway, http, request, responder);
  }));
}

}  // namespace stepwell::server
