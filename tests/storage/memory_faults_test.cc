// The failures that the journal in memory can be told to have.
#include "storage/memory/memory_journal.h"

#include <doctest/doctest.h>

#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

using enum CommitOutcome;

struct Memory : Fixture<MemoryBackend> {
  MemoryJournal& faulty() { return dynamic_cast<MemoryJournal&>(*journal); }
  void crash(LastBatch last_batch) {
    reader.reset();
    journal = faulty().crash(last_batch);
    start();
  }
};

}  // namespace

TEST_CASE("a full disk writes nothing, and is over when it is over") {
  Memory f;
  f.faulty().inject(CommitFault::kNoSpace);
  f.faulty().inject(CommitFault::kNone);
  f.faulty().inject(CommitFault::kNoSpace);
  CHECK(f.outcome({PutEvent{make_event(1)}}) == kNoSpace);
  CHECK_FALSE(f.reader->event_at(1)->has_value());
  f.commit({PutEvent{make_event(1)}});
  CHECK(f.outcome({PutEvent{make_event(2)}}) == kNoSpace);
  f.commit({PutEvent{make_event(2)}});
}

TEST_CASE("an unknown outcome poisons; recovery finds the batch or does not") {
  for (bool is_applied : {true, false}) {
    CAPTURE(is_applied);
    Memory f;
    f.commit({PutEvent{make_event(1)}});
    f.faulty().inject(is_applied ? CommitFault::kUnknownApplied : CommitFault::kUnknownDropped);
    CHECK(f.outcome({PutEvent{make_event(2)}}) == kUnknown);
    CHECK(f.outcome({PutEvent{make_event(3)}}) == kUnknown);
    CHECK(f.faulty().maintain(true).outcome == kUnknown);
    CHECK_FALSE(f.faulty().acquire(0).ok());
    f.crash(LastBatch::kKept);
    CHECK(f.reader->event_at(1)->has_value());
    CHECK(f.reader->event_at(2)->has_value() == is_applied);
    CHECK_FALSE(f.reader->event_at(3)->has_value());
    CHECK(f.owner.ownership.next_seq == (is_applied ? 2u : 1u));
    CHECK_FALSE(f.owner.ownership.was_clean);
  }
}

TEST_CASE("a precondition is checked before the fault that is injected behind the write") {
  Memory f;
  f.commit({PutEvent{make_event(1)}});
  f.faulty().inject(CommitFault::kUnknownApplied);
  CHECK(f.outcome({PutEvent{make_event(1)}}) == kPreconditionFailed);
  f.commit({PutEvent{make_event(2)}});
}

TEST_CASE("a crash keeps or drops the last batch, and nothing else") {
  for (LastBatch last : {LastBatch::kKept, LastBatch::kDropped}) {
    CAPTURE(static_cast<int>(last));
    Memory f;
    StepRecord wait = make_wait(3, 2, "a");
    f.commit({PutEvent{make_event(1)}, PutRun{make_run(2, 1)}, PutStep{wait},
              PutStep{make_wait(4, 2, "b")}, PutFunction{make_function("app-fn"), false, 1}});
    std::string before = text_of(f.reader->load_run(2, true));
    f.commit({UpdateStep{resolved(wait, 5, 1)}, PutAttempt{make_attempt(6, 2)},
              PutStep{make_step(7, 2, "c")}, DropPendingSteps{2, 8, at(8)},
              PutEvent{make_sent_event(9, "x")}, PutRun{make_run(10, 9)},
              PutFunction{make_function("app-fn"), true, 11},
              PutFunction{make_function("app-new"), false, 12},
              UpdateRun{ended(make_run(2, 1), RunStatus::kFailed, 8)}});
    std::string after = text_of(f.reader->load_run(2, true));
    f.crash(last);
    bool is_kept = last == LastBatch::kKept;
    CHECK(text_of(f.reader->load_run(2, true)) == (is_kept ? after : before));
    CHECK(f.reader->functions()->size() == (is_kept ? 2u : 1u));
    CHECK(f.reader->functions()->front().archived == is_kept);
    CHECK(f.reader->event_history("x", at(0))->copies.size() == (is_kept ? 1u : 0u));
    CHECK(f.reader->event_history("", at(0))->resumed.empty());
    CHECK(f.reader->find_run(run_id(10))->has_value() == is_kept);
    CHECK(f.reader->open_runs(0, 9)->size() == 1);
    CHECK(f.reader->stats()->pending_steps == (is_kept ? 0u : 2u));
    CHECK(f.owner.ownership.next_seq == (is_kept ? 2u : 1u));
    CHECK(f.owner.ownership.last_pos == (is_kept ? 10u : 4u));
    f.require_sound();
  }
}

