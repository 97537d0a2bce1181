// The C API of SQLite with owners: a connection and its statements. Nothing of SQLite's header
// leaves this folder.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace stepwell::storage {

// A prepared statement. Parameters are bound and columns are read from left to right. Text and
// blobs are borrowed until reset(). Used by the thread that uses its connection.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Each binds the next parameter. `text` and `blob` keep no copy.
  Statement& integer(int64_t value);
  Statement& key(uint64_t value);       // a position that names a row
  Statement& position(uint64_t value);  // zero becomes NULL
  Statement& optional(std::optional<int64_t> value);
  Statement& text(std::string_view value);
  Statement& text_or_null(std::string_view value);  // empty becomes NULL
  Statement& blob(std::string_view value);
  Statement& null();

  // Advances; SQLite's (extended) result code. SQLITE_ROW: the columns can be read.
  int step();
  // Steps once, then resets: for statements without rows. SQLITE_DONE when it worked.
  int run();
  void reset();
  // Forgets the statement without finalizing it: what a forked child must do.
  void abandon();

  // Each reads the next column of the row. Views hold until the next step() or reset().
  int64_t read_integer();
  uint64_t read_position();  // NULL becomes zero
  std::optional<int64_t> read_optional();
  std::string_view read_text();  // also blobs; NULL becomes empty
  bool read_is_null();           // of the next column, without passing it

 private:
  sqlite3_stmt* handle_ = nullptr;
  int next_parameter_ = 1;
  int next_column_ = 0;
};

// An error of SQLite as the rest of the engine knows errors.
ErrorCode error_code_of(int sqlite_code);

// A connection. Used by one thread at a time.
class Database {
 public:
  // Opens `path` with SQLite's open flags; `vfs` empty: the system's own.
  static Result<Database> open(const std::string& path, int flags, const std::string& vfs);

  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  // Runs statements that give no rows.
  Result<void> execute(const std::string& sql);
  // Like execute, for a single simple statement; SQLite's result code.
  int run(const char* sql);
  Result<Statement> prepare(std::string_view sql);
  // Prepared once a connection. `sql` is a constant: its address is the key.
  Result<Statement*> cached(const char* sql);
  // The first column of the first row, as text; empty when there is none.
  Result<std::string> value(const std::string& sql);

  // What the last call said, with `code` (SQLite's) and what was being done.
  Error error(int code, std::string_view doing) const;
  std::string message(int code) const;

  sqlite3* handle() const { return handle_; }
  int64_t changes() const;     // rows changed by the last statement
  bool is_autocommit() const;  // no transaction is open
  // Forgets the connection without closing it: what a forked child must do.
  void abandon();

 private:
  explicit Database(sqlite3* handle, std::string path);
  void close();

  sqlite3* handle_ = nullptr;
  std::string path_;
  std::map<const char*, Statement> cache_;
};

}  // namespace stepwell::storage
