// RAW: SQLite in the same folder and configuration, without the engine: the journal's own table of
// steps with its unique index and the same statement, 200-byte results, checkpoints on. And beside
// it what the journal's commit makes of the same rows: the price of the seam.
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "bench/bench.h"
#include "schema/check.h"
#include "schema/random.h"
#include "storage/sqlite/open.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/sqlite_journal.h"
#include "storage/sqlite/sqlite_writer.h"

namespace stepwell::bench {
namespace {

constexpr int kRowsPerCommit[] = {1, 64, 256, 1024};
constexpr int kStepsPerRun = 10;
constexpr int64_t kStartMillis = 1'700'000'000'000;
// As the journal does it when it has no idle moment.
constexpr int kCheckpointPages = storage::CheckpointRules{}.busy_pages;

// Enough commits for the checkpoints to weigh what they weigh.
int commits_for(const Options& options, int rows_per_commit) {
  int commits = std::max(200, 200'000 / rows_per_commit);
  commits = std::min(commits, 4000);
  return options.is_quick ? std::max(20, commits / 10) : commits;
}

// Steps of runs that go on one after another, ten each.
class Steps {
 public:
  Steps() : random_(1), result_('"' + std::string(198, 'r') + '"') {}

  StepRecord next() {
    StepRecord step;
    step.pos = ++pos_;
    step.run = 1 + (pos_ - 1) / kStepsPerRun;
    for (size_t i = 0; i < step.key.bytes.size(); i += 4) {
      auto word = static_cast<uint32_t>(random_.next());
      std::memcpy(&step.key.bytes[i], &word, sizeof word);
    }
    step.id = "step-" + std::to_string(pos_ % kStepsPerRun);
    step.state = StepState::kCompleted;
    step.resolved_pos = step.base = step.pos;
    step.registered_at = from_millis(kStartMillis + static_cast<int64_t>(pos_));
    step.resolved_at = step.registered_at;
    step.data = result_;
    return step;
  }

 private:
  Random random_;
  std::string result_;
  Position pos_ = 0;
};

void must(int code, int expected) {
  CHECK_INVARIANT(code == expected, sqlite3_errstr(code));
}

// The statement of the journal, bound by hand.
void insert(sqlite3_stmt* statement, const StepRecord& step) {
  auto integer = [&](int at, int64_t value) { sqlite3_bind_int64(statement, at, value); };
  auto bytes = [](const std::string& text) { return static_cast<int>(text.size()); };
  auto pos = static_cast<int64_t>(step.pos);
  integer(1, pos);
  integer(2, static_cast<int64_t>(step.run));
  sqlite3_bind_blob(statement, 3, step.key.bytes.data(), 20, SQLITE_STATIC);
  sqlite3_bind_text(statement, 4, step.id.data(), bytes(step.id), SQLITE_STATIC);
  integer(5, static_cast<int>(step.kind));
  integer(6, to_millis(step.registered_at));
  sqlite3_bind_null(statement, 7);
  sqlite3_bind_null(statement, 8);
  integer(9, 0x12345678);
  integer(10, static_cast<int>(step.state));
  integer(11, pos);
  integer(12, pos);
  integer(13, to_millis(*step.resolved_at));
  sqlite3_bind_null(statement, 14);
  integer(15, 0);
  sqlite3_bind_null(statement, 16);
  sqlite3_bind_null(statement, 17);
  integer(18, 0x12345678);
  sqlite3_bind_null(statement, 19);
  sqlite3_bind_text(statement, 20, step.data.data(), bytes(step.data), SQLITE_STATIC);
  must(sqlite3_step(statement), SQLITE_DONE);
  must(sqlite3_reset(statement), SQLITE_OK);
}

void run(sqlite3_stmt* statement) {
  must(sqlite3_step(statement), SQLITE_DONE);
  must(sqlite3_reset(statement), SQLITE_OK);
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

Prepared prepare(sqlite3* database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  must(sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr),
       SQLITE_OK);
  return Prepared(statement);
}

RawFigures figures_of(double seconds, int rows_per_commit, std::vector<double> micros) {
  RawFigures figures;
  figures.rows_per_s = static_cast<double>(micros.size()) * rows_per_commit / seconds;
  figures.commit_p50_us = percentile(micros, 0.5);
  figures.commit_p99_us = percentile(std::move(micros), 0.99);
  return figures;
}

// The same rows through the journal.
RawFigures measure_journal(const Options& options, int rows_per_commit) {
  Folder folder(options);
  auto journal = storage::open_sqlite_journal({.path = folder.file("journal.db")});
  CHECK_INVARIANT(journal.ok(), "the journal opens in the folder of the benchmark");
  auto ownership = (*journal)->acquire(0);
  CHECK_INVARIANT(ownership.ok(), "a new journal can be taken");
  const int commits = commits_for(options, rows_per_commit);
  Steps steps;
  std::vector<double> micros;
  double seconds = 0;
  for (int i = 0; i < commits; ++i) {
    storage::Batch batch{.epoch = ownership->epoch, .expect_seq = static_cast<uint64_t>(i)};
    for (int row = 0; row < rows_per_commit; ++row) {
      batch.records.emplace_back(storage::PutStep{steps.next()});
    }
    Stopwatch watch;
    auto result = (*journal)->commit(batch);
    CHECK_INVARIANT(result.outcome == storage::CommitOutcome::kCommitted, result.message.c_str());
    micros.push_back(watch.micros());
    (*journal)->maintain(false);
    seconds += watch.seconds();
  }
  return figures_of(seconds, rows_per_commit, std::move(micros));
}

std::vector<Measurement> run_raw(const Options& options) {
  std::vector<Measurement> measurements;
  for (int rows : kRowsPerCommit) {
    RawFigures raw = measure_raw(options, rows);
    RawFigures journal = measure_journal(options, rows);
    measurements.push_back({.workload = "RAW",
                            .parameters = {{"rows", rows}},
                            .figures = {{"rows_per_s", raw.rows_per_s},
                                        {"commit_p50_us", raw.commit_p50_us},
                                        {"commit_p99_us", raw.commit_p99_us},
                                        {"journal_rows_per_s", journal.rows_per_s},
                                        {"journal_p50_us", journal.commit_p50_us},
                                        {"journal_p99_us", journal.commit_p99_us},
                                        {"journal_to_raw", journal.rows_per_s / raw.rows_per_s}}});
  }
  return measurements;
}

}  // namespace

RawFigures measure_raw(const Options& options, int rows_per_commit) {
  Folder folder(options);
  auto database = storage::open_for_writing({.path = folder.file("raw.db")});
  CHECK_INVARIANT(database.ok(), "a database opens in the folder of the benchmark");
  sqlite3* handle = database->handle();
  must(sqlite3_wal_autocheckpoint(handle, kCheckpointPages), SQLITE_OK);
  const int commits = commits_for(options, rows_per_commit);
  Prepared begin = prepare(handle, "BEGIN IMMEDIATE");
  Prepared put = prepare(handle, storage::sql::kInsertStep);
  Prepared commit = prepare(handle, "COMMIT");
  Steps steps;
  std::vector<double> micros;
  double seconds = 0;
  for (int i = 0; i < commits; ++i) {
    std::vector<StepRecord> rows(static_cast<size_t>(rows_per_commit));
    std::generate(rows.begin(), rows.end(), [&] { return steps.next(); });
    Stopwatch watch;
    run(begin.get());
    for (const StepRecord& row : rows) insert(put.get(), row);
    run(commit.get());
    micros.push_back(watch.micros());
    seconds += watch.seconds();
  }
  return figures_of(seconds, rows_per_commit, std::move(micros));
}

Workload raw_workload() {
  const auto ratio = [](double rows) {
    return Target{
        .workload = "RAW", .parameters = {{"rows", rows}}, .key = "journal_to_raw", .bound = 0.9};
  };
  return {.name = "RAW",
          .what = "appended rows in SQLite alone, and through the journal",
          .run = run_raw,
          .targets = {ratio(64), ratio(1024)}};
}

}  // namespace stepwell::bench
