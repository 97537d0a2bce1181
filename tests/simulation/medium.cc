#include "tests/simulation/medium.h"

#include "storage/memory/memory_journal.h"

namespace stepwell::sim {
namespace {

class MemoryMedium : public Medium {
 public:
  Result<void> open() override { return {}; }
  storage::Journal& journal() override { return *journal_; }
  // Whether a batch that was on its way survives was decided before it was given to the journal.
  void crash() override { journal_ = journal_->crash(storage::LastBatch::kKept); }
  Result<Content> examine() override {
    journal_->fail_reads(0);
    Result<std::unique_ptr<storage::JournalReader>> reader = journal_->open_reader();
    if (!reader) return reader.error();
    return Content{std::move(*reader), journal_->store().commit_seq};
  }
  void fill(int commits) override {
    for (int i = 0; i < commits; ++i) journal_->inject(storage::CommitFault::kNoSpace);
  }
  void lose_outcome(bool is_applied) override {
    journal_->inject(is_applied ? storage::CommitFault::kUnknownApplied
                                : storage::CommitFault::kUnknownDropped);
  }
  void fail_read() override { journal_->fail_reads(1); }

 private:
  std::unique_ptr<storage::MemoryJournal> journal_ = std::make_unique<storage::MemoryJournal>();
};

}  // namespace

std::unique_ptr<Medium> memory_medium() {
  return std::make_unique<MemoryMedium>();
}

}  // namespace stepwell::sim
