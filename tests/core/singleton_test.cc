// Singletons, in virtual time (semantics.md §10.7 and SNG-*).
#include "schema/run_flow.h"
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

FunctionConfig singleton(SingletonMode mode, std::string key = "") {
  FunctionConfig config = JournalHarness::function("f", "go");
  config.flow.singleton = Singleton{mode, std::move(key)};
  return config;
}

std::string user(std::string_view id) {
  return R"({"user":")" + std::string(id) + "\"}";
}

}  // namespace

TEST_CASE("SNG-01: while one runs, further ones of the same key are skipped") {
  JournalHarness h;
  h.add_function(singleton(SingletonMode::kSkip, "event.data.user"));
  h.send("go", user("a"));
  h.send("go", user("a"));
  h.send("go", user("b"));
  CHECK(h.calls.size() == 2);
  const std::vector<RunRecord> runs = h.runs();
  REQUIRE(runs.size() == 3);
  CHECK(runs[1].status == RunStatus::kSkipped);
  CHECK(runs[1].error->name == "Skipped");
  CHECK(runs[1].error->message ==
        "run " + runs[0].id.to_string() + " of this singleton has not ended");
  CHECK(runs[1].ended_at == runs[1].created_at);
  CHECK(h.core().open_runs() == 2);
  SUBCASE("also while it sleeps, and after a crash") {
    h.reply(h.take_call(), {JournalHarness::op("nap", Sleep{{.after = 1h}})});
    h.send("go", user("a"));
    h.crash();
    h.send("go", user("a"));
    CHECK(h.count(RunStatus::kSkipped) == 3);
  }
  SUBCASE("until it has ended") {
    h.returns(h.take_call());
    h.send("go", user("a"));
    CHECK(h.count(RunStatus::kSkipped) == 1);
    CHECK(h.calls.size() == 2);
  }
  SUBCASE("until it is cancelled") {
    h.cancel(runs[0].id);
    h.send("go", user("a"));
    CHECK(h.count(RunStatus::kSkipped) == 1);
  }
}

TEST_CASE("the lock is held from the schedule on: also while the run is queued") {
  JournalHarness h;
  FunctionConfig config = singleton(SingletonMode::kSkip, "event.data.user");
  config.flow.step_concurrency = {{1}};
  h.add_function(config);
  h.send("go", user("a"));
  h.send("go", user("b"));
  h.send("go", user("b"));
  CHECK(h.count(RunStatus::kSkipped) == 1);
  CHECK(h.count(RunStatus::kScheduled) == 1);
}

TEST_CASE("SNG-02: a key that is false makes no singleton") {
  JournalHarness h;
  h.add_function(singleton(SingletonMode::kSkip, "event.data.user == \"a\""));
  h.send("go", user("x"));
  h.send("go", user("x"));
  CHECK(h.calls.size() == 2);
  h.send("go", user("a"));
  h.send("go", user("a"));
  CHECK(h.calls.size() == 3);
  CHECK(h.count(RunStatus::kSkipped) == 1);
}

TEST_CASE("a key that fails makes all such runs one singleton, and shows") {
  JournalHarness h;
  h.add_function(singleton(SingletonMode::kSkip, "int(event.data.n)"));
  h.send("go", R"({"n":"x"})");
  h.send("go", R"({"n":"y"})");
  CHECK(h.calls.size() == 1);
  const RunFlow flow = parse_run_flow(h.runs()[0].flow);
  REQUIRE(flow.faults.size() == 1);
  CHECK(flow.faults[0].starts_with("singleton.key: "));
}

TEST_CASE("mode cancel: the open run is cancelled, and the new one starts") {
  JournalHarness h;
  h.add_function(singleton(SingletonMode::kCancel));
  h.send("go");
  const Call first = h.calls.front();
  h.send("go");
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].run->no != first.run->no);
  const std::vector<RunRecord> runs = h.runs();
  CHECK(runs[0].status == RunStatus::kCancelled);
  CHECK(runs[0].error->message == "cancelled by a newer run of this singleton");
  h.returns(first);  // what comes from it now changes nothing
  CHECK(h.runs()[0].status == RunStatus::kCancelled);
  h.crash();
  h.send("go");
  CHECK(h.count(RunStatus::kCancelled) == 2);
  CHECK(h.count(RunStatus::kRunning) == 1);
}

