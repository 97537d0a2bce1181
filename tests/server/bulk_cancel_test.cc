// Cancellations in bulk, on a real engine.
#include "api/server/bulk_cancel.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/clock.h"
#include "storage/memory/memory_reader.h"
#include "tests/runtime/gated_journal.h"
#include "tests/server/service_fixture.h"

namespace stepwell::server {
namespace {

using runtime::testing::GatedJournal;

std::map<std::string, TestFunction> functions() {
  return {{"ask", wait_for_answer}};
}

// Starts that many runs that wait; the ids of their events, in order.
std::vector<std::string> start_runs(ServiceFixture& f, int count) {
  std::string events = "[";
  for (int i = 0; i < count; ++i) {
    events += fmt::format(R"({}{{"name":"ask","data":{{"n":{}}}}})", i > 0 ? "," : "", i);
  }
  std::vector<std::string> ids = f.send(events + "]");
  for (const std::string& id : ids) f.wait_for_run(id, "Running");
  return ids;
}

Reply cancel(ServiceFixture& f, std::string_view more = {}) {
  return post_to(f.port(), "/v1/cancellations",
                 fmt::format(R"({{"app_id":"test","function_id":"ask","started_before":"{}"{}}})",
                             format_rfc3339(runtime::wall_clock()), more));
}

int64_t cancelled(const Reply& reply) {
  REQUIRE_MESSAGE(reply.status == 201, reply.body);
  return *parse_json(reply.body)->find("data")->find("cancelled")->as_int64();
}

// A journal where runs end between being listed and being cancelled: when a page is listed, three
// runs of it are cancelled by somebody else, and that commit waits until each was looked up.
class RacedJournal : public GatedJournal {
 public:
  explicit RacedJournal(std::unique_ptr<storage::Journal> journal)
      : GatedJournal(std::move(journal)) {}

  static constexpr int kRaced = 3;
  std::atomic<runtime::Runtime*> runtime{nullptr};  // set: the next page is raced for

  Result<std::unique_ptr<storage::JournalReader>> open_reader() override {
    auto reader = GatedJournal::open_reader();
    if (!reader) return reader.error();
    return std::unique_ptr<storage::JournalReader>(
        new Reader(dynamic_cast<storage::MemoryReader&>(**reader), *this));
  }

 private:
  class Reader : public storage::MemoryReader {
   public:
    Reader(const storage::MemoryReader& like, RacedJournal& race)
        : storage::MemoryReader(like), race_(race) {}

    Result<std::vector<RunRecord>> list_runs(const storage::RunFilter& filter) override {
      auto runs = storage::MemoryReader::list_runs(filter);
      runtime::Runtime* runtime =
          runs && !filter.statuses.empty() ? race_.runtime.exchange(nullptr) : nullptr;
      if (runtime == nullptr) return runs;
      race_.close();
      for (int i = 0; i < kRaced; ++i) {
        runtime->submit(core::CancelRun{.id = runs->at(i).id}, nullptr);
      }
      race_.to_look_up = kRaced;
      return runs;
    }
    Result<std::optional<RunRecord>> find_run(const RunId& id) override {
      auto run = storage::MemoryReader::find_run(id);
      if (race_.to_look_up > 0 && --race_.to_look_up == 0) race_.open();
      return run;
    }

   private:
    RacedJournal& race_;
  };

  std::atomic<int> to_look_up{0};
};

}  // namespace

TEST_CASE("cancellations in bulk cancel the open runs that are meant, however many") {
  ServiceFixture f(functions());
  const std::vector<std::string> ids = start_runs(f, 250);
  CHECK(cancelled(cancel(f, R"(,"if":"event.data.n < 10")")) == 10);
  f.wait_for_run(ids[9], "Cancelled");
  f.wait_for_run(ids[10], "Running");
  CHECK(cancelled(cancel(f, R"(,"if":null)")) == 240);
  f.wait_for_run(ids.back(), "Cancelled");
  CHECK(cancelled(cancel(f)) == 0);
}

TEST_CASE("a cancellation in bulk that cannot be meant so is refused") {
  ServiceFixture f(functions());
  const std::vector<std::string> ids = start_runs(f, 1);
  for (const char* body :
       {"", "[]", "{}", "null", R"({"function_id":"ask"})",
        R"({"function_id":"ask","started_before":"soon"})",
        R"({"function_id":"ask","started_before":"2999-01-01T00:00:00Z"})",
        R"({"function_id":"ask","started_before":"2020-01-01T00:00:00Z","started_after":5})",
        R"({"function_id":"ask","started_before":"2020-01-01T00:00:00Z","if":"event."})"}) {
    CAPTURE(body);
    CHECK(post_to(f.port(), "/v1/cancellations", body).status == 400);
  }
  CHECK(post_to(f.port(), "/v1/cancellations",
                R"({"function_id":"none","started_before":"2020-01-01T00:00:00Z"})")
            .status == 404);
  // What is misspelt or of another type never means: all of them.
  for (const char* member :
       {R"(,"if":["event.data.n == 99"])", R"(,"if":false)", R"(,"If":"event.data.n == 99")",
        R"(,"startedAfter":"2999-01-01T00:00:00Z")", R"(,"app_id":7)", R"(,"started_after":[])"}) {
    CAPTURE(member);
    CHECK(cancel(f, member).status == 400);
  }
  CHECK(cancel(f, R"(,"startedAfter":"2999-01-01T00:00:00Z")").body.find("\"startedAfter\\\"") !=
        std::string::npos);
  f.wait_for_run(ids[0], "Running");
}

TEST_CASE("runs that end while they are cancelled in bulk keep no other from it") {
  auto journal = std::make_unique<RacedJournal>(std::make_unique<storage::MemoryJournal>());
  RacedJournal& race = *journal;
  ServiceFixture f(functions(), {}, {}, std::move(journal));
  start_runs(f, 120);
  race.runtime = &f.runtime();
  CHECK(cancelled(cancel(f)) == 120 - RacedJournal::kRaced);
  CHECK(cancelled(cancel(f)) == 0);
}

TEST_CASE("a cancellation in bulk that meets a full disk goes through all pages and counts") {
  auto journal = std::make_unique<storage::MemoryJournal>();
  storage::MemoryJournal& disk = *journal;
  ServiceFixture f(functions(), {}, {}, std::move(journal));
  const std::vector<std::string> ids = start_runs(f, 120);
  disk.inject(storage::CommitFault::kNoSpace);
  const Reply full = cancel(f);
  CHECK(full.status == 503);
  int done = -1;
  int failed = -1;
  const size_t counts = full.body.find('(');
  REQUIRE_MESSAGE(counts != std::string::npos, full.body);
  CHECK(std::sscanf(full.body.c_str() + counts, "(%d runs were cancelled, %d were not)", &done,
                    &failed) == 2);
  CHECK(failed > 0);
  CHECK(done + failed == 120);
  while (cancel(f).status != 201) {
  }
  for (const std::string& id : ids) f.wait_for_run(id, "Cancelled");
}

}  // namespace stepwell::server
