// The reading side of the SQLite journal: a read-only connection of its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "storage/event_data.h"
#include "storage/journal.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/sqlite_journal.h"
#include "storage/sqlite/sqlite_writer.h"

namespace stepwell::storage {

Result<std::unique_ptr<JournalReader>> open_sqlite_reader(const SqliteOptions& options,
                                                          std::shared_ptr<SharedState> shared);

class SqliteReader : public JournalReader {
 public:
  SqliteReader(SqliteOptions options, std::shared_ptr<SharedState> shared, Database database);
  ~SqliteReader() override;
  SqliteReader(const SqliteReader&) = delete;
  SqliteReader& operator=(const SqliteReader&) = delete;

  void serve_engine() override { is_engines_ = true; }
  Result<std::vector<OpenRun>> open_runs(RunNo after, size_t limit) override;
  Result<RunSnapshot> load_run(RunNo no, bool with_attempts) override;
  Result<std::optional<RunRecord>> find_run(const RunId& id) override;
  Result<EventHistory> event_history(std::string_view event_id, Time since) override;
  Result<std::vector<EventRecord>> recent_events(Time since, size_t limit,
                                                 size_t bytes_max) override;
  Result<std::vector<StoredFunction>> functions() override;
  Result<std::vector<FlowState>> flow_states(const std::optional<FlowStateKey>& after,
                                             size_t limit) override;
  Result<MessagePage> messages(Position after, size_t limit) override;
  Result<std::vector<TopicRecord>> topics() override;
  Result<std::vector<RunRecord>> list_runs(const RunFilter& filter) override;
  Result<std::vector<EventRecord>> list_events(const EventFilter& filter) override;
  Result<std::optional<EventRecord>> find_event(std::string_view id) override;
  Result<std::optional<EventRecord>> event_at(Position pos) override;
  Result<JournalStats> stats() override;
  Result<std::vector<std::string>> check(bool deep) override;

 private:
  // Only the check of the whole file may take longer than a second.
  enum class Bound : uint8_t { kDeadline, kNone };

  // Runs `body` in one read transaction.
  template <typename T, typename Body>
  Result<T> in_call(const Body& body, Bound bound = Bound::kDeadline) {
    if (auto begun = begin_call(bound); !begun) return begun.error();
    Result<T> result = body();
    end_call();
    return result;
  }
  Result<void> begin_call(Bound bound);
  void end_call();

  template <typename T>
  static Result<std::optional<T>> first_of(Result<std::vector<T>> rows) {
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<T>();
    return std::optional<T>(std::move(rows->front()));
  }

  // Runs the prepared statement to its end, `each` at every row; resets it.
  Result<void> for_each(Statement& statement, const std::function<Result<void>()>& each);

  // Inside a call:
  Result<std::optional<RunRecord>> run_at(RunNo no);
  Result<std::optional<EventRecord>> stored_event_at(Position pos);
  Result<void> add_further_events(RunRecord& run, size_t count);
  Result<std::vector<RunRecord>> read_runs(Statement& statement);
  Result<std::vector<EventRecord>> read_events(Statement& statement);
  Result<void> fill(std::vector<EventRecord>& events);
  Result<OpenRun> open_run(RunNo no);
  Result<void> load_steps(RunSnapshot& snapshot);
  Result<void> load_attempts(RunSnapshot& snapshot);
  Result<std::vector<RunRecord>> select_runs(const RunFilter& filter, std::string_view source);
  Result<std::vector<RunRecord>> select_page(const RunFilter& filter);
  Result<void> read_history(std::string_view event_id, Time since, EventHistory& history);
  Result<std::optional<EventRecord>> find_stored_event(std::string_view id);
  EventDataSource data_source();

  // check(), in reader_check.cc.
  Result<void> collect(const std::string& sql, std::vector<std::string>& findings);
  Result<void> check_all(bool deep, std::vector<std::string>& findings);
  Result<void> check_pages(bool deep, std::vector<std::string>& findings);
  Result<void> check_tables(std::vector<std::string>& findings);
  Result<void> check_checksums(std::vector<std::string>& findings);

  static int is_overdue(void* self);

  SqliteOptions options_;
  std::shared_ptr<SharedState> shared_;
  Database database_;
  int owner_pid_;
  std::chrono::steady_clock::time_point deadline_;
  bool has_deadline_ = false;
  bool is_engines_ = false;
};

}  // namespace stepwell::storage
