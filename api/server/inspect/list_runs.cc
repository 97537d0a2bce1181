#include <fmt/core.h>

#include "api/server/inspect/parameters.h"
#include "api/server/inspect/queries.h"
#include "api/server/inspect/shape.h"

namespace stepwell::server {
namespace {

Result<void> read_statuses(std::string_view value, storage::RunFilter& filter) {
  for (std::string_view name : split_commas(value)) {
    const std::optional<RunStatus> status = parse_run_status(name);
    if (!status) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("there is no status \"{}\"; there are scheduled, running, completed,"
                               " failed, cancelled and skipped",
                               name)};
    }
    filter.statuses.push_back(*status);
  }
  return {};
}

Result<void> read_event(std::string_view id, storage::JournalReader& reader,
                        storage::RunFilter& filter) {
  Result<std::optional<EventRecord>> event = reader.find_event(id);
  if (!event) return event.error();
  if (!*event) return Error{ErrorCode::kNotFound, fmt::format("there is no event \"{}\"", id)};
  filter.of_event = (**event).pos;
  return {};
}

Result<void> read_parameter(std::string_view name, std::string_view value,
                            storage::JournalReader& reader, storage::RunFilter& filter) {
  if (name == "function") {
    filter.function = FunctionId{std::string(value)};
    return {};
  }
  if (name == "status") return read_statuses(value, filter);
  if (name == "event") return read_event(value, reader, filter);
  if (name == "from") return store(read_time(name, value), filter.created_from);
  if (name == "until") return store(read_time(name, value), filter.created_until);
  if (name == "limit") return store(read_limit(value), filter.limit);
  if (name == "cursor") return store(read_cursor(value), filter.before);
  return unknown_parameter(name, "function, status, event, from, until, limit and cursor");
}

// "No runs" for a name that was mistyped helps nobody.
Result<void> check_function(const storage::RunFilter& filter, storage::JournalReader& reader) {
  Result<std::vector<storage::StoredFunction>> functions = reader.functions();
  if (!functions) return functions.error();
  for (const storage::StoredFunction& function : *functions) {
    if (function.config.id == *filter.function) return {};
  }
  return Error{ErrorCode::kNotFound,
               fmt::format("there is no function \"{}\"", filter.function->slug)};
}

}  // namespace

Result<std::string> list_runs(const QueryRequest& request, storage::JournalReader& reader) {
  storage::RunFilter filter{.limit = kPageDefault};
  for (const auto& [name, value] : request.query) {
    Result<void> read = read_parameter(name, value, reader, filter);
    if (!read) return read.error();
  }
  const size_t page = filter.limit++;  // one more tells whether another page follows
  Result<std::vector<RunRecord>> runs = reader.list_runs(filter);
  if (!runs) return runs.error();
  if (runs->empty() && filter.function) {
    Result<void> known = check_function(filter, reader);
    if (!known) return known.error();
  }

  const bool has_more = runs->size() > page;
  if (has_more) runs->resize(page);
  JsonWriter json;
  json.begin_object().key("data").begin_array();
  for (const RunRecord& run : *runs) {
    json.begin_object();
    write_run_members(json, run, RunDetail::kRow);
    if (!run.events.empty()) {
      json.key("event");
      Result<void> written = write_event_name(json, reader, run.events.front());
      if (!written) return written.error();
    }
    json.end_object();
  }
  end_list(json, has_more ? std::optional(runs->back().no) : std::nullopt);
  return json.take();
}

}  // namespace stepwell::server
