// What flow control keeps beside runs, and what a run keeps of it.
#include "storage/sqlite/database.h"
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

PutFlowState state(std::string key, Position pos, std::string data = "1",
                   FlowKind kind = FlowKind::kBatchEvent, std::string function = "app-fn") {
  return {{std::move(function), kind, std::move(key), pos}, at(static_cast<int64_t>(pos)), data};
}

}  // namespace

CONFORMANCE("flow state is put, replaced and dropped up to a position") {
  Fixture<Backend> f;
  f.commit({PutFunction{make_function("app-fn"), false, 1}, state("a", 1), state("a", 2),
            state("a", 3), state("b", 1), state("a", 1, "1", FlowKind::kBatch)});
  f.commit({state("a", 2, "changed")});
  auto all = f.reader->flow_states(std::nullopt, 10);
  REQUIRE(all->size() == 5);
  CHECK(all->at(2).data == "changed");
  f.commit({DropFlowState{"app-fn", FlowKind::kBatchEvent, "a", 2}});
  CHECK(text_of(f.reader->flow_states(std::nullopt, 10)) ==
        text_of(std::vector{state("a", 1, "1", FlowKind::kBatch), state("a", 3), state("b", 1)}));
  f.commit({DropFlowState{"app-fn", FlowKind::kBatchEvent, "a"}});
  f.commit({DropFlowState{"app-fn", FlowKind::kBatchEvent, "never there"}});
  f.restart();
  CHECK(text_of(f.reader->flow_states(std::nullopt, 10)) ==
        text_of(std::vector{state("a", 1, "1", FlowKind::kBatch), state("b", 1)}));
  f.require_sound();
}

CONFORMANCE("flow state is dropped from one position to another") {
  Fixture<Backend> f;
  f.commit({PutFunction{make_function("app-fn"), false, 1}, state("a", 1), state("a", 2),
            state("a", 3), state("a", 4)});
  f.commit({DropFlowState{"app-fn", FlowKind::kBatchEvent, "a", 3, 2}});
  CHECK(text_of(f.reader->flow_states(std::nullopt, 10)) ==
        text_of(std::vector{state("a", 1), state("a", 4)}));
}

CONFORMANCE("flow state is read in pages, in the order of its keys") {
  Fixture<Backend> f;
  std::vector<Record> records{PutFunction{make_function("app-fn"), false, 1},
                              PutFunction{make_function("app-z"), false, 1}};
  std::vector<FlowState> expected;
  for (const char* function : {"app-fn", "app-z"}) {
    for (FlowKind kind : {FlowKind::kThrottle, FlowKind::kPaused}) {
      for (const char* key : {"", "10", "9", "\xc3\xa4"}) {
        for (Position pos : {0, 7, 70}) expected.push_back(state(key, pos, "{}", kind, function));
      }
    }
  }
  for (auto it = expected.rbegin(); it != expected.rend(); ++it) records.push_back(*it);
  f.commit(records);
  std::vector<FlowState> found;
  std::optional<FlowStateKey> after;
  for (;;) {
    auto page = f.reader->flow_states(after, 5);
    REQUIRE(page.ok());
    if (page->empty()) break;
    CHECK(page->size() <= 5);
    after = page->back().key;
    found.insert(found.end(), page->begin(), page->end());
  }
  CHECK(text_of(found) == text_of(expected));
}

CONFORMANCE("flow state belongs to its batch") {
  Fixture<Backend> f;
  f.commit({PutFunction{make_function("app-fn"), false, 1}, state("a", 1)});
  CHECK(f.outcome({state("b", 1), state("a", 1, "2"), PutEvent{make_event(5)},
                   DropFlowState{"app-fn", FlowKind::kBatchEvent, "a"}, PutEvent{make_event(5)}}) ==
        CommitOutcome::kPreconditionFailed);
  CHECK(text_of(f.reader->flow_states(std::nullopt, 10)) == text_of(state("a", 1)) + "\n");
}

CONFORMANCE("flow state of no function is found by the check") {
  Fixture<Backend> f;
  f.commit({state("a", 1)});
  auto findings = f.reader->check(true);
  REQUIRE(findings->size() == 1);
  CHECK(findings->front() == "a flow state is of function app-fn, which is missing");
}

CONFORMANCE("what a run was scheduled with stays as it is") {
  Fixture<Backend> f;
  RunRecord run = make_run(2, 1);
  run.flow = R"({"k":{"event.data.x":"1"}})";
  f.commit({PutFunction{make_function("app-fn"), false, 1}, PutEvent{make_event(1)}, PutRun{run}});
  RunRecord update = make_run(2, 1);
  update.attempt = 1;
  f.commit({UpdateRun{update}});
  CHECK(f.reader->find_run(run_id(2)).value()->flow == run.flow);
  CHECK(f.reader->open_runs(0, 5)->front().run.flow == run.flow);
  f.require_sound();
}

TEST_CASE("damaged flow state is found by who reads it, and by the check") {
  Fixture<MemoryBackend> f;
  f.commit({PutFunction{make_function("app-fn"), false, 1}, state("a", 1)});
  REQUIRE(static_cast<MemoryJournal&>(*f.journal).corrupt(state("a", 1).key));
  CHECK(f.reader->flow_states(std::nullopt, 10).error().code == ErrorCode::kCorrupt);
  REQUIRE(f.reader->check(true)->size() == 1);
}

TEST_CASE("damaged flow state in a file is found by who reads it, and by the check") {
  TemporaryFolder folder;
  const std::string path = folder.file("journal.db");
  auto journal = open_sqlite_journal({.path = path}).value();
  Owner owner;
  owner.take(*journal);
  REQUIRE(owner
              .commit(*journal, owner.batch({PutFunction{make_function("app-fn"), false, 1},
                                             state("a", 1), state("b", 1)}))
              .outcome == CommitOutcome::kCommitted);
  {
    auto database = Database::open(path, 2, "");  // SQLITE_OPEN_READWRITE
    REQUIRE(database.ok());
    REQUIRE(database->run("UPDATE flow_states SET data = '2' WHERE key = 'a'") == 101);
  }
  auto reader = journal->open_reader().value();
  CHECK(reader->flow_states(std::nullopt, 10).error().code == ErrorCode::kCorrupt);
  REQUIRE(reader->check(true)->size() == 1);
  CHECK(reader->check(true)->front().find("damaged") != std::string::npos);
}
