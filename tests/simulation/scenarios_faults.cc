// Scenarios: what fate does to the machine: steps that kill it, a full disk, clocks that jump, code
// that comes late or not at all.
#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

Program busy() {
  return {run("a"), parallel({{run("b").fails(1)}, {wait("w", "answer", 2h)}, {sleep("s", 10min)}}),
          run("c")};
}

Scenario poison() {
  Scenario scenario;
  scenario.name = "poison";
  scenario.has_killer = true;
  scenario.functions = {function("killer", "kill", {run("a"), run("boom").killing(99)}),
                        function("f", "go",
                                 {run("b").lasts(1s), parallel({{run("c")}, {run("d")}}),
                                  sleep("nap", 1h), run("e")})};
  scenario.script = [](Host& host) {
    host.send_all_at(10ms, {make_event("go", "g-1"), make_event("kill", "k-1"),
                            make_event("go", "g-2"), make_event("go", "g-3")});
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("killer", 1, RunStatus::kFailed);
    expect.error("killer", "ProcessDied");
    expect.runs("f", 3, RunStatus::kCompleted, {R"(["b=ok","c=ok","d=ok","nap=ok","e=ok"])"});
  };
  return scenario;
}

// Kills the process twice and then does not: it must complete.
Scenario reformed() {
  Scenario scenario;
  scenario.name = "poison-reformed";
  scenario.has_killer = true;
  scenario.functions = {function("killer", "kill", {run("a"), run("boom").killing(2), run("z")})};
  scenario.script = [](Host& host) { host.send_at(10ms, make_event("kill", "k-1")); };
  scenario.expect = [](Expect& expect) {
    expect.runs("killer", 1, RunStatus::kCompleted, {R"(["a=ok","boom=ok","z=ok"])"});
  };
  return scenario;
}

Scenario full_disk() {
  Scenario scenario;
  scenario.name = "no-space";
  scenario.functions = {function("f", "go", busy()), function("g", "go", {sleep("nap", 20min)})};
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("go", "g-1"));
    host.fill_disk_at(20ms, 2);
    host.send_at(25ms, make_event("go", "g-2"));
    host.fill_disk_at(10min, 3);
    host.cancel_at(10min + 1s, "g");
    host.send_at(1h, make_event("answer", "yes"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 2, RunStatus::kCompleted, {R"(["a=ok","b=ok","w=yes","s=ok","c=ok"])"});
    expect.some("g", RunStatus::kCancelled, 1);
  };
  return scenario;
}

// A cancellation that waits for its run to be read when the disk is found full.
Scenario full_disk_cancel() {
  Scenario scenario;
  scenario.name = "no-space-cancel";
  scenario.functions = {function("f", "go", {run("a"), sleep("nap", 9h)}),
                        function("mourner", "inngest/function.cancelled", {run("m")})};
  scenario.options.settings.always_evict = true;
  scenario.script = [](Host& host) {
    for (int i = 0; i < 6; ++i) host.send_at(10ms, make_event("go", "g-" + std::to_string(i)));
    for (int i = 0; i < 6; ++i) {
      host.fill_disk_at(1min * (i + 1) + Duration(i), 1);
      host.cancel_at(1min * (i + 1), "f", static_cast<size_t>(i));
    }
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 6, RunStatus::kCancelled);
    expect.runs("mourner", 6, RunStatus::kCompleted);
  };
  return scenario;
}

Scenario clock_jumps() {
  Scenario scenario;
  scenario.name = "clock-jumps";
  scenario.functions = {function("f", "go", busy())};
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("go", "g-1"));
    host.jump_at(14ms, -1h);
    host.send_at(1min, make_event("go", "g-2"));
    host.jump_at(5min, 30min);
    host.jump_at(6min, -2h);
    host.send_at(10min, make_event("answer", "yes"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 2, RunStatus::kCompleted, {R"(["a=ok","b=ok","w=yes","s=ok","c=ok"])"});
  };
  scenario.checks.knows_lookback = false;
  scenario.checks.lateness = Duration(0);
  return scenario;
}

Scenario late_code() {
  Scenario scenario;
  scenario.name = "code-comes-late";
  scenario.functions = {function("f", "go", busy()), function("old", "go", busy())};
  scenario.script = [](Host& host) {
    host.register_late(40ms);
    host.send_at(1s, make_event("go", "g-1"));
    host.register_at(5min, {"f"});
    host.send_at(6min, make_event("go", "g-2"));
    host.send_at(1h, make_event("answer", "yes"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 2, RunStatus::kCompleted, {R"(["a=ok","b=ok","w=yes","s=ok","c=ok"])"});
  };
  scenario.checks.may_stay_open = {"old"};
  return scenario;
}

Scenario orderly_stop() {
  Scenario scenario;
  scenario.name = "orderly-stop";
  scenario.functions = {function("f", "go", busy())};
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("go", "g-1"));
    host.stop_at(20ms);
    host.stop_at(5min);
    host.send_at(1h, make_event("answer", "yes"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 1, RunStatus::kCompleted, {R"(["a=ok","b=ok","w=yes","s=ok","c=ok"])"});
  };
  return scenario;
}

// The disk is full when the process is to stop: it stops without its mark.
Scenario full_disk_stop() {
  Scenario scenario;
  scenario.name = "no-space-stop";
  scenario.functions = {function("f", "go", busy())};
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("go", "g-1"));
    host.fill_disk_at(5min, 1);  // the mark itself finds no room
    host.stop_at(5min + 1ms);
    host.fill_disk_at(6min, 3);  // what comes before it does
    host.send_at(6min, make_event("go", "g-2"));
    host.stop_at(6min + 20ms);
    host.send_at(1h, make_event("answer", "yes"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 2, RunStatus::kCompleted, {R"(["a=ok","b=ok","w=yes","s=ok","c=ok"])"});
    expect.that(expect.host().lives() >= 3, "both stops happened");
  };
  return scenario;
}

Scenario tiny_memory() {
  Scenario scenario;
  scenario.name = "tiny-memory";
  scenario.functions = {function("f", "go", busy())};
  scenario.options.settings.hot_bytes_max = 20'000;
  scenario.script = [](Host& host) {
    for (int i = 0; i < 6; ++i) {
      host.send_at(Duration(10 + i), make_event("go", "g-" + std::to_string(i)));
    }
    host.send_at(1h, make_event("answer", "yes"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 6, RunStatus::kCompleted, {R"(["a=ok","b=ok","w=yes","s=ok","c=ok"])"});
  };
  return scenario;
}

Scenario too_many_steps() {
  Scenario scenario;
  scenario.name = "too-many-steps";
  scenario.functions = {function("f", "go", {repeat(30, {run("a")})})};
  scenario.options.settings.steps_max = 10;
  scenario.script = [](Host& host) { host.send_at(10ms, make_event("go", "g-1")); };
  scenario.expect = [](Expect& expect) { expect.runs("f", 1, RunStatus::kFailed); };
  return scenario;
}

}  // namespace

std::vector<Scenario> fault_scenarios() {
  return {poison(),    reformed(),     full_disk(),      full_disk_cancel(), clock_jumps(),
          late_code(), orderly_stop(), full_disk_stop(), tiny_memory(),      too_many_steps()};
}

}  // namespace stepwell::sim
