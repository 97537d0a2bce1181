// The thread that owns the writing side of the journal: it commits one batch at a time and does the
// housekeeping between commits.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/runtime/loop.h"
#include "storage/journal.h"

namespace stepwell::runtime {

class JournalThread {
 public:
  // `on_committed` runs on the loop thread, once for each commit. A failed housekeeping is reported
  // as the result of the next commit.
  JournalThread(std::unique_ptr<storage::Journal> journal, Loop& loop,
                std::function<void(storage::CommitResult)> on_committed);
  // Finishes the commit under way.
  ~JournalThread();
  JournalThread(const JournalThread&) = delete;
  JournalThread& operator=(const JournalThread&) = delete;

  // Takes a batch; the one before must have been answered. Loop thread only.
  void commit(storage::Batch batch);

  // Any thread.
  Result<std::unique_ptr<storage::JournalReader>> open_reader() { return journal_->open_reader(); }

  // How long the last commit took, in microseconds. Any thread.
  int64_t last_commit_micros() const { return last_commit_micros_.load(); }

 private:
  void run();

  std::unique_ptr<storage::Journal> journal_;
  Loop& loop_;
  std::function<void(storage::CommitResult)> on_committed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<storage::Batch> next_;  // guarded by mutex_
  bool is_stopping_ = false;            // guarded by mutex_
  std::atomic<int64_t> last_commit_micros_{0};
  std::thread thread_;  // the last member: it uses all others
};

}  // namespace stepwell::runtime