TEST_CASE("a crash drops at most one batch, and none before the first commit") {
  Memory f;
  f.commit({PutEvent{make_event(1)}});
  f.commit({PutEvent{make_event(2)}});
  f.crash(LastBatch::kDropped);
  f.crash(LastBatch::kDropped);
  CHECK(f.reader->event_at(1)->has_value());
  CHECK_FALSE(f.reader->event_at(2)->has_value());
}

TEST_CASE("a refused batch leaves nothing that a crash could drop") {
  Memory f;
  f.commit({PutEvent{make_event(1)}});
  CHECK(f.outcome({PutEvent{make_event(2)}, PutEvent{make_event(1)}}) == kPreconditionFailed);
  f.crash(LastBatch::kDropped);
  CHECK(f.reader->event_at(1)->has_value());
}

TEST_CASE("a dropped clean stop was none") {
  Memory f;
  Batch stop = f.owner.batch({});
  stop.clean_stop = true;
  CHECK(f.owner.commit(*f.journal, stop).outcome == kCommitted);
  f.crash(LastBatch::kDropped);
  CHECK_FALSE(f.owner.ownership.was_clean);
}

TEST_CASE("what is left of a dead process answers nothing") {
  Memory f;
  f.commit({PutEvent{make_event(1)}});
  auto old_reader = std::move(f.reader);
  auto next = f.faulty().crash(LastBatch::kKept);
  CHECK(f.outcome({PutEvent{make_event(2)}}) == kUnknown);
  CHECK(old_reader->event_at(1).error().code == ErrorCode::kUnavailable);
  CHECK(next->open_reader().value()->event_at(1)->has_value());
}

TEST_CASE("a damaged payload is found by who reads it, and by the check") {
  Memory f;
  f.commit({PutFunction{make_function("app-fn"), false, 1}, PutEvent{make_event(1)},
            PutRun{make_run(2, 1)}, PutStep{make_step(3, 2, "a")}, PutStep{make_wait(4, 2, "b")},
            PutAttempt{make_attempt(5, 2)}});
  for (Position pos : {1, 3, 4, 5, 2}) {
    CAPTURE(pos);
    REQUIRE(f.faulty().corrupt(pos));
    CHECK(f.reader->load_run(2, true).error().code == ErrorCode::kCorrupt);
    auto findings = f.reader->check(true);
    REQUIRE(findings->size() == 1);
    CHECK(findings->front().find(" " + std::to_string(pos) + " is damaged") != std::string::npos);
    REQUIRE(f.faulty().corrupt(pos));  // the same bit once more mends all but what was empty
    if (pos == 4 || pos == 2) break;
    CHECK(f.reader->check(true)->empty());
  }
  CHECK_FALSE(f.faulty().corrupt(99));
}

TEST_CASE("reads fail as often as they are told to") {
  Memory f;
  f.faulty().fail_reads(2);
  CHECK(f.reader->stats().error().code == ErrorCode::kUnavailable);
  CHECK(f.reader->functions().error().code == ErrorCode::kUnavailable);
  CHECK(f.reader->stats().ok());
}

TEST_CASE("a failed checkpoint poisons") {
  Memory f;
  f.faulty().fail_maintenance();
  CHECK(f.journal->maintain(false).outcome == kUnknown);
  CHECK(f.outcome({}) == kUnknown);
}
