// Rate limits, debounces and batches, for crashes at every commit.
#include <fmt/core.h>

#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

AppFunction gatherer(const FlowControl& flow) {
  AppFunction made = function("f", "go", {run("work")});
  made.config.flow = flow;
  return made;
}

std::vector<Event> keyed(int count) {
  std::vector<Event> events;
  for (int i = 0; i < count; ++i) {
    events.push_back(
        make_event("go", fmt::format("e{}", i), fmt::format(R"({{"key":{}}})", i % 2)));
  }
  return events;
}

Scenario batches() {
  Scenario scenario{.name = "batch/full-and-due"};
  scenario.expects_service = true;
  scenario.functions = {gatherer({.batching = Batching{3, 1min, "event.data.key"}})};
  scenario.script = [](Host& host) {
    host.send_all_at(10ms, keyed(5));
    host.send_at(1s, make_event("go", "e1", R"({"key":0})"));  // a copy
    host.send_at(30s, make_event("go", "late", R"({"key":1})"));
    host.send_at(2min, make_event("go", "e2", R"({"key":0})"));  // a copy of what has run
  };
  // Three of key 0, and three of key 1.
  scenario.expect = [](Expect& expect) { expect.runs("f", 2, RunStatus::kCompleted); };
  return scenario;
}

Scenario batch_of_invokers() {
  Scenario scenario{.name = "batch/invoked"};
  scenario.functions = {gatherer({.batching = Batching{2, 1min}}),
                        function("parent", "begin", {invoke("call", "f", 1h)})};
  scenario.script = [](Host& host) {
    for (int i = 0; i < 3; ++i) {
      host.send_at(10ms * (i + 1), make_event("begin", fmt::format("b{}", i)));
    }
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 2, RunStatus::kCompleted);
    expect.runs("parent", 3, RunStatus::kCompleted);
  };
  return scenario;
}

Scenario debounces() {
  Scenario scenario{.name = "debounce/latest"};
  scenario.functions = {gatherer({.debounce = Debounce{10s, "event.data.key", Duration(25s)}})};
  scenario.script = [](Host& host) {
    for (int i = 0; i < 5; ++i) {
      host.send_at(10ms + i * 8s, make_event("go", fmt::format("e{}", i), R"({"key":1})"));
    }
    host.send_at(5s, make_event("go", "other", R"({"key":2})"));
    host.send_at(6s, make_event("go", "other", R"({"key":2})"));
  };
  // Of key 1: after 25 seconds; the last opens a window after that. Key 2: one.
  scenario.expect = [](Expect& expect) { expect.runs("f", 3, RunStatus::kCompleted); };
  return scenario;
}

Scenario debounced_invokers() {
  Scenario scenario{.name = "debounce/invoked"};
  scenario.functions = {gatherer({.debounce = Debounce{10s}}),
                        function("parent", "begin", {invoke("call", "f", 1h)})};
  scenario.functions[1].config.retries = 0;
  scenario.script = [](Host& host) {
    for (int i = 0; i < 2; ++i) {
      host.send_at(10ms + i * 1s, make_event("begin", fmt::format("b{}", i)));
    }
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 1, RunStatus::kCompleted);
    expect.some("parent", RunStatus::kCompleted, 1);
    expect.some("parent", RunStatus::kFailed, 1);
  };
  return scenario;
}

Scenario rates() {
  Scenario scenario{.name = "rate-limit/window"};
  scenario.expects_service = true;  // a start that comes late counts for longer
  scenario.functions = {gatherer({.rate_limit = RateLimit{2, 1min, "event.data.key"}})};
  scenario.script = [](Host& host) {
    host.send_all_at(10ms, keyed(6));
    host.send_all_at(30s, keyed(6));
    host.send_at(62s, make_event("go", "again", R"({"key":1})"));
  };
  scenario.expect = [](Expect& expect) { expect.runs("f", 5, RunStatus::kCompleted); };
  return scenario;
}

}  // namespace

std::vector<Scenario> intake_scenarios() {
  return {batches(), batch_of_invokers(), debounces(), debounced_invokers(), rates()};
}

}  // namespace stepwell::sim
