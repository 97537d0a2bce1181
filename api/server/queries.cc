#include "api/server/queries.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "api/server/record_json.h"
#include "schema/finished_event.h"

namespace stepwell::server {
namespace {

using storage::JournalReader;

Error not_found(std::string_view what, std::string_view id) {
  return {ErrorCode::kNotFound, fmt::format("there is no {} {}", what, id)};
}

// An event that the end of a run made is stored without its data.
Result<void> fill_data(JournalReader& reader, EventRecord& record) {
  if (record.of_run == 0) return {};
  const Result<storage::RunSnapshot> run = reader.load_run(record.of_run, false);
  if (!run) return run.error();
  std::vector<Event> events;
  for (const EventRecord& event : run->events) events.push_back(event.event);
  record.event.data = finished_event_data(run->run, events);
  return {};
}

Result<EventRecord> find_event(JournalReader& reader, std::string_view id) {
  Result<std::optional<EventRecord>> found = reader.find_event(id);
  if (!found) return found.error();
  if (!*found) return not_found("event", id);
  EventRecord record = std::move(**found);
  if (const Result<void> filled = fill_data(reader, record); !filled) return filled.error();
  return record;
}

// By internal id alone: a sender's id may be any text.
Result<EventRecord> find_internal_event(JournalReader& reader, std::string_view id) {
  if (!EventId::parse(id)) {
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not the id of an event", id)};
  }
  Result<EventRecord> event = find_event(reader, id);
  if (event.ok() && event->id.to_string() != id) return not_found("event", id);
  return event;
}

Result<RunRecord> find_run(JournalReader& reader, const RunId& id) {
  Result<std::optional<RunRecord>> found = reader.find_run(id);
  if (!found) return found.error();
  if (!*found) return not_found("run", id.to_string());
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

Result<std::vector<EventRecord>> events_page(JournalReader& reader, storage::EventFilter filter,
                                             std::string_view cursor) {
  filter.limit = std::clamp<size_t>(filter.limit, 1, kPageSizeMax);
  if (!cursor.empty()) {
    const Result<EventRecord> last = find_internal_event(reader, cursor);
    if (!last) return last.error();
    filter.before = last->pos;
  }
  Result<std::vector<EventRecord>> page = reader.list_events(filter);
  if (!page) return page.error();
  for (EventRecord& record : *page) {
    if (const Result<void> filled = fill_data(reader, record); !filled) return filled.error();
  }
  return page;
}

void append_cursor(JsonWriter& out, size_t count, size_t limit, const std::string& last) {
  out.key("cursor");
  if (count < limit) {
    out.null();
  } else {
    out.string(last);
  }
}

// The id of a run that another one names by its number. Only the row is read, not the run's steps.
Result<std::optional<RunId>> id_of_run(JournalReader& reader, RunNo no) {
  const Result<std::vector<RunRecord>> newest = reader.list_runs({.before = no + 1, .limit = 1});
  if (!newest) return newest.error();
  if (newest->empty() || newest->front().no != no) return std::optional<RunId>();
  return std::optional(newest->front().id);
}

Result<TraceExtras> trace_extras(JournalReader& reader, const storage::RunSnapshot& snapshot) {
  TraceExtras extras;
  if (snapshot.run.invoked_by) {
    const auto id = id_of_run(reader, snapshot.run.invoked_by->run);
    if (!id) return id.error();
    extras.invoked_by = *id;
  }
  for (const StepRecord& step : snapshot.steps) {
    if (step.invoked_run != 0) {
      const auto id = id_of_run(reader, step.invoked_run);
      if (!id) return id.error();
      if (*id) extras.invoked_runs.emplace_back(step.invoked_run, **id);
    }
    if (step.resolved_event != 0) {
      const auto event = reader.event_at(step.resolved_event);
      if (!event) return event.error();
      if (*event) extras.resolving_events.emplace_back(step.resolved_event, (*event)->id);
    }
  }
  return extras;
}

}  // namespace

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

Result<std::string> rest_run(JournalReader& reader, const RunId& id) {
  const Result<RunRecord> run = find_run(reader, id);
  if (!run) return run.error();
  JsonWriter out;
  if (const auto done = append_with_event(reader, out, *run); !done) return done.error();
  return out.take();
}

Result<std::string> list_runs(JournalReader& reader, storage::RunFilter filter,
                              std::string_view cursor) {
  filter.limit = std::clamp<size_t>(filter.limit, 1, kPageSizeMax);
  if (!cursor.empty()) {
    const std::optional<RunId> id = RunId::parse(cursor);
    if (!id) return Error{ErrorCode::kInvalid, "the cursor must be the id of a run"};
    const Result<RunRecord> last = find_run(reader, *id);
    if (!last) return last.error();
    filter.before = last->no;
  }
  const Result<std::vector<RunRecord>> page = reader.list_runs(filter);
  if (!page) return page.error();
  JsonWriter out;
  out.begin_object().key("data").begin_array();
  for (const RunRecord& run : *page) {
    const Result<std::optional<EventRecord>> event = first_event(reader, run);
    if (!event) return event.error();
    append_run_summary(out, run, *event);
  }
  out.end_array();
  append_cursor(out, page->size(), filter.limit, page->empty() ? "" : page->back().id.to_string());
  return out.end_object().take();
}

Result<std::string> list_events(JournalReader& reader, storage::EventFilter filter,
                                std::string_view cursor) {
  const size_t limit = std::clamp<size_t>(filter.limit, 1, kPageSizeMax);
  const Result<std::vector<EventRecord>> page = events_page(reader, std::move(filter), cursor);
  if (!page) return page.error();
  JsonWriter out;
  out.begin_object().key("data").begin_array();
  for (const EventRecord& record : *page) append_event(out, record);
  out.end_array();
  append_cursor(out, page->size(), limit, page->empty() ? "" : page->back().id.to_string());
  return out.end_object().take();
}

Result<std::string> show_event(JournalReader& reader, std::string_view id) {
  const Result<EventRecord> event = find_event(reader, id);
  if (!event) return event.error();
  const auto runs = reader.list_runs({.of_event = event->pos, .limit = kPageSizeMax});
  if (!runs) return runs.error();
  JsonWriter out;
  out.begin_object().key("data").begin_object().key("event");
  append_event(out, *event);
  out.key("runs").begin_array();
  for (const RunRecord& run : *runs) append_run_summary(out, run, *event);
  return out.end_array().end_object().end_object().take();
}

Result<std::string> show_run(JournalReader& reader, const RunId& id, std::string moving) {
  const Result<RunRecord> run = find_run(reader, id);
  if (!run) return run.error();
  Result<storage::RunSnapshot> snapshot = reader.load_run(run->no, true);
  if (!snapshot) return snapshot.error();
  for (EventRecord& event : snapshot->events) {
    if (const Result<void> filled = fill_data(reader, event); !filled) return filled.error();
  }
  Result<TraceExtras> extras = trace_extras(reader, *snapshot);
  if (!extras) return extras.error();
  if (!is_terminal(snapshot->run.status)) extras->moving = std::move(moving);
  JsonWriter out;
  out.begin_object().key("data");
  append_trace(out, *snapshot, *extras);
  return out.end_object().take();
}

Result<std::string> list_functions(JournalReader& reader) {
  const auto functions = reader.functions();
  if (!functions) return functions.error();
  JsonWriter out;
  out.begin_object().key("data").begin_array();
  for (const storage::StoredFunction& function : *functions) append_function(out, function);
  return out.end_array().end_object().take();
}

Result<std::string> journal_health(JournalReader& reader, bool deep) {
  const auto stats = reader.stats();
  if (!stats) return stats.error();
  const auto findings = reader.check(deep);
  if (!findings) return findings.error();
  JsonWriter out;
  const auto count = [&out](std::string_view key, uint64_t value) {
    out.key(key).integer(static_cast<int64_t>(value));
  };
  out.begin_object();
  count("events", stats->events);
  count("runs", stats->runs);
  count("open_runs", stats->open_runs);
  count("pending_steps", stats->pending_steps);
  count("file_bytes", stats->file_bytes);
  count("log_bytes", stats->log_bytes);
  out.key("findings").begin_array();
  for (const std::string& finding : *findings) out.string(finding);
  return out.end_array().end_object().take();
}

}  // namespace stepwell::server
