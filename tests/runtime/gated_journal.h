// A journal whose commits wait until the test lets them go on.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "storage/journal.h"

namespace stepwell::runtime::testing {

// Commits when the test lets it.
class GatedJournal : public storage::Journal {
 public:
  explicit GatedJournal(std::unique_ptr<storage::Journal> journal) : journal_(std::move(journal)) {}

  // From now on commits wait.
  void close() {
    std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  void open() {
    // Told under the lock: the commit that goes on may be the last, and this object gone after it.
    std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void wait_until_one_waits() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_waiting_; });
  }

  Result<storage::Ownership> acquire(storage::ShardId shard) override {
    return journal_->acquire(shard);
  }
  storage::CommitResult commit(const storage::Batch& batch) override {
    {
      std::unique_lock lock(mutex_);
      is_waiting_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return is_open_; });
      is_waiting_ = false;
    }
    return journal_->commit(batch);
  }
  storage::CommitResult maintain(bool idle) override { return journal_->maintain(idle); }
  Result<std::unique_ptr<storage::JournalReader>> open_reader() override {
    return journal_->open_reader();
  }

 private:
  std::unique_ptr<storage::Journal> journal_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  bool is_waiting_ = false;
};

}  // namespace stepwell::runtime::testing
