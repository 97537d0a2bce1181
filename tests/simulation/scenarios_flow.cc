// Limits on runs that exist: concurrency, throttle, singleton, priority; and idempotency. For
// crashes at every commit: what is held must be held again, and what waited must wait its turn.
#include <fmt/core.h>

#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

AppFunction limited(std::string id, std::string event, FlowControl flow, Program program) {
  AppFunction made = function(std::move(id), std::move(event), std::move(program));
  made.config.flow = std::move(flow);
  return made;
}

// `count` events 10 ms apart, with keys that take turns.
void send_keyed(Host& host, const std::string& name, int count, int keys) {
  for (int i = 0; i < count; ++i) {
    const std::string data = fmt::format(R"({{"key":"k{}"}})", i % keys);
    host.send_at(10ms * (i + 1), make_event(name, fmt::format("{}-{}", name, i), data));
  }
}

// When the runs began, in the order in which they were created.
std::vector<std::optional<Time>> starts_of(const Host& host) {
  std::vector<std::optional<Time>> starts;
  for (const auto& [no, run] : host.ledger().history().runs) starts.push_back(run.started_at);
  return starts;
}

// Two limits at once: of all, and of each key. A run that sleeps holds no slot.
Scenario two_limits() {
  Scenario scenario{.name = "concurrency/two-limits"};
  scenario.functions = {limited(
      "f", "go", {.step_concurrency = {{.limit = 2}, {.limit = 1, .key = "event.data.key"}}},
      {run("a").lasts(2s).fails(1), sleep("nap", 1min), run("b").lasts(2s)})};
  scenario.script = [](Host& host) { send_keyed(host, "go", 4, 2); };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 4, RunStatus::kCompleted, {R"(["a=ok","nap=ok","b=ok"])"});
  };
  return scenario;
}

// A key with three runs and a limit of its own leaves a turn before the common one to another key.
Scenario turns() {
  Scenario scenario{.name = "concurrency/turns"};
  scenario.expects_service = true;
  scenario.functions = {limited(
      "f", "go", {.step_concurrency = {{.limit = 1, .key = "event.data.key"}, {.limit = 1}}},
      {run("a").lasts(1min)})};
  scenario.script = [](Host& host) {
    send_keyed(host, "go", 3, 1);
    host.send_at(1s, make_event("go", "other", R"({"key":"other"})"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 4, RunStatus::kCompleted);
    const std::vector<std::optional<Time>> starts = starts_of(expect.host());
    expect.that(starts.size() == 4 && starts[3] < starts[2], "the other key has a turn");
  };
  return scenario;
}

// Functions that share a limit by its key, one of them with steps side by side.
Scenario shared_limit() {
  const ConcurrencyLimit shared{1, R"("printer")", ConcurrencyScope::kEnvironment};
  Scenario scenario{.name = "concurrency/shared"};
  scenario.functions = {limited("f", "go", {.step_concurrency = {shared}}, {run("a").lasts(2s)}),
                        limited("g", "go", {.step_concurrency = {shared}},
                                {parallel({{run("b").lasts(1s)}, {run("c").lasts(1s)}})})};
  scenario.script = [](Host& host) { send_keyed(host, "go", 2, 1); };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 2, RunStatus::kCompleted, {R"(["a=ok"])"});
    expect.runs("g", 2, RunStatus::kCompleted);
  };
  return scenario;
}

// A slot is the run's from start to end, also of one that is cancelled.
Scenario run_limit() {
  Scenario scenario{.name = "concurrency/runs"};
  scenario.functions = {limited("f", "go", {.run_concurrency = {{.limit = 1}}},
                                {run("a"), sleep("nap", 1h), run("b")})};
  scenario.script = [](Host& host) {
    send_keyed(host, "go", 3, 1);
    host.cancel_at(10min, "f");
  };
  scenario.expect = [](Expect& expect) {
    expect.some("f", RunStatus::kCancelled, 1);
    expect.some("f", RunStatus::kCompleted, 2);
  };
  return scenario;
}

