// S-15 must notice whatever differs between the journal and what was committed.
#include <doctest/doctest.h>

#include "storage/memory/memory_journal.h"
#include "tests/simulation/story.h"

namespace stepwell::sim {

using namespace std::chrono_literals;
using Extent = Checker::Extent;

namespace {

// A journal with one function, event, run and step; the story is told what each test has changed.
struct Kept {
  Kept() {
    batch.epoch = journal.acquire(0).value().epoch;
    batch.last_pos = 3;
    batch.records = {Story::function("f", "go"), story.event(1, "go", "go-1"), story.run(2, "f", 1),
                     storage::PutStep{story.step(2, 3, "nap", StepKind::kSleep)}};
    REQUIRE(journal.commit(batch).outcome == storage::CommitOutcome::kCommitted);
  }
  void audit(Extent extent) { story.ledger.audit(*journal.open_reader().value(), extent); }

  Story story;
  storage::MemoryJournal journal;
  storage::Batch batch;
};

}  // namespace

TEST_CASE("S-15: the journal holds what was committed") {
  Kept kept;
  Story& story = kept.story;
  storage::Batch& batch = kept.batch;
  SUBCASE("it does") {
    story.ledger.batch_durable(batch);
    kept.audit(Extent::kChanges);
    kept.audit(Extent::kEverything);
    CHECK(story.first() == "");
    return;
  }
  Extent extent = Extent::kEverything;
  SUBCASE("a step is missing") {
    batch.records.push_back(storage::PutStep{story.step(2, 4, "more", StepKind::kSleep)});
    story.ledger.batch_durable(batch);
  }
  SUBCASE("a run has ended") {
    batch.records.push_back(story.end_event(7, 2, kFunctionFinished));
    batch.records.push_back(story.end(2, RunStatus::kCompleted));
    story.ledger.batch_durable(batch);
  }
  SUBCASE("an event differs") {
    std::get<storage::PutEvent>(batch.records[1]).event.event.data = R"({"other":1})";
    story.ledger.batch_durable(batch);
  }
  SUBCASE("a new step is missing, and only what is new is looked at") {
    batch.records.push_back(storage::PutStep{story.step(2, 4, "more", StepKind::kSleep)});
    story.ledger.batch_durable(batch);
    extent = Extent::kChanges;
  }
  kept.audit(extent);
  CHECK(story.breaks("S-15"));
}

TEST_CASE("S-15: each field of each record counts") {
  Kept kept;
  Story& story = kept.story;
  storage::Batch& batch = kept.batch;
  Extent extent = Extent::kEverything;
  auto& event = std::get<storage::PutEvent>(batch.records[1]).event;
  auto& run = std::get<storage::PutRun>(batch.records[2]).run;
  auto& step = std::get<storage::PutStep>(batch.records[3]).step;
  SUBCASE("the internal id of an event") {
    event.id = Story::event_id(5);
  }
  SUBCASE("when it was received") {
    event.received_at += 1ms;
  }
  SUBCASE("when a run started") {
    run.started_at = story.now;
  }
  SUBCASE("where it ended") {
    run.ended_pos = 9;
  }
  SUBCASE("when a step was registered") {
    step.registered_at += 1ms;
  }
  SUBCASE("when it was resolved") {
    step.resolved_at = story.now;
  }
  SUBCASE("an attempt") {
    batch.records.push_back(Story::attempt(2, 4, "nap", 0));
  }
  SUBCASE("a function") {
    std::get<storage::PutFunction>(batch.records[0]).config.flow.finish_timeout = 1h;
  }
  SUBCASE("a function, which is archived") {
    std::get<storage::PutFunction>(batch.records[0]).archived = true;
  }
  SUBCASE("and only what is new is looked at") {
    batch.records = {Story::function("g", "go")};
    extent = Extent::kChanges;
  }
  story.ledger.batch_durable(batch);
  kept.audit(extent);
  CHECK(story.breaks("S-15"));
}

}  // namespace stepwell::sim
