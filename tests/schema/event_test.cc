#include "schema/event.h"

#include <doctest/doctest.h>

#include "schema/finished_event.h"
#include "schema/json.h"
#include "schema/op.h"

using namespace stepwell;

TEST_CASE("an event's JSON has its members in their order, and v only if there is one") {
  Event event{.name = "shop/order", .id = "o-1", .data = R"({"n":1})", .ts = from_millis(1234)};
  CHECK(event_json(event) ==
        R"({"data":{"n":1},"id":"o-1","name":"shop/order","ts":1234,"user":{}})");
  event.user = R"({"id":"u"})";
  event.version = "2";
  CHECK(event_json(event) ==
        R"({"data":{"n":1},"id":"o-1","name":"shop/order","ts":1234,"user":{"id":"u"},"v":"2"})");
}

TEST_CASE("an event's names are quoted, its data is left as it was written") {
  Event event{.name = "a\"b\n", .id = "\\", .data = R"({ "x" : 1.50 })"};
  std::string json = event_json(event);
  Result<JsonView> view = parse_json(json);
  REQUIRE(view.ok());
  CHECK(view->find("name")->as_string() == "a\"b\n");
  CHECK(view->find("id")->as_string() == "\\");
  CHECK(view->find("data")->text() == R"({ "x" : 1.50 })");
}

TEST_CASE("names of the engine's own events start with inngest/, in any case") {
  CHECK(is_internal_event_name("inngest/function.finished"));
  CHECK(is_internal_event_name("INNGEST/x"));
  CHECK(is_internal_event_name("inngest/"));
  CHECK_FALSE(is_internal_event_name("inngest"));
  CHECK_FALSE(is_internal_event_name("inngest.x"));
  CHECK_FALSE(is_internal_event_name("my/inngest/x"));
  CHECK_FALSE(is_internal_event_name(""));
}

namespace {

RunRecord ended_run(RunStatus status) {
  RunRecord run;
  run.id = RunId{Ulid::make(from_millis(5), 1, 2)};
  run.function.slug = "app-fn";
  run.status = status;
  return run;
}

}  // namespace

TEST_CASE("the event of a completed run carries its result and what triggered it") {
  RunRecord run = ended_run(RunStatus::kCompleted);
  run.output = R"({"ok":true})";
  Event first{.name = "a", .id = "1"};
  Event second{.name = "b", .id = "2"};
  std::string data = finished_event_data(run, {first, second});
  Result<JsonView> view = parse_json(data);
  REQUIRE(view.ok());
  CHECK(view->find("function_id")->as_string() == "app-fn");
  CHECK(view->find("run_id")->as_string() == run.id.to_string());
  CHECK(view->find("event")->text() == event_json(first));
  CHECK(view->find("events")->text() == "[" + event_json(first) + "," + event_json(second) + "]");
  CHECK(view->find("result")->text() == R"({"ok":true})");
  CHECK_FALSE(view->find("error").has_value());
  CHECK(view->find("_inngest")->find("status")->as_string() == "Completed");
}

TEST_CASE("a run that returned nothing has the result null") {
  std::string data = finished_event_data(ended_run(RunStatus::kCompleted), {});
  CHECK(parse_json(data)->find("result")->is_null());
  CHECK_FALSE(parse_json(data)->find("event").has_value());
}

TEST_CASE("the event of a failed run carries its error, and no result") {
  RunRecord run = ended_run(RunStatus::kFailed);
  run.error = ErrorInfo{.name = "TypeError", .message = "no", .stack = "at f"};
  std::string data = finished_event_data(run, {});
  Result<JsonView> view = parse_json(data);
  REQUIRE(view.ok());
  CHECK(view->find("error")->text() ==
        R"({"error":"no","name":"TypeError","message":"no","stack":"at f"})");
  CHECK_FALSE(view->find("result").has_value());
  CHECK(view->find("_inngest")->find("status")->as_string() == "Failed");
}

TEST_CASE("each body of an op is recorded under its kind, which has a name") {
  auto kind = [](auto body) { return step_kind(StepOp{.body = std::move(body)}); };
  CHECK(kind(StepReturned{}) == StepKind::kRun);
  CHECK(kind(StepThrew{}) == StepKind::kRun);
  CHECK(kind(StepPlanned{}) == StepKind::kRun);
  CHECK(kind(Sleep{}) == StepKind::kSleep);
  CHECK(kind(WaitForEvent{}) == StepKind::kWaitForEvent);
  CHECK(kind(WaitForSignal{}) == StepKind::kWaitForSignal);
  CHECK(kind(InvokeFunction{}) == StepKind::kInvoke);
  CHECK(kind(SendEvents{}) == StepKind::kSendEvent);
  CHECK(step_kind_name(StepKind::kRun) == "StepRun");
  CHECK(step_kind_name(StepKind::kInvoke) == "InvokeFunction");
  CHECK(step_kind_name(static_cast<StepKind>(99)) == "unknown");
}
