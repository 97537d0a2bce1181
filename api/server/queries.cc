#include "api/server/queries.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "api/server/record_json.h"
#include "api/server/wrong_id.h"

namespace stepwell::server {
namespace {

using storage::JournalReader;

Result<EventRecord> find_event(JournalReader& reader, std::string_view id) {
  Result<std::optional<EventRecord>> found = reader.find_event(id);
  if (!found) return found.error();
  if (!*found) return no_such_event(id);
  return std::move(**found);
}

// By internal id alone: a sender's id may be any text.
Result<EventRecord> find_internal_event(JournalReader& reader, std::string_view id) {
  if (!EventId::parse(id)) return not_an_event_id(id);
  Result<EventRecord> event = find_event(reader, id);
  if (event.ok() && event->id.to_string() != id) return no_such_event(id);
  return event;
}

Result<RunRecord> find_run(JournalReader& reader, const RunId& id) {
  Result<std::optional<RunRecord>> found = reader.find_run(id);
  if (!found) return found.error();
  if (!*found) return no_such_run(id.to_string());
  return std::move(**found);
}

Result<std::optional<EventRecord>> first_event(JournalReader& reader, const RunRecord& run) {
  if (run.events.empty()) return std::optional<EventRecord>();
  return reader.event_at(run.events.front());
}

Result<void> append_with_event(JournalReader& reader, JsonWriter& out, const RunRecord& run) {
  const Result<std::optional<EventRecord>> event = first_event(reader, run);
  if (!event) return event.error();
  append_rest_run(out, run, *event ? std::optional((*event)->id) : std::nullopt);
  return {};
}

// Where a page ended: the `cursor` of its last event. Its internal id does as well, if it has that
// for itself: of copies that a seed made it stands for the oldest.
Result<Position> position_of(JournalReader& reader, std::string_view cursor) {
  Position pos = 0;
  const char* const end = cursor.data() + cursor.size();
  const auto read = std::from_chars(cursor.data(), end, pos);
  if (read.ec == std::errc() && read.ptr == end) return pos;
  const Result<EventRecord> last = find_internal_event(reader, cursor);
  if (!last) return last.error();
  return last->pos;
}

Result<std::vector<EventRecord>> events_page(JournalReader& reader, storage::EventFilter filter,
                                             std::string_view cursor) {
  filter.limit = std::clamp<size_t>(filter.limit, 1, kPageSizeMax);
  if (!cursor.empty()) {
    const Result<Position> before = position_of(reader, cursor);
    if (!before) return before.error();
    filter.before = *before;
  }
  return reader.list_events(filter);
}

}  // namespace

Result<FunctionId> find_function(JournalReader& reader, std::string_view app,
                                 std::string_view function) {
  const Result<std::vector<storage::StoredFunction>> functions = reader.functions();
  if (!functions) return functions.error();
  const std::string with_app = fmt::format("{}-{}", app, function);
  for (const storage::StoredFunction& stored : *functions) {
    const FunctionConfig& config = stored.config;
    if (!app.empty() && config.app != app) continue;
    if (config.id.slug == function || config.id.slug == with_app) return config.id;
  }
  return Error{ErrorCode::kNotFound, fmt::format("there is no function \"{}\"", function)};
}

Result<std::string> rest_event(JournalReader& reader, std::string_view id) {
  const Result<EventRecord> event = find_internal_event(reader, id);
  if (!event) return event.error();
  JsonWriter out;
  append_rest_event(out, *event);
  return out.take();
}

Result<std::string> rest_events(JournalReader& reader, storage::EventFilter filter,
                                std::string_view cursor) {
  const Result<std::vector<EventRecord>> page = events_page(reader, std::move(filter), cursor);
  if (!page) return page.error();
  JsonWriter out;
  out.begin_array();
  for (const EventRecord& record : *page) append_rest_event(out, record);
  return out.end_array().take();
}

Result<std::string> rest_runs_of_event(JournalReader& reader, std::string_view id) {
  const Result<EventRecord> event = find_internal_event(reader, id);
  if (!event) return event.error();
  const auto runs = reader.list_runs({.of_event = event->pos, .limit = kPageSizeMax});
  if (!runs) return runs.error();
  JsonWriter out;
  out.begin_array();
  for (const RunRecord& run : *runs) {
    if (const auto done = append_with_event(reader, out, run); !done) return done.error();
  }
  return out.end_array().take();
}

namespace {

// A step in the words of upstream's queue.
std::string_view job_kind(StepKind kind) {
  if (has_body(kind)) return "edge";
  return kind == StepKind::kSleep ? "sleep" : "pause";
}

void append_job(JsonWriter& out, const std::string& id, Time at, std::string_view kind,
                int attempt) {
  out.begin_object().key("JobID").string(id).key("at").string(format_rfc3339(at));
  out.key("position").integer(0).key("kind").string(kind);
  out.key("attempt").integer(attempt).key("Raw").null().end_object();
}

}  // namespace

Result<std::string> rest_jobs(JournalReader& reader, const RunId& id) {
  const Result<RunRecord> run = find_run(reader, id);
  if (!run) return run.error();
  JsonWriter out;
  out.begin_array();
  if (is_terminal(run->status)) return out.end_array().take();
  const Result<storage::RunSnapshot> snapshot = reader.load_run(run->no, false);
  if (!snapshot) return snapshot.error();
  const std::string name = id.to_string();
  if (run->status == RunStatus::kScheduled) append_job(out, name, run->start_at, "start", 0);
  if (run->retry_at) append_job(out, name, *run->retry_at, "edge", run->attempt);
  for (const StepRecord& step : snapshot->steps) {
    if (step.state != StepState::kPending || step.kind == StepKind::kCancelOn) continue;
    append_job(out, fmt::format("{}-{}", name, step.key.to_string()),
               step.due.value_or(step.registered_at), job_kind(step.kind), step.attempts);
  }
  return out.end_array().take();
}

Result<std::string> rest_run(JournalReader& reader, const RunId& id) {
  const Result<RunRecord> run = find_run(reader, id);
  if (!run) return run.error();
  JsonWriter out;
  if (const auto done = append_with_event(reader, out, *run); !done) return done.error();
  return out.take();
}

}  // namespace stepwell::server
