// Lists and look-ups by filters: each takes the one index that fits and stops at its limit.
#include <fmt/core.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>

#include "storage/sqlite/rows.h"
#include "storage/sqlite/sqlite_reader.h"

namespace stepwell::storage {
namespace {

// A range of times with at most so many rows is read by its own index and sorted; a larger one is
// read by position, newest first, until the page is full.
constexpr int kSmallRange = 2000;

std::string number_filter(std::string_view column, std::string_view comparison,
                          std::optional<int64_t> value) {
  return value ? fmt::format(" AND {} {} {}", column, comparison, *value) : std::string();
}

std::optional<int64_t> millis(const std::optional<Time>& time) {
  return time ? std::optional<int64_t>(to_millis(*time)) : std::nullopt;
}

std::optional<int64_t> number(const std::optional<Position>& pos) {
  return pos ? std::optional<int64_t>(static_cast<int64_t>(*pos)) : std::nullopt;
}

std::string event_conditions(const EventFilter& filter) {
  std::string sql;
  // LIKE knows no difference between a and A, and neither does the rule for internal names.
  if (!filter.include_internal) sql += " AND name NOT LIKE 'inngest/%'";
  sql += number_filter("received_at", ">=", millis(filter.received_from));
  sql += number_filter("received_at", "<", millis(filter.received_until));
  return sql + number_filter("pos", "<", number(filter.before));
}

}  // namespace

Result<std::vector<RunRecord>> SqliteReader::select_runs(const RunFilter& filter,
                                                         std::string_view source) {
  std::string sql = fmt::format("SELECT {} FROM runs {}", kRunColumns, source);
  if (filter.function) sql += " AND function = ?";
  sql += number_filter("created_at", ">=", millis(filter.created_from));
  sql += number_filter("created_at", "<", millis(filter.created_until));
  sql += number_filter("no", "<", number(filter.before));
  sql += fmt::format(" ORDER BY no DESC LIMIT {}", filter.limit);
  Result<Statement> statement = database_.prepare(sql);
  if (!statement) return statement.error();
  if (filter.function) statement->text(filter.function->slug);
  return read_runs(*statement);
}

Result<std::vector<RunRecord>> SqliteReader::select_page(const RunFilter& filter) {
  if (filter.of_event || filter.resumed_by || filter.cancelled_by) {
    std::string source = "WHERE true";
    if (filter.of_event) {
      source += fmt::format(
          " AND no IN (SELECT no FROM runs WHERE event = {0} UNION"
          " SELECT run FROM run_events WHERE event = {0})",
          *filter.of_event);
    }
    const auto add_resolved = [&](const std::optional<Position>& event, std::string_view is) {
      if (!event) return;
      source += fmt::format(
          " AND no IN (SELECT run FROM steps INDEXED BY steps_by_event WHERE resolved_event = {}"
          " AND kind {} {})",
          *event, is, static_cast<int>(StepKind::kCancelOn));
    };
    add_resolved(filter.resumed_by, "<>");
    add_resolved(filter.cancelled_by, "=");
    if (!filter.statuses.empty()) {
      source += " AND status IN (0";
      for (RunStatus status : filter.statuses) {
        source += fmt::format(", {}", static_cast<int>(status));
      }
      source += ")";
    }
    return select_runs(filter, source);
  }
  if (filter.statuses.empty()) {
    return select_runs(filter, filter.function ? "INDEXED BY runs_by_function WHERE true"
                                               : "NOT INDEXED WHERE true");
  }
  std::vector<RunRecord> page;
  for (RunStatus status : filter.statuses) {
    bool is_ended = is_terminal(status);
    Result<std::vector<RunRecord>> runs =
        select_runs(filter, fmt::format("INDEXED BY {} WHERE status = {} AND status {} 3",
                                        is_ended ? "runs_ended" : "runs_open",
                                        static_cast<int>(status), is_ended ? ">=" : "<"));
    if (!runs) return runs;
    std::move(runs->begin(), runs->end(), std::back_inserter(page));
  }
  std::sort(page.begin(), page.end(),
            [](const RunRecord& a, const RunRecord& b) { return a.no > b.no; });
  auto same = std::unique(page.begin(), page.end(), [](const RunRecord& a, const RunRecord& b) {
    return a.no == b.no;  // a status that was asked for twice
  });
  page.erase(same, page.end());
  if (page.size() > filter.limit) page.resize(filter.limit);
  return page;
}

Result<std::vector<RunRecord>> SqliteReader::list_runs(const RunFilter& filter) {
  return in_call<std::vector<RunRecord>>([&] { return select_page(filter); });
}

Result<std::vector<EventRecord>> SqliteReader::list_events(const EventFilter& filter) {
  return in_call<std::vector<EventRecord>>([&]() -> Result<std::vector<EventRecord>> {
    std::string index = "NOT INDEXED";
    std::string conditions = event_conditions(filter);
    bool is_by_name = filter.name && !is_internal_event_name(*filter.name);
    if (is_by_name) {
      index = "INDEXED BY events_by_name";
      conditions += " AND of_run IS NULL";
    } else if (filter.received_from || filter.received_until) {
      auto count = database_.value(
          fmt::format("SELECT count(*) FROM (SELECT 1 FROM events INDEXED BY events_by_receipt"
                      " WHERE received_at >= {} AND received_at < {} LIMIT {})",
                      millis(filter.received_from).value_or(INT64_MIN + 1),
                      millis(filter.received_until).value_or(INT64_MAX), kSmallRange + 1));
      if (!count) return count.error();
      if (std::atoi(count->c_str()) <= kSmallRange) index = "INDEXED BY events_by_receipt";
    }
    std::string sql =
        fmt::format("SELECT {} FROM events {} WHERE true{}", kEventColumns, index, conditions);
    if (filter.name) sql += " AND name = ?";
    sql += fmt::format(" ORDER BY pos DESC LIMIT {}", filter.limit);
    Result<Statement> statement = database_.prepare(sql);
    if (!statement) return statement.error();
    if (filter.name) statement->text(*filter.name);
    Result<std::vector<EventRecord>> events = read_events(*statement);
    if (!events) return events;
    if (auto filled = fill(*events); !filled) return filled.error();
    return events;
  });
}

Result<std::vector<EventRecord>> SqliteReader::recent_events(Time since, size_t limit,
                                                             size_t bytes_max) {
  return in_call<std::vector<EventRecord>>([&]() -> Result<std::vector<EventRecord>> {
    // Positions first: to sort the events themselves SQLite would read all that they hold.
    static const char kSql[] =
        "SELECT pos FROM events INDEXED BY events_by_receipt WHERE received_at >= ?"
        " AND name NOT LIKE 'inngest/%' ORDER BY pos DESC LIMIT ?";
    Result<Statement*> statement = database_.cached(kSql);
    if (!statement) return statement.error();
    (*statement)->integer(to_millis(since)).integer(static_cast<int64_t>(limit));
    std::vector<Position> positions;
    auto listed = for_each(**statement, [&]() -> Result<void> {
      positions.push_back((*statement)->read_position());
      return {};
    });
    if (!listed) return listed.error();
    std::vector<EventRecord> events;
    size_t bytes = 0;
    for (const Position pos : positions) {
      Result<std::optional<EventRecord>> event = stored_event_at(pos);
      if (!event) return event.error();
      if (!*event) {
        return Error{ErrorCode::kCorrupt,
                     fmt::format("event {} is in an index only; restore a backup", pos)};
      }
      bytes += text_bytes((*event)->event);
      if (bytes > bytes_max) break;
      events.push_back(std::move(**event));
    }
    std::reverse(events.begin(), events.end());
    return events;
  });
}

Result<void> SqliteReader::read_history(std::string_view event_id, Time since,
                                        EventHistory& history) {
  // The limit is inside, so that copies from before `since` are not walked through either.
  static const std::string kCopies = fmt::format(
      "WITH newest AS (SELECT pos, received_at FROM events INDEXED BY events_by_user_id"
      " WHERE public_id = ?1 AND has_user_id = 1 ORDER BY pos DESC LIMIT {}),"
      " copies AS MATERIALIZED (SELECT pos FROM newest WHERE received_at >= ?2) ",
      kCopiesMax);
  static const std::string kAccepted =
      kCopies +
      "SELECT pos, (SELECT name FROM events WHERE pos = copies.pos) FROM copies ORDER BY pos";
  // The second half: runs that a copy is a further event of, which are batches.
  static const std::string kStarted =
      kCopies +
      "SELECT function, no, (SELECT name FROM events WHERE pos = runs.event) FROM runs"
      " WHERE event_id = ?1 AND created_at >= ?2"
      " UNION ALL SELECT r.function, r.no, (SELECT name FROM events WHERE pos = c.pos) FROM copies "
      "c"
      " CROSS JOIN run_events e INDEXED BY run_events_by_event ON e.event = c.pos"
      " CROSS JOIN runs r ON r.no = e.run WHERE r.rerun_of IS NULL AND r.created_at >= ?2";
  static const std::string kResumed =
      kCopies +
      ", moved AS (SELECT s.run AS run, c.pos AS pos FROM copies c"
      " CROSS JOIN steps s INDEXED BY steps_by_event ON s.resolved_event = c.pos"
      " UNION SELECT r.no, c.pos FROM copies c"
      " CROSS JOIN runs r INDEXED BY runs_by_event ON r.event = c.pos WHERE r.rerun_of IS NOT NULL"
      " UNION SELECT r.no, c.pos FROM copies c"
      " CROSS JOIN run_events e INDEXED BY run_events_by_event ON e.event = c.pos"
      " CROSS JOIN runs r ON r.no = e.run WHERE r.rerun_of IS NOT NULL)"
      " SELECT DISTINCT m.run, e.name FROM moved m CROSS JOIN events e ON e.pos = m.pos"
      " ORDER BY 1, 2";
  const auto read = [&](const std::string& sql, const auto& each) -> Result<void> {
    Result<Statement*> statement = database_.cached(sql.c_str());
    if (!statement) return statement.error();
    (*statement)->text(event_id).integer(to_millis(since));
    return for_each(**statement, [&]() -> Result<void> {
      each(**statement);
      return {};
    });
  };
  auto done = read(kAccepted, [&](Statement& row) {
    const Position pos = row.read_position();
    history.copies.push_back({pos, std::string(row.read_text())});
  });
  if (!done) return done;
  done = read(kStarted, [&](Statement& row) {
    FunctionId function{std::string(row.read_text())};
    const RunNo run = row.read_position();
    history.started.push_back({std::move(function), run, std::string(row.read_text())});
  });
  if (!done) return done;
  sort_started(history);
  if (history.copies.empty()) return {};
  return read(kResumed, [&](Statement& row) {
    const RunNo run = row.read_position();
    history.resumed.push_back({run, std::string(row.read_text())});
  });
}

Result<EventHistory> SqliteReader::event_history(std::string_view event_id, Time since) {
  return in_call<EventHistory>([&]() -> Result<EventHistory> {
    EventHistory history;
    if (event_id.empty()) return history;
    if (auto read = read_history(event_id, since, history); !read) return read.error();
    return history;
  });
}

Result<std::vector<StoredFunction>> SqliteReader::functions() {
  return in_call<std::vector<StoredFunction>>([&]() -> Result<std::vector<StoredFunction>> {
    Result<Statement*> statement =
        database_.cached("SELECT id, is_archived, crc, config FROM functions ORDER BY id");
    if (!statement) return statement.error();
    std::vector<StoredFunction> functions;
    auto read = for_each(**statement, [&]() -> Result<void> {
      Result<StoredFunction> function = read_function(**statement);
      if (!function) return function.error();
      functions.push_back(std::move(*function));
      return {};
    });
    if (!read) return read.error();
    return functions;
  });
}

Result<std::vector<FlowState>> SqliteReader::flow_states(const std::optional<FlowStateKey>& after,
                                                         size_t limit) {
  return in_call<std::vector<FlowState>>([&]() -> Result<std::vector<FlowState>> {
    static const std::string sql = fmt::format(
        "SELECT {} FROM flow_states WHERE (function, kind, key, pos) > (?, ?, ?, ?)"
        " ORDER BY function, kind, key, pos LIMIT ?",
        kFlowStateColumns);
    Result<Statement*> statement = database_.cached(sql.c_str());
    if (!statement) return statement.error();
    // No kind is zero: this is in front of all rows.
    const FlowStateKey front{.function = "", .kind = FlowKind{0}, .key = "", .pos = 0};
    const FlowStateKey& from = after ? *after : front;
    (*statement)->text(from.function).integer(static_cast<int>(from.kind)).text(from.key);
    (*statement)->key(from.pos).integer(static_cast<int64_t>(limit));
    std::vector<FlowState> page;
    auto read = for_each(**statement, [&]() -> Result<void> {
      Result<FlowState> state = read_flow_state(**statement);
      if (!state) return state.error();
      page.push_back(std::move(*state));
      return {};
    });
    if (!read) return read.error();
    return page;
  });
}

Result<MessagePage> SqliteReader::messages(Position after, size_t limit) {
  return in_call<MessagePage>([&]() -> Result<MessagePage> {
    MessagePage page;
    Result<Statement*> dropped =
        database_.cached("SELECT dropped_through FROM message_history WHERE shard = 0");
    if (!dropped) return dropped.error();
    auto read = for_each(**dropped, [&]() -> Result<void> {
      page.dropped_through = (*dropped)->read_position();
      return {};
    });
    if (!read) return read.error();
    static const std::string sql =
        fmt::format("SELECT {} FROM messages WHERE pos > ? ORDER BY pos LIMIT ?", kMessageColumns);
    Result<Statement*> statement = database_.cached(sql.c_str());
    if (!statement) return statement.error();
    (*statement)->key(after).integer(static_cast<int64_t>(limit));
    read = for_each(**statement, [&]() -> Result<void> {
      Result<MessageRecord> message = read_message(**statement);
      if (!message) return message.error();
      page.messages.push_back(std::move(*message));
      return {};
    });
    if (!read) return read.error();
    return page;
  });
}

Result<std::vector<TopicRecord>> SqliteReader::topics() {
  return in_call<std::vector<TopicRecord>>([&]() -> Result<std::vector<TopicRecord>> {
    static const std::string sql =
        fmt::format("SELECT {} FROM topics ORDER BY channel, topic", kTopicColumns);
    Result<Statement*> statement = database_.cached(sql.c_str());
    if (!statement) return statement.error();
    std::vector<TopicRecord> topics;
    auto read = for_each(**statement, [&]() -> Result<void> {
      Result<TopicRecord> topic = read_topic(**statement);
      if (!topic) return topic.error();
      topics.push_back(std::move(*topic));
      return {};
    });
    if (!read) return read.error();
    return topics;
  });
}

Result<JournalStats> SqliteReader::stats() {
  return in_call<JournalStats>([&]() -> Result<JournalStats> {
    Result<Statement*> statement = database_.cached(
        "SELECT sum(events), sum(runs), sum(open_runs), sum(pending_steps),"
        " (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) FROM shards");
    if (!statement) return statement.error();
    JournalStats stats;
    auto read = for_each(**statement, [&]() -> Result<void> {
      stats.events = (*statement)->read_position();
      stats.runs = (*statement)->read_position();
      stats.open_runs = (*statement)->read_position();
      stats.pending_steps = (*statement)->read_position();
      stats.file_bytes = (*statement)->read_position();
      return {};
    });
    if (!read) return read.error();
    std::error_code absent;  // a log that is not there has no bytes
    auto size = std::filesystem::file_size(options_.path + "-wal", absent);
    if (!absent) stats.log_bytes = size;
    return stats;
  });
}

}  // namespace stepwell::storage
