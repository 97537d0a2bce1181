// A VFS between SQLite and the disk that fails when it is told to. One for the whole process; tests
// that use it run one at a time.
#pragma once

#include <string>

namespace stepwell::storage {

struct ShimVfs {
  // Registers it once. The name is for SqliteOptions::vfs.
  static const char* name();

  // What the coming calls do. All off after reset().
  static void reset();
  static void fail_syncs(bool on);          // each sync: SQLITE_IOERR_FSYNC
  static void fail_writes(bool on);         // each write: SQLITE_IOERR_WRITE
  static void fail_reads(bool on);          // each read: SQLITE_IOERR_READ
  static void fill_disk(bool on);           // each write: SQLITE_FULL
  static void stay_off_main_file(bool on);  // the above concern the log only

  // Calls since reset().
  static int syncs();
  static int writes();
};

}  // namespace stepwell::storage
