#include "storage/memory/memory_journal.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "schema/mutant.h"
#include "storage/memory/memory_reader.h"

namespace stepwell::storage {

MemoryJournal::MemoryJournal() : MemoryJournal(std::make_shared<Shared>()) {}

MemoryJournal::MemoryJournal(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

Result<Ownership> MemoryJournal::acquire(ShardId shard) {
  if (poison_) return Error{ErrorCode::kIo, poison_->message};
  if (shard != 0) return Error{ErrorCode::kInvalid, "a journal in memory has shard 0 only"};
  std::lock_guard lock(shared_->mutex);
  MemoryStore& store = shared_->store;
  Ownership ownership{++store.epoch, store.commit_seq, store.last_pos, store.is_clean};
  store.is_clean = false;
  store.settle();
  undo_is_ours_ = false;
  return ownership;
}

CommitFault MemoryJournal::next_fault() {
  if (faults_.empty()) return CommitFault::kNone;
  CommitFault fault = faults_.front();
  faults_.pop_front();
  return fault;
}

CommitResult MemoryJournal::commit(const Batch& batch) {
  if (poison_) return *poison_;
  CommitFault fault = next_fault();
  if (fault == CommitFault::kNoSpace) return {CommitOutcome::kNoSpace, "the disk is full"};
  if (fault == CommitFault::kUnknownDropped) {
    return poison(CommitOutcome::kUnknown, "the log could not be synced");
  }
  CommitResult result = write(batch);
  if (result.outcome == CommitOutcome::kCommitted && fault == CommitFault::kUnknownApplied) {
    return poison(CommitOutcome::kUnknown, "the log could not be synced");
  }
  return result;
}

CommitResult MemoryJournal::write(const Batch& batch) {
  std::lock_guard lock(shared_->mutex);
  MemoryStore& store = shared_->store;
  bool is_shard = batch.shard == 0;
  if (!is_shard || batch.epoch != store.epoch || batch.expect_seq != store.commit_seq) {
    std::string message =
        fmt::format("batch {} of epoch {} of shard {}: the journal is at batch {} of epoch {}",
                    batch.expect_seq, batch.epoch, batch.shard, store.commit_seq, store.epoch);
    if (is_shard && batch.epoch == store.epoch) {
      return {CommitOutcome::kPreconditionFailed, std::move(message)};
    }
    return poison(CommitOutcome::kFenced, "another owner has taken the journal: " + message);
  }
  undo_is_ours_ = false;
  if (auto failed = store.apply(batch.records)) {
    return {CommitOutcome::kPreconditionFailed,
            "the precondition of " + *failed + " does not hold"};
  }
  undo_is_ours_ = true;
  undo_was_clean_ = std::exchange(store.is_clean, batch.clean_stop);
  undo_last_pos_ = std::exchange(store.last_pos, std::max(store.last_pos, batch.last_pos));
  ++store.commit_seq;
  return {CommitOutcome::kCommitted, {}};
}

CommitResult MemoryJournal::maintain(bool) {
  if (!poison_ && maintenance_fails_) {
    return poison(CommitOutcome::kUnknown, "the checkpoint could not be synced");
  }
  return poison_ ? *poison_ : CommitResult{CommitOutcome::kCommitted, {}};
}

CommitResult MemoryJournal::poison(CommitOutcome outcome, std::string message) {
  poison_ = CommitResult{outcome, std::move(message)};
  return *poison_;
}

Result<std::unique_ptr<JournalReader>> MemoryJournal::open_reader() {
  return std::unique_ptr<JournalReader>(std::make_unique<MemoryReader>(shared_));
}

void MemoryJournal::fail_reads(int count) {
  std::lock_guard lock(shared_->mutex);
  shared_->reads_to_fail = count;
}

bool MemoryJournal::corrupt(const FlowStateKey& key) {
  std::lock_guard lock(shared_->mutex);
  return shared_->store.corrupt(key);
}

bool MemoryJournal::corrupt(Position pos) {
  std::lock_guard lock(shared_->mutex);
  return shared_->store.corrupt(pos);
}

std::unique_ptr<MemoryJournal> MemoryJournal::crash(LastBatch last_batch) {
  auto next = std::make_shared<Shared>();
  {
    std::lock_guard lock(shared_->mutex);
    MemoryStore& store = shared_->store;
    if (mutant("fsync-skipped")) last_batch = LastBatch::kDropped;
    if (last_batch == LastBatch::kDropped && undo_is_ours_) {
      store.undo();
      --store.commit_seq;
      store.is_clean = undo_was_clean_;
      store.last_pos = undo_last_pos_;
    }
    store.settle();
    next->store = std::move(store);
    shared_->store = MemoryStore();
    shared_->is_dead = true;
  }
  undo_is_ours_ = false;
  poison(CommitOutcome::kUnknown, "the process has died");
  return std::unique_ptr<MemoryJournal>(new MemoryJournal(std::move(next)));
}

std::unique_ptr<MemoryJournal> MemoryJournal::intrude() const {
  return std::unique_ptr<MemoryJournal>(new MemoryJournal(shared_));
}

const MemoryStore& MemoryJournal::store() const {
  return shared_->store;
}

}  // namespace stepwell::storage
