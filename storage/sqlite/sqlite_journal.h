// The journal in one SQLite file, with its "-wal", "-shm" and ".lock" beside it.
//
// One connection does all writes and all checkpoints. Readers have connections of their own that
// never checkpoint: SQLite up to 3.51.2 can corrupt a log that two connections write and checkpoint
// at the same time, so no second one ever does.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "schema/result.h"
#include "storage/journal.h"

namespace stepwell::storage {

enum class Durability : uint8_t {
  kFull,     // a commit is on the disk when it is answered
  kRelaxed,  // a power cut or a crash of the system may lose the last commits; never corrupts
};

// Sizes of the write-ahead log, in pages, at which it is written back.
struct CheckpointRules {
  int idle_pages = 1000;       // when there is nothing else to do
  int busy_pages = 4000;       // between commits
  int pressure_pages = 16000;  // new reads are refused until the log could be restarted
};

struct SqliteOptions {
  std::string path;
  Durability durability = Durability::kFull;
  bool create = true;  // a missing file is created; otherwise kNotFound
  bool allow_network_filesystem = false;
  std::chrono::milliseconds busy_timeout{5000};   // only programs that pass the lock make it busy
  std::chrono::milliseconds read_deadline{1000};  // of one call of a reader
  CheckpointRules checkpoints;
  // Kept free beside the database, in PATH.reserve, for what must be written when the disk is full.
  uint64_t reserve_bytes = 8u << 20;
  // The name of a registered SQLite VFS, for simulated disks. The checks and the lock of the real
  // file system are left out then: the VFS answers for its files. Empty: the system's own.
  std::string vfs;
};

// Opens or creates the journal's file and takes its lock. Refused, with a message that says what to
// do: another process has it (kConflict); it belongs to another program or a newer version
// (kInvalid); it is damaged (kCorrupt); it cannot be written, or its folder is missing.
// The journal has shard 0 only.
Result<std::unique_ptr<Journal>> open_sqlite_journal(const SqliteOptions& options);

}  // namespace stepwell::storage
