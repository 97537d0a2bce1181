// Which files the SQLite journal opens, how it says no, and how it is set up once open.
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "schema/migrations.h"
#include "storage/sqlite/file_guard.h"
#include "storage/sqlite/open.h"
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

// Runs SQL in a file, as another program would.
void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  char* message = nullptr;
  int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
  CHECK_MESSAGE(code == SQLITE_OK, (message == nullptr ? "" : message));
  sqlite3_free(message);
  sqlite3_close(database);
}

Error refusal(const SqliteOptions& options) {
  auto journal = open_sqlite_journal(options);
  REQUIRE_FALSE(journal.ok());
  return journal.error();
}

bool says(const Error& error, const std::string& text) {
  return error.message.find(text) != std::string::npos;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A journal with some records, closed in order.
std::string make_journal(const TemporaryFolder& folder) {
  std::string path = folder.file("journal.db");
  auto journal = open_sqlite_journal({.path = path}).value();
  Owner owner;
  owner.take(*journal);
  std::vector<Record> records{PutFunction{make_function("app-fn"), false, 1}, PutRun{make_run(1)}};
  for (Position pos = 2; pos < 300; ++pos) {
    records.push_back(PutStep{make_step(pos, 1, std::to_string(pos))});
  }
  REQUIRE(owner.commit(*journal, owner.batch(std::move(records))).outcome ==
          CommitOutcome::kCommitted);
  return path;
}

}  // namespace

