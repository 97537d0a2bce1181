// Scenarios: waits that look back, as design.md defines it.
#include "tests/simulation/scenario.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

Scenario looking_back(std::string name, Program program, std::function<void(Host&)> script,
                      std::set<std::string> outputs) {
  Scenario scenario;
  scenario.name = "lookback-" + std::move(name);
  scenario.functions = {function("f", "go", std::move(program))};
  scenario.script = [script = std::move(script)](Host& host) {
    host.send_at(10ms, make_event("go", "go-1"));
    if (script) script(host);
  };
  scenario.expect = [outputs = std::move(outputs)](Expect& expect) {
    expect.runs("f", 1, RunStatus::kCompleted, outputs);
  };
  return scenario;
}

Scenario off() {
  Scenario scenario = looking_back(
      "off",
      {run("ask").lasts(1min).emitting(make_event("answer", "yes")), wait("w", "answer", 1h)}, {},
      {R"(["ask=ok","w=timeout"])"});
  scenario.functions[0].config.wait_lookback = Duration(0);
  scenario.checks.lookback = Duration(-1);
  return scenario;
}

}  // namespace

std::vector<Scenario> lookback_scenarios() {
  std::vector<Scenario> all;
  all.push_back(looking_back("loop", {repeat(3, {wait("w", "x", 1min)})},
                             [](Host& host) { host.send_at(20s, make_event("x", "x-1")); },
                             {R"(["w=x-1","w:1=timeout","w:2=timeout"])"}));
  all.push_back(looking_back(
      "loop-fed-thrice", {repeat(3, {wait("w", "x", 1min)})},
      [](Host& host) {
        host.send_all_at(20s,
                         {make_event("x", "x-1"), make_event("x", "x-2"), make_event("x", "x-3")});
      },
      // What is registered after the second was taken looks back no further than that.
      {R"(["w=x-1","w:1=x-2","w:2=timeout"])", R"(["w=x-1","w:1=x-2","w:2=x-3"])"}));
  all.push_back(looking_back("own-trigger", {wait("w", "go", 1min)}, {}, {R"(["w=timeout"])"}));
  // The answer is there before the memo of the step that asked for it.
  all.push_back(
      looking_back("answer-before-memo",
                   {run("ask").lasts(2s).publishing("room").emitting(make_event("answer", "yes")),
                    wait("w", "answer", 1h)},
                   {}, {R"(["ask=ok","w=yes"])"}));
  all.push_back(looking_back(
      "branches",
      {parallel({{run("ask-a").lasts(2s).emitting(make_event("a", "a-1")), wait("wa", "a", 1h)},
                 {run("ask-b").lasts(9s).emitting(make_event("b", "b-1")), wait("wb", "b", 1h)},
                 {sleep("nap", 20s), wait("none", "a", 1h)}})},
      {}, {R"(["ask-a=ok","wa=a-1","ask-b=ok","wb=b-1","nap=ok","none=timeout"])"}));
  all.push_back(looking_back(
      "step-retried",
      {run("ask").fails(1).asks_retry_after(5s).lasts(2s).emitting(make_event("answer", "yes")),
       wait("w", "answer", 1h)},
      {}, {R"(["ask=ok","w=yes"])"}));
  all.push_back(looking_back("function-retried",
                             {run("ask").lasts(2s).emitting(make_event("answer", "yes")),
                              throw_at_first(1).asks_retry_after(3s), wait("w", "answer", 1h)},
                             {}, {R"(["ask=ok","w=yes"])"}));
  all.push_back(looking_back("send-event",
                             {send("tell", {make_event("answer", "yes")}), wait("w", "answer", 1h)},
                             {}, {R"(["tell=ok","w=yes"])"}));
  // Older than the newest memo: not for this wait.
  all.push_back(looking_back("too-early", {run("a"), sleep("nap", 20s), wait("w", "x", 1min)},
                             [](Host& host) { host.send_at(5s, make_event("x", "x-1")); },
                             {R"(["a=ok","nap=ok","w=timeout"])"}));
  all.push_back(off());
  return all;
}

}  // namespace stepwell::sim
