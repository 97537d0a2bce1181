#include "api/cli/trace.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "api/cli/step_words.h"
#include "api/cli/text.h"
#include "tests/cli/evil.h"

namespace stepwell::cli {
namespace {

const Time kNow = parse_rfc3339("2026-11-23T12:01:00Z").value();

Trace trace_of(const std::string& json) {
  const Result<JsonView> view = parse_json(json);
  REQUIRE_MESSAGE(view.ok(), view.error().message);
  return read_trace(*view);
}

std::string step(std::string id, std::string kind, std::string state, std::string more) {
  return R"({"id":)" + json_quote(id) + R"(,"key":"k","kind":")" + kind + R"(","state":")" + state +
         "\"," + more + "}";
}

std::string order_trace() {
  const std::string steps =
      step("reserve stock", "StepRun", "Completed",
           R"("registered_at":"2026-11-23T12:00:00.010Z","resolved_at":"2026-11-23T12:00:02Z",
              "attempts":[],"data":{"shelf": 7})") +
      "," +
      step("charge card", "StepRun", "Completed",
           R"("registered_at":"2026-11-23T12:00:02Z","resolved_at":"2026-11-23T12:00:18.500Z",
              "attempts":[{"number":1,"started_at":"2026-11-23T12:00:02Z",
                "ended_at":"2026-11-23T12:00:02.340Z","retry_at":"2026-11-23T12:00:18Z",
                "error":{"name":"CardError","message":"declined"}}],"data":"ok")") +
      "," +
      step("wait for shipping", "WaitForEvent", "Pending",
           R"("registered_at":"2026-11-23T12:00:18.500Z","due":"2026-11-26T12:00:18.500Z",
              "event":"shop/shipped","if":"async.data.order == 42","attempts":[])") +
      "," +
      step("cancelOn:0", "CancelOn", "Pending",
           R"("registered_at":"2026-11-23T12:00:00Z","due":"2027-11-23T12:00:00Z",
              "event":"shop/cancelled","attempts":[])");
  return R"({"run":{"id":"01JDEXAMPLE000000000000000","function":"order-flow","status":"Running",
      "created_at":"2026-11-23T12:00:00Z","started_at":"2026-11-23T12:00:00.005Z"},
      "events":[{"id":"order-42","name":"shop/paid","data":{"order": 42}}],
      "steps":[)" +
         steps +
         R"(],"attempts":[],"waiting":{"kind":"wait","waiting_for":"event","why":"Step \"wait for shipping\" waits.",
      "due":"2026-11-26T12:00:18.500Z"},"as_of":"2026-11-23T12:01:00Z"})";
}

}  // namespace

TEST_CASE("the page of an open run: steps, attempts, what it waits for and why it stands still") {
  const std::string page =
      render_trace(trace_of(order_trace()), {.width = 110, .now = kNow}, Payloads::kShort);
  CHECK(page ==
        R"(order-flow  01JDEXAMPLE000000000000000  ◷ Waiting for 59.9s

  created    2026-11-23 12:00:00 UTC (1m ago)
  trigger    shop/paid  order-42  {"order":42}
  cancel on  shop/cancelled, until 2027-11-23 12:00:00 (in 365d)

  +10ms     ✓ reserve stock     run      ▏█                 ▏    1.9s  → {"shelf":7}
  +2s       ✓ charge card       run      ▏█░░░░█            ▏   16.5s  → "ok"
              attempt 1 failed after 340ms: CardError: declined; retried after 15.6s
  +18.5s    ◷ wait for shipping wait     ▏     ░░░░░░░░░░░░░▏   41.5s
              shop/shipped if async.data.order == 42, until 2026-11-26 12:00:18 (in 3d)

  Why it is not moving
  Step "wait for shipping" waits (in 3d).
)");
}

TEST_CASE("what could not be evaluated for a run is said in full") {
  std::string trace = order_trace();
  trace.replace(trace.find(R"("status")"), 0, R"("flow_faults":["priority.run: no such key"],)");
  const std::string page =
      render_trace(trace_of(trace), {.width = 110, .now = kNow}, Payloads::kShort);
  CHECK_MESSAGE(page.find("\n  flow fault priority.run: no such key\n") != std::string::npos, page);
}

