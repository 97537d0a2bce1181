#include "schema/finished_event.h"

#include "schema/json.h"

namespace stepwell {
namespace {

// {"error", "name", "message", "stack"?, "cause"?}: `error` repeats the message for old readers.
void append_error(JsonWriter& json, const ErrorInfo& error) {
  json.key("error").begin_object().key("error").string(error.message);
  json.key("name").string(error.name).key("message").string(error.message);
  if (!error.stack.empty()) json.key("stack").string(error.stack);
  if (!error.cause.empty()) json.key("cause").raw(error.cause);
  json.end_object();
}

}  // namespace

std::string finished_event_data(const RunRecord& run, const std::vector<Event>& events) {
  JsonWriter json;
  json.begin_object().key("function_id").string(run.function.slug);
  json.key("run_id").string(run.id.to_string());
  if (!events.empty()) json.key("event").raw(event_json(events.front()));
  json.key("events").begin_array();
  for (const Event& event : events) json.raw(event_json(event));
  json.end_array();
  if (run.status == RunStatus::kFailed && run.error) append_error(json, *run.error);
  if (run.status == RunStatus::kCompleted) {
    json.key("result").raw(run.output.empty() ? "null" : run.output);
  }
  json.key("_inngest").begin_object().key("status").string(run_status_name(run.status));
  return json.end_object().end_object().take();
}

}  // namespace stepwell
