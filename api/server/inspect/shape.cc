#include "api/server/inspect/shape.h"

#include "api/server/queries.h"
#include "schema/run_flow.h"

namespace stepwell::server {
void write_time(JsonWriter& json, std::string_view key, Time time) {
  json.key(key).string(format_rfc3339(time));
}

void write_time(JsonWriter& json, std::string_view key, std::optional<Time> time) {
  if (time) write_time(json, key, *time);
}

void write_event(JsonWriter& json, const EventRecord& event) {
  json.begin_object().key("id").string(event.event.id);
  json.key("internal_id").string(event.id.to_string());
  json.key("name").string(event.event.name);
  write_time(json, "ts", event.event.ts);
  write_time(json, "received_at", event.received_at);
  json.key("data").raw(event.event.data).key("user").raw(event.event.user);
  if (!event.event.version.empty()) json.key("v").string(event.event.version);
  json.end_object();
}

Result<void> write_event_name(JsonWriter& json, storage::JournalReader& reader, Position pos) {
  Result<std::optional<EventRecord>> event = reader.event_at(pos);
  if (!event) return event.error();
  if (!*event) {
    json.null();
    return {};
  }
  json.begin_object().key("id").string((**event).event.id);
  json.key("name").string((**event).event.name).end_object();
  return {};
}

void write_run_members(JsonWriter& json, const RunRecord& run, RunDetail detail) {
  json.key("id").string(run.id.to_string()).key("function").string(run.function.slug);
  json.key("status").string(run_status_name(run.status));
  if (detail == RunDetail::kBrief) return;
  write_time(json, "created_at", run.created_at);
  if (run.start_at > run.created_at) write_time(json, "start_at", run.start_at);
  write_time(json, "started_at", run.started_at);
  write_time(json, "ended_at", run.ended_at);
  if (run.status == RunStatus::kCompleted) {
    json.key("output").raw(run.output.empty() ? "null" : std::string_view(run.output));
  }
  if (run.error) json.key("error").raw(error_json(*run.error));
  if (detail == RunDetail::kRow) return;
  if (!is_terminal(run.status)) {
    json.key("failed_attempts").integer(run.attempt);
    write_time(json, "retry_at", run.retry_at);
  }
  const RunFlow flow = parse_run_flow(run.flow);
  if (flow.priority != 0) json.key("priority").integer(flow.priority);
  if (!flow.faults.empty()) {
    json.key("flow_faults").begin_array();
    for (const std::string& fault : flow.faults) json.string(fault);
    json.end_array();
  }
  if (run.rerun_of) json.key("rerun_of").string(run.rerun_of->to_string());
}

void write_run(JsonWriter& json, const RunRecord& run, RunDetail detail) {
  json.begin_object();
  write_run_members(json, run, detail);
  json.end_object();
}

Result<std::optional<RunRecord>> run_at(storage::JournalReader& reader, RunNo no) {
  // The newest run up to this number is the one of this number, if there is one.
  Result<std::vector<RunRecord>> runs = reader.list_runs({.before = no + 1, .limit = 1});
  if (!runs) return runs.error();
  if (runs->empty() || runs->front().no != no) return std::optional<RunRecord>();
  return std::optional(std::move(runs->front()));
}

void write_attempt(JsonWriter& json, const AttemptRecord& attempt, std::string_view led_to) {
  json.begin_object().key("number").integer(attempt.attempt + 1);
  write_time(json, "started_at", attempt.started_at);
  write_time(json, "ended_at", attempt.ended_at);
  write_time(json, "retry_at", attempt.retry_at);
  if (!led_to.empty()) json.key("led_to").string(led_to);
  json.key("error").raw(error_json(attempt.error)).end_object();
}

void end_list(JsonWriter& json, std::optional<Position> cursor) {
  json.end_array().key("cursor");
  if (cursor) {
    json.string(std::to_string(*cursor));
  } else {
    json.null();
  }
  json.end_object();
}

}  // namespace stepwell::server
