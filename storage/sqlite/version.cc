#include "storage/sqlite/version.h"

#include <sqlite3.h>

namespace stepwell::storage {

int sqlite_version_number() {
  return sqlite3_libversion_number();
}

std::string_view sqlite_version_text() {
  return sqlite3_libversion();
}

bool sqlite_has_wal_reset_bug(int version_number) {
  const int series = version_number / 1000;  // 3.44.x is 3044
  const int patch = version_number % 1000;
  if (series == 3044) return patch < 6;
  if (series == 3050) return patch < 7;
  return version_number >= 3'007'000 && version_number < 3'051'003;
}

}  // namespace stepwell::storage
