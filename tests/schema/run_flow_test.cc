#include "schema/run_flow.h"

#include <doctest/doctest.h>

using namespace stepwell;

TEST_CASE("nothing is stored of a run without flow control") {
  CHECK(run_flow_json({}).empty());
  CHECK(parse_run_flow("") == RunFlow{});
}

TEST_CASE("what a run was scheduled with is read back") {
  RunFlow flow;
  SUBCASE("a priority") {
    flow.priority = -43'200;
  }
  SUBCASE("keys") {
    flow.keys = {{"event.data.a", "1"}, {"event.data[\"b\"]", std::nullopt}, {"\"all\"", ""}};
  }
  SUBCASE("a singleton without a key") {
    flow.singleton = "";
  }
  SUBCASE("invokers") {
    flow.further_invokers = {{5, StepKey::of("a")}, {77, StepKey::of("b")}};
  }
  SUBCASE("a batch") {
    flow.batched_at = from_millis(1'790'000'000'123);
  }
  SUBCASE("faults") {
    flow.faults = {"throttle.key: no \"x\"", "priority.run: text"};
  }
  SUBCASE("all of it") {
    flow = {.priority = 600,
            .keys = {{"event.data.a", "x"}},
            .singleton = "y",
            .further_invokers = {{5, StepKey::of("a")}},
            .batched_at = from_millis(1),
            .faults = {"f"}};
  }
  const std::string json = run_flow_json(flow);
  CHECK_FALSE(json.empty());
  CHECK(parse_run_flow(json) == flow);
}

TEST_CASE("unknown members of a later version are passed over") {
  CHECK(parse_run_flow(R"({"zz":{"a":[1]},"p":3})") == RunFlow{.priority = 3});
}
