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
  using OnResult = std::function<void(storage::CommitResult)>;

  // `on_committed` runs on the loop thread, once for each commit, perhaps after this object is
  // gone; `on_failed` likewise, once, when housekeeping has failed: nothing will be committed any
  // more, and nobody may ever try to. `metrics` outlives the thread.
  JournalThread(std::unique_ptr<storage::Journal> journal, Loop& loop, OnResult on_committed,
                OnResult on_failed, Metrics& metrics);
  // Finishes the commit under way.
  ~JournalThread();
  JournalThread(const JournalThread&) = delete;
  JournalThread& operator=(const JournalThread&) = delete;

  // Takes a batch; the one before must have been answered. Loop thread only.
  void commit(storage::Batch batch);

  // Any thread.
  Result<std::unique_ptr<storage::JournalReader>> open_reader() { return journal_->open_reader(); }

 private:
  // What is left to do when there is nothing to commit.
  enum class Chores : uint8_t { kNone, kSoon, kPutOff };

  void run();
  std::optional<storage::Batch> wait_for_batch();
  void commit_now(const storage::Batch& batch);
  void maintain(bool idle);

  std::unique_ptr<storage::Journal> journal_;
  Loop& loop_;
  OnResult on_committed_;
  OnResult on_failed_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<storage::Batch> next_;  // guarded by mutex_
  bool is_stopping_ = false;            // guarded by mutex_
  // The journal thread's:
  Chores chores_ = Chores::kNone;
  bool is_ending_ = false;
  bool has_failed_ = false;  // housekeeping did
  std::thread thread_;       // the last member: it uses all others
};

}  // namespace stepwell::runtime
