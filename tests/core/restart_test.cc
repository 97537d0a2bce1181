// What a new core is told by the journal about runs whose code lives behind an endpoint.
#include <algorithm>

#include "tests/core/harness.h"
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

constexpr RunNo kRun = 3;

FunctionConfig endpoint() {
  FunctionConfig config = Harness::function("f", "go");
  config.driver = DriverKind::kHttp;
  config.url = "http://h/api?fnId=f";
  return config;
}

StepRecord step(Position pos, std::string id, StepKind kind) {
  StepRecord step;
  step.pos = pos;
  step.run = kRun;
  step.key = StepKey::of(id);
  step.id = std::move(id);
  step.kind = kind;
  step.due = kStart + 1h;
  return step;
}

// A core after a start from a journal that holds one open run of the function "f".
struct Restarted {
  explicit Restarted(std::vector<StepRecord> pending, Settings settings = {})
      : core(std::move(settings), Random(7)) {
    core.begin_recovery({.epoch = 2, .last_pos = 100});
    core.recover_functions({{.config = endpoint()}});
    RunRecord run;
    run.no = kRun;
    run.id = RunId{Ulid::make(kStart, 1, 2)};
    run.function = {"f"};
    run.status = RunStatus::kRunning;
    run.events = {1};
    run.created_at = kStart;
    run.started_at = kStart;
    run.dialect = 1;
    core.recover_runs({{.run = run, .pending = pending, .last_resolved = 0}}, kStart);
    core.finish_recovery(kStart, out);
    steps = std::move(pending);
  }

  void apply(Input input, Time now = kStart) {
    out = {};
    core.apply(std::move(input), now, batch++, out);
  }
  // Hands the run over, when it has been asked for, as the journal holds it.
  void load() {
    storage::RunSnapshot snapshot;
    snapshot.as_of_seq = 1000;
    snapshot.run.no = kRun;
    snapshot.events.push_back({.event = {.name = "go"}});
    snapshot.steps = steps;
    apply(RunLoaded{.run = kRun, .snapshot = std::move(snapshot)}, kStart + 2h);
  }
  std::vector<Call> calls() const {
    std::vector<Call> found;
    for (const Effect& effect : out.effects) {
      if (const auto* start = std::get_if<StartCall>(&effect)) found.push_back(start->call);
    }
    return found;
  }

  Transition out;
  Core core;
  uint64_t batch = 1;
  std::vector<StepRecord> steps;
};

TEST_CASE("where no endpoint is called, their runs wait, and new ones too") {
  Settings settings;
  settings.calls_endpoints = false;
  Restarted restarted({}, settings);
  CHECK(restarted.out.effects.empty());
  AcceptEvents go;
  go.events.push_back({.event = {.name = "go", .data = "{}"}});
  restarted.apply(go);
  CHECK(restarted.calls().empty());
  CHECK(restarted.core.open_runs() == 2);
  CHECK(restarted.core.check().empty());
  const RunId run{Ulid::make(kStart, 1, 2)};
  CHECK(restarted.core.wake_source(run)->what.find("none runs: start one") != std::string::npos);
}

TEST_CASE("a run goes on in the version of the protocol in which it began") {
  Restarted restarted({});
  restarted.load();
  REQUIRE(restarted.calls().size() == 1);
  CHECK(restarted.calls()[0].dialect == 1);
}

TEST_CASE("of steps side by side the first that ends is looked at, though others go on") {
  StepRecord wait = step(5, "slow", StepKind::kWaitForEvent);
  wait.target = "never";
  wait.due = kStart + 24h;
  Restarted restarted({step(4, "fast", StepKind::kSleep), wait});
  CHECK(restarted.calls().empty());
  restarted.apply(TimePassed{}, kStart + 1h);
  for (const storage::Record& record : restarted.out.writes) {
    const auto* update = std::get_if<storage::UpdateStep>(&record);
    REQUIRE(update != nullptr);
    restarted.steps[0].state = update->step.state;
    restarted.steps[0].resolved_pos = update->step.resolved_pos;
    restarted.steps[0].data = update->step.data;
  }
  restarted.load();
  REQUIRE(restarted.calls().size() == 1);
  CHECK(restarted.calls()[0].memo.size() == 1);
  CHECK(restarted.calls()[0].pending.size() == 1);
}

TEST_CASE("a cancellation under the key that an earlier version gave it still cancels its run") {
  StepRecord cancel = step(4, "cancelOn:0", StepKind::kCancelOn);
  cancel.target = "stop";
  Restarted restarted({cancel});
  AcceptEvents stop;
  stop.events.push_back({.event = {.name = "stop", .data = "{}"}});
  restarted.apply(std::move(stop));
  const auto ended =
      std::find_if(restarted.out.effects.begin(), restarted.out.effects.end(),
                   [](const Effect& effect) { return std::holds_alternative<RunEnded>(effect); });
  REQUIRE(ended != restarted.out.effects.end());
  CHECK(std::get<RunEnded>(*ended).status == RunStatus::kCancelled);
}

}  // namespace
// An event ended a wait while the code went on through checkpoints: it has not heard of that.
TEST_CASE("news that a checkpoint passed over is told after a crash") {
  JournalHarness h;
  FunctionConfig config = endpoint();
  const auto register_it = [&] {
    h.apply(RegisterFunctions{
        .request = 1, .app = "app", .functions = {config}, .driver = DriverKind::kHttp});
  };
  register_it();
  h.send("go");
  h.reply(h.take_call(), {h.op("w", WaitForEvent{.event = "answer", .timeout = {.after = 24h}}),
                          h.op("a", StepPlanned{})});
  h.reply(h.take_call(), {h.op("a", StepReturned{.data = "1"})});
  const Call second = h.take_call();
  h.send("answer");
  h.apply(RecordProgress{.request = 9,
                         .run = second.run->id,
                         .call = second.id,
                         .ops = {h.op("b", StepReturned{.data = "2"})}});
  h.reply(second, {h.op("nap", Sleep{{.after = 24h}})});
  CHECK(h.calls.size() == 1);  // of what is new to it
  h.calls.clear();
  h.crash(false);
  register_it();
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].memo.size() == 3);
}

}  // namespace stepwell::core::testing
