#include "api/cli/trace.h"

#include <doctest/doctest.h>

#include <iostream>

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
         R"(],"attempts":[],"waiting":{"kind":"wait","why":"Step \"wait for shipping\" waits.",
      "due":"2026-11-26T12:00:18.500Z"},"as_of":"2026-11-23T12:01:00Z"})";
}

}  // namespace

TEST_CASE("print") {
  std::cout << render_trace(trace_of(order_trace()), {.width = 110, .now = kNow}, Payloads::kShort);
  std::cout << render_trace(trace_of(order_trace()), {.width = 80, .now = kNow}, Payloads::kWhole);
  std::cout << render_news(trace_of(order_trace()), nullptr, {.width = 110, .now = kNow});
}

}  // namespace stepwell::cli
