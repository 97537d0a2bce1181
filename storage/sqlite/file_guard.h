// What is checked and taken about a database file before SQLite touches it.
#pragma once

#include <string>

#include "schema/result.h"

namespace stepwell::storage {

// An exclusive lock on a file beside the database (its path with ".lock" appended), held until this
// is destroyed or the process ends. The file holds the holder's process id, and stays.
class FileLock {
 public:
  // kConflict, naming the holder's process, when somebody has it.
  static Result<FileLock> acquire(const std::string& database_path);

  FileLock() = default;
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

// Whether statfs() type numbers a file system on which locks and shared memory cannot be trusted.
bool is_network_filesystem(long statfs_type);

// That `path` can be a journal: its folder exists and is local (unless `allow_network`), and what
// stands there already is a regular file that may be written.
Result<void> check_place(const std::string& path, bool allow_network);

// Creates an empty file that only its owner may read, unless one exists. The folder is synced, so
// that a crash does not lose the name.
Result<void> create_private_file(const std::string& path);

// Makes the names in the folder of `path` durable.
Result<void> sync_folder_of(const std::string& path);

}  // namespace stepwell::storage
