#include "storage/sqlite/log_rewrite.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "storage/sqlite/database.h"

namespace stepwell::storage {
namespace {

// SQLite writes less than 128 KiB at once.
constexpr sqlite3_int64 kChunk = 64 * 1024;

// A file of SQLite's file system layer, so that it works where SQLite works.
class LogFile {
 public:
  LogFile(sqlite3_vfs* vfs, const std::string& database_path)
      : vfs_(vfs),
        names_(sqlite3_create_filename(database_path.c_str(), (database_path + "-journal").c_str(),
                                       (database_path + "-wal").c_str(), 0, nullptr)),
        memory_(static_cast<size_t>(vfs->szOsFile)) {}
  ~LogFile() {
    if (file()->pMethods != nullptr) file()->pMethods->xClose(file());
    sqlite3_free_filename(names_);
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  bool exists() const {
    int is_there = 0;
    const char* name = sqlite3_filename_wal(names_);
    return vfs_->xAccess(vfs_, name, SQLITE_ACCESS_EXISTS, &is_there) == SQLITE_OK && is_there != 0;
  }

  // SQLite's result code.
  int open() {
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL;
    return vfs_->xOpen(vfs_, sqlite3_filename_wal(names_), file(), kFlags, nullptr);
  }

  int rewrite() {
    sqlite3_int64 size = 0;
    int code = file()->pMethods->xFileSize(file(), &size);
    std::vector<char> bytes(static_cast<size_t>(std::min(size, kChunk)));
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += kChunk) {
      const int count = static_cast<int>(std::min(kChunk, size - at));
      code = file()->pMethods->xRead(file(), bytes.data(), count, at);
      if (code == SQLITE_OK) code = file()->pMethods->xWrite(file(), bytes.data(), count, at);
    }
    if (code == SQLITE_OK) code = file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL);
    return code;
  }

 private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

  sqlite3_vfs* vfs_;
  const char* names_;
  std::vector<std::max_align_t> memory_;  // more than enough for the file's own structure
};

}  // namespace

Result<void> rewrite_log(const SqliteOptions& options) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (vfs == nullptr) return Error{ErrorCode::kInvalid, "no such file system: " + options.vfs};
  LogFile log(vfs, options.path);
  if (!log.exists()) return {};
  int code = log.open();
  if (code == SQLITE_OK) code = log.rewrite();
  if (code == SQLITE_OK) return {};
  return Error{error_code_of(code),
               fmt::format("{}-wal: it cannot be made durable: {} [SQLite code {}]", options.path,
                           sqlite3_errstr(code), code)};
}

}  // namespace stepwell::storage
