// What the journal of a simulated machine lies on, and what is left of it when the machine or the
// process dies. Memory here; SQLite on a simulated disk in tests/faults.
#pragma once

#include <functional>
#include <memory>

#include "schema/time.h"
#include "storage/journal.h"

namespace stepwell::sim {

class Medium {
 public:
  virtual ~Medium() = default;

  // Opens the journal for a starting process. An error: it cannot start now.
  virtual Result<void> open() = 0;
  // The journal that was opened last.
  virtual storage::Journal& journal() = 0;
  // The power is gone: whatever the process does from here on comes to nothing.
  virtual bool has_lost_power() const { return false; }
  // The process is dead, its readers are gone. What it had not made durable may be lost.
  virtual void crash() = 0;
  // What a process would find if it started now, or after a power cut now, for checkers: without
  // faults, and without touching what is there. `batches`: how many were committed.
  struct Content {
    std::unique_ptr<storage::JournalReader> reader;
    uint64_t batches = 0;
  };
  virtual Result<Content> examine() = 0;
  // The next `commits` commits find no room.
  virtual void fill(int commits) = 0;
  // Nobody learns what became of the next commit. A medium with faults of its own need not obey.
  virtual void lose_outcome(bool is_applied) { (void)is_applied; }
  // The next read fails; the same goes for this.
  virtual void fail_read() {}
};

// A journal in memory: durable when it is answered.
std::unique_ptr<Medium> memory_medium();

}  // namespace stepwell::sim
