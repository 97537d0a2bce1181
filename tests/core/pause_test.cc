// Functions that are paused and resumed.
#include "tests/core/harness.h"
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

struct Pausing : Harness {
  void pause(std::string function = "f") {
    apply(PauseFunction{.request = 9, .function = {std::move(function)}});
  }
  void resume(std::string function = "f") {
    apply(PauseFunction{.request = 9, .function = {std::move(function)}, .is_paused = false});
  }
};

TEST_CASE("what triggers a paused function is skipped, with the reason") {
  Pausing h;
  h.add_function(h.function("f", "go"));
  h.pause();
  CHECK(h.answers.back().is_modified);
  REQUIRE(h.writes<storage::PutFlowState>().size() == 1);
  CHECK(h.writes<storage::PutFlowState>()[0].key.kind == storage::FlowKind::kPaused);
  h.send("go");
  const auto runs = h.writes<storage::PutRun>();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].run.status == RunStatus::kSkipped);
  CHECK(runs[0].run.error->message == "function \"f\" is paused");
  CHECK(runs[0].run.ended_at == h.now);
  CHECK(h.calls.empty());
  CHECK(h.core.open_runs() == 0);
  h.resume();
  CHECK(h.writes<storage::DropFlowState>().size() == 1);
  h.send("go");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("pausing and resuming twice changes nothing; there must be such a function") {
  Pausing h;
  h.add_function(h.function("f", "go"));
  h.resume();
  CHECK_FALSE(h.answers.back().is_modified);
  h.pause();
  h.pause();
  CHECK_FALSE(h.answers.back().is_modified);
  CHECK(h.out.writes.empty());
  h.pause("g");
  CHECK(h.answers.back().error->code == ErrorCode::kNotFound);
}

TEST_CASE("open runs of a paused function stand still, and attempts under way are recorded") {
  Pausing h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  const Call call = h.take_call();
  h.pause();
  h.reply(call, {h.returned("a", "1")});
  CHECK(h.writes<storage::PutStep>().size() == 1);
  CHECK(h.calls.empty());
  const auto wake = h.core.wake_source(call.run->id);
  REQUIRE(wake.has_value());
  CHECK(wake->kind == WakeSource::Kind::kFunction);
  CHECK(wake->what.starts_with("function \"f\" is paused since "));
  CHECK(wake->what.ends_with("; its runs go on when it is resumed"));
  h.resume();
  CHECK(h.take_call().memo.size() == 1);
}

TEST_CASE("a run whose function nobody defines any more says so") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  const RunId id = h.take_call().run->id;
  h.configs.clear();
  h.restart();
  const auto wake = h.core.wake_source(id);
  REQUIRE(wake.has_value());
  CHECK(wake->kind == WakeSource::Kind::kFunction);
  CHECK(wake->what ==
        "function \"f\" is not registered in this server's process: start the program that defines "
        "it, or cancel the run");
}

TEST_CASE("sleeps end and events come while a function is paused; the run goes on when resumed") {
  Pausing h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(),
          {h.op("s", Sleep{h.in(1h)}), h.op("w", WaitForEvent{.event = "e", .timeout = h.in(2h)})});
  h.pause();
  h.advance(1h);
  CHECK(h.writes<storage::UpdateStep>().size() == 1);
  h.send("e");
  CHECK(h.writes<storage::UpdateStep>().size() == 1);
  CHECK(h.calls.empty());
  h.resume();
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].memo.size() == 2);
}

TEST_CASE("CAN-06: a run of a paused function can be cancelled") {
  Pausing h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  const Call call = h.take_call();
  h.pause();
  h.reply(call, {h.returned("a", "1")});
  h.apply(CancelRun{.request = 3, .id = call.run->id});
  CHECK(h.core.open_runs() == 0);
  CHECK(h.ends.back().status == RunStatus::kCancelled);
  h.resume();
  CHECK(h.calls.empty());
}

TEST_CASE("runs that wait for a slot of a paused function stand still, and give way to others") {
  JournalHarness h;
  FunctionConfig config = JournalHarness::function("f", "go");
  config.flow.step_concurrency = {
      {.limit = 1, .key = "\"shared\"", .scope = ConcurrencyScope::kEnvironment}};
  h.add_function(config);
  FunctionConfig other = config;
  other.id = {"g"};
  h.add_function(other);
  h.send("go");
  const Call of_f = h.take_call();
  CHECK(h.calls.empty());  // g waits for the slot
  h.send("go");
  h.apply(PauseFunction{.request = 9, .function = {"f"}});
  h.returns(of_f);
  const Call of_g = h.take_call();
  CHECK(of_g.run->function.slug == "g");
  h.returns(of_g);
  CHECK(h.take_call().run->function.slug == "g");
  CHECK(h.calls.empty());
  h.apply(PauseFunction{.request = 9, .function = {"f"}, .is_paused = false});
  CHECK(h.calls.empty());  // the slot is taken
}

