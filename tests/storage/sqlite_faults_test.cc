// The SQLite journal on a disk that fails: which outcome it gives, and what is there afterwards.
#include "tests/storage/backends.h"
#include "tests/storage/shim_vfs.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

using enum CommitOutcome;

// A journal over the shim, and reopening it without.
struct OnShim {
  OnShim() {
    ShimVfs::reset();
    open({.path = folder.file("journal.db"), .vfs = ShimVfs::name()});
  }
  ~OnShim() { ShimVfs::reset(); }

  void open(const SqliteOptions& options) {
    SqliteOptions patient = options;
    patient.read_deadline = std::chrono::hours(1);  // however busy the machine is
    auto opened = open_sqlite_journal(patient);
    REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error().message));
    journal = std::move(*opened);
    owner.take(*journal);
    reader = journal->open_reader().value();
  }
  // As a new process would find it.
  void reopen() {
    reader.reset();
    journal.reset();
    ShimVfs::reset();
    open({.path = folder.file("journal.db")});
  }
  CommitResult commit(std::vector<Record> records) {
    return owner.commit(*journal, owner.batch(std::move(records)));
  }
  bool has_event(Position pos) {
    auto event = reader->event_at(pos);
    REQUIRE(event.ok());
    return event->has_value();
  }
  void require_sound() {
    auto findings = reader->check(true);
    REQUIRE(findings.ok());
    CHECK_MESSAGE(findings->empty(), (findings->empty() ? "" : findings->front()));
  }

  TemporaryFolder folder;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<JournalReader> reader;
  Owner owner;
};

}  // namespace

TEST_CASE("each commit is synced") {
  OnShim f;
  REQUIRE(f.commit({PutEvent{make_event(1)}}).outcome == kCommitted);
  int before = ShimVfs::syncs();
  REQUIRE(f.commit({PutEvent{make_event(2)}}).outcome == kCommitted);
  CHECK(ShimVfs::syncs() == before + 1);
}

TEST_CASE("relaxed commits are not synced") {
  ShimVfs::reset();
  TemporaryFolder folder;
  auto journal = open_sqlite_journal({.path = folder.file("journal.db"),
                                      .durability = Durability::kRelaxed,
                                      .vfs = ShimVfs::name()})
                     .value();
  Owner owner;
  owner.take(*journal);
  REQUIRE(owner.commit(*journal, owner.batch({})).outcome == kCommitted);
  int before = ShimVfs::syncs();
  REQUIRE(owner.commit(*journal, owner.batch({})).outcome == kCommitted);
  CHECK(ShimVfs::syncs() == before);
}

TEST_CASE("a failed sync is unknown, poisons for ever, and is not tried again") {
  OnShim f;
  REQUIRE(f.commit({PutEvent{make_event(1)}}).outcome == kCommitted);
  ShimVfs::fail_syncs(true);
  CommitResult result = f.commit({PutEvent{make_event(2)}});
  CHECK(result.outcome == kUnknown);
  CHECK(result.message.find("journal.db") != std::string::npos);
  CHECK(result.message.find("1034") != std::string::npos);
  ShimVfs::fail_syncs(false);
  int syncs = ShimVfs::syncs();
  int writes = ShimVfs::writes();
  CHECK(f.commit({PutEvent{make_event(2)}}).outcome == kUnknown);
  CHECK(f.journal->maintain(true).outcome == kUnknown);
  CHECK(f.commit({}).message == result.message);
  CHECK(ShimVfs::syncs() == syncs);
  CHECK(ShimVfs::writes() == writes);
  f.reopen();
  CHECK(f.has_event(1));
  // Present or absent, the batch was not torn, and the count of batches agrees with it.
  CHECK(f.owner.ownership.next_seq == (f.has_event(2) ? 2u : 1u));
  f.require_sound();
}

TEST_CASE("a poisoned journal does not write the log back as it closes") {
  OnShim f;
  REQUIRE(f.commit({PutEvent{make_event(1)}}).outcome == kCommitted);
  ShimVfs::fail_syncs(true);
  REQUIRE(f.commit({PutEvent{make_event(2)}}).outcome == kUnknown);
  ShimVfs::fail_syncs(false);
  f.reader.reset();
  int writes = ShimVfs::writes();
  f.journal.reset();
  CHECK(ShimVfs::writes() == writes);
}

TEST_CASE("a failed write of the log is unknown") {
  OnShim f;
  REQUIRE(f.commit({PutEvent{make_event(1)}}).outcome == kCommitted);
  ShimVfs::fail_writes(true);
  CHECK(f.commit({PutEvent{make_event(2)}}).outcome == kUnknown);
  ShimVfs::fail_writes(false);
  CHECK(f.commit({PutEvent{make_event(3)}}).outcome == kUnknown);
  f.reopen();
  CHECK(f.has_event(1));
  CHECK_FALSE(f.has_event(3));
  f.require_sound();
}

