// Opening a journal's database: refusals, settings that are read back, migrations.
#pragma once

#include <span>
#include <string>

#include "schema/migrations.h"
#include "schema/result.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/sqlite_journal.h"

namespace stepwell::storage {

// The connection that writes: checks that the file is ours and not newer than this program, applies
// what is set per connection and per file, and brings the tables to the last of `steps`. Before an
// older file is changed, a copy is made beside it, PATH.backup-vN.
Result<Database> open_for_writing(const SqliteOptions& options,
                                  std::span<const Migration> steps = migrations());

// A connection that reads only and never checkpoints.
Result<Database> open_for_reading(const SqliteOptions& options);

// An empty database in memory with the tables of schema_version(): what a file must look like.
Result<Database> open_model();

}  // namespace stepwell::storage