TEST_CASE("mode cancel with a run that must be read first to end") {
  Settings settings;
  settings.always_evict = true;
  JournalHarness h(settings);
  h.add_function(singleton(SingletonMode::kCancel));
  h.add_function(JournalHarness::function("listener", "inngest/function.cancelled"));
  h.send("go");
  h.reply(h.take_call(), {JournalHarness::op("nap", Sleep{{.after = 1h}})});
  h.send("go");
  CHECK(h.count(RunStatus::kCancelled) == 1);
  CHECK(h.calls.size() == 2);  // the new one, and the listener
  h.send("go");
  CHECK(h.count(RunStatus::kCancelled) == 2);
}

TEST_CASE("whoever invokes a singleton that is busy is told at once") {
  JournalHarness h;
  h.add_function(singleton(SingletonMode::kSkip));
  h.add_function(JournalHarness::function("parent", "start"));
  h.send("go");
  h.take_call();
  h.send("start");
  h.reply(h.take_call(), {JournalHarness::op("ask", InvokeFunction{.function = "f"})});
  REQUIRE(h.calls.size() == 1);
  REQUIRE(h.calls[0].memo.size() == 1);
  CHECK(h.calls[0].memo[0].state == StepState::kFailed);
  CHECK(h.calls[0].memo[0].error->message.starts_with("could not invoke function: run "));
  SUBCASE("also a person") {
    h.apply(InvokeDirectly{.request = 9, .function = {"f"}, .event = {}});
    REQUIRE(h.answers.back().error);
    CHECK(h.answers.back().error->code == ErrorCode::kConflict);
  }
}

TEST_CASE("a singleton of mode cancel that invokes itself ends, and the new run goes on") {
  JournalHarness h;
  h.add_function(singleton(SingletonMode::kCancel));
  h.send("go");
  h.reply(h.take_call(), {JournalHarness::op("again", InvokeFunction{.function = "f"}),
                          JournalHarness::op("nap", Sleep{{.after = 1h}})});
  CHECK(h.count(RunStatus::kCancelled) == 1);
  REQUIRE(h.calls.size() == 1);
  h.returns(h.take_call());
  CHECK(h.core().open_runs() == 0);
}

TEST_CASE("a copy of an event whose run was skipped starts nothing") {
  JournalHarness h;
  h.add_function(singleton(SingletonMode::kSkip));
  h.send("go");
  h.send("go", "{}", "twice");
  h.returns(h.take_call());
  h.send("go", "{}", "twice");
  CHECK(h.calls.empty());
  CHECK(h.runs().size() == 2);
}

TEST_CASE("a rerun is of the same singleton") {
  JournalHarness h;
  h.add_function(singleton(SingletonMode::kSkip));
  h.send("go");
  h.returns(h.take_call());
  const RunId source = h.runs()[0].id;
  h.apply(RerunRun{.request = 4, .id = source});
  CHECK_FALSE(h.answers.back().error);
  h.apply(RerunRun{.request = 5, .id = source});
  REQUIRE(h.answers.back().error);
  CHECK(h.count(RunStatus::kSkipped) == 1);
}

// A crash may leave two open: the older one was to fail when the newer one took its place.
TEST_CASE("of two open runs of a singleton the newer one holds it after a restart") {
  const Time now{Duration(1'790'000'000'000)};
  FunctionConfig config = singleton(SingletonMode::kSkip);
  config.driver = DriverKind::kHttp;
  config.url = "http://h/api?fnId=f";
  Core core({}, Random(7));
  Transition out;
  core.begin_recovery({.epoch = 2, .last_pos = 100});
  core.recover_functions({{.config = config}});
  RunRecord older;
  older.no = 3;
  older.id = RunId{Ulid::make(now, 1, 1)};
  older.function = {"f"};
  older.created_at = now;
  older.flow = run_flow_json({.singleton = ""});
  RunRecord newer = older;
  newer.no = 4;
  newer.id = RunId{Ulid::make(now, 1, 2)};
  core.recover_runs({{.run = older}, {.run = newer}}, now);
  core.finish_recovery(now, out);
  const auto skips = [&] {
    AcceptEvents event{.request = 1};
    event.events.push_back({.event = {.name = "go"}});
    out = {};
    core.apply(std::move(event), now, 9, out);
    return std::any_of(out.writes.begin(), out.writes.end(), [](const storage::Record& record) {
      const auto* put = std::get_if<storage::PutRun>(&record);
      return put != nullptr && put->run.status == RunStatus::kSkipped;
    });
  };
  out = {};
  core.apply(CancelRun{.request = 2, .id = older.id}, now, 8, out);
  CHECK(core.open_runs() == 1);
  CHECK(skips());
  out = {};
  core.apply(CancelRun{.request = 3, .id = newer.id}, now, 10, out);
  CHECK(core.open_runs() == 0);
  CHECK_FALSE(skips());
}

}  // namespace stepwell::core::testing
