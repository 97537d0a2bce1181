// Scenarios: schedules, timeouts of runs, functions that are paused.
#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

AppFunction clocked(std::string id, std::vector<std::string> crons, Program program) {
  AppFunction made = function(std::move(id), "", std::move(program));
  for (std::string& cron : crons) made.config.triggers.push_back({.cron = std::move(cron)});
  return made;
}

Scenario cron() {
  Scenario scenario;
  scenario.name = "cron";
  scenario.functions = {clocked("f", {"*/20 * * * *", "*/30 * * * *"}, {run("a")})};
  scenario.functions[0].config.triggers[0].jitter = 2min;
  // World::kStart is 14:13:20: 14:20, 14:30, 14:40, 15:00, 15:20, 15:30, 15:40.
  scenario.options.schedules_end = 100min;
  scenario.expects_service = true;
  scenario.script = [](Host&) {};
  scenario.expect = [](Expect& expect) { expect.runs("f", 7, RunStatus::kCompleted); };
  return scenario;
}

// In Vienna the clocks are put back on October 25, in Sydney forward on October 4.
Scenario cron_changes() {
  Scenario scenario;
  scenario.name = "cron-clock-changes";
  scenario.functions = {clocked("back", {"TZ=Europe/Vienna 30 2 25 10 *"}, {run("a")}),
                        clocked("forward", {"TZ=Australia/Sydney 30 2 4 10 *"}, {run("b")}),
                        clocked("hourly", {"TZ=Europe/Vienna 30 * 25 10 *"}, {run("c")})};
  scenario.options.schedules_end = 24h * 40;
  scenario.expects_service = true;
  scenario.script = [](Host&) {};
  scenario.expect = [](Expect& expect) {
    expect.runs("back", 1, RunStatus::kCompleted);
    expect.runs("forward", 0, RunStatus::kCompleted);
    expect.runs("hourly", 25, RunStatus::kCompleted);
  };
  return scenario;
}

Scenario pausing() {
  Scenario scenario;
  scenario.name = "pause";
  scenario.functions = {function("f", "go", {run("a"), sleep("nap", 10min), run("b")}),
                        function("g", "go", {run("c")}),
                        function("parent", "ask", {try_catch({invoke("i", "g", 1h)}, {})})};
  scenario.script = [](Host& host) {
    host.send_at(1min, make_event("go", "first"));
    host.pause_at(5min, "f", 20min);
    host.send_at(15min, make_event("go", "second"));
    host.pause_at(31min, "g", 2min);
    host.send_at(32min, make_event("ask", "third"));
    host.send_at(40min, make_event("go", "fourth"));
  };
  scenario.expect = [](Expect& expect) {
    expect.some("f", RunStatus::kCompleted, 2);
    expect.some("f", RunStatus::kSkipped, 1);
    expect.some("g", RunStatus::kCompleted, 3);
    expect.some("g", RunStatus::kSkipped, 1);
    expect.runs("parent", 1, RunStatus::kCompleted, {R"(["i=error:Error","caught"])"});
  };
  return scenario;
}

Scenario timeouts() {
  Scenario scenario;
  scenario.name = "timeouts";
  scenario.functions = {function("late", "go", {run("a")}),
                        function("long", "go", {run("b"), sleep("nap", 1h), run("c")}),
                        function("quick", "go", {run("d"), sleep("doze", 1min)})};
  scenario.functions[0].config.flow.start_timeout = 10min;
  scenario.functions[1].config.flow.finish_timeout = 30min;
  scenario.functions[2].config.flow.finish_timeout = 30min;
  scenario.script = [](Host& host) {
    Event event = make_event("go", "e");
    event.ts = World::kStart + 2h;
    host.send_at(10ms, event);
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("late", 1, RunStatus::kCancelled);
    expect.runs("long", 1, RunStatus::kCancelled);
    expect.runs("quick", 1, RunStatus::kCompleted);
    expect.that(expect.host().executions("c") == 0, "what is too late is not called");
  };
  return scenario;
}

}  // namespace

std::vector<Scenario> clock_scenarios() {
  return {cron(), cron_changes(), pausing(), timeouts()};
}

}  // namespace stepwell::sim
