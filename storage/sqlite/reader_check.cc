// The file system check of the journal: what SQLite checks about its pages, and what must hold
// between the rows. Nothing that is not known to be right is passed over.
#include <fmt/core.h>

#include <map>

#include "storage/sqlite/open.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/sqlite_reader.h"

namespace stepwell::storage {
namespace {

constexpr size_t kMaxFindings = 100;

// Each gives a line of text per fault. Quick ones use indexes and counters only.
constexpr const char* kQuickQueries[] = {
    "SELECT 'step ' || s.pos || ' is pending, but its run ' || s.run || ' is '"
    " || iif(r.no IS NULL, 'missing', 'over') FROM steps s INDEXED BY steps_pending"
    " LEFT JOIN runs r ON r.no = s.run WHERE s.state = 1 AND (r.no IS NULL OR r.status >= 3)",
    "SELECT 'open runs: ' || open_runs || ' counted, ' || n || ' found' FROM shards,"
    " (SELECT count(*) AS n FROM runs INDEXED BY runs_open WHERE status < 3) WHERE open_runs <> n",
    "SELECT 'pending steps: ' || pending_steps || ' counted, ' || n || ' found' FROM shards,"
    " (SELECT count(*) AS n FROM steps INDEXED BY steps_pending WHERE state = 1)"
    " WHERE pending_steps <> n",
    "SELECT 'position ' || p || ' is above the last one given out, ' || last_pos FROM shards,"
    " (SELECT max(p) AS p FROM (SELECT max(pos) AS p FROM events UNION ALL SELECT max(no) FROM runs"
    " UNION ALL SELECT max(pos) FROM steps UNION ALL SELECT max(pos) FROM attempts"
    " UNION ALL SELECT max(pos) FROM messages))"
    " WHERE p > last_pos",
};

constexpr const char* kDeepQueries[] = {
    "SELECT 'message ' || pos || ' is there, though all up to ' || dropped_through"
    " || ' were dropped' FROM messages, message_history WHERE pos <= dropped_through",
    "SELECT 'events: ' || events || ' counted, ' || n || ' found' FROM shards,"
    " (SELECT count(*) AS n FROM events) WHERE events <> n",
    "SELECT 'runs: ' || runs || ' counted, ' || n || ' found' FROM shards,"
    " (SELECT count(*) AS n FROM runs) WHERE runs <> n",
    "SELECT 'step ' || pos || ' belongs to run ' || run || ', which is missing' FROM steps"
    " WHERE run NOT IN (SELECT no FROM runs)",
    "SELECT 'attempt ' || pos || ' belongs to run ' || run || ', which is missing' FROM attempts"
    " WHERE run NOT IN (SELECT no FROM runs)",
    "SELECT 'step ' || pos || ' is pending and resolved at once' FROM steps"
    " WHERE state = 1 AND resolved_pos IS NOT NULL",
    "SELECT 'step ' || pos || ' is resolved, but not at a position' FROM steps"
    " WHERE state <> 1 AND (resolved_pos IS NULL OR resolved_pos < pos)",
    "SELECT 'step ' || pos || ' was resolved by event ' || resolved_event || ', which is missing'"
    " FROM steps WHERE resolved_event IS NOT NULL"
    " AND resolved_event NOT IN (SELECT pos FROM events)",
    "SELECT 'step ' || pos || ' invoked run ' || invoked_run || ', which is missing' FROM steps"
    " WHERE invoked_run IS NOT NULL AND invoked_run NOT IN (SELECT no FROM runs)",
    "SELECT 'run ' || no || ' was triggered by event ' || event || ', which is missing' FROM runs"
    " WHERE event IS NOT NULL AND event NOT IN (SELECT pos FROM events)",
    "SELECT 'run ' || run || ' was triggered by event ' || event || ', which is missing'"
    " FROM run_events WHERE event NOT IN (SELECT pos FROM events)",
    "SELECT 'events of run ' || run || ', which is missing' FROM run_events"
    " WHERE run NOT IN (SELECT no FROM runs) GROUP BY run",
    "SELECT 'run ' || no || ' has ' || event_count || ' events, but ' || (iif(event IS NULL, 0, 1) "
    "+"
    " (SELECT count(*) FROM run_events WHERE run = no)) || ' are there' FROM runs WHERE event_count"
    " <> iif(event IS NULL, 0, 1) + (SELECT count(*) FROM run_events WHERE run = no)",
    "SELECT 'run ' || no || ' is of function ' || function || ', which is missing' FROM runs"
    " WHERE function NOT IN (SELECT id FROM functions)",
    "SELECT 'a flow state is of function ' || function || ', which is missing' FROM flow_states"
    " WHERE function NOT IN (SELECT id FROM functions)",
    "SELECT 'event ' || e.pos || ' is of the end of run ' || e.of_run || ', which is '"
    " || iif(r.no IS NULL, 'missing', 'open') FROM events e LEFT JOIN runs r ON r.no = e.of_run"
    " WHERE e.of_run IS NOT NULL AND (r.no IS NULL OR r.status < 3)",
};

}  // namespace

Result<void> SqliteReader::collect(const std::string& sql, std::vector<std::string>& findings) {
  Result<Statement> statement = database_.prepare(sql);
  if (!statement) return statement.error();
  return for_each(*statement, [&]() -> Result<void> {
    std::string_view text = statement->read_text();
    if (text != "ok" && findings.size() < kMaxFindings) findings.emplace_back(text);
    return {};
  });
}

Result<void> SqliteReader::check_pages(bool deep, std::vector<std::string>& findings) {
  return collect(deep ? "PRAGMA integrity_check" : "PRAGMA quick_check", findings);
}

Result<void> SqliteReader::check_tables(std::vector<std::string>& findings) {
  constexpr char kSchema[] =
      "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
      " AND name NOT LIKE '\\_litestream\\_%' ESCAPE '\\'";
  auto read = [&](Database& database) -> Result<std::map<std::string, std::string>> {
    std::map<std::string, std::string> tables;
    Result<Statement> statement = database.prepare(kSchema);
    if (!statement) return statement.error();
    auto done = for_each(*statement, [&]() -> Result<void> {
      std::string name(statement->read_text());
      tables.emplace(std::move(name), statement->read_text());
      return {};
    });
    if (!done) return done.error();
    return tables;
  };
  // The migrations, applied to a database in memory, say what must be there.
  Result<Database> model = open_model();
  if (!model) return model.error();
  auto expected = read(*model);
  if (!expected) return expected.error();
  auto found = read(database_);
  if (!found) return found.error();
  for (const auto& [name, sql] : *found) {
    if (!expected->contains(name)) findings.push_back("unknown table or index " + name);
  }
  for (const auto& [name, sql] : *expected) {
    auto it = found->find(name);
    if (it == found->end()) {
      findings.push_back("table or index " + name + " is missing");
    } else if (it->second != sql) {
      findings.push_back("table or index " + name + " has another definition");
    }
  }
  return {};
}

Result<void> SqliteReader::check_checksums(std::vector<std::string>& findings) {
  auto scan = [&](const char* columns, const char* table, auto read_row) -> Result<void> {
    Result<Statement> statement =
        database_.prepare(fmt::format("SELECT {} FROM {}", columns, table));
    if (!statement) return statement.error();
    return for_each(*statement, [&]() -> Result<void> {
      auto row = read_row(*statement);
      if (!row && findings.size() < kMaxFindings) findings.push_back(row.error().message);
      return {};
    });
  };
  size_t event_count = 0;
  auto read_any_run = [&](Statement& row) { return read_run(row, event_count); };
  if (auto done = scan(kEventColumns, "events", read_event); !done) return done;
  if (auto done = scan(kRunColumns, "runs", read_any_run); !done) return done;
  if (auto done = scan(kStepColumns, "steps", read_step); !done) return done;
  if (auto done = scan(kAttemptColumns, "attempts", read_attempt); !done) return done;
  if (auto done = scan(kFlowStateColumns, "flow_states", read_flow_state); !done) return done;
  if (auto done = scan(kMessageColumns, "messages", read_message); !done) return done;
  if (auto done = scan(kTopicColumns, "topics", read_topic); !done) return done;
  return scan(kFunctionColumns, "functions", read_function);
}

Result<void> SqliteReader::check_all(bool deep, std::vector<std::string>& findings) {
  if (auto done = check_pages(deep, findings); !done) return done;
  if (auto done = check_tables(findings); !done) return done;
  // Queries over tables that are not as they should be would say less than that.
  if (!findings.empty()) return {};
  for (const char* sql : kQuickQueries) {
    if (auto done = collect(sql, findings); !done) return done;
  }
  if (!deep) return {};
  for (const char* sql : kDeepQueries) {
    if (auto done = collect(sql, findings); !done) return done;
  }
  return check_checksums(findings);
}

Result<std::vector<std::string>> SqliteReader::check(bool deep) {
  return in_call<std::vector<std::string>>(
      [&]() -> Result<std::vector<std::string>> {
        std::vector<std::string> findings;
        const Result<void> done = check_all(deep, findings);
        if (done) return findings;
        // What cannot even be read is a finding like any other.
        if (done.error().code != ErrorCode::kCorrupt) return done.error();
        findings.push_back(done.error().message);
        return findings;
      },
      Bound::kNone);
}

}  // namespace stepwell::storage
