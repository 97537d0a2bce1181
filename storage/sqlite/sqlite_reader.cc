#include "storage/sqlite/sqlite_reader.h"

#include <fmt/core.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "storage/sqlite/open.h"
#include "storage/sqlite/rows.h"

namespace stepwell::storage {
namespace {

// How many instructions of SQLite's machine run between two looks at the clock: some 20 µs.
constexpr int kInstructionsPerLook = 2000;

std::string select(const char* columns, const char* rest) {
  return fmt::format("SELECT {} {}", columns, rest);
}

const std::string& run_by_number() {
  static const std::string sql = select(kRunColumns, "FROM runs WHERE no = ?");
  return sql;
}
const std::string& run_by_id() {
  static const std::string sql = select(kRunColumns, "FROM runs WHERE id = ?");
  return sql;
}
const std::string& event_by_position() {
  static const std::string sql = select(kEventColumns, "FROM events WHERE pos = ?");
  return sql;
}
const std::string& event_by_id() {
  static const std::string sql =
      select(kEventColumns, "FROM events WHERE id = ? ORDER BY pos LIMIT 1");
  return sql;
}
const std::string& event_by_user_id() {
  static const std::string sql = select(kEventColumns,
                                        "FROM events WHERE public_id = ? AND has_user_id = 1"
                                        " ORDER BY pos DESC LIMIT 1");
  return sql;
}
const std::string& steps_of_run() {
  static const std::string sql = select(kStepColumns, "FROM steps WHERE run = ? ORDER BY pos");
  return sql;
}
const std::string& pending_of_run() {
  static const std::string sql =
      select(kStepColumns, "FROM steps WHERE run = ? AND state = 1 ORDER BY pos");
  return sql;
}
const std::string& attempts_of_run() {
  static const std::string sql =
      select(kAttemptColumns, "FROM attempts WHERE run = ? ORDER BY pos");
  return sql;
}

}  // namespace

Result<std::unique_ptr<JournalReader>> open_sqlite_reader(const SqliteOptions& options,
                                                          std::shared_ptr<SharedState> shared) {
  Result<Database> database = open_for_reading(options);
  if (!database) return database.error();
  return std::unique_ptr<JournalReader>(
      std::make_unique<SqliteReader>(options, std::move(shared), std::move(*database)));
}

SqliteReader::SqliteReader(SqliteOptions options, std::shared_ptr<SharedState> shared,
                           Database database)
    : options_(std::move(options)),
      shared_(std::move(shared)),
      database_(std::move(database)),
      owner_pid_(getpid()) {
  sqlite3_progress_handler(database_.handle(), kInstructionsPerLook, &SqliteReader::is_overdue,
                           this);
}

SqliteReader::~SqliteReader() {
  if (getpid() != owner_pid_) database_.abandon();
}

int SqliteReader::is_overdue(void* self) {
  auto* reader = static_cast<SqliteReader*>(self);
  return reader->has_deadline_ && std::chrono::steady_clock::now() > reader->deadline_;
}

Result<void> SqliteReader::begin_call(Bound bound) {
  if (shared_->is_log_too_long && !is_engines_) {
    return Error{ErrorCode::kUnavailable,
                 "the write-ahead log is too long; reads wait for a checkpoint, try again"};
  }
  has_deadline_ = bound == Bound::kDeadline && !is_engines_;
  deadline_ = std::chrono::steady_clock::now() + options_.read_deadline;
  int code = database_.run("BEGIN");
  if (code != SQLITE_DONE) return database_.error(code, "begin to read");
  return {};
}

void SqliteReader::end_call() {
  has_deadline_ = false;
  database_.run("ROLLBACK");  // nothing was written; the snapshot is given back
}

Result<void> SqliteReader::for_each(Statement& statement,
                                    const std::function<Result<void>()>& each) {
  Result<void> result;
  for (;;) {
    int code = statement.step();
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) {
      result = (code & 0xFF) == SQLITE_INTERRUPT
                   ? Error{ErrorCode::kUnavailable,
                           fmt::format("the query took longer than {} ms; ask for less",
                                       options_.read_deadline.count())}
                   : database_.error(code, "read");
      break;
    }
    result = each();
    if (!result) break;
  }
  statement.reset();
  return result;
}

Result<void> SqliteReader::add_further_events(RunRecord& run, size_t count) {
  if (count <= 1) return {};
  Result<Statement*> statement =
      database_.cached("SELECT event FROM run_events WHERE run = ? ORDER BY place");
  if (!statement) return statement.error();
  (*statement)->key(run.no);
  auto read = for_each(**statement, [&]() -> Result<void> {
    run.events.push_back((*statement)->read_position());
    return {};
  });
  if (read && run.events.size() != count) {
    return Error{ErrorCode::kCorrupt, fmt::format("run {} was triggered by {} events, {} are there",
                                                  run.no, count, run.events.size())};
  }
  return read;
}

