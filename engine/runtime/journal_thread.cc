#include "engine/runtime/journal_thread.h"

#include <chrono>
#include <utility>

namespace stepwell::runtime {
namespace {

// With nothing to commit for so long, there is time for housekeeping.
constexpr auto kIdleAfter = std::chrono::milliseconds(20);

}  // namespace

JournalThread::JournalThread(std::unique_ptr<storage::Journal> journal, Loop& loop,
                             std::function<void(storage::CommitResult)> on_committed)
    : journal_(std::move(journal)),
      loop_(loop),
      on_committed_(std::move(on_committed)),
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
  bool did_idle_work = true;
  while (true) {
    std::optional<storage::Batch> batch;
    {
      std::unique_lock lock(mutex_);
      auto has_work = [this] { return next_.has_value() || is_stopping_; };
      if (did_idle_work) {
        wake_.wait(lock, has_work);
      } else {
        wake_.wait_for(lock, kIdleAfter, has_work);
      }
      if (!next_ && is_stopping_) return;
      batch.swap(next_);
    }
    if (!batch) {
      did_idle_work = true;
      (void)journal_->maintain(true);  // a failure poisons the journal: the next commit reports it
      continue;
    }
    auto start = std::chrono::steady_clock::now();
    storage::CommitResult result = journal_->commit(*batch);
    last_commit_micros_ = std::chrono::duration_cast<std::chrono::microseconds>(
                              std::chrono::steady_clock::now() - start)
                              .count();
    loop_.post([this, result = std::move(result)]() mutable { on_committed_(std::move(result)); });
    (void)journal_->maintain(false);  // likewise
    did_idle_work = false;
  }
}

}  // namespace stepwell::runtime
