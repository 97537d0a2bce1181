// The writing side of the SQLite journal.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "storage/journal.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/disk_reserve.h"
#include "storage/sqlite/file_guard.h"
#include "storage/sqlite/sqlite_journal.h"

namespace stepwell::storage {

// What readers and the journal tell each other.
struct SharedState {
  std::atomic<bool> is_log_too_long{false};  // new reads wait for a checkpoint
};

class SqliteJournal : public Journal {
 public:
  SqliteJournal(SqliteOptions options, FileLock lock, Database database);
  ~SqliteJournal() override;
  SqliteJournal(const SqliteJournal&) = delete;
  SqliteJournal& operator=(const SqliteJournal&) = delete;

  // Prepares the statements. Once, before anything else.
  Result<void> prepare();

  Result<Ownership> acquire(ShardId shard) override;
  CommitResult commit(const Batch& batch) override;
  CommitResult maintain(bool idle) override;
  Result<std::unique_ptr<JournalReader>> open_reader() override;

 private:
  // How far the counters of the shard's row move.
  struct Deltas {
    int64_t events = 0;
    int64_t runs = 0;
    int64_t open_runs = 0;
    int64_t pending_steps = 0;
    bool is_zero() const {
      return events == 0 && runs == 0 && open_runs == 0 && pending_steps == 0;
    }
  };

  // Result codes of SQLite; kNothingChanged: a precondition failed.
  static constexpr int kNothingChanged = -1;
  int swap_sequence(const Batch& batch);
  int apply(const Record& record, Deltas& deltas);
  int put_run(const RunRecord& run, Deltas& deltas);
  int update_run(const RunRecord& run, Deltas& deltas);
  int drop_pending(const DropPendingSteps& drop, Deltas& deltas);
  int apply_other(const Record& record);
  int drop_messages(Position through);
  int put_topic(const PutTopic& put);
  int run_once(Statement& statement);
  int add_counters(ShardId shard, const Deltas& deltas);

  CommitResult write(const Batch& batch);
  CommitResult explain_lost_swap(const Batch& batch);
  CommitResult fail(int code, const std::string& doing);
  CommitResult roll_back(CommitResult result);
  void void_log_tail();
  CommitResult poison(CommitOutcome outcome, std::string message);
  int checkpoint(int mode);

  static int on_log_grown(void* self, sqlite3* handle, const char* name, int pages);

  SqliteOptions options_;
  FileLock lock_;  // given back after the database is closed
  Database database_;
  DiskReserve reserve_;
  std::shared_ptr<SharedState> shared_ = std::make_shared<SharedState>();
  int owner_pid_ = 0;
  std::optional<CommitResult> poison_;
  int log_pages_ = 0;     // in the write-ahead log
  int written_back_ = 0;  // of those, what checkpoints have copied
  std::string scratch_;   // borrowed by bound parameters

  Statement begin_, commit_, rollback_, swap_, count_, void_tail_;
  Statement insert_event_, insert_run_, insert_run_event_, update_run_;
  Statement insert_step_, update_step_, drop_steps_, insert_attempt_, put_function_;
  Statement put_flow_state_, drop_flow_state_;
  Statement insert_message_, drop_messages_, remember_dropped_, put_topic_, drop_topic_;
};

}  // namespace stepwell::storage