TEST_CASE("payloads in whole stand below their lines") {
  const std::string page =
      render_trace(trace_of(order_trace()), {.width = 110, .now = kNow}, Payloads::kWhole);
  CHECK(page.find("{\n               \"order\": 42\n             }\n") != std::string::npos);
  CHECK(page.find("    1.9s\n              {\n                \"shelf\": 7\n              }\n") !=
        std::string::npos);
  CHECK(page.find("→") == std::string::npos);
}

TEST_CASE("the page of a run that failed shows its error and its stack") {
  const std::string page =
      render_trace(trace_of(R"({"run":{"id":"R","function":"bill","status":"Failed",
        "created_at":"2026-11-23T12:00:00Z","started_at":"2026-11-23T12:00:00Z",
        "ended_at":"2026-11-23T12:00:01.500Z","rerun_of":"Q","invoked_by":"P",
        "error":{"name":"Error","message":"no","stack":"at a\nat b"}},
        "attempts":[{"number":1,"started_at":"2026-11-23T12:00:01Z",
          "ended_at":"2026-11-23T12:00:01.500Z","error":{"name":"Error","message":"no"}}],
        "events":[],"steps":[],"as_of":"2026-11-23T12:00:09Z"})"),
                   {.width = 100, .now = kNow}, Payloads::kShort);
  CHECK(page == R"(bill  R  ✗ Failed in 1.5s

  created    2026-11-23 12:00:00 UTC (1m ago)
  rerun of   Q
  invoked by run P

  +1s       ✗ bill         function ▏            ██████▏   500ms
              attempt 1 failed after 500ms: Error: no; no attempts left

  Error: no
    at a
    at b
)");
}

TEST_CASE("each kind of step says what came of it") {
  const auto outcome = [&](std::string kind, std::string state, const std::string& more) {
    const Trace trace =
        trace_of(R"({"run":{"created_at":"2026-11-23T12:00:00Z"},"steps":[)" +
                 step("s", std::move(kind), std::move(state),
                      R"("registered_at":"2026-11-23T12:00:00Z","attempts":[],)" + more) +
                 "]}");
    return step_outcome(trace.steps.at(0), {.now = kNow});
  };
  CHECK(outcome("StepRun", "Completed", R"("data":[1, 2])") == "→ [1,2]");
  CHECK(outcome("StepRun", "Failed", R"("error":{"name":"E","message":"m"})") == "E: m");
  CHECK(outcome("StepRun", "Pending", R"("due":"2026-11-23T12:02:00Z")") == "next attempt in 1m");
  CHECK(outcome("StepRun", "Dropped", R"("x":0)") == "its run ended first");
  CHECK(outcome("Sleep", "Completed", R"("data":null)").empty());
  CHECK(outcome("Sleep", "Pending", R"("due":"2026-11-23T12:02:00Z")") ==
        "until 2026-11-23 12:02:00 (in 1m)");
  CHECK(outcome("WaitForEvent", "Completed",
                R"("event":"a/b","data":{},"resolved_by":{"id":"E1","name":"a/b"})") ==
        "← a/b  E1");
  CHECK(outcome("WaitForEvent", "Completed", R"("event":"a/b","data":null)") ==
        "timed out waiting for a/b");
  CHECK(outcome("WaitForSignal", "Pending", R"("signal":"go")") == "go");
  for (const char* kind : {"Gateway", "AIGateway"}) {
    CHECK(outcome(kind, "Pending", R"("due":"2026-11-23T12:02:00Z")") == "next attempt in 1m");
    CHECK(outcome(kind, "Pending", R"("x":0)") == "about to run");
    CHECK(step_mark({.kind = kind, .state = "Pending"}) == "●");
  }
  CHECK(outcome("InvokeFunction", "Completed", R"("function":"f","run":"R2","data":7)") ==
        "f R2  → 7");
}

TEST_CASE("a tail prints each thing that happened once") {
  const Screen screen{.width = 110, .now = kNow};
  const Trace now = trace_of(order_trace());
  Trace before = now;
  before.steps.pop_back();                // the wait
  before.steps.back().state = "Pending";  // the card was being charged
  const std::string all = render_news(now, nullptr, screen, Payloads::kShort);
  CHECK(all.starts_with("12:00:00     +0ms  ▶ order-flow"));
  CHECK(std::count(all.begin(), all.end(), '\n') == 6);  // the error has a line of its own
  CHECK(render_news(now, &before, screen, Payloads::kShort) ==
        "12:00:18   +18.5s  ✓ charge card (run)             → \"ok\"\n"
        "12:00:18   +18.5s  ◷ wait for shipping (wait)      shop/shipped if async.data.order == 42,"
        " until 2026-11-26 1…\n");
  CHECK(render_news(now, &now, screen, Payloads::kShort).empty());

  Trace ended = now;
  ended.status = "Completed";
  ended.ended_at = kNow;
  ended.output = "{\"done\": true}";
  const std::string end = render_news(ended, &now, screen, Payloads::kShort);
  CHECK(end == "12:01:00      +1m  ■ Completed in 1m               → {\"done\":true}\n");
  CHECK(render_news(ended, &ended, screen, Payloads::kShort).empty());
}

