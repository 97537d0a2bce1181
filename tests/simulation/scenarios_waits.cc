// Scenarios: waits for events and signals, timeouts, cancellations.
#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

Scenario waiting(std::string name, Program program, std::function<void(Host&)> script,
                 std::set<std::string> outputs) {
  Scenario scenario;
  scenario.name = std::move(name);
  scenario.functions = {function("f", "go", std::move(program))};
  scenario.script = [script = std::move(script)](Host& host) {
    host.send_at(10ms, make_event("go", "go-1", R"({"order":7})"));
    script(host);
  };
  scenario.expect = [outputs = std::move(outputs)](Expect& expect) {
    expect.runs("f", 1, RunStatus::kCompleted, outputs);
  };
  return scenario;
}

Scenario cancelled(std::string name, Program program, std::function<void(Host&)> script) {
  Scenario scenario = waiting(std::move(name), std::move(program), std::move(script), {});
  scenario.expect = [](Expect& expect) { expect.runs("f", 1, RunStatus::kCancelled); };
  return scenario;
}

Scenario cancel_on_event() {
  Scenario scenario =
      cancelled("cancel-on", {run("a"), sleep("nap", 2h), run("b")}, [](Host& host) {
        host.send_at(30min, make_event("stop", "s-1", R"({"order":8})"));
        host.send_at(31min, make_event("stop", "s-2", R"({"order":7})"));
      });
  scenario.functions[0].config.cancel_on = {{"stop", "async.data.order == event.data.order", {}}};
  // Somebody listens to the end: then the run is needed in memory to end.
  scenario.functions.push_back(function("mourner", "inngest/function.cancelled", {run("mourn")}));
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 1, RunStatus::kCancelled);
    expect.runs("mourner", 1, RunStatus::kCompleted, {R"(["mourn=ok"])"});
  };
  return scenario;
}

Scenario cancel_on_expired() {
  Scenario scenario = waiting("cancel-on-expired", {sleep("nap", 2h), run("b")},
                              [](Host& host) { host.send_at(90min, make_event("stop", "s-1")); },
                              {R"(["nap=ok","b=ok"])"});
  scenario.functions[0].config.cancel_on = {{"stop", "", Duration(1h)}};
  return scenario;
}

// One event ends a wait and another, of the same name, cancels.
Scenario cancel_and_wait() {
  Scenario scenario = cancelled(
      "cancel-and-wait", {wait("w", "news", 1h).where("async.data.good == true"), sleep("nap", 9h)},
      [](Host& host) {
        host.send_at(20min, make_event("news", "n-1", R"({"good":true})"));
        host.send_at(21min, make_event("news", "n-2", R"({"good":false})"));
      });
  scenario.functions[0].config.cancel_on = {{"news", "async.data.good == false", {}}};
  return scenario;
}

// The second waiter takes the signal over; the first gets nothing, also when the second is done.
Scenario signal_replaced() {
  Scenario scenario;
  scenario.name = "signal-replaced";
  scenario.functions = {
      function("first", "one", {wait_signal("s", "door", 3h)}),
      function("second", "two", {wait_signal("s", "door", 3h).replacing(), sleep("nap", 1min)})};
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("one", "one-1"));
    host.send_at(1min, make_event("two", "two-1"));
    host.signal_at(10min, "door", "1");
    host.signal_at(20min, "door", "2");
    host.stop_at(30min);
    host.signal_at(40min, "door", "3");
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("first", 1, RunStatus::kCompleted, {R"(["s=timeout"])"});
    expect.runs("second", 1, RunStatus::kCompleted, {R"(["s=1","nap=ok"])"});
  };
  return scenario;
}

