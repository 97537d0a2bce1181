// The storages that the conformance suite runs over, and what its cases work with. A case is
//
//   CONFORMANCE("it does this") {
//     Fixture<Backend> f;
//     ...
//   }
//
// and runs once for each storage. A new storage is a new Backend class in the list below.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/journal.h"
#include "storage/memory/memory_journal.h"
#include "storage/sqlite/sqlite_journal.h"
#include "tests/storage/builders.h"
#include "tests/storage/record_text.h"

namespace stepwell::storage {

// A folder of its own that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One durable place.
class SqliteBackend {
 public:
  static constexpr bool kSurvivesUnacknowledged = true;
  std::unique_ptr<Journal> open();
  // The process dies without closing anything; what was committed is there.
  std::unique_ptr<Journal> restart(std::unique_ptr<Journal> journal);
  // A second owner that has passed the lock.
  std::unique_ptr<Journal> intrude(Journal& journal);

 private:
  TemporaryFolder folder_;
};

class MemoryBackend {
 public:
  std::unique_ptr<Journal> open();
  std::unique_ptr<Journal> restart(std::unique_ptr<Journal> journal);
  std::unique_ptr<Journal> intrude(Journal& journal);
};

// A journal with an owner who counts his batches.
class Owner {
 public:
  void take(Journal& journal);
  Batch batch(std::vector<Record> records);
  // Commits; the count moves if it worked.
  CommitResult commit(Journal& journal, const Batch& batch);
  Ownership ownership;
  uint64_t next_seq = 0;
};

template <typename Backend>
struct Fixture {
  Fixture() : journal(backend.open()) { start(); }

  void start() {
    owner.take(*journal);
    reader = journal->open_reader().value();
  }
  void restart() {
    reader.reset();
    journal = backend.restart(std::move(journal));
    start();
  }
  CommitResult try_commit(std::vector<Record> records) {
    return owner.commit(*journal, owner.batch(std::move(records)));
  }
  void commit(std::vector<Record> records) {
    CommitResult result = try_commit(std::move(records));
    REQUIRE_MESSAGE(result.outcome == CommitOutcome::kCommitted, result.message);
  }
  CommitOutcome outcome(std::vector<Record> records) {
    return try_commit(std::move(records)).outcome;
  }
  // That the whole of the journal is sound.
  void require_sound() {
    auto findings = reader->check(true);
    REQUIRE_MESSAGE(findings.ok(), (findings.ok() ? "" : findings.error().message));
    CHECK_MESSAGE(findings->empty(), (findings->empty() ? "" : findings->front()));
  }

  Backend backend;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<JournalReader> reader;
  Owner owner;
};

}  // namespace stepwell::storage

#define CONFORMANCE(name)                                             \
  TEST_CASE_TEMPLATE(name, Backend, stepwell::storage::SqliteBackend, \
                     stepwell::storage::MemoryBackend)
