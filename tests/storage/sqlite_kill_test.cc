// A process that writes and is killed at some moment: what it had been answered is there.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "schema/random.h"
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

constexpr Position kStepsPerCommit = 5;

// Commits without an end; each acknowledged batch is a byte in the pipe.
[[noreturn]] void write_until_killed(const std::string& path, int acknowledgements) {
  auto journal = open_sqlite_journal({.path = path});
  if (!journal.ok()) _exit(2);
  auto ownership = (*journal)->acquire(0);
  if (!ownership.ok()) _exit(3);
  Position pos = ownership->last_pos;
  for (uint64_t seq = ownership->next_seq;; ++seq) {
    Batch batch{.epoch = ownership->epoch, .expect_seq = seq};
    if (seq == 0) {
      batch.records = {PutFunction{make_function("app-fn"), false, 1}, PutRun{make_run(1)}};
      pos = 1;
    }
    for (Position i = 0; i < kStepsPerCommit; ++i) {
      ++pos;
      batch.records.push_back(PutStep{make_step(pos, 1, std::to_string(pos))});
    }
    batch.last_pos = pos;
    if ((*journal)->commit(batch).outcome != CommitOutcome::kCommitted) _exit(4);
    if (write(acknowledgements, "a", 1) != 1) _exit(5);
    if ((*journal)->maintain(seq % 7 == 0).outcome != CommitOutcome::kCommitted) _exit(6);
  }
}

// Runs the writer until it has acknowledged `count` batches, and kills it.
uint64_t acknowledged_until_killed(const std::string& path, uint64_t count) {
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(pipe_ends[0]);
    write_until_killed(path, pipe_ends[1]);
  }
  close(pipe_ends[1]);
  uint64_t acknowledged = 0;
  char byte = 0;
  while (acknowledged < count && read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
  kill(child, SIGKILL);
  // What was acknowledged before the signal arrived.
  while (read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
  close(pipe_ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  return acknowledged;
}

}  // namespace

TEST_CASE("what a killed process had been answered is there, once, and nothing is torn") {
  TemporaryFolder folder;
  const std::string path = folder.file("journal.db");
  Random random(7);
  uint64_t acknowledged = 0;
  for (int round = 1; round <= 10; ++round) {
    CAPTURE(round);
    acknowledged += acknowledged_until_killed(path, 1 + random.below(60));
    auto journal = open_sqlite_journal({.path = path});
    REQUIRE_MESSAGE(journal.ok(), (journal.ok() ? "" : journal.error().message));
    auto ownership = (*journal)->acquire(0);
    REQUIRE(ownership.ok());
    CHECK(ownership->epoch == static_cast<uint64_t>(2 * round));
    CHECK_FALSE(ownership->was_clean);
    // The batch under way may have become durable without its answer.
    CHECK(ownership->next_seq >= acknowledged);
    CHECK(ownership->next_seq <= acknowledged + 1);
    acknowledged = ownership->next_seq;
    auto reader = (*journal)->open_reader().value();
    CHECK(reader->load_run(1, true)->steps.size() == acknowledged * kStepsPerCommit);
    CHECK(reader->check(true)->empty());
  }
}

TEST_CASE("a forked child cannot write to its parent's journal, and does not harm it") {
  TemporaryFolder folder;
  auto journal = open_sqlite_journal({.path = folder.file("journal.db")}).value();
  Owner owner;
  owner.take(*journal);
  REQUIRE(owner.commit(*journal, owner.batch({PutEvent{make_event(1)}})).outcome ==
          CommitOutcome::kCommitted);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    bool is_fenced =
        journal->commit(owner.batch({PutEvent{make_event(2)}})).outcome == CommitOutcome::kFenced;
    journal.reset();
    _exit(is_fenced ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(owner.commit(*journal, owner.batch({PutEvent{make_event(2)}})).outcome ==
        CommitOutcome::kCommitted);
  CHECK(journal->open_reader().value()->check(true)->empty());
}
