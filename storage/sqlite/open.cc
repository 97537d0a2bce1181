#include "storage/sqlite/open.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <filesystem>

#include "storage/sqlite/log_rewrite.h"

namespace stepwell::storage {
namespace {

struct Pragma {
  const char* name;
  const char* value;
  const char* expected;  // what reading it back gives
};

// For all connections. Nothing in a file may make SQLite do more than we ask: no functions or
// views of its schema are trusted, and its cells are checked.
constexpr Pragma kCommon[] = {
    {"cell_size_check", "ON", "1"}, {"trusted_schema", "OFF", "0"},
    {"foreign_keys", "OFF", "0"},   {"temp_store", "MEMORY", "2"},
    {"mmap_size", "0", "0"},        {"wal_autocheckpoint", "0", "0"},
};

constexpr Pragma kWriter[] = {
    {"cache_size", "-16384", "-16384"},
    {"journal_size_limit", "67108864", "67108864"},
    {"secure_delete", "FAST", "2"},
};

// Only settable while the file is empty.
constexpr Pragma kNewFile[] = {
    {"page_size", "4096", "4096"},
    {"auto_vacuum", "INCREMENTAL", "2"},
};

Result<void> apply(Database& database, const Pragma& pragma) {
  auto set = database.value(fmt::format("PRAGMA {} = {}", pragma.name, pragma.value));
  if (!set) return set.error();
  auto got = database.value(fmt::format("PRAGMA {}", pragma.name));
  if (!got) return got.error();
  // An in-memory VFS has no mapping to switch off and answers nothing.
  bool is_absent = got->empty() && std::string_view(pragma.name) == "mmap_size";
  if (*got == pragma.expected || is_absent) return {};
  return Error{ErrorCode::kInternal, fmt::format("SQLite did not take {} = {}: it says {}",
                                                 pragma.name, pragma.value, *got)};
}

template <size_t N>
Result<void> apply_all(Database& database, const Pragma (&pragmas)[N]) {
  for (const Pragma& pragma : pragmas) {
    if (auto applied = apply(database, pragma); !applied) return applied;
  }
  return {};
}

Result<void> harden(Database& database, const SqliteOptions& options) {
  sqlite3* handle = database.handle();
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1);  // VACUUM INTO needs one
  sqlite3_busy_timeout(handle, static_cast<int>(options.busy_timeout.count()));
  return apply_all(database, kCommon);
}

Result<int64_t> read_number(Database& database, const std::string& sql) {
  auto text = database.value(sql);
  if (!text) return text.error();
  return static_cast<int64_t>(std::strtoll(text->c_str(), nullptr, 10));
}

// The schema version of the file; 0: it is empty and will be ours.
Result<int> identify(Database& database, const std::string& path, int newest) {
  auto application = read_number(database, "PRAGMA application_id");
  if (!application) {
    Error error = application.error();
    if (error.code == ErrorCode::kCorrupt) {
      error.message = fmt::format("{} is not a database, or is damaged: {}", path, error.message);
    }
    return error;
  }
  auto version = read_number(database, "PRAGMA user_version");
  if (!version) return version.error();
  auto tables = read_number(database, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  bool is_empty = *application == 0 && *version == 0 && *tables == 0;
  if (is_empty) return 0;
  if (*application != kApplicationId) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} is a database of another program (application id {:#x}); nothing "
                             "in it was touched",
                             path, static_cast<uint32_t>(*application))};
  }
  if (*version > newest) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} was written by a newer version of this program (schema {}, this "
                             "one knows up to {}); use that version, or restore a backup",
                             path, *version, newest)};
  }
  return static_cast<int>(*version);
}

Result<void> set_journal_mode(Database& database, const SqliteOptions& options) {
  auto set = database.value("PRAGMA journal_mode = WAL");
  if (!set) return set.error();
  auto mode = database.value("PRAGMA journal_mode");
  if (!mode) return mode.error();
  if (*mode != "wal") {
    return Error{ErrorCode::kIo, fmt::format("{}: write-ahead logging is not possible here (SQLite "
                                             "says journal_mode={})",
                                             options.path, *mode)};
  }
  bool is_full = options.durability == Durability::kFull;
  return apply(database, {"synchronous", is_full ? "FULL" : "NORMAL", is_full ? "2" : "1"});
}

Result<void> back_up(Database& database, const std::string& path, int version) {
  const std::string copy = fmt::format("{}.backup-v{}", path, version);
  std::error_code ignored;
  std::filesystem::remove(copy, ignored);  // of an attempt that did not get to its end
  auto statement = database.prepare("VACUUM INTO ?");
  if (!statement) return statement.error();
  int code = statement->text(copy).run();
  if (code != SQLITE_DONE) return database.error(code, "copy the file before its migration");
  std::filesystem::permissions(copy, std::filesystem::perms::owner_read, ignored);
  return {};
}

Result<void> migrate_step(Database& database, const Migration& step) {
  std::string sql = "BEGIN IMMEDIATE;";
  sql += step.sql;
  sql += fmt::format(";PRAGMA application_id = {};PRAGMA user_version = {};COMMIT;", kApplicationId,
                     step.version);
  auto done = database.execute(sql);
  if (!done && !database.is_autocommit()) database.run("ROLLBACK");
  return done;
}

Result<void> migrate(Database& database, const SqliteOptions& options, int version,
                     std::span<const Migration> steps) {
  if (version > 0 && version < steps.back().version && options.vfs.empty()) {
    if (auto copied = back_up(database, options.path, version); !copied) return copied;
  }
  for (const Migration& step : steps) {
    if (step.version <= version) continue;
    if (auto done = migrate_step(database, step); !done) return done;
  }
  return {};
}

}  // namespace

Result<Database> open_for_writing(const SqliteOptions& options, std::span<const Migration> steps) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  if (options.create) flags |= SQLITE_OPEN_CREATE;
  Result<Database> database = Database::open(options.path, flags, options.vfs);
  if (!database) return database;
  if (sqlite3_db_readonly(database->handle(), "main") == 1) {
    return Error{ErrorCode::kIo, fmt::format("{} is read-only; the engine must be able to write "
                                             "to it",
                                             options.path)};
  }
  if (auto done = harden(*database, options); !done) return done.error();
  Result<int> version = identify(*database, options.path, steps.back().version);
  if (!version) return version.error();
  if (auto done = rewrite_log(options); !done) return done.error();
  if (*version == 0) {
    if (auto done = apply_all(*database, kNewFile); !done) return done.error();
  }
  if (auto done = set_journal_mode(*database, options); !done) return done.error();
  if (auto done = apply_all(*database, kWriter); !done) return done.error();
  if (auto done = migrate(*database, options, *version, steps); !done) return done.error();
  return database;
}

Result<Database> open_for_reading(const SqliteOptions& options) {
  Result<Database> database =
      Database::open(options.path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, options.vfs);
  if (!database) return database;
  sqlite3_db_config(database->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (auto done = harden(*database, options); !done) return done.error();
  return database;
}

Result<Database> open_model() {
  Result<Database> model =
      Database::open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, {});
  if (!model) return model;
  for (const Migration& step : migrations()) {
    if (auto done = migrate_step(*model, step); !done) return done.error();
  }
  return model;
}

}  // namespace stepwell::storage