Result<std::vector<RunRecord>> SqliteReader::read_runs(Statement& statement) {
  std::vector<RunRecord> runs;
  std::vector<size_t> counts;
  auto read = for_each(statement, [&]() -> Result<void> {
    Result<RunRecord> run = read_run(statement, counts.emplace_back());
    if (!run) return run.error();
    runs.push_back(std::move(*run));
    return {};
  });
  for (size_t i = 0; read && i < runs.size(); ++i) read = add_further_events(runs[i], counts[i]);
  if (!read) return read.error();
  return runs;
}

Result<std::optional<RunRecord>> SqliteReader::run_at(RunNo no) {
  Result<Statement*> statement = database_.cached(run_by_number().c_str());
  if (!statement) return statement.error();
  (*statement)->key(no);
  return first_of(read_runs(**statement));
}

Result<std::optional<RunRecord>> SqliteReader::find_run(const RunId& id) {
  return in_call<std::optional<RunRecord>>([&]() -> Result<std::optional<RunRecord>> {
    Result<Statement*> statement = database_.cached(run_by_id().c_str());
    if (!statement) return statement.error();
    const auto& bytes = id.ulid.bytes;
    (*statement)->blob({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return first_of(read_runs(**statement));
  });
}

Result<std::vector<EventRecord>> SqliteReader::read_events(Statement& statement) {
  std::vector<EventRecord> events;
  auto read = for_each(statement, [&]() -> Result<void> {
    Result<EventRecord> event = read_event(statement);
    if (!event) return event.error();
    events.push_back(std::move(*event));
    return {};
  });
  if (!read) return read.error();
  return events;
}

EventDataSource SqliteReader::data_source() {
  return {[this](RunNo no) { return run_at(no); },
          [this](Position pos) { return stored_event_at(pos); }};
}

Result<void> SqliteReader::fill(std::vector<EventRecord>& events) {
  for (EventRecord& event : events) {
    if (auto filled = fill_event_data(event, data_source()); !filled) return filled;
  }
  return {};
}

Result<std::optional<EventRecord>> SqliteReader::stored_event_at(Position pos) {
  Result<Statement*> statement = database_.cached(event_by_position().c_str());
  if (!statement) return statement.error();
  (*statement)->key(pos);
  return first_of(read_events(**statement));
}

Result<std::optional<EventRecord>> SqliteReader::event_at(Position pos) {
  return in_call<std::optional<EventRecord>>([&]() -> Result<std::optional<EventRecord>> {
    Result<std::optional<EventRecord>> event = stored_event_at(pos);
    if (!event || !event->has_value()) return event;
    if (auto filled = fill_event_data(**event, data_source()); !filled) return filled.error();
    return event;
  });
}

Result<std::optional<EventRecord>> SqliteReader::find_stored_event(std::string_view id) {
  if (auto internal = EventId::parse(id)) {
    Result<Statement*> statement = database_.cached(event_by_id().c_str());
    if (!statement) return statement.error();
    const auto& bytes = internal->ulid.bytes;
    (*statement)->blob({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    Result<std::optional<EventRecord>> event = first_of(read_events(**statement));
    if (!event || event->has_value()) return event;
  }
  Result<Statement*> statement = database_.cached(event_by_user_id().c_str());
  if (!statement) return statement.error();
  (*statement)->text(id);
  return first_of(read_events(**statement));
}

Result<std::optional<EventRecord>> SqliteReader::find_event(std::string_view id) {
  return in_call<std::optional<EventRecord>>([&]() -> Result<std::optional<EventRecord>> {
    Result<std::optional<EventRecord>> event = find_stored_event(id);
    if (!event || !event->has_value()) return event;
    if (auto filled = fill_event_data(**event, data_source()); !filled) return filled.error();
    return event;
  });
}

Result<void> SqliteReader::load_steps(RunSnapshot& snapshot) {
  Result<Statement*> statement = database_.cached(steps_of_run().c_str());
  if (!statement) return statement.error();
  (*statement)->key(snapshot.run.no);
  return for_each(**statement, [&]() -> Result<void> {
    Result<StepRecord> step = read_step(**statement);
    if (!step) return step.error();
    snapshot.steps.push_back(std::move(*step));
    return {};
  });
}

Result<void> SqliteReader::load_attempts(RunSnapshot& snapshot) {
  Result<Statement*> statement = database_.cached(attempts_of_run().c_str());
  if (!statement) return statement.error();
  (*statement)->key(snapshot.run.no);
  return for_each(**statement, [&]() -> Result<void> {
    Result<AttemptRecord> attempt = read_attempt(**statement);
    if (!attempt) return attempt.error();
    snapshot.attempts.push_back(std::move(*attempt));
    return {};
  });
}

Result<RunSnapshot> SqliteReader::load_run(RunNo no, bool with_attempts) {
  return in_call<RunSnapshot>([&]() -> Result<RunSnapshot> {
    Result<std::optional<RunRecord>> run = run_at(no);
    if (!run) return run.error();
    if (!run->has_value()) {
      return Error{ErrorCode::kNotFound, fmt::format("there is no run with the number {}", no)};
    }
    RunSnapshot snapshot;
    snapshot.run = std::move(**run);
    for (Position pos : snapshot.run.events) {
      Result<std::optional<EventRecord>> event = stored_event_at(pos);
      if (!event) return event.error();
      if (!event->has_value()) {
        return Error{ErrorCode::kCorrupt,
                     fmt::format("event {}, which triggered run {}, is missing", pos, no)};
      }
      snapshot.events.push_back(std::move(**event));
    }
    if (auto filled = fill(snapshot.events); !filled) return filled.error();
    if (auto loaded = load_steps(snapshot); !loaded) return loaded.error();
    if (with_attempts) {
      if (auto loaded = load_attempts(snapshot); !loaded) return loaded.error();
    }
    Result<Statement*> sequence = database_.cached("SELECT commit_seq FROM shards WHERE shard = 0");
    if (!sequence) return sequence.error();
    auto read = for_each(**sequence, [&]() -> Result<void> {
      snapshot.as_of_seq = static_cast<uint64_t>((*sequence)->read_integer());
      return {};
    });
    if (!read) return read.error();
    return snapshot;
  });
}

Result<OpenRun> SqliteReader::open_run(RunNo no) {
  Result<std::optional<RunRecord>> run = run_at(no);
  if (!run) return run.error();
  CHECK_INVARIANT(run->has_value(), "its number was read in the same transaction");
  OpenRun open{.run = std::move(**run)};
  open.run.output.clear();
  Result<Statement*> pending = database_.cached(pending_of_run().c_str());
  if (!pending) return pending.error();
  (*pending)->key(no);
  auto read = for_each(**pending, [&]() -> Result<void> {
    Result<StepRecord> step = read_step(**pending);
    if (!step) return step.error();
    step->data.clear();
    open.pending.push_back(std::move(*step));
    return {};
  });
  if (!read) return read.error();
  Result<Statement*> last = database_.cached(
      "SELECT max(resolved_pos), max(pos), (SELECT max(pos) FROM attempts WHERE run = ?1)"
      " FROM steps WHERE run = ?1");
  if (!last) return last.error();
  (*last)->key(no);
  read = for_each(**last, [&]() -> Result<void> {
    open.last_resolved = (*last)->read_position();
    Position step = (*last)->read_position();
    Position attempt = (*last)->read_position();
    open.last_record = std::max({no, open.last_resolved, step, attempt});
    return {};
  });
  if (!read) return read.error();
  return open;
}

Result<std::vector<OpenRun>> SqliteReader::open_runs(RunNo after, size_t limit) {
  return in_call<std::vector<OpenRun>>([&]() -> Result<std::vector<OpenRun>> {
    // Both open states, each in the order of its index, merged by number.
    Result<Statement*> numbers = database_.cached(
        "SELECT no FROM (SELECT no FROM runs INDEXED BY runs_open WHERE status = 1"
        " AND status < 3 AND no > ?1 ORDER BY no LIMIT ?2) UNION ALL SELECT no FROM (SELECT no "
        "FROM runs INDEXED BY runs_open"
        " WHERE status = 2 AND status < 3 AND no > ?1 ORDER BY no LIMIT ?2) ORDER BY no LIMIT ?2");
    if (!numbers) return numbers.error();
    (*numbers)->integer(static_cast<int64_t>(after)).integer(static_cast<int64_t>(limit));
    std::vector<RunNo> found;
    auto read = for_each(**numbers, [&]() -> Result<void> {
      found.push_back((*numbers)->read_position());
      return {};
    });
    if (!read) return read.error();
    std::vector<OpenRun> page;
    page.reserve(found.size());
    for (RunNo no : found) {
      Result<OpenRun> open = open_run(no);
      if (!open) return open.error();
      page.push_back(std::move(*open));
    }
    return page;
  });
}

}  // namespace stepwell::storage