TEST_CASE("a run that moves is not said to stand still") {
  std::string json = order_trace();
  const std::string wait = R"("kind":"wait","waiting_for":"event")";
  json.replace(json.find(wait), wait.size(), R"("kind":"call")");
  const std::string page = render_trace(trace_of(json), {.now = kNow}, Payloads::kShort);
  CHECK(page.find("● Running for") != std::string::npos);
  CHECK(page.find("\n  What it does\n") != std::string::npos);
  CHECK(page.find("not moving") == std::string::npos);
}

TEST_CASE("a tail says in full what went wrong, and into a pipe everything") {
  const std::string message = "no luck with " + std::string(150, 'x') + " today";
  const Trace trace = trace_of(
      R"({"run":{"id":"R","function":"bill","status":"Failed","created_at":"2026-11-23T12:00:00Z",
        "ended_at":"2026-11-23T12:00:01Z","error":{"name":"Error","message":)" +
      json_quote(message) + R"(}},"events":[{"id":"E","name":"a","data":{"text":")" +
      std::string(150, 'y') + R"("}}],"as_of":"2026-11-23T12:00:09Z"})");
  const Screen screen{.width = 80, .now = kNow};
  const std::string cut = render_news(trace, nullptr, screen, Payloads::kShort);
  CHECK(cut.find("today") != std::string::npos);
  CHECK(cut.find(std::string(150, 'y')) == std::string::npos);
  const std::string whole = render_news(trace, nullptr, screen, Payloads::kWhole);
  CHECK(whole.find(std::string(150, 'y')) != std::string::npos);
  CHECK(whole.find(message) != std::string::npos);
  CHECK(std::count(whole.begin(), whole.end(), '\n') == 2);
}

TEST_CASE("nothing evil in a trace reaches the terminal") {
  for (const std::string& evil : evil_texts()) {
    const std::string text = json_quote(evil);
    const std::string error =
        R"({"name":)" + text + R"(,"message":)" + text + R"(,"stack":)" + text + "}";
    const std::string attempt =
        R"({"number":1,"started_at":"2026-11-23T12:00:00Z","ended_at":"2026-11-23T12:00:00Z",)"
        R"("error":)" +
        error + "}";
    const std::string json =
        R"({"run":{"id":)" + text + R"(,"function":)" + text + R"(,"status":)" + text +
        R"(,"created_at":"2026-11-23T12:00:00Z","rerun_of":)" + text + R"(,"invoked_by":)" + text +
        R"(,"output":)" + text + R"(,"error":)" + error + R"(},"events":[{"id":)" + text +
        R"(,"name":)" + text + R"(,"data":{)" + text + ":" + text + R"(}}],"steps":[)" +
        R"({"id":)" + text + R"(,"kind":)" + text + R"(,"state":)" + text +
        R"(,"registered_at":"2026-11-23T12:00:00Z","event":)" + text + R"(,"if":)" + text +
        R"(,"run":)" + text + R"(,"attempts":[)" + attempt + R"(],"data":)" + text + "}," +
        R"({"id":)" + text + R"(,"kind":"WaitForEvent","state":"Pending","event":)" + text +
        R"(,"if":)" + text + R"(,"attempts":[]}],"attempts":[)" + attempt +
        R"(],"waiting":{"why":)" + text + "}}";
    const Trace trace = trace_of(json);
    const Screen screen{.width = 100, .now = kNow};
    for (std::string page : {render_trace(trace, screen, Payloads::kShort),
                             render_trace(trace, screen, Payloads::kWhole),
                             render_news(trace, nullptr, screen, Payloads::kShort),
                             render_news(trace, nullptr, screen, Payloads::kWhole)}) {
      std::erase(page, '\n');
      CHECK(is_harmless(page));
    }
  }
}

}  // namespace stepwell::cli