// Many cancel a run at the moments around its end: all are answered, and it has one end.
Scenario cancel_races_end() {
  Scenario scenario = waiting("cancel-races-end", {run("a"), sleep("nap", 1min), run("b")},
                              [](Host& host) {
                                for (int i = 0; i < 40; ++i)
                                  host.cancel_at(1min + Duration(2 * i), "f");
                              },
                              {});
  scenario.expect = [](Expect& expect) {
    const auto& runs = expect.host().ledger().history().runs;
    expect.that(runs.size() == 1 && is_terminal(runs.begin()->second.status), "one run, ended");
  };
  return scenario;
}

}  // namespace

std::vector<Scenario> wait_scenarios() {
  std::vector<Scenario> all;
  all.push_back(waiting(
      "wait",
      {run("a"), wait("w", "answer", 24h).where("async.data.order == event.data.order"), run("b")},
      [](Host& host) {
        host.send_at(20min, make_event("answer", "no", R"({"order":8})"));
        host.send_at(21min, make_event("answer", "yes", R"({"order":7})"));
        host.send_at(22min, make_event("answer", "late", R"({"order":7})"));
      },
      {R"(["a=ok","w=yes","b=ok"])"}));
  all.push_back(waiting("wait-timeout", {wait("w", "answer", 1h), run("b")},
                        [](Host& host) { host.send_at(2h, make_event("answer", "late")); },
                        {R"(["w=timeout","b=ok"])"}));
  // The event arrives at about the moment at which the wait times out: either may win, not both.
  all.push_back(waiting("wait-races-timeout", {wait("w", "answer", 1h), run("b")},
                        [](Host& host) {
                          for (int i = 0; i < 6; ++i) {
                            host.send_at(1h + Duration(5 * i),
                                         make_event("answer", "a-" + std::to_string(i)));
                          }
                        },
                        {R"(["w=timeout","b=ok"])", R"(["w=a-0","b=ok"])", R"(["w=a-1","b=ok"])",
                         R"(["w=a-2","b=ok"])", R"(["w=a-3","b=ok"])", R"(["w=a-4","b=ok"])",
                         R"(["w=a-5","b=ok"])"}));
  all.push_back(waiting(
      "wait-copies", {wait("one", "answer", 1h), wait("two", "answer", 3h), run("b")},
      [](Host& host) {
        host.send_at(20min, make_event("answer", "same"));
        host.send_all_at(21min, {make_event("answer", "same"), make_event("answer", "same")});
        host.send_all_at(70min, {make_event("answer", "other"), make_event("answer", "other")});
      },
      {R"(["one=same","two=other","b=ok"])"}));
  all.push_back(waiting("signal",
                        {wait_signal("s", "door", 24h), run("b"), wait_signal("t", "gate", 1h)},
                        [](Host& host) {
                          host.signal_at(5min, "nobody", "0");
                          host.signal_at(20min, "door", "42");
                          host.signal_at(21min, "door", "43");
                        },
                        {R"(["s=42","b=ok","t=timeout"])"}));
  all.push_back(waiting(
      "wait-parallel",
      {parallel(
          {{wait("one", "x", 1h), run("a")}, {wait("two", "y", 1h)}, {wait("three", "x", 2h)}})},
      [](Host& host) {
        host.send_all_at(20min, {make_event("x", "x-1"), make_event("y", "y-1")});
      },
      {R"(["one=x-1","a=ok","two=y-1","three=x-1"])"}));
  all.push_back(
      cancelled("cancel-sleeping", {run("a"), sleep("nap", 2h), run("b")}, [](Host& host) {
        host.cancel_at(30min, "f");
        host.cancel_at(40min, "f");
      }));
  all.push_back(cancelled("cancel-running",
                          {run("a"), parallel({{run("b").lasts(1min)}, {run("c").lasts(2min)}})},
                          [](Host& host) { host.cancel_at(30s, "f"); }));
  all.push_back(signal_replaced());
  all.push_back(cancel_races_end());
  all.push_back(cancel_on_event());
  all.push_back(cancel_on_expired());
  all.push_back(cancel_and_wait());
  return all;
}

}  // namespace stepwell::sim
