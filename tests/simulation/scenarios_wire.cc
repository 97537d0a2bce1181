// Scenarios of functions behind HTTP: the same promises by way of the real driver and protocol.
#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

void put_behind_http(AppFunction& function) {
  function.config.driver = DriverKind::kHttp;
  function.config.url = "http://app.example/api/inngest";
}

Scenario behind_http(std::string name, Program program, RunStatus status,
                     std::set<std::string> outputs, const WireOptions& wire = {}) {
  Scenario scenario;
  scenario.name = "http-" + std::move(name);
  scenario.functions = {function("f", "go", std::move(program))};
  put_behind_http(scenario.functions[0]);
  scenario.options.wire = wire;
  scenario.checks.knows_lookback = false;
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("go", "go-1", R"({"order":7})"));
    host.send_at(20min, make_event("answer", "a-1", R"({"order":8})"));
    host.send_at(21min, make_event("answer", "a-2", R"({"order":7})"));
    host.signal_at(50min, "door", "42");
  };
  scenario.expect = [status, outputs = std::move(outputs)](Expect& expect) {
    expect.runs("f", 1, status, outputs);
  };
  return scenario;
}

// One of each kind of step, and of each end that it may have.
Program every_step() {
  return {run("a"),
          run("b").fails(2).asks_retry_after(90s),
          try_catch({run("c").fails_for_good()}, {run("d")}),
          sleep("nap", 10min),
          sleep_until("dawn", World::kStart + 15min),
          wait("w", "answer", 1h).where("async.data.order == event.data.order"),
          wait("late", "never", 5min),
          wait_signal("s", "door", 1h),
          try_catch({invoke("i", "child", 1h)}, {}),
          try_catch({invoke("j", "unlucky", 1h)}, {run("e")}),
          send("tell", {make_event("told", "told-1")}),
          throw_at_first(2),
          run("z")};
}

Scenario every_step_scenario(std::string name, const WireOptions& wire) {
  Scenario scenario = behind_http(
      std::move(name), every_step(), RunStatus::kCompleted,
      {R"(["a=ok","b=ok","c=error:Error","caught","d=ok","nap=ok","dawn=ok","w=a-2","late=timeout",)"
       R"("s=42","i=[\"k=ok\"]","j=error:Error","caught","e=ok","tell=ok","z=ok"])"},
      wire);
  scenario.functions.push_back(function("child", "", {run("k")}));
  scenario.functions.push_back(function("unlucky", "", {throw_for_good()}));
  scenario.functions.push_back(function("listener", "told", {run("heard")}));
  put_behind_http(scenario.functions[1]);
  scenario.expect = [expect_run = scenario.expect](Expect& expect) {
    expect_run(expect);
    expect.runs("child", 1, RunStatus::kCompleted);
    expect.runs("unlucky", 1, RunStatus::kFailed);
    expect.runs("listener", 1, RunStatus::kCompleted);
  };
  return scenario;
}

}  // namespace

std::vector<Scenario> wire_scenarios() {
  std::vector<Scenario> all;
  all.push_back(every_step_scenario("steps", {}));
  all.push_back(every_step_scenario("steps-signed", {.is_signed = true, .streams = true}));
  all.push_back(every_step_scenario("steps-told", {.is_chunked = true}));
  all.back().functions[0].checkpoints = true;
  all.push_back(behind_http("told", {run("a"), run("b"), run("c").lasts(1min), run("d")},
                            RunStatus::kCompleted, {R"(["a=ok","b=ok","c=ok","d=ok"])"}));
  all.back().functions[0].checkpoints = true;
  all.push_back(behind_http("fails", {run("a"), run("b").fails_for_good(), run("c")},
                            RunStatus::kFailed, {""}));
  all.push_back(behind_http("race",
                            {race({{sleep("long", 1h)}, {run("a").fails(1), run("b")}}), run("c")},
                            RunStatus::kCompleted, {R"(["won:1","a=ok","b=ok","c=ok"])"}));
  // One place for calls: each waits for its turn.
  all.push_back(behind_http(
      "one-place",
      {parallel({{run("a"), run("b")}, {sleep("nap", 2min), run("c").fails(1)}, {run("d")}})},
      RunStatus::kCompleted, {R"(["a=ok","b=ok","nap=ok","c=ok","d=ok"])"},
      {.lane_requests_max = 1}));
  return all;
}

}  // namespace stepwell::sim