TEST_CASE("whoever invokes a paused function is told at once") {
  Pausing h;
  h.add_function(h.function("f", ""));
  h.add_function(h.function("parent", "go"));
  h.pause();
  SUBCASE("a step") {
    h.send("go");
    h.reply(h.take_call(), {h.op("i", InvokeFunction{.function = "f", .timeout = h.in(1h)})});
    const Call next = h.take_call();
    REQUIRE(next.memo.size() == 1);
    CHECK(next.memo[0].state == StepState::kFailed);
    CHECK(next.memo[0].error->message == "could not invoke function: function \"f\" is paused");
  }
  SUBCASE("a person") {
    h.apply(InvokeDirectly{.request = 4, .function = {"f"}});
    REQUIRE(h.answers.back().error.has_value());
    CHECK(h.answers.back().error->code == ErrorCode::kConflict);
    CHECK(h.answers.back().error->message.ends_with("was skipped: function \"f\" is paused"));
  }
}

TEST_CASE("a function stays paused when it is registered anew, and over a restart") {
  Pausing h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  const Call call = h.take_call();
  h.pause();
  const storage::PutFlowState row = h.writes<storage::PutFlowState>().at(0);
  h.reply(call, {});
  h.configs.clear();
  h.add_function(h.function("f", "other"));
  CHECK(h.calls.empty());
  h.send("other");
  CHECK(h.writes<storage::PutRun>().at(0).run.status == RunStatus::kSkipped);

  Core core({}, Random(7));
  Transition out;
  core.begin_recovery({.epoch = 2, .last_pos = 100, .was_clean = false});
  FunctionConfig stored = h.configs[0];
  stored.app = "app";
  core.recover_functions({{.config = stored}});
  core.recover_flow_states({row}, h.now);
  RunRecord run;
  run.no = 3;
  run.id = call.run->id;
  run.function = {"f"};
  run.status = RunStatus::kRunning;
  run.started_at = h.now;
  core.recover_runs({{.run = run, .last_record = 3}}, h.now);
  core.finish_recovery(h.now, out);
  CHECK(out.writes.empty());  // it was not under way: the process did not die of it
  core.apply(RegisterFunctions{.request = 1, .app = "app", .functions = h.configs}, h.now, 1, out);
  const auto is_load = [](const Effect& effect) { return std::holds_alternative<LoadRun>(effect); };
  CHECK(std::none_of(out.effects.begin(), out.effects.end(), is_load));
  CHECK(core.check().empty());
  CHECK(core.paused_functions() == std::vector<FunctionId>{{"f"}});
  core.apply(PauseFunction{.function = {"f"}, .is_paused = false}, h.now, 2, out);
  CHECK(std::any_of(out.effects.begin(), out.effects.end(), is_load));
}

struct Gathered : JournalHarness {
  // An event that is gathered, then a pause, then a copy of the event; or what has its id so much
  // later that it is none.
  explicit Gathered(FlowControl flow, Duration later = {}) {
    FunctionConfig config = function("f", "go");
    config.flow = std::move(flow);
    add_function(config);
    send("go", "{}", "e-1");
    advance(later);
    apply(PauseFunction{.request = 9, .function = {"f"}});
    send("go", "{}", "e-1");
    CHECK(ends.empty() == (later < kDeduplicationWindow));  // no run of a copy is skipped
  }
};

// The skip of the copy must not be taken for the run of what came before.
TEST_CASE("a copy that comes during a pause takes nothing from what was gathered before it") {
  for (const FlowControl& flow :
       {FlowControl{.batching = Batching{2, 1h}}, FlowControl{.debounce = Debounce{1h}}}) {
    Gathered resumed(flow);
    resumed.apply(PauseFunction{.request = 9, .function = {"f"}, .is_paused = false});
    resumed.advance(1h);
    REQUIRE(resumed.calls.size() == 1);
    CHECK(resumed.calls[0].run->events[0].id == "e-1");

    Gathered due_while_paused(flow);
    due_while_paused.advance(1h);
    REQUIRE(due_while_paused.ends.size() == 1);
    CHECK(due_while_paused.ends[0].status == RunStatus::kSkipped);
  }
}

TEST_CASE("what is gathered for longer than copies are known starts, whatever has its id by then") {
  for (const FlowControl& flow :
       {FlowControl{.batching = Batching{2, 48h}}, FlowControl{.debounce = Debounce{48h}}}) {
    Gathered h(flow, 47h);
    h.apply(PauseFunction{.request = 9, .function = {"f"}, .is_paused = false});
    h.advance(1h);
    CHECK(h.calls.size() == 1);
  }
}

}  // namespace
}  // namespace stepwell::core::testing
