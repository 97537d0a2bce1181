#include "api/server/record_json.h"

#include "api/realtime/token.h"
#include "schema/encoding.h"

namespace stepwell::server {
namespace {

// The namespace of our UUIDs (any fixed one would do).
constexpr std::string_view kUuidNamespace = "stepwell:";

void append_time(JsonWriter& out, std::string_view key, const std::optional<Time>& time) {
  out.key(key);
  if (time) {
    out.string(format_rfc3339(*time));
  } else {
    out.null();
  }
}

}  // namespace

std::string envelope(std::string_view data, Time now) {
  JsonWriter out;
  out.begin_object().key("data").raw(data).key("metadata").begin_object();
  out.key("fetched_at").string(format_rfc3339(now)).key("cached_until").null();
  return out.end_object().end_object().take();
}

std::string uuid_of(std::string_view name) {
  const Sha1 digest = sha1(std::string(kUuidNamespace).append(name));
  std::string bytes(as_bytes(digest).substr(0, 16));
  bytes[6] = static_cast<char>((static_cast<uint8_t>(bytes[6]) & 0x0f) | 0x50);
  bytes[8] = static_cast<char>((static_cast<uint8_t>(bytes[8]) & 0x3f) | 0x80);
  std::string uuid = hex_encode(bytes);
  for (const size_t dash : {20, 16, 12, 8}) uuid.insert(dash, 1, '-');
  return uuid;
}

void append_rest_event(JsonWriter& out, const EventRecord& record) {
  const Event& event = record.event;
  out.begin_object().key("internal_id").string(record.id.to_string());
  out.key("account_id").string(realtime::kAccountId);
  out.key("environment_id").string(realtime::kEnvironmentId);
  out.key("source").string("").key("source_id").null();
  append_time(out, "received_at", record.received_at);
  out.key("id").string(event.id).key("name").string(event.name);
  out.key("data").raw(event.data).key("user").raw(event.user);
  out.key("ts").integer(to_millis(event.ts)).key("v");
  if (event.version.empty()) {
    out.null();
  } else {
    out.string(event.version);
  }
  out.key("cursor").string(std::to_string(record.pos)).end_object();
}

void append_rest_run(JsonWriter& out, const RunRecord& run, const std::optional<EventId>& event) {
  out.begin_object().key("run_id").string(run.id.to_string());
  append_time(out, "run_started_at", run.started_at ? run.started_at : run.created_at);
  out.key("function_id").string(uuid_of(run.function.slug)).key("function_version").integer(1);
  out.key("environment_id").string(realtime::kEnvironmentId).key("event_id");
  if (event) {
    out.string(event->to_string());
  } else {
    out.null();
  }
  out.key("batch_id").null().key("original_run_id");
  if (run.rerun_of) {
    out.string(run.rerun_of->to_string());
  } else {
    out.null();
  }
  out.key("cron").null().key("status").string(run_status_name(run.status));
  append_time(out, "ended_at", run.ended_at);
  out.key("output");
  if (run.error) {
    out.raw(error_json(*run.error));
  } else if (!run.output.empty()) {
    out.raw(run.output);
  } else {
    out.null();
  }
  out.end_object();
}

}  // namespace stepwell::server
