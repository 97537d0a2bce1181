// Which SQLite runs, and whether it has the bug that corrupts write-ahead logs.
#pragma once

#include <string_view>

namespace stepwell::storage {

// 3040001 is 3.40.1.
int sqlite_version_number();
std::string_view sqlite_version_text();

// The WAL-reset bug: two connections to one file, one that commits while the other checkpoints, can
// lose committed pages. In 3.7.0 to 3.51.2, except for the releases 3.44.6 and 3.50.7 and later
// ones of their series.
bool sqlite_has_wal_reset_bug(int version_number);

}  // namespace stepwell::storage
