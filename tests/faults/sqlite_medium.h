// The real SQLite journal on a simulated disk, as a medium of the simulated machine.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "storage/sqlite/sqlite_journal.h"
#include "tests/faults/sim_disk.h"
#include "tests/faults/sim_vfs.h"
#include "tests/simulation/medium.h"

namespace stepwell::faults {

struct MediumOptions {
  uint64_t seed = 1;
  std::vector<Fault> faults;
  double power_loss = 0.5;      // how often the power goes when a process dies
  double orderly_close = 0.25;  // how often a process that ends closes its journal
};

class SqliteMedium : public sim::Medium {
 public:
  explicit SqliteMedium(const MediumOptions& options);
  ~SqliteMedium() override;

  Result<void> open() override;
  storage::Journal& journal() override;
  bool has_lost_power() const override { return disk_.has_lost_power(); }
  void crash() override;
  // The process dies, and what it had not synced may be lost.
  void cut_power();
  Result<Content> examine() override;
  void fill(int commits) override { full_commits_ = commits; }

  SimDisk& disk() { return disk_; }

 private:
  class Watched;

  storage::SqliteOptions sqlite_options(const SimVfs& vfs);

  MediumOptions options_;
  Random random_;
  SimDisk disk_;
  SimVfs vfs_;
  storage::CheckpointRules checkpoints_;
  std::unique_ptr<storage::Journal> journal_;
  int full_commits_ = 0;
  int starts_since_failure_ = 0;

  // What examine() looks at: a copy, opened as a process would.
  struct Copy;
  std::unique_ptr<Copy> copy_;
};

}  // namespace stepwell::faults
