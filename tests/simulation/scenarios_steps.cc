// Scenarios: the kinds of steps, retries, parallel branches.
#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

Scenario one_function(std::string name, Program program, RunStatus status,
                      std::set<std::string> outputs, int retries = 4) {
  Scenario scenario;
  scenario.name = std::move(name);
  scenario.functions = {function("f", "go", std::move(program))};
  scenario.functions[0].config.retries = retries;
  scenario.script = [](Host& host) { host.send_at(10ms, make_event("go", "go-1")); };
  scenario.expect = [status, outputs = std::move(outputs)](Expect& expect) {
    expect.runs("f", 1, status, outputs);
  };
  return scenario;
}

Scenario endpoint(Scenario scenario) {
  scenario.name += "-endpoint";
  for (AppFunction& function : scenario.functions) {
    function.config.driver = DriverKind::kHttp;
    function.config.url = "http://app.test/api";
  }
  scenario.checks.knows_lookback = false;
  return scenario;
}

Scenario parallel_scenario() {
  return one_function(
      "parallel",
      {run("first"),
       parallel({{run("a"), run("b")}, {sleep("nap", 2min), run("c").fails(1)}, {run("d")}}),
       run("last")},
      RunStatus::kCompleted, {R"(["first=ok","a=ok","b=ok","nap=ok","c=ok","d=ok","last=ok"])"});
}

// A branch goes on while another sleeps for long, and long before it wakes: `quick` is done soon.
Scenario uneven_scenario(std::string name, Statement quick, Body slow) {
  Scenario scenario =
      one_function(std::move(name),
                   {parallel({{std::move(quick), send("tell", {make_event("told", "told-1")})},
                              std::move(slow)})},
                   RunStatus::kCompleted, {});
  scenario.functions.push_back(function("listener", "told", {run("heard")}));
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 1, RunStatus::kCompleted);
    expect.runs("listener", 1, RunStatus::kCompleted);
    const auto& runs = expect.host().ledger().history().runs;
    for (const auto& [no, run] : runs) {
      if (run.function.slug != "listener") continue;
      expect.that(run.created_at < World::kStart + 1h, "a branch had to wait for the other");
    }
  };
  return scenario;
}

}  // namespace

std::vector<Scenario> step_scenarios() {
  std::vector<Scenario> all;
  all.push_back(one_function("steps",
                             {run("a"), run("b").publishing("room"), publish("hall"), run("c")},
                             RunStatus::kCompleted, {R"(["a=ok","b=ok","c=ok"])"}));
  all.push_back(one_function("sleep", {run("a"), sleep("nap", 1h), run("b")}, RunStatus::kCompleted,
                             {R"(["a=ok","nap=ok","b=ok"])"}));
  all.push_back(one_function(
      "sleep-until",
      {sleep_until("past", World::kStart - 1h), sleep_until("dawn", World::kStart + 9h), run("b")},
      RunStatus::kCompleted, {R"(["past=ok","dawn=ok","b=ok"])"}));
  all.push_back(one_function("retries", {run("a").fails(2), run("b").fails(4)},
                             RunStatus::kCompleted, {R"(["a=ok","b=ok"])"}));
  all.push_back(one_function("retries-spent", {try_catch({run("a").fails(99)}, {run("b")})},
                             RunStatus::kCompleted, {R"(["a=error:Error","caught","b=ok"])"}, 2));
  all.push_back(one_function("retry-after", {run("a").fails(1).asks_retry_after(90min), run("b")},
                             RunStatus::kCompleted, {R"(["a=ok","b=ok"])"}));
  all.push_back(one_function("not-retriable", {run("a"), run("b").fails_for_good(), run("c")},
                             RunStatus::kFailed, {""}));
  all.push_back(one_function("function-throws", {run("a"), throw_at_first(3), run("b")},
                             RunStatus::kCompleted, {R"(["a=ok","b=ok"])"}));
  all.push_back(one_function("function-fails", {run("a"), throw_at_first(9), run("b")},
                             RunStatus::kFailed, {""}, 1));
  all.push_back(one_function("function-throws-for-good", {run("a"), throw_for_good()},
                             RunStatus::kFailed, {""}));
  all.push_back(one_function(
      "loop", {repeat(4, {run("a").publishing("room"), sleep("s", 1min)})}, RunStatus::kCompleted,
      {R"(["a=ok","s=ok","a:1=ok","s:1=ok","a:2=ok","s:2=ok","a:3=ok","s:3=ok"])"}));
  all.push_back(parallel_scenario());
  all.push_back(uneven_scenario("parallel-uneven", run("quick"), {sleep("night", 8h)}));
  all.push_back(uneven_scenario("parallel-uneven-at-once", sleep_until("quick", World::kStart - 1h),
                                {sleep("night", 8h)}));
  all.push_back(
      uneven_scenario("parallel-uneven-race", run("quick"), {run("other"), sleep("night", 8h)}));
  all.push_back(uneven_scenario("parallel-uneven-retry", sleep_until("quick", World::kStart - 1h),
                                {run("stubborn").fails(1).asks_retry_after(5h)}));
  all.push_back(one_function("stalls", {run("a"), stall_at_first(2), run("b")},
                             RunStatus::kCompleted, {R"(["a=ok","b=ok"])"}));
  all.push_back(
      one_function("stalls-for-good", {run("a"), stall_at_first(9)}, RunStatus::kFailed, {""}, 2));
  all.push_back(endpoint(parallel_scenario()));
  all.push_back(one_function("race",
                             {race({{sleep("long", 1h)}, {run("a").fails(1), run("b")}}), run("c")},
                             RunStatus::kCompleted, {R"(["won:1","a=ok","b=ok","c=ok"])"}));
  all.push_back(
      one_function("parallel-caught",
                   {try_catch({parallel({{run("a").fails_for_good()}, {run("b")}})}, {run("c")})},
                   RunStatus::kCompleted, {R"(["a=error:Error","b=ok","caught","c=ok"])"}));
  Scenario send_event = one_function(
      "send-event",
      {send("tell",
            {make_event("told", "told-1"), make_event("told", "told-1"), make_event("told")}),
       run("a"), send("again", {make_event("told", "told-1")})},
      RunStatus::kCompleted, {R"(["tell=ok","a=ok","again=ok"])"});
  send_event.functions.push_back(function("listener", "told", {run("heard")}));
  send_event.expect = [](Expect& expect) {
    expect.runs("f", 1, RunStatus::kCompleted);
    expect.runs("listener", 2, RunStatus::kCompleted);
  };
  all.push_back(std::move(send_event));
  return all;
}

}  // namespace stepwell::sim
