// Migrations: from nothing, from older files, and halfway.
#include "schema/migrations.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <vector>

#include "storage/sqlite/open.h"
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

std::vector<Migration> with(std::string_view sql) {
  std::vector<Migration> steps(migrations().begin(), migrations().end());
  steps.push_back({schema_version() + 1, sql});
  return steps;
}

}  // namespace

TEST_CASE("migrations rise by one from one, and none is empty") {
  int expected = 1;
  for (const Migration& step : migrations()) {
    CHECK(step.version == expected++);
    CHECK_FALSE(step.sql.empty());
  }
  CHECK(schema_version() == expected - 1);
}

TEST_CASE("every table is strict") {
  auto model = open_model();
  REQUIRE(model.ok());
  CHECK(model
            ->value("SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
                    " AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE '%STRICT%'")
            .value() == "0");
}

TEST_CASE("a step's happy path has one index beside its row") {
  auto model = open_model();
  REQUIRE(model.ok());
  CHECK(model->value("SELECT count(*) FROM pragma_index_list('steps') WHERE NOT partial").value() ==
        "1");
}

TEST_CASE("an older file is copied, then brought forward with its rows") {
  TemporaryFolder folder;
  const SqliteOptions options{.path = folder.file("journal.db")};
  {
    auto journal = open_sqlite_journal(options).value();
    Owner owner;
    owner.take(*journal);
    REQUIRE(owner.commit(*journal, owner.batch({PutEvent{make_event(1)}})).outcome ==
            CommitOutcome::kCommitted);
  }
  auto steps = with("CREATE TABLE extra (x INTEGER) STRICT; INSERT INTO extra VALUES (7)");
  {
    auto database = open_for_writing(options, steps);
    REQUIRE(database.ok());
    CHECK(database->value("SELECT x FROM extra").value() == "7");
    CHECK(database->value("SELECT count(*) FROM events").value() == "1");
    CHECK(database->value("PRAGMA user_version").value() == std::to_string(schema_version() + 1));
  }
  const std::string copy = options.path + ".backup-v" + std::to_string(schema_version());
  REQUIRE(std::filesystem::exists(copy));
  SUBCASE("once only") {
    std::filesystem::remove(copy);
    CHECK(open_for_writing(options, steps).ok());
    CHECK_FALSE(std::filesystem::exists(copy));
  }
  SUBCASE("the file is too new for a program without the step") {
    CHECK_FALSE(open_sqlite_journal(options).ok());
  }
  SUBCASE("the copy is whole") {
    std::filesystem::permissions(copy, std::filesystem::perms::owner_all);
    auto journal = open_sqlite_journal({.path = copy});
    REQUIRE(journal.ok());
    CHECK((*journal)->open_reader().value()->event_at(1)->has_value());
  }
}

TEST_CASE("runs of a file from before flow control are sound, and take flow") {
  TemporaryFolder folder;
  const SqliteOptions options{.path = folder.file("journal.db")};
  RunRecord run = make_run(2, 1);
  {
    // What the version before wrote: the same columns but one.
    auto database = open_for_writing(options, migrations().first(2));
    REQUIRE(database.ok());
    auto newer = open_sqlite_journal({.path = folder.file("newer.db")}).value();
    Owner owner;
    owner.take(*newer);
    REQUIRE(owner
                .commit(*newer, owner.batch({PutFunction{make_function("app-fn"), false, 1},
                                             PutEvent{make_event(1)}, PutRun{run}}))
                .outcome == CommitOutcome::kCommitted);
    const std::string attach = "ATTACH '" + folder.file("newer.db") + "' AS newer";
    REQUIRE(database->run(attach.c_str()) == 101);  // SQLITE_DONE
    for (const char* sql :
         {"DELETE FROM shards", "INSERT INTO shards SELECT * FROM newer.shards",
          "INSERT INTO functions SELECT * FROM newer.functions",
          "INSERT INTO events SELECT * FROM newer.events",
          "ALTER TABLE newer.runs DROP COLUMN flow", "INSERT INTO runs SELECT * FROM newer.runs"}) {
      REQUIRE(database->run(sql) == 101);
    }
  }
  auto journal = open_sqlite_journal(options).value();
  Owner owner;
  owner.take(*journal);
  auto reader = journal->open_reader().value();
  CHECK(text_of(reader->find_run(run_id(2))) == text_of(Result<RunRecord>(run)));
  CHECK(reader->flow_states(std::nullopt, 10)->empty());
  RunRecord next = make_run(3, 1);
  next.flow = R"({"p":5})";
  const PutFlowState state{{"app-fn", FlowKind::kThrottle, "k", 0}, at(5), "5"};
  REQUIRE(owner.commit(*journal, owner.batch({PutRun{next}, state})).outcome ==
          CommitOutcome::kCommitted);
  CHECK(reader->find_run(run_id(3)).value()->flow == next.flow);
  CHECK(text_of(reader->flow_states(std::nullopt, 10)) == text_of(state) + "\n");
  CHECK(reader->check(true)->empty());
}

TEST_CASE("a step that fails leaves the file as it was") {
  TemporaryFolder folder;
  const SqliteOptions options{.path = folder.file("journal.db")};
  { auto journal = open_sqlite_journal(options).value(); }
  CHECK_FALSE(open_for_writing(options, with("CREATE TABLE extra (x); SELECT no_such()")).ok());
  auto database = open_for_writing(options);
  REQUIRE(database.ok());
  CHECK(database->value("PRAGMA user_version").value() == std::to_string(schema_version()));
  CHECK(database->value("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'").value() == "0");
}
