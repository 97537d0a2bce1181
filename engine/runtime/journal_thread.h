// The thread that owns the writing side of the journal: it commits one batch at a time and does the
// housekeeping between commits.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/runtime/loop.h"
#include "engine/runtime/metrics.h"
#include "storage/journal.h"

namespace stepwell::runtime {

class JournalThread {
 public:
  using OnCommitted = std::function<void(storage::CommitResult)>;

  // `on_committed` runs on the loop thread, once for each commit, perhaps after this object is
  // gone. A failed housekeeping is reported as the result of the next commit. `metrics` outlives
  // the thread.
  JournalThread(std::unique_ptr<storage::Journal> journal, Loop& loop, OnCommitted on_committed,
                Metrics& metrics);
  // Finishes the commit under way.
  ~JournalThread();
  JournalThread(const JournalThread&) = delete;
  JournalThread& operator=(const JournalThread&) = delete;

  // Takes a batch; the one before must have been answered. Loop thread only.
  void commit(storage::Batch batch);

  // Any thread.
  Result<std::unique_ptr<storage::JournalReader>> open_reader() { return journal_->open_reader(); }

 private:
  void run();
  std::optional<storage::Batch> wait_for_batch();
  void commit_now(const storage::Batch& batch);

  std::unique_ptr<storage::Journal> journal_;
  Loop& loop_;
  OnCommitted on_committed_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<storage::Batch> next_;  // guarded by mutex_
  bool is_stopping_ = false;            // guarded by mutex_
  bool is_tidy_ = true;                 // the journal thread's: nothing is left for idle times
  std::thread thread_;                  // the last member: it uses all others
};

}  // namespace stepwell::runtime
