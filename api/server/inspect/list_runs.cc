#include <fmt/core.h>

#include <algorithm>

#include "api/server/inspect/parameters.h"
#include "api/server/inspect/queries.h"
#include "api/server/inspect/search_runs.h"
#include "api/server/inspect/shape.h"
#include "api/server/inspect/why.h"
#include "api/server/wrong_id.h"

namespace stepwell::server {
namespace {

Result<void> read_statuses(std::string_view value, storage::RunFilter& filter) {
  const std::vector<std::string_view> names = split_commas(value);
  // Else it would be no filter, and a rerun of all that it names one of every run.
  if (names.empty()) return Error{ErrorCode::kInvalid, "status names none"};
  for (std::string_view name : names) {
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
  if (!*event) return no_such_event(id);
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
  return unknown_parameter(name, "function, status, event, query, from, until, limit and cursor");
}

// Of two values the last would win without a word. Statuses add up.
Result<void> check_repetitions(const NamedValues& query) {
  for (auto it = query.begin(); it != query.end(); ++it) {
    const bool is_repeated =
        std::any_of(query.begin(), it, [&](const auto& one) { return one.first == it->first; });
    if (is_repeated && it->first != "status") {
      return Error{ErrorCode::kInvalid, it->first + " is given more than once"};
    }
  }
  return {};
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

// One more than the page tells whether another follows.
Result<FoundRuns> read_page(storage::RunFilter filter, storage::JournalReader& reader) {
  const size_t page = filter.limit++;
  Result<std::vector<RunRecord>> runs = reader.list_runs(filter);
  if (!runs) return runs.error();
  FoundRuns found{.runs = std::move(*runs), .before = std::nullopt};
  if (found.runs.size() > page) {
    found.runs.resize(page);
    found.before = found.runs.back().no;
  }
  return found;
}

// What an open run waits for, by its records.
Result<void> write_waiting(JsonWriter& json, const RunRecord& run, Time now,
                           storage::JournalReader& reader) {
  if (is_terminal(run.status)) return {};
  Result<std::vector<storage::OpenRun>> open = reader.open_runs(run.no - 1, 1);
  if (!open) return open.error();
  if (open->empty() || open->front().run.no != run.no) return {};  // it ended just now
  storage::RunSnapshot snapshot{.run = run, .steps = std::move(open->front().pending)};
  const std::optional<Waiting> waiting = waiting_by_records(snapshot, now);
  if (waiting) json.key("waiting_for").string(waiting->what);
  return {};
}

}  // namespace

Result<FoundRuns> find_runs(const NamedValues& query, storage::JournalReader& reader) {
  storage::RunFilter filter{.limit = kPageDefault};
  std::optional<std::string_view> search;
  if (const Result<void> once = check_repetitions(query); !once) return once.error();
  for (const auto& [name, value] : query) {
    if (name == "query") {
      search = value;
      continue;
    }
    Result<void> read = read_parameter(name, value, reader, filter);
    if (!read) return read.error();
  }
  Result<FoundRuns> found =
      search ? search_runs(*search, filter, reader) : read_page(filter, reader);
  if (found && found->runs.empty() && filter.function) {
    Result<void> known = check_function(filter, reader);
    if (!known) return known.error();
  }
  return found;
}

Result<std::string> list_runs(const QueryRequest& request, storage::JournalReader& reader) {
  const Result<FoundRuns> found = find_runs(request.query, reader);
  if (!found) return found.error();
  JsonWriter json;
  json.begin_object().key("data").begin_array();
  for (const RunRecord& run : found->runs) {
    json.begin_object();
    write_run_members(json, run, RunDetail::kRow);
    if (Result<void> written = write_waiting(json, run, request.now, reader); !written) {
      return written.error();
    }
    if (!run.events.empty()) {
      json.key("event");
      Result<void> written = write_event_name(json, reader, run.events.front());
      if (!written) return written.error();
    }
    json.end_object();
  }
  end_list(json, found->before);
  return json.take();
}

}  // namespace stepwell::server
