#include "engine/runtime/journal_thread.h"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "engine/runtime/plain_loop.h"

namespace stepwell::runtime {
namespace {

using storage::CommitOutcome;
using storage::CommitResult;

// Notes down what it is asked for. Its notes are read when its thread has ended.
struct Notes {
  std::vector<std::string> calls;
  std::vector<std::thread::id> threads;
  std::promise<void> idle;  // set by the first idle housekeeping that was not put off
  int put_off = 0;          // so many are
};

class NotingJournal : public storage::Journal {
 public:
  explicit NotingJournal(Notes& notes) : notes_(notes) {}

  Result<storage::Ownership> acquire(storage::ShardId) override { return storage::Ownership{}; }
  CommitResult commit(const storage::Batch& batch) override {
    note("commit " + std::to_string(batch.expect_seq));
    CommitOutcome outcome =
        batch.expect_seq == 13 ? CommitOutcome::kUnknown : CommitOutcome::kCommitted;
    return {outcome, std::to_string(batch.expect_seq)};
  }
  CommitResult maintain(bool idle) override {
    note(idle ? "idle" : "tidy");
    if (idle && notes_.put_off > 0) {
      --notes_.put_off;
      return {CommitOutcome::kNoSpace, "later"};
    }
    if (idle && !was_idle_) notes_.idle.set_value();
    was_idle_ |= idle;
    return {CommitOutcome::kCommitted, ""};
  }
  Result<std::unique_ptr<storage::JournalReader>> open_reader() override {
    return Error{ErrorCode::kInternal, "not read here"};
  }

 private:
  void note(std::string call) {
    notes_.calls.push_back(std::move(call));
    notes_.threads.push_back(std::this_thread::get_id());
  }
  Notes& notes_;
  bool was_idle_ = false;
};

storage::Batch batch(uint64_t seq) {
  storage::Batch made;
  made.expect_seq = seq;
  return made;
}

void nobody_fails(const CommitResult&) {
  FAIL("housekeeping does not fail here");
}

using Calls = std::vector<std::string>;

TEST_CASE("commits happen on one thread of their own; the loop hears how each ended") {
  Notes notes;
  Metrics metrics;
  PlainLoop loop;
  std::vector<std::string> results;
  std::thread::id loop_thread = std::this_thread::get_id();
  {
    std::unique_ptr<JournalThread> journal;
    auto on_committed = [&](const CommitResult& result) {
      CHECK(std::this_thread::get_id() == loop_thread);
      results.push_back(result.message + " " +
                        std::string(storage::commit_outcome_name(result.outcome)));
      if (results.size() == 1) return journal->commit(batch(13));
      loop.stop();
    };
    journal = std::make_unique<JournalThread>(std::make_unique<NotingJournal>(notes), loop,
                                              on_committed, nobody_fails, metrics);
    journal->commit(batch(12));
    loop.run();
    notes.idle.get_future().wait();
  }
  CHECK(results.size() == 2);
  CHECK(results.at(0).starts_with("12 "));
  CHECK(results.at(1) ==
        "13 " + std::string(storage::commit_outcome_name(CommitOutcome::kUnknown)));
  CHECK(metrics.commit_micros.count() == 2);
  // Housekeeping follows each commit, and once more when nothing else is to do. (Between the two
  // commits there may have been time for it, too.)
  std::erase(notes.calls, "idle");
  CHECK(notes.calls == Calls{"commit 12", "tidy", "commit 13", "tidy"});
  for (std::thread::id thread : notes.threads) {
    CHECK(thread == notes.threads.front());
    CHECK(thread != loop_thread);
  }
}

TEST_CASE("housekeeping that was put off is tried again, also when nothing more is committed") {
  Notes notes;
  notes.put_off = 1;
  Metrics metrics;
  PlainLoop loop;
  {
    JournalThread journal(
        std::make_unique<NotingJournal>(notes), loop, [](const CommitResult&) {}, nobody_fails,
        metrics);
    journal.commit(batch(1));
    CHECK(notes.idle.get_future().wait_for(std::chrono::minutes(1)) == std::future_status::ready);
  }
  CHECK(notes.calls == Calls{"commit 1", "tidy", "idle", "idle"});
}

TEST_CASE("a batch that was handed over is committed, also when the end comes at once") {
  Notes notes;
  Metrics metrics;
  PlainLoop loop;
  int results = 0;
  {
    JournalThread journal(
        std::make_unique<NotingJournal>(notes), loop, [&](const CommitResult&) { ++results; },
        nobody_fails, metrics);
    journal.commit(batch(1));
  }
  CHECK(notes.calls == Calls{"commit 1", "tidy", "idle"});
  loop.post([&] { loop.stop(); });
  loop.run();
  CHECK(results == 1);
}

}  // namespace
}  // namespace stepwell::runtime
