#include "storage/sqlite/database.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <utility>

namespace stepwell::storage {

Statement::Statement(Statement&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      next_parameter_(other.next_parameter_),
      next_column_(other.next_column_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(next_parameter_, other.next_parameter_);
  std::swap(next_column_, other.next_column_);
  return *this;
}

Statement::~Statement() {
  sqlite3_finalize(handle_);
}

Statement& Statement::integer(int64_t value) {
  sqlite3_bind_int64(handle_, next_parameter_++, value);
  return *this;
}

Statement& Statement::key(uint64_t value) {
  return integer(static_cast<int64_t>(value));
}

Statement& Statement::position(uint64_t value) {
  return value == 0 ? null() : key(value);
}

Statement& Statement::optional(std::optional<int64_t> value) {
  return value ? integer(*value) : null();
}

Statement& Statement::text(std::string_view value) {
  // A null pointer would bind NULL; an empty view may have one.
  const char* bytes = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_text64(handle_, next_parameter_++, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

Statement& Statement::text_or_null(std::string_view value) {
  return value.empty() ? null() : text(value);
}

Statement& Statement::blob(std::string_view value) {
  sqlite3_bind_blob64(handle_, next_parameter_++, value.data(), value.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::null() {
  sqlite3_bind_null(handle_, next_parameter_++);
  return *this;
}

int Statement::step() {
  next_column_ = 0;
  return sqlite3_step(handle_);
}

int Statement::run() {
  int code = sqlite3_step(handle_);
  reset();
  return code;
}

void Statement::reset() {
  sqlite3_reset(handle_);
  next_parameter_ = 1;
  next_column_ = 0;
}

void Statement::abandon() {
  handle_ = nullptr;
}

int64_t Statement::read_integer() {
  return sqlite3_column_int64(handle_, next_column_++);
}

uint64_t Statement::read_position() {
  return static_cast<uint64_t>(read_integer());
}

std::optional<int64_t> Statement::read_optional() {
  if (read_is_null()) {
    ++next_column_;
    return std::nullopt;
  }
  return read_integer();
}

std::string_view Statement::read_text() {
  const void* bytes = sqlite3_column_blob(handle_, next_column_);
  int size = sqlite3_column_bytes(handle_, next_column_++);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<size_t>(size)};
}

bool Statement::read_is_null() {
  return sqlite3_column_type(handle_, next_column_) == SQLITE_NULL;
}

ErrorCode error_code_of(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
      return ErrorCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kCorrupt;
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
      return ErrorCode::kIo;
    case SQLITE_TOOBIG:
      return ErrorCode::kTooLarge;
    default:
      return ErrorCode::kInternal;
  }
}

Database::Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)),
      path_(std::move(other.path_)),
      cache_(std::move(other.cache_)) {}

Database& Database::operator=(Database&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(path_, other.path_);
  std::swap(cache_, other.cache_);
  return *this;
}

Database::~Database() {
  close();
}

void Database::close() {
  cache_.clear();
  sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

void Database::abandon() {
  for (auto& [sql, statement] : cache_) statement.abandon();
  handle_ = nullptr;
}

Result<Database> Database::open(const std::string& path, int flags, const std::string& vfs) {
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  Database database(handle, path);
  if (code != SQLITE_OK) return database.error(code, "open the database");
  sqlite3_extended_result_codes(handle, 1);
  return database;
}

Result<void> Database::execute(const std::string& sql) {
  int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code, sql.substr(0, 60));
  return {};
}

int Database::run(const char* sql) {
  Result<Statement*> statement = cached(sql);
  if (!statement) return sqlite3_extended_errcode(handle_);
  return (*statement)->run();
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return error(code, "prepare a statement");
  return Statement(handle);
}

Result<Statement*> Database::cached(const char* sql) {
  auto known = cache_.find(sql);
  if (known != cache_.end()) return &known->second;
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  return &cache_.emplace(sql, std::move(*statement)).first->second;
}

Result<std::string> Database::value(const std::string& sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return statement.error();
  int code = statement->step();
  std::string text;
  if (code == SQLITE_ROW) text = statement->read_text();
  // To its end: what a pragma changes is written after its row was given.
  while (code == SQLITE_ROW) code = statement->step();
  if (code != SQLITE_DONE) return error(code, sql);
  return text;
}

Error Database::error(int code, std::string_view doing) const {
  return Error{error_code_of(code), fmt::format("{}: {} ({})", path_, message(code), doing)};
}

std::string Database::message(int code) const {
  const char* text = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  return fmt::format("{} [SQLite code {}]", text, code);
}

int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}

bool Database::is_autocommit() const {
  return sqlite3_get_autocommit(handle_) != 0;
}

}  // namespace stepwell::storage
