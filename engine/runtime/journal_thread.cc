#include "engine/runtime/journal_thread.h"

#include <chrono>
#include <utility>

namespace stepwell::runtime {
namespace {

// With nothing to commit for so long, there is time for housekeeping.
constexpr auto kIdleAfter = std::chrono::milliseconds(20);

// When housekeeping was put off, by a full disk or a reader, it is tried again so much later.
constexpr auto kAgainAfter = std::chrono::seconds(1);

}  // namespace

JournalThread::JournalThread(std::unique_ptr<storage::Journal> journal, Loop& loop,
                             OnResult on_committed, OnResult on_failed, Metrics& metrics)
    : journal_(std::move(journal)),
      loop_(loop),
      on_committed_(std::move(on_committed)),
      on_failed_(std::move(on_failed)),
      metrics_(metrics),
      thread_([this] { run(); }) {}

JournalThread::~JournalThread() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void JournalThread::commit(storage::Batch batch) {
  {
    std::lock_guard lock(mutex_);
    CHECK_INVARIANT(!next_, "at most one batch is at the journal");
    next_ = std::move(batch);
  }
  wake_.notify_one();
}

void JournalThread::run() {
  while (true) {
    std::optional<storage::Batch> batch = wait_for_batch();
    if (batch) {
      commit_now(*batch);
      continue;
    }
    if (chores_ == Chores::kNone) return;
    chores_ = Chores::kNone;
    maintain(true);
    if (is_ending_) chores_ = Chores::kNone;
  }
}

void JournalThread::maintain(bool idle) {
  storage::CommitResult result = journal_->maintain(idle);
  if (result.outcome == storage::CommitOutcome::kNoSpace) chores_ = Chores::kPutOff;
  bool is_fine = result.outcome == storage::CommitOutcome::kCommitted ||
                 result.outcome == storage::CommitOutcome::kNoSpace;
  if (is_fine || has_failed_) return;
  has_failed_ = true;
  loop_.post([on_failed = on_failed_, result = std::move(result)]() mutable {
    on_failed(std::move(result));
  });
}

// Nothing: there is time for housekeeping, or, if that is done, it is time to end.
std::optional<storage::Batch> JournalThread::wait_for_batch() {
  std::unique_lock lock(mutex_);
  auto has_work = [this] { return next_.has_value() || is_stopping_; };
  switch (chores_) {
    case Chores::kNone:
      wake_.wait(lock, has_work);
      break;
    case Chores::kSoon:
      wake_.wait_for(lock, kIdleAfter, has_work);
      break;
    case Chores::kPutOff:
      wake_.wait_for(lock, kAgainAfter, has_work);
      break;
  }
  is_ending_ = is_stopping_;
  return std::exchange(next_, std::nullopt);
}

void JournalThread::commit_now(const storage::Batch& batch) {
  auto start = std::chrono::steady_clock::now();
  storage::CommitResult result = journal_->commit(batch);
  auto took = std::chrono::steady_clock::now() - start;
  metrics_.commit_micros.record(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  metrics_.batch_records.record(batch.records.size());
  loop_.post([on_committed = on_committed_, result = std::move(result)]() mutable {
    on_committed(std::move(result));
  });
  chores_ = Chores::kSoon;
  maintain(false);
}

}  // namespace stepwell::runtime
