// Effects wait for their batch, and calls for room on the disk.
#include "engine/core/pipeline.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/functions.h"

namespace stepwell::core::testing {
namespace {

constexpr Time kNow{Duration(1'790'000'000'000)};

// Keeps what the pipeline asks for, until the test answers it.
class Port final : public PipelinePort {
 public:
  void commit(storage::Batch batch) override { at_journal = std::move(batch); }
  void fetch(FetchId, const Lookup&) override { FAIL("nothing here needs a look-up"); }
  void perform(Effect effect) override { performed.push_back(std::move(effect)); }
  void rebuild() override { FAIL("no commit of these fails"); }
  void fatal(storage::CommitOutcome, const std::string& message) override { FAIL(message); }

  template <typename T>
  size_t count() const {
    return static_cast<size_t>(
        std::count_if(performed.begin(), performed.end(),
                      [](const Effect& e) { return std::holds_alternative<T>(e); }));
  }

  std::optional<storage::Batch> at_journal;
  std::vector<Effect> performed;
};

struct Bench {
  Port port;
  std::optional<Pipeline> pipeline;
  std::optional<RunId> run;  // the newest

  Bench() {
    const storage::Ownership ownership{.epoch = 1, .next_seq = 1};
    Core core(Settings{}, Random(7));
    core.begin_recovery(ownership);
    Transition recovered;
    core.finish_recovery(kNow, recovered);
    pipeline.emplace(std::move(core), ownership, port);
    pipeline->adopt(std::move(recovered));
    FunctionConfig config;
    config.id = {"f"};
    config.triggers = {{"go", ""}};
    submit(RegisterFunctions{.request = 1, .app = "app", .functions = {config}});
  }

  // Takes the input and has everything committed that it leads to.
  void submit(Input input, bool uses_reserve = false) {
    pipeline->submit(std::move(input), kNow);
    pipeline->flush(kNow);
    commit_all(uses_reserve);
  }
  void commit_all(bool uses_reserve = false) {
    while (port.at_journal) {
      const storage::Batch batch = *std::exchange(port.at_journal, std::nullopt);
      for (const storage::Record& record : batch.records) {
        if (const auto* put = std::get_if<storage::PutRun>(&record)) run = put->run.id;
      }
      pipeline->committed({.outcome = storage::CommitOutcome::kCommitted,
                           .message = {},
                           .uses_reserve = uses_reserve},
                          kNow);
    }
  }
  void send(bool uses_reserve = false) {
    AcceptEvents input{.request = 2};
    input.events.push_back({.event = {.name = "go", .id = "", .data = "{}"}});
    submit(std::move(input), uses_reserve);
  }
};

}  // namespace

TEST_CASE("nothing happens before it is durable") {
  Bench bench;
  AcceptEvents input{.request = 2};
  input.events.push_back({.event = {.name = "go", .id = "", .data = "{}"}});
  const size_t before = bench.port.performed.size();
  bench.pipeline->submit(std::move(input), kNow);
  bench.pipeline->flush(kNow);
  REQUIRE(bench.port.at_journal);
  CHECK(bench.port.performed.size() == before);
  bench.commit_all();
  CHECK(bench.port.count<StartCall>() == 1);
}

TEST_CASE("a call waits until there is room for its result") {
  Bench bench;
  bench.send(true);
  REQUIRE(bench.run);
  CHECK(bench.port.count<StartCall>() == 0);
  SUBCASE("and is made then") {
    bench.pipeline->probe(kNow);
    bench.commit_all();
    CHECK(bench.port.count<StartCall>() == 1);
  }
  SUBCASE("but not if its run was cancelled meanwhile") {
    bench.submit(CancelRun{.request = 3, .id = *bench.run}, true);
    CHECK(bench.port.count<DropRun>() == 1);
    bench.pipeline->probe(kNow);
    bench.commit_all();
    CHECK(bench.port.count<StartCall>() == 0);
  }
  SUBCASE("nor if its run was cancelled by what finds room again") {
    bench.submit(CancelRun{.request = 3, .id = *bench.run});
    CHECK(bench.port.count<DropRun>() == 1);
    CHECK(bench.port.count<StartCall>() == 0);
  }
}

}  // namespace stepwell::core::testing