Scenario throttled() {
  Scenario scenario{.name = "throttle/delays"};
  scenario.functions = {limited("f", "go", {.throttle = Throttle{1, 10s, 1, "event.data.key"}},
                                {run("a"), run("b")})};
  scenario.script = [](Host& host) { send_keyed(host, "go", 6, 2); };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 6, RunStatus::kCompleted, {R"(["a=ok","b=ok"])"});
  };
  return scenario;
}

Scenario singleton_skips() {
  Scenario scenario{.name = "singleton/skip"};
  scenario.expects_service = true;
  scenario.functions = {limited("f", "go",
                                {.singleton = Singleton{SingletonMode::kSkip, "event.data.key"}},
                                {run("a"), sleep("nap", 1h)})};
  scenario.script = [](Host& host) {
    send_keyed(host, "go", 4, 2);  // two of each key
    host.send_at(2h, make_event("go", "later", R"({"key":"k0"})"));
  };
  scenario.expect = [](Expect& expect) {
    expect.some("f", RunStatus::kCompleted, 3);
    expect.some("f", RunStatus::kSkipped, 2);
  };
  return scenario;
}

Scenario singleton_cancels() {
  Scenario scenario{.name = "singleton/cancel"};
  scenario.expects_service = true;
  scenario.functions = {limited("f", "go", {.singleton = Singleton{SingletonMode::kCancel, ""}},
                                {run("a"), sleep("nap", 1h)}),
                        function("mourner", "inngest/function.cancelled", {run("mourn")})};
  scenario.script = [](Host& host) { send_keyed(host, "go", 3, 1); };
  scenario.expect = [](Expect& expect) {
    expect.some("f", RunStatus::kCancelled, 2);
    expect.some("f", RunStatus::kCompleted, 1);
    expect.runs("mourner", 2, RunStatus::kCompleted);
  };
  return scenario;
}

// Of two that wait for the same slot the one that may overtake starts first, whichever came first.
Scenario prioritised(std::string name, std::function<void(Host&)> script) {
  Scenario scenario{.name = std::move(name)};
  scenario.expects_service = true;
  FlowControl flow{.step_concurrency = {{.limit = 1}}};
  flow.priority = "event.data.lead";
  scenario.functions = {limited("f", "go", std::move(flow), {run("a").lasts(1min)})};
  scenario.script = [script = std::move(script)](Host& host) {
    host.send_at(10ms, make_event("go", "first", R"({"lead":0})"));
    host.send_at(1s, make_event("go", "idle", R"({"lead":0})"));
    host.send_at(2s, make_event("go", "urgent", R"({"lead":500})"));
    script(host);
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 3, RunStatus::kCompleted);
    const std::vector<std::optional<Time>> starts = starts_of(expect.host());
    expect.that(starts.size() == 3 && starts[2] < starts[1], "the urgent run starts second");
  };
  return scenario;
}

Scenario idempotency() {
  Scenario scenario{.name = "idempotency/a-day"};
  FlowControl flow;
  flow.idempotency = "event.data.key";
  scenario.functions = {limited("f", "go", std::move(flow), {run("a")})};
  scenario.script = [](Host& host) {
    send_keyed(host, "go", 4, 2);
    host.send_at(1h, make_event("go", "hour", R"({"key":"k0"})"));
    host.send_at(25h, make_event("go", "day", R"({"key":"k0"})"));
  };
  scenario.expect = [](Expect& expect) { expect.runs("f", 3, RunStatus::kCompleted); };
  return scenario;
}

}  // namespace

std::vector<Scenario> flow_scenarios() {
  return {two_limits(), turns(), shared_limit(), run_limit(), throttled(), singleton_skips(),
          singleton_cancels(), prioritised("priority/overtakes", [](Host&) {}),
          // All that the pause held back are let go at once.
          prioritised("priority/resumed", [](Host& host) { host.pause_at(3s, "f", 5min); }),
          idempotency()};
}

}  // namespace stepwell::sim
