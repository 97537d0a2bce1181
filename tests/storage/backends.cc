#include "tests/storage/backends.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "schema/check.h"

namespace stepwell::storage {
namespace {

Position highest_position(const std::vector<Record>& records) {
  Position highest = 0;
  for (const Record& record : records) {
    if (const auto* event = std::get_if<PutEvent>(&record)) {
      highest = std::max(highest, event->event.pos);
    } else if (const auto* run = std::get_if<PutRun>(&record)) {
      highest = std::max(highest, run->run.no);
    } else if (const auto* update = std::get_if<UpdateRun>(&record)) {
      highest = std::max(highest, update->run.ended_pos);
    } else if (const auto* step = std::get_if<PutStep>(&record)) {
      highest = std::max(highest, step->step.pos);
    } else if (const auto* moved = std::get_if<UpdateStep>(&record)) {
      highest = std::max(highest, moved->step.resolved_pos);
    } else if (const auto* attempt = std::get_if<PutAttempt>(&record)) {
      highest = std::max(highest, attempt->attempt.pos);
    } else if (const auto* message = std::get_if<PutMessage>(&record)) {
      highest = std::max(highest, message->message.pos);
    }
  }
  return highest;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "stepwell-test-XXXXXX").string();
  CHECK_INVARIANT(mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<Journal> SqliteBackend::open() {
  // However busy the machine is, a read is let finish.
  auto journal = open_sqlite_journal(
      {.path = folder_.file("journal.db"), .read_deadline = std::chrono::hours(1)});
  REQUIRE_MESSAGE(journal.ok(), (journal.ok() ? "" : journal.error().message));
  return std::move(*journal);
}

std::unique_ptr<Journal> SqliteBackend::restart(std::unique_ptr<Journal> journal) {
  // Closing would write the log back: take the files as a dead process leaves them.
  const std::string copy = folder_.path() + "-copy";
  std::filesystem::copy(folder_.path(), copy);
  journal.reset();
  for (const char* name : {"journal.db", "journal.db-wal", "journal.db-shm"}) {
    std::filesystem::remove(folder_.file(name));
    if (!std::filesystem::exists(copy + "/" + name)) continue;
    std::filesystem::rename(copy + "/" + name, folder_.file(name));
  }
  std::filesystem::remove_all(copy);
  return open();
}

std::unique_ptr<Journal> SqliteBackend::intrude(Journal&) {
  std::filesystem::remove(folder_.file("journal.db.lock"));
  return open();
}

std::unique_ptr<Journal> MemoryBackend::open() {
  return std::make_unique<MemoryJournal>();
}

std::unique_ptr<Journal> MemoryBackend::restart(std::unique_ptr<Journal> journal) {
  return dynamic_cast<MemoryJournal&>(*journal).crash(LastBatch::kKept);
}

std::unique_ptr<Journal> MemoryBackend::intrude(Journal& journal) {
  return dynamic_cast<MemoryJournal&>(journal).intrude();
}

void Owner::take(Journal& journal) {
  auto taken = journal.acquire(0);
  REQUIRE_MESSAGE(taken.ok(), (taken.ok() ? "" : taken.error().message));
  ownership = *taken;
  next_seq = ownership.next_seq;
}

Batch Owner::batch(std::vector<Record> records) {
  Batch batch;
  batch.epoch = ownership.epoch;
  batch.expect_seq = next_seq;
  batch.last_pos = highest_position(records);
  batch.records = std::move(records);
  return batch;
}

CommitResult Owner::commit(Journal& journal, const Batch& batch) {
  CommitResult result = journal.commit(batch);
  if (result.outcome == CommitOutcome::kCommitted) ++next_seq;
  return result;
}

}  // namespace stepwell::storage
