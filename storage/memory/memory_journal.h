// A journal in memory with the semantics of the real one, and with its failures at the caller's
// wish: for the simulator and for tests.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "storage/journal.h"
#include "storage/memory/memory_store.h"

namespace stepwell::storage {

// What happens to a commit.
enum class CommitFault : uint8_t {
  kNone,
  kNoSpace,         // nothing is written
  kUnknownApplied,  // answered kUnknown, and the batch will be there after a crash
  kUnknownDropped,  // answered kUnknown, and it will not
};

// What becomes of the last batch at a crash. Batches before it are durable.
enum class LastBatch : uint8_t {
  kKept,     // it was acknowledged, or the disk had it in time
  kDropped,  // its commit was under way: nobody has seen its acknowledgement
};

class MemoryJournal : public Journal {
 public:
  MemoryJournal();

  Result<Ownership> acquire(ShardId shard) override;
  CommitResult commit(const Batch& batch) override;
  CommitResult maintain(bool idle) override;
  Result<std::unique_ptr<JournalReader>> open_reader() override;

  // Queues what happens to the coming commits, the first first; none queued: kNone.
  void inject(CommitFault fault) { faults_.push_back(fault); }
  // The next call of maintain() fails as a checkpoint whose sync failed: kUnknown, poisoned.
  void fail_maintenance() { maintenance_fails_ = true; }
  // The next `count` reads of all readers fail with kUnavailable.
  void fail_reads(int count);
  // Damages the payload of whatever is at this position; reads of it find kCorrupt. False if
  // nothing is there.
  bool corrupt(Position pos);
  bool corrupt(const FlowStateKey& key);

  // The process dies: this journal and its readers are of no more use, and the returned one holds
  // what had become durable. Nothing is copied.
  std::unique_ptr<MemoryJournal> crash(LastBatch last_batch);

  // Another process that works on the same durable content, having passed the lock.
  std::unique_ptr<MemoryJournal> intrude() const;

  // The content, for checkers. The journal must not be used meanwhile by another thread.
  const MemoryStore& store() const;

  // What a journal shares with its readers.
  struct Shared {
    std::mutex mutex;  // guards all below
    MemoryStore store;
    bool is_dead = false;
    int reads_to_fail = 0;
  };

 private:
  explicit MemoryJournal(std::shared_ptr<Shared> shared);
  CommitResult poison(CommitOutcome outcome, std::string message);
  CommitFault next_fault();
  CommitResult write(const Batch& batch);

  std::shared_ptr<Shared> shared_;
  std::deque<CommitFault> faults_;
  bool maintenance_fails_ = false;
  std::optional<CommitResult> poison_;
  bool undo_is_ours_ = false;  // the store's last batch came from this journal and can be undone
  bool undo_was_clean_ = false;
  Position undo_last_pos_ = 0;
};

}  // namespace stepwell::storage
