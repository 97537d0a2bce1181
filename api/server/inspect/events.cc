#include <algorithm>

#include "api/server/inspect/parameters.h"
#include "api/server/inspect/queries.h"
#include "api/server/inspect/shape.h"
#include "api/server/wrong_id.h"

namespace stepwell::server {
namespace {

// An event that does more is rare, and says so; the runs that it triggered are a query of their own
// (/api/runs?event=).
constexpr size_t kRunsShownPerEvent = 20;

Result<void> read_parameter(std::string_view name, std::string_view value,
                            storage::EventFilter& filter) {
  if (name == "name") {
    filter.name = std::string(value);
    // Somebody who names an internal event wants to see it.
    filter.include_internal = filter.include_internal || is_internal_event_name(value);
    return {};
  }
  if (name == "internal") return store(read_flag(name, value), filter.include_internal);
  if (name == "from") return store(read_time(name, value), filter.received_from);
  if (name == "until") return store(read_time(name, value), filter.received_until);
  if (name == "limit") return store(read_limit(value), filter.limit);
  if (name == "cursor") return store(read_cursor(value), filter.before);
  return unknown_parameter(name, "name, internal, from, until, limit and cursor");
}

Result<void> write_runs(JsonWriter& json, storage::JournalReader& reader, std::string_view key,
                        storage::RunFilter filter, RunDetail detail) {
  filter.limit = kRunsShownPerEvent + 1;
  Result<std::vector<RunRecord>> runs = reader.list_runs(filter);
  if (!runs) return runs.error();
  const bool has_more = runs->size() > kRunsShownPerEvent;
  if (has_more) runs->resize(kRunsShownPerEvent);
  json.key(key).begin_array();
  for (const RunRecord& run : *runs) write_run(json, run, detail);
  json.end_array();
  if (has_more) json.key(std::string(key) + "_more").boolean(true);
  return {};
}

// What an event did: the runs that it triggered, those in which it ended a wait, and those that it
// cancelled.
Result<void> write_effects(JsonWriter& json, storage::JournalReader& reader, Position pos,
                           RunDetail detail) {
  Result<void> written = write_runs(json, reader, "runs", {.of_event = pos}, detail);
  if (!written) return written.error();
  written = write_runs(json, reader, "resumed", {.resumed_by = pos}, detail);
  if (!written) return written.error();
  return write_runs(json, reader, "cancelled", {.cancelled_by = pos}, detail);
}

// The other copies of a sender's event: of its id and its name.
Result<void> write_copies(JsonWriter& json, storage::JournalReader& reader,
                          const EventRecord& event) {
  Result<storage::EventHistory> history = reader.event_history(event.event.id, Time{});
  if (!history) return history.error();
  json.key("copies").begin_array();
  for (const auto& [pos, name] : history->copies) {
    if (pos == event.pos || name != event.event.name) continue;
    Result<std::optional<EventRecord>> copy = reader.event_at(pos);
    if (!copy) return copy.error();
    if (!*copy) continue;
    json.begin_object().key("internal_id").string((**copy).id.to_string());
    write_time(json, "received_at", (**copy).received_at);
    Result<void> written = write_effects(json, reader, pos, RunDetail::kRow);
    if (!written) return written.error();
    json.end_object();
  }
  json.end_array();
  return {};
}

}  // namespace

Result<std::string> list_events(const QueryRequest& request, storage::JournalReader& reader) {
  storage::EventFilter filter{.limit = kPageDefault};
  for (const auto& [name, value] : request.query) {
    Result<void> read = read_parameter(name, value, filter);
    if (!read) return read.error();
  }
  const size_t page = filter.limit++;
  Result<std::vector<EventRecord>> events = reader.list_events(filter);
  if (!events) return events.error();

  const bool has_more = events->size() > page;
  if (has_more) events->resize(page);
  JsonWriter json;
  json.begin_object().key("data").begin_array();
  for (const EventRecord& event : *events) {
    json.begin_object().key("event");
    write_event(json, event);
    const Result<void> written = write_effects(json, reader, event.pos, RunDetail::kBrief);
    if (!written) return written.error();
    json.end_object();
  }
  end_list(json, has_more ? std::optional(events->back().pos) : std::nullopt);
  return json.take();
}

Result<std::string> show_event(const QueryRequest& request, storage::JournalReader& reader) {
  if (!request.query.empty()) return unknown_parameter(request.query.front().first, "none");
  Result<std::optional<EventRecord>> event = reader.find_event(request.id);
  if (!event) return event.error();
  if (!*event) return no_such_event(request.id);
  JsonWriter json;
  json.begin_object().key("data").begin_object().key("event");
  write_event(json, **event);
  Result<void> written = write_effects(json, reader, (**event).pos, RunDetail::kRow);
  if (!written) return written.error();
  written = write_copies(json, reader, **event);
  if (!written) return written.error();
  return json.end_object().end_object().take();
}

}  // namespace stepwell::server
