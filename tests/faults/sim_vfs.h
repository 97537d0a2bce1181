// SQLite's VFS on a SimDisk, with locks and shared memory of one process.
#pragma once

#include <memory>
#include <string>

#include "tests/faults/sim_disk.h"

struct sqlite3_vfs;

namespace stepwell::faults {

// Registers `disk` under a name of its own while it lives. All connections to it are closed before.
class SimVfs {
 public:
  explicit SimVfs(SimDisk& disk);
  ~SimVfs();
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;

  // For SqliteOptions::vfs.
  const std::string& name() const { return name_; }

  struct State;

 private:
  std::string name_;
  std::unique_ptr<State> state_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace stepwell::faults
