// Scenarios: how runs begin and end: triggers, copies of events, invocations, ends as events,
// reruns.
#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

Scenario copies() {
  Scenario scenario;
  scenario.name = "copies";
  scenario.functions = {function("f", "go", {run("a"), sleep("nap", 1h)}),
                        function("g", "go", {run("b")})};
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("go", "same"));
    host.send_at(11ms, make_event("go", "same"));
    host.send_all_at(12ms, {make_event("go", "same"), make_event("go", "same"),
                            make_event("go", "other"), make_event("go", "other")});
    host.send_at(5h, make_event("go", "same"));
    host.send_at(30h, make_event("go", "same"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 3, RunStatus::kCompleted, {R"(["a=ok","nap=ok"])"});
    expect.runs("g", 3, RunStatus::kCompleted, {R"(["b=ok"])"});
  };
  return scenario;
}

Scenario triggers() {
  Scenario scenario;
  scenario.name = "triggers";
  scenario.functions = {function("exact", "shop/order.paid", {run("a")}),
                        function("wild", "shop/*", {run("a")}),
                        function("both", "shop/order.*", {run("a")}),
                        function("picky", "shop/order.paid", {run("a")})};
  scenario.functions[2].config.triggers.push_back({"shop/order.paid", ""});
  scenario.functions[3].config.triggers[0].expression = "event.data.sum > 100";
  scenario.script = [](Host& host) {
    host.send_all_at(10ms, {make_event("shop/order.paid", "e-1", R"({"sum":50})"),
                            make_event("shop/order.paid", "e-2", R"({"sum":500})"),
                            make_event("shop/order.sent", "e-3"), make_event("other", "e-4")});
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("exact", 2, RunStatus::kCompleted);
    expect.runs("wild", 3, RunStatus::kCompleted);
    expect.runs("both", 3, RunStatus::kCompleted);
    expect.runs("picky", 1, RunStatus::kCompleted);
  };
  return scenario;
}

Scenario future() {
  Scenario scenario;
  scenario.name = "future-event";
  scenario.functions = {function("f", "go", {run("a")})};
  scenario.script = [](Host& host) {
    Event later = make_event("go", "later");
    later.ts = World::kStart + 3h;
    host.send_at(10ms, later);
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 1, RunStatus::kCompleted, {R"(["a=ok"])"});
    for (const auto& [no, run] : expect.host().ledger().history().runs) {
      expect.that(run.started_at >= World::kStart + 3h, "the run began too early");
    }
  };
  return scenario;
}

Scenario invoke_chain() {
  Scenario scenario;
  scenario.name = "invoke-chain";
  scenario.functions = {function("parent", "go", {invoke("call", "child", 24h), run("after")}),
                        function("child", "", {run("a"), invoke("call", "grandchild", 24h)}),
                        function("grandchild", "", {sleep("nap", 1h), run("b").fails(1)})};
  scenario.script = [](Host& host) { host.send_at(10ms, make_event("go", "go-1")); };
  scenario.expect = [](Expect& expect) {
    expect.runs("grandchild", 1, RunStatus::kCompleted, {R"(["nap=ok","b=ok"])"});
    expect.runs("child", 1, RunStatus::kCompleted);
    expect.runs("parent", 1, RunStatus::kCompleted,
                {R"(["call=[\"a=ok\",\"call=[\\\"nap=ok\\\",\\\"b=ok\\\"]\"]","after=ok"])"});
  };
  return scenario;
}

Scenario invoke_fails() {
  Scenario scenario;
  scenario.name = "invoke-fails";
  scenario.functions = {function("parent", "go",
                                 {try_catch({invoke("slow", "sleeper", 1h)}, {}),
                                  try_catch({invoke("bad", "failing", 24h)}, {}),
                                  try_catch({invoke("none", "nowhere", 24h)}, {}),
                                  try_catch({invoke("gone", "victim", 24h)}, {}), run("after")}),
                        function("sleeper", "", {sleep("nap", 3h)}),
                        function("failing", "", {throw_for_good()}),
                        function("victim", "", {sleep("nap", 5h)})};
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("go", "go-1"));
    host.cancel_at(2h, "victim");
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("parent", 1, RunStatus::kCompleted,
                {R"(["slow=error:InngestInvokeTimeoutError","caught","bad=error:Error","caught",)"
                 R"("none=error:Error","caught","gone=error:Error","caught","after=ok"])"});
    expect.runs("sleeper", 1, RunStatus::kCompleted);
    expect.runs("victim", 1, RunStatus::kCancelled);
  };
  return scenario;
}

Scenario on_failure() {
  Scenario scenario;
  scenario.name = "on-failure";
  scenario.functions = {function("f", "go", {run("a"), sleep("nap", 1min), run("b").fails(99)}),
                        function("rescue", "inngest/function.failed", {run("r")}),
                        function("log", "inngest/function.finished", {run("l").fails(99)})};
  scenario.functions[0].config.retries = 1;
  scenario.functions[1].config.triggers[0].expression = R"(event.data.function_id == "f")";
  scenario.functions[2].config.retries = 0;
  scenario.script = [](Host& host) { host.send_at(10ms, make_event("go", "go-1")); };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 1, RunStatus::kFailed);
    expect.runs("rescue", 1, RunStatus::kCompleted);
    expect.runs("log", 1, RunStatus::kFailed);
  };
  return scenario;
}

Scenario rerun_and_invoke() {
  Scenario scenario;
  scenario.name = "rerun";
  scenario.functions = {function("f", "go", {run("a"), sleep("nap", 1min)}),
                        function("g", "", {run("b")})};
  scenario.script = [](Host& host) {
    host.send_at(10ms, make_event("go", "go-1"));
    host.rerun_at(1h, "f");
    host.invoke_at(2h, "g");
  };
  // A request that was cut off is made again: then there is one run more.
  scenario.expect = [](Expect& expect) {
    size_t f = 0;
    size_t g = 0;
    for (const auto& [no, run] : expect.host().ledger().history().runs) {
      (run.function.slug == "f" ? f : g) += 1;
    }
    auto most = static_cast<size_t>(1 + expect.host().lives());
    expect.that(f >= 2 && f <= most && g >= 1 && g <= most, "the number of runs");
    expect.runs("f", f, RunStatus::kCompleted, {R"(["a=ok","nap=ok"])"});
    expect.runs("g", g, RunStatus::kCompleted, {R"(["b=ok"])"});
  };
  return scenario;
}

Scenario crowd() {
  Scenario scenario;
  scenario.name = "crowd";
  scenario.functions = {
      function("f", "go", {run("a"), wait("w", "all", 24h), run("b").fails(1), sleep("s", 1h)})};
  scenario.script = [](Host& host) {
    for (int i = 0; i < 8; ++i) {
      host.send_at(Duration(10 + 2 * i), make_event("go", "go-" + std::to_string(i)));
    }
    host.send_at(1h, make_event("all", "all-1"));
  };
  scenario.expect = [](Expect& expect) {
    expect.runs("f", 8, RunStatus::kCompleted, {R"(["a=ok","w=all-1","b=ok","s=ok"])"});
  };
  return scenario;
}

}  // namespace

std::vector<Scenario> run_scenarios() {
  return {copies(),       triggers(),   future(),           invoke_chain(),
          invoke_fails(), on_failure(), rerun_and_invoke(), crowd()};
}

}  // namespace stepwell::sim