TEST_CASE("a journal's files belong to their owner alone") {
  TemporaryFolder folder;
  auto journal = open_sqlite_journal({.path = folder.file("journal.db")}).value();
  for (const char* name : {"journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"}) {
    CAPTURE(name);
    struct stat status {};
    REQUIRE(stat(folder.file(name).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("a second opener is refused by name of the first, before it touches the file") {
  TemporaryFolder folder;
  std::string path = folder.file("journal.db");
  auto journal = open_sqlite_journal({.path = path}).value();
  Error error = refusal({.path = path});
  CHECK(error.code == ErrorCode::kConflict);
  CHECK(says(error, "this process"));
  CHECK(says(error, path));
  journal.reset();
  CHECK(open_sqlite_journal({.path = path}).ok());
}

TEST_CASE("the lock is taken also where there is no room to write who has it") {
  TemporaryFolder folder;
  const std::string path = folder.file("journal.db");
  // A device on which writes fail as on a full disk.
  std::filesystem::create_symlink("/dev/full", path + ".lock");
  const Result<FileLock> lock = FileLock::acquire(path);
  REQUIRE_MESSAGE(lock.ok(), lock.error().message);
  const Result<FileLock> second = FileLock::acquire(path);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::kConflict);
}

TEST_CASE("the lock comes before the look at the file") {
  TemporaryFolder folder;
  std::string path = folder.file("journal.db");
  std::ofstream(path) << "this is no database, and it must not be read as one";
  FileLock lock = FileLock::acquire(path).value();
  CHECK(refusal({.path = path}).code == ErrorCode::kConflict);
}

TEST_CASE("a missing folder and a missing file are named") {
  TemporaryFolder folder;
  Error error = refusal({.path = folder.file("no/such/journal.db")});
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(says(error, folder.file("no/such")));
  error = refusal({.path = folder.file("journal.db"), .create = false});
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(says(error, "journal.db"));
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(refusal({.path = ""}).code == ErrorCode::kInvalid);
}

TEST_CASE("a folder, or what is no regular file, is no journal") {
  TemporaryFolder folder;
  CHECK(refusal({.path = folder.path()}).code == ErrorCode::kInvalid);
}

TEST_CASE("what is no database is refused and left as it is") {
  TemporaryFolder folder;
  std::string path = folder.file("notes.txt");
  const std::string text(8000, 'n');
  std::ofstream(path) << text;
  Error error = refusal({.path = path});
  CHECK(error.code == ErrorCode::kCorrupt);
  CHECK(says(error, "is not a database"));
  CHECK(content_of(path) == text);
}

TEST_CASE("another program's database is refused and left as it is") {
  TemporaryFolder folder;
  std::string path = folder.file("other.db");
  run_sql(path, "CREATE TABLE precious (x); INSERT INTO precious VALUES (1)");
  std::string before = content_of(path);
  Error error = refusal({.path = path});
  CHECK(error.code == ErrorCode::kInvalid);
  CHECK(says(error, "another program"));
  CHECK(content_of(path) == before);
  run_sql(path, "PRAGMA application_id = 77");
  CHECK(says(refusal({.path = path}), "0x4d"));
}

TEST_CASE("a newer journal is refused and left as it is") {
  TemporaryFolder folder;
  std::string path = make_journal(folder);
  run_sql(path, "PRAGMA user_version = 4711");
  std::string before = content_of(path);
  Error error = refusal({.path = path});
  CHECK(error.code == ErrorCode::kInvalid);
  CHECK(says(error, "newer version"));
  CHECK(says(error, "4711"));
  CHECK(content_of(path) == before);
}

TEST_CASE("a read-only file is refused") {
  TemporaryFolder folder;
  std::string path = make_journal(folder);
  REQUIRE(chmod(path.c_str(), 0400) == 0);
  Error error = refusal({.path = path});
  CHECK(error.code == ErrorCode::kIo);
  CHECK(says(error, "read-only"));
}

TEST_CASE("an empty file becomes a journal") {
  TemporaryFolder folder;
  std::string path = folder.file("journal.db");
  std::ofstream(path).close();
  CHECK(open_sqlite_journal({.path = path}).ok());
}

TEST_CASE("file systems that cannot be trusted with locks are told from local ones") {
  CHECK(is_network_filesystem(0x6969));
  CHECK(is_network_filesystem(static_cast<long>(0xFF534D42)));
  CHECK(is_network_filesystem(static_cast<int32_t>(0xFE534D42)));  // as 32-bit systems sign it
  CHECK(is_network_filesystem(0x65735546));
  CHECK_FALSE(is_network_filesystem(0xEF53));      // ext4
  CHECK_FALSE(is_network_filesystem(0x01021994));  // tmpfs
  CHECK_FALSE(is_network_filesystem(0x9123683E));  // btrfs
}

TEST_CASE("settings are what they should be, and read back") {
  TemporaryFolder folder;
  const SqliteOptions options{.path = folder.file("journal.db")};
  auto database = open_for_writing(options);
  REQUIRE(database.ok());
  const std::pair<const char*, const char*> expected[] = {
      {"journal_mode", "wal"},
      {"synchronous", "2"},
      {"page_size", "4096"},
      {"auto_vacuum", "2"},
      {"wal_autocheckpoint", "0"},
      {"cell_size_check", "1"},
      {"trusted_schema", "0"},
      {"mmap_size", "0"},
      {"busy_timeout", "5000"},
      {"journal_size_limit", "67108864"},
      {"application_id", "1400133484"},
  };
  for (const auto& [name, value] : expected) {
    CAPTURE(name);
    CHECK(database->value(std::string("PRAGMA ") + name).value() == value);
  }
  CHECK(database->value("PRAGMA user_version").value() == std::to_string(schema_version()));
  auto reader = open_for_reading(options);
  REQUIRE(reader.ok());
  CHECK(reader->value("PRAGMA wal_autocheckpoint").value() == "0");
  CHECK(reader->value("PRAGMA query_only").value() == "0");
  CHECK_FALSE(reader->execute("DELETE FROM shards").ok());
}

TEST_CASE("damage inside a page is found by who reads it, and by the check") {
  TemporaryFolder folder;
  std::string path = make_journal(folder);
  std::string bytes = content_of(path);
  size_t at = bytes.find(R"({"step":150})");
  REQUIRE(at != std::string::npos);
  bytes[at + 9] = '7';
  std::ofstream(path, std::ios::binary) << bytes;
  auto journal = open_sqlite_journal({.path = path}).value();
  auto reader = journal->open_reader().value();
  auto run = reader->load_run(1, true);
  REQUIRE_FALSE(run.ok());
  CHECK(run.error().code == ErrorCode::kCorrupt);
  CHECK(says(run.error(), "row 150 of table steps"));
  CHECK(reader->check(false)->empty());
  auto findings = reader->check(true);
  REQUIRE(findings->size() == 1);
  CHECK(findings->front().find("row 150 of table steps") != std::string::npos);
}

TEST_CASE("damage to a page is found by the check") {
  TemporaryFolder folder;
  std::string path = make_journal(folder);
  std::string bytes = content_of(path);
  for (size_t at = bytes.size() / 2; at < bytes.size() / 2 + 8192; ++at) bytes[at] = 'x';
  std::ofstream(path, std::ios::binary) << bytes;
  auto journal = open_sqlite_journal({.path = path});
  if (!journal.ok()) {
    CHECK(journal.error().code == ErrorCode::kCorrupt);
    return;
  }
  auto findings = (*journal)->open_reader().value()->check(true);
  REQUIRE_MESSAGE(findings.ok(), findings.error().message);  // damage is a finding, not an error
  CHECK(!findings->empty());
}

TEST_CASE("the check knows every table, and tolerates a replicator's only") {
  TemporaryFolder folder;
  std::string path = make_journal(folder);
  auto findings_after = [&](const std::string& sql) {
    run_sql(path, sql);
    auto journal = open_sqlite_journal({.path = path}).value();
    auto findings = journal->open_reader().value()->check(false);
    return findings.ok() ? *findings : std::vector<std::string>{findings.error().message};
  };
  CHECK(findings_after("CREATE TABLE _litestream_seq (x)").empty());
  auto unknown = findings_after("CREATE TABLE stray (x)");
  REQUIRE(unknown.size() == 1);
  CHECK(unknown[0] == "unknown table or index stray");
  auto missing = findings_after("DROP TABLE stray; DROP INDEX runs_by_event");
  REQUIRE(missing.size() == 1);
  CHECK(missing[0] == "table or index runs_by_event is missing");
}

TEST_CASE("the check compares the counters with what is there") {
  TemporaryFolder folder;
  std::string path = make_journal(folder);
  run_sql(path, "UPDATE shards SET runs = 9, open_runs = 3");
  auto journal = open_sqlite_journal({.path = path}).value();
  auto reader = journal->open_reader().value();
  CHECK(reader->check(false)->size() == 1);
  auto findings = reader->check(true);
  REQUIRE(findings->size() == 2);
  CHECK((*findings)[0] == "open runs: 3 counted, 1 found");
  CHECK((*findings)[1] == "runs: 9 counted, 1 found");
}

TEST_CASE("a journal without its shard cannot be taken") {
  TemporaryFolder folder;
  std::string path = make_journal(folder);
  run_sql(path, "DELETE FROM shards");
  auto journal = open_sqlite_journal({.path = path}).value();
  CHECK(journal->acquire(0).error().code == ErrorCode::kCorrupt);
}

TEST_CASE("a read over its deadline ends, and says so") {
  TemporaryFolder folder;
  const std::string path = folder.file("journal.db");
  auto journal =
      open_sqlite_journal({.path = path, .read_deadline = std::chrono::milliseconds(0)}).value();
  Owner owner;
  owner.take(*journal);
  std::vector<Record> records;
  for (Position pos = 1; pos < 5000; ++pos) records.push_back(PutEvent{make_event(pos)});
  REQUIRE(owner.commit(*journal, owner.batch(std::move(records))).outcome ==
          CommitOutcome::kCommitted);
  auto reader = journal->open_reader().value();
  auto events = reader->list_events({.limit = 5000});
  REQUIRE_FALSE(events.ok());
  CHECK(events.error().code == ErrorCode::kUnavailable);
  CHECK(events.error().message.find("took longer") != std::string::npos);
  CHECK(reader->event_at(7).ok());
  CHECK(reader->check(true).ok());  // reads everything, so it has none
  reader->serve_engine();           // which has to read, however long it takes
  CHECK(reader->list_events({.limit = 5000}).ok());
}

TEST_CASE("a lock of another program is waited for, and then nothing was written") {
  TemporaryFolder folder;
  const std::string path = folder.file("journal.db");
  auto journal =
      open_sqlite_journal({.path = path, .busy_timeout = std::chrono::milliseconds(1)}).value();
  Owner owner;
  owner.take(*journal);
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  Batch batch = owner.batch({PutEvent{make_event(1)}});
  CommitResult result = owner.commit(*journal, batch);
  CHECK(result.outcome == CommitOutcome::kNoSpace);
  CHECK(result.is_locked);
  CHECK(result.message.find("locked") != std::string::npos);
  REQUIRE(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  CHECK(owner.commit(*journal, batch).outcome == CommitOutcome::kCommitted);
}