TEST_CASE("a full disk writes nothing, and the journal goes on when there is room") {
  OnShim f;
  REQUIRE(f.commit({PutFunction{make_function("app-fn"), false, 1}, PutRun{make_run(1)}}).outcome ==
          kCommitted);
  ShimVfs::fill_disk(true);
  for (int i = 0; i < 3; ++i) {
    CommitResult result = f.commit({PutStep{make_step(2, 1, "a")}, PutEvent{make_event(3)}});
    CHECK(result.outcome == kNoSpace);
    CHECK(result.message.find("full") != std::string::npos);
  }
  CHECK_FALSE(f.has_event(3));
  CHECK(f.reader->load_run(1, false)->steps.empty());
  ShimVfs::fill_disk(false);
  CHECK(f.commit({PutStep{make_step(2, 1, "a")}, PutEvent{make_event(3)}}).outcome == kCommitted);
  f.reopen();
  CHECK(f.owner.ownership.next_seq == 2);
  CHECK(f.has_event(3));
  f.require_sound();
}

TEST_CASE("a batch larger than the cache, on a full disk, is not there either") {
  OnShim f;
  std::vector<Record> records{PutFunction{make_function("app-fn"), false, 1}, PutRun{make_run(1)}};
  for (Position pos = 2; pos < 102; ++pos) {
    StepRecord step = make_step(pos, 1, std::to_string(pos));
    step.data = '"' + std::string(1'000'000, 'x') + '"';
    records.push_back(PutStep{step});
  }
  ShimVfs::fill_disk(true);
  CHECK(f.commit(records).outcome == kNoSpace);
  ShimVfs::fill_disk(false);
  CHECK_FALSE(f.reader->find_run(run_id(1))->has_value());
  CHECK(f.commit(records).outcome == kCommitted);
  f.reopen();
  CHECK(f.reader->load_run(1, false)->steps.size() == 100);
}

TEST_CASE("a checkpoint whose sync fails poisons, and loses nothing") {
  OnShim f;
  REQUIRE(f.commit({PutFunction{make_function("app-fn"), false, 1}, PutRun{make_run(1)}}).outcome ==
          kCommitted);
  for (Position pos = 2; pos < 202; ++pos) {
    StepRecord step = make_step(pos, 1, std::to_string(pos));
    step.data = '"' + std::string(30'000, 'x') + '"';
    REQUIRE(f.commit({PutStep{step}}).outcome == kCommitted);
  }
  ShimVfs::fail_syncs(true);
  CHECK(f.journal->maintain(true).outcome == kUnknown);
  ShimVfs::fail_syncs(false);
  CHECK(f.commit({}).outcome == kUnknown);
  f.reopen();
  CHECK(f.reader->load_run(1, false)->steps.size() == 200);
  f.require_sound();
}

TEST_CASE("a checkpoint on a full disk waits, and commits in the log go on") {
  OnShim f;
  REQUIRE(f.commit({PutRun{make_run(1)}}).outcome == kCommitted);
  auto fill = [&](Position from, Position until) {
    for (Position pos = from; pos < until; ++pos) {
      StepRecord step = make_step(pos, 1, std::to_string(pos));
      step.data = '"' + std::string(30'000, 'x') + '"';
      REQUIRE(f.commit({PutStep{step}}).outcome == kCommitted);
    }
  };
  fill(2, 202);
  ShimVfs::fill_disk(true);
  CHECK(f.journal->maintain(true).outcome == kNoSpace);
  ShimVfs::fill_disk(false);
  fill(202, 210);
  CHECK(f.journal->maintain(true).outcome == kCommitted);
  CHECK(f.reader->load_run(1, false)->steps.size() == 208);
}

TEST_CASE("while the log is too long people wait with their reads, but not the engine itself") {
  OnShim f;
  f.reader.reset();
  f.journal.reset();
  f.open({.path = f.folder.file("journal.db"),
          .checkpoints = {.idle_pages = 1, .busy_pages = 1, .pressure_pages = 8},
          .vfs = ShimVfs::name()});
  auto own = f.journal->open_reader().value();
  own->serve_engine();
  for (Position pos = 1; pos < 10; ++pos) {
    REQUIRE(f.commit({PutEvent{make_event(pos)}}).outcome == kCommitted);
  }
  ShimVfs::fill_disk(true);
  REQUIRE(f.journal->maintain(false).outcome == kNoSpace);
  const auto refused = f.reader->event_at(1);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  const auto read = own->event_at(1);
  REQUIRE(read.ok());
  CHECK(read->has_value());
  ShimVfs::fill_disk(false);
  CHECK(f.journal->maintain(false).outcome == kCommitted);
  CHECK(f.has_event(1));
}

TEST_CASE("an idle journal writes its log back only when it is worth it") {
  OnShim f;
  REQUIRE(f.commit({PutRun{make_run(1)}}).outcome == kCommitted);
  int writes = ShimVfs::writes();
  CHECK(f.journal->maintain(true).outcome == kCommitted);
  CHECK(ShimVfs::writes() == writes);
}

TEST_CASE("a read error is an error of the read, not of the journal") {
  OnShim f;
  std::vector<Record> records;
  for (Position pos = 1; pos < 2000; ++pos) records.push_back(PutEvent{make_event(pos)});
  REQUIRE(f.commit(std::move(records)).outcome == kCommitted);
  auto reader = f.journal->open_reader().value();
  ShimVfs::fail_reads(true);
  auto events = reader->list_events({.limit = 1000});
  ShimVfs::fail_reads(false);
  REQUIRE_FALSE(events.ok());
  CHECK(events.error().code == ErrorCode::kIo);
  CHECK(reader->list_events({.limit = 1000})->size() == 1000);
  CHECK(f.commit({PutEvent{make_event(3000)}}).outcome == kCommitted);
}
