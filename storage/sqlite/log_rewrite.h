// What a start does about a sync that failed before it.
#pragma once

#include "schema/result.h"
#include "storage/sqlite/sqlite_journal.h"

namespace stepwell::storage {

// Writes the write-ahead log again, byte for byte, and syncs it. After a failed sync the system may
// show pages that are not on the disk and that it takes for clean: no later sync would write them,
// and the commits behind them would be lost with them at the next power cut. Only what is written
// again is surely there. Nothing happens if there is no log, as after an orderly end. Before the
// first commit.
Result<void> rewrite_log(const SqliteOptions& options);

}  // namespace stepwell::storage
