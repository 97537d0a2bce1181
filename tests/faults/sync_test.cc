// What a failed sync leaves behind: pages that everybody sees and that no later sync writes.
#include <doctest/doctest.h>

#include "tests/faults/sqlite_medium.h"
#include "tests/storage/builders.h"

namespace stepwell::faults {
namespace {

using storage::Batch;
using storage::CommitOutcome;
using storage::PutEvent;

// Commits events one by one; the journal's count of batches is that of its events.
class Writer {
 public:
  explicit Writer(SqliteMedium& medium) : medium_(medium) {}

  void open() {
    auto opened = medium_.open();
    REQUIRE_MESSAGE(opened.ok(), (opened ? "" : opened.error().message));
    ownership_ = medium_.journal().acquire(0).value();
  }
  uint64_t count() const { return ownership_.next_seq; }
  CommitOutcome commit() {
    Batch batch{.epoch = ownership_.epoch, .expect_seq = ownership_.next_seq};
    batch.last_pos = ++ownership_.last_pos;
    batch.records = {PutEvent{storage::make_event(batch.last_pos)}};
    CommitOutcome outcome = medium_.journal().commit(batch).outcome;
    ownership_.next_seq += outcome == CommitOutcome::kCommitted;
    return outcome;
  }

 private:
  SqliteMedium& medium_;
  storage::Ownership ownership_;
};

TEST_CASE("what a failed sync left is made durable before anything depends on it") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    SqliteMedium medium({.seed = seed, .power_loss = 0, .orderly_close = 0});
    Writer writer(medium);
    writer.open();
    REQUIRE(writer.commit() == CommitOutcome::kCommitted);
    medium.disk().plan({FaultKind::kSyncError, 0, false});
    REQUIRE(writer.commit() == CommitOutcome::kUnknown);
    medium.crash();  // of the process: the page cache stays
    writer.open();
    REQUIRE(writer.count() >= 1);
    REQUIRE(writer.commit() == CommitOutcome::kCommitted);
    medium.cut_power();
    const uint64_t acknowledged = writer.count();
    writer.open();
    CHECK(writer.count() == acknowledged);
    auto findings = medium.journal().open_reader().value()->check(true);
    REQUIRE(findings.ok());
    CHECK(findings->empty());
  }
}

}  // namespace
}  // namespace stepwell::faults
