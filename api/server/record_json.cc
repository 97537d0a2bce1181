#include "api/server/record_json.h"

#include <algorithm>
#include <array>

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

void append_error(JsonWriter& out, const std::optional<ErrorInfo>& error) {
  if (error) out.key("error").raw(error_json(*error));
}

void append_raw(JsonWriter& out, std::string_view key, const std::string& json) {
  if (!json.empty()) out.key(key).raw(json);
}

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
  return "Unknown";
}

template <typename Key, typename Id>
const Id* find_id(const std::vector<std::pair<Key, Id>>& ids, Key key) {
  const auto found =
      std::find_if(ids.begin(), ids.end(), [&](const auto& entry) { return entry.first == key; });
  return found == ids.end() ? nullptr : &found->second;
}

void append_attempt(JsonWriter& out, const AttemptRecord& attempt) {
  out.begin_object().key("attempt").integer(attempt.attempt);
  append_time(out, "started_at", attempt.started_at);
  append_time(out, "ended_at", attempt.ended_at);
  append_time(out, "retry_at", attempt.retry_at);
  out.key("error").raw(error_json(attempt.error)).end_object();
}

// The failed attempts of a step, or of the function's own code when `step` is absent.
void append_attempts(JsonWriter& out, const std::vector<AttemptRecord>& attempts,
                     const std::optional<StepKey>& step) {
  out.key("attempts").begin_array();
  for (const AttemptRecord& attempt : attempts) {
    if (attempt.step == step) append_attempt(out, attempt);
  }
  out.end_array();
}

void append_step(JsonWriter& out, const StepRecord& step, const storage::RunSnapshot& snapshot,
                 const TraceExtras& extras) {
  out.begin_object().key("id").string(step.id).key("key").string(step.key.to_string());
  out.key("kind").string(step_kind_name(step.kind));
  out.key("state").string(state_name(step.state));
  append_time(out, "registered_at", step.registered_at);
  append_time(out, "resolved_at", step.resolved_at);
  append_time(out, "due", step.due);
  if (!step.target.empty()) out.key("target").string(step.target);
  if (!step.expression.empty()) out.key("expression").string(step.expression);
  append_raw(out, "data", step.data);
  append_error(out, step.error);
  if (const EventId* event = find_id(extras.resolving_events, step.resolved_event)) {
    out.key("resolved_by_event").string(event->to_string());
  }
  if (const RunId* run = find_id(extras.invoked_runs, step.invoked_run)) {
    out.key("invoked_run").string(run->to_string());
  }
  append_attempts(out, snapshot.attempts, step.key);
  out.end_object();
}

// What a summary and a trace have in common.
void append_run_members(JsonWriter& out, const RunRecord& run) {
  out.key("id").string(run.id.to_string()).key("function").string(run.function.slug);
  out.key("status").string(run_status_name(run.status));
  append_time(out, "created_at", run.created_at);
  append_time(out, "start_at", run.start_at);
  append_time(out, "started_at", run.started_at);
  append_time(out, "ended_at", run.ended_at);
  append_raw(out, "output", run.output);
  append_error(out, run.error);
  if (run.rerun_of) out.key("rerun_of").string(run.rerun_of->to_string());
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
  out.end_object();
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

void append_event(JsonWriter& out, const EventRecord& record) {
  const Event& event = record.event;
  out.begin_object().key("internal_id").string(record.id.to_string());
  out.key("id").string(event.id).key("name").string(event.name);
  append_time(out, "received_at", record.received_at);
  append_time(out, "ts", event.ts);
  out.key("data").raw(event.data).key("user").raw(event.user);
  if (!event.version.empty()) out.key("v").string(event.version);
  out.end_object();
}

void append_run_summary(JsonWriter& out, const RunRecord& run,
                        const std::optional<EventRecord>& event) {
  out.begin_object();
  append_run_members(out, run);
  if (event) {
    out.key("event").begin_object().key("internal_id").string(event->id.to_string());
    out.key("id").string(event->event.id).key("name").string(event->event.name).end_object();
  }
  out.end_object();
}

void append_trace(JsonWriter& out, const storage::RunSnapshot& snapshot,
                  const TraceExtras& extras) {
  const RunRecord& run = snapshot.run;
  out.begin_object();
  append_run_members(out, run);
  out.key("attempt").integer(run.attempt);
  append_time(out, "retry_at", run.retry_at);
  if (!extras.moving.empty()) out.key("moving").string(extras.moving);
  if (extras.invoked_by) out.key("invoked_by").string(extras.invoked_by->to_string());
  out.key("events").begin_array();
  for (const EventRecord& event : snapshot.events) append_event(out, event);
  out.end_array().key("steps").begin_array();
  for (const StepRecord& step : snapshot.steps) append_step(out, step, snapshot, extras);
  out.end_array();
  append_attempts(out, snapshot.attempts, std::nullopt);
  out.end_object();
}

void append_function(JsonWriter& out, const storage::StoredFunction& function) {
  const FunctionConfig& config = function.config;
  out.begin_object().key("id").string(config.id.slug);
  out.key("name").string(config.name.empty() ? config.id.slug : config.name);
  out.key("uuid").string(uuid_of(config.id.slug)).key("app").string(config.app);
  out.key("archived").boolean(function.archived);
  out.key("config").raw(function_config_json(config)).end_object();
}

}  // namespace stepwell::server
