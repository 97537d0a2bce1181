// A new journal on a disk that fails while it is made: it is opened as it should be, or not at all.
#include <doctest/doctest.h>

#include "storage/sqlite/sqlite_journal.h"
#include "tests/faults/sim_disk.h"
#include "tests/faults/sim_vfs.h"

namespace stepwell::faults {
namespace {

Result<std::unique_ptr<storage::Journal>> open_on(const SimVfs& vfs) {
  return storage::open_sqlite_journal({.path = "journal.db", .vfs = vfs.name()});
}

uint64_t calls_of_opening(FaultKind kind) {
  SimDisk disk(1);
  SimVfs vfs(disk);
  auto journal = open_on(vfs);
  REQUIRE(journal.ok());
  REQUIRE((*journal)->acquire(0).ok());
  return disk.counts().concerning(kind);
}

// Opens a new journal with this fault and takes it. Whatever came of it, the next start is fine.
void open_with(const Fault& fault) {
  SimDisk disk(1);
  SimVfs vfs(disk);
  disk.plan(fault);
  {
    auto journal = open_on(vfs);
    if (journal && (*journal)->acquire(0).ok()) {
      // Only in this mode a commit is what it promises to be.
      CHECK(disk.exists("journal.db-wal"));
      CHECK_FALSE(disk.exists("journal.db-journal"));
    }
    disk.detach();
  }
  disk.heal();
  disk.power_on(true);
  disk.sync_folder();
  auto journal = open_on(vfs);
  REQUIRE_MESSAGE(journal.ok(), (journal ? "" : journal.error().message));
  CHECK((*journal)->acquire(0).ok());
  auto findings = (*journal)->open_reader().value()->check(true);
  REQUIRE(findings.ok());
  CHECK_MESSAGE(findings->empty(), (findings->empty() ? "" : findings->front()));
}

TEST_CASE("a new journal is opened in order or not at all, whichever call fails") {
  for (FaultKind kind : kAllFaults) {
    const uint64_t calls = calls_of_opening(kind);
    REQUIRE(calls > 0);
    for (uint64_t at = 0; at < calls; ++at) {
      for (bool is_for_ever : {false, true}) {
        CAPTURE(fault_name(kind));
        CAPTURE(at);
        CAPTURE(is_for_ever);
        open_with({kind, at, is_for_ever});
      }
    }
  }
}

}  // namespace
}  // namespace stepwell::faults
