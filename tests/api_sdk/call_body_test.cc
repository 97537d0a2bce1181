#include "api/sdk/call_body.h"

#include <doctest/doctest.h>

#include "schema/json.h"

namespace stepwell::sdk {
namespace {

core::Call sample() {
  core::RunContext run;
  run.no = 7;
  run.id = RunId::parse("01JD7RVNRVNRVNRVNRVNRVNRVN").value();
  run.function = {"shop-charge"};
  run.events.push_back(
      {.name = "shop/paid", .id = "e1", .data = R"({"n":1})", .ts = Time(Duration(1732380000000))});
  core::Call call;
  call.id = {3, 99};
  call.run = std::make_shared<const core::RunContext>(std::move(run));
  call.endpoint = std::make_shared<const core::Endpoint>(core::Endpoint{"shop", "http://h/"});
  call.max_attempts = 5;
  call.attempt = 2;
  return call;
}
core::MemoEntry memo(std::string id, StepKind kind, std::string data) {
  return {.key = StepKey::of(id), .id = id, .kind = kind, .data = std::move(data)};
}
JsonView at(JsonView view, std::initializer_list<std::string_view> path) {
  for (const std::string_view key : path) {
    const auto member = view.find(key);
    REQUIRE_MESSAGE(member, key);
    view = *member;
  }
  return view;
}

TEST_CASE("the body of a first call") {
  const std::string body = call_body(sample());
  CHECK(body ==
        R"({"ctx":{"attempt":2,"disable_immediate_execution":false,"env":"",)"
        R"("fn_id":"1a4b1418-8c5d-5bee-b933-2c6c0fa2ec9f","job_id":"3.99","max_attempts":5,)"
        R"("qi_id":"3.99","request_id":"3.99","run_id":"01JD7RVNRVNRVNRVNRVNRVNRVN",)"
        R"("stack":{"current":0,"stack":[]},"step_id":"step","use_api":false},)"
        R"("event":{"data":{"n":1},"id":"e1","name":"shop/paid","ts":1732380000000,"user":{}},)"
        R"("events":[{"data":{"n":1},"id":"e1","name":"shop/paid","ts":1732380000000,"user":{}}],)"
        R"("steps":{},"use_api":false,"version":-1})");
}

TEST_CASE("memos are what SDKs expect of each kind of step") {
  core::Call call = sample();
  call.dialect = 2;
  call.memo = {
      memo("run", StepKind::kRun, R"({"ok":true})"),
      memo("sleep", StepKind::kSleep, "null"),
      memo("wait", StepKind::kWaitForEvent, R"({"name":"a/b","data":{}})"),
      memo("none", StepKind::kWaitForEvent, "null"),
      memo("signal", StepKind::kWaitForSignal, R"({"signal":"s","data":1})"),
      memo("no-signal", StepKind::kWaitForSignal, "null"),
      memo("invoke", StepKind::kInvoke, "42"),
      memo("fetch", StepKind::kFetch, R"({"status_code":200})"),
  };
  core::MemoEntry failed = memo("failed", StepKind::kRun, "");
  failed.state = StepState::kFailed;
  failed.error = ErrorInfo{.name = "N", .message = "m", .extra = R"({"data":1})"};
  call.memo.push_back(failed);
  const std::string body = call_body(call);
  const JsonView root = parse_json(body).value();
  const auto step = [&](std::string_view id) {
    return at(root, {"steps", StepKey::of(id).to_string()}).text();
  };
  CHECK(step("run") == R"({"data":{"ok":true}})");
  CHECK(step("sleep") == "null");
  CHECK(step("wait") == R"({"name":"a/b","data":{}})");
  CHECK(step("none") == "null");
  CHECK(step("signal") == R"({"data":{"signal":"s","data":1}})");
  CHECK(step("no-signal") == "null");
  CHECK(step("invoke") == R"({"data":42})");
  CHECK(step("fetch") == R"({"data":{"status_code":200}})");
  CHECK(step("failed") == R"({"error":{"name":"N","message":"m","data":1}})");
  CHECK(at(root, {"version"}).as_int64() == 2);
  JsonElements stack = at(root, {"ctx", "stack", "stack"}).elements();
  for (const core::MemoEntry& entry : call.memo) {
    REQUIRE(stack.next());
    CHECK(stack.value().as_string() == entry.key.to_string());
  }
}

TEST_CASE("while steps are pending, and in calls for one step, nothing new is run at once") {
  core::Call call = sample();
  call.pending.push_back({StepKey::of("p"), StepKind::kRun});
  const auto plans = [](const core::Call& made) {
    const std::string body = call_body(made);
    return at(parse_json(body).value(), {"ctx", "disable_immediate_execution"}).as_bool().value();
  };
  CHECK(plans(call));
  call.pending.clear();
  call.kind = core::CallKind::kStep;
  call.target = StepKey::of("p");
  CHECK(plans(call));
  const std::string body = call_body(call);
  CHECK(at(parse_json(body).value(), {"ctx", "step_id"}).as_string() ==
        StepKey::of("p").to_string());
}

TEST_CASE("a state over the limit is left out, for the SDK to ask for") {
  core::Call call = sample();
  call.memo.push_back(memo("big", StepKind::kRun, "\"" + std::string(kCallBytesMax, 'x') + "\""));
  const std::string body = call_body(call);
  CHECK(body.size() < 2000);
  const JsonView root = parse_json(body).value();
  CHECK(at(root, {"use_api"}).as_bool() == true);
  CHECK(at(root, {"ctx", "use_api"}).as_bool() == true);
  CHECK(at(root, {"steps"}).text() == "{}");
  CHECK(at(root, {"events"}).text() == "[]");
  CHECK(at(root, {"event", "name"}).as_string() == "shop/paid");
  CHECK(at(root, {"ctx", "stack", "stack"}).elements().next());
}

TEST_CASE("Go's SDK can't ask: it gets a large state inline") {
  core::Call call = sample();
  call.endpoint = std::make_shared<const core::Endpoint>(
      core::Endpoint{"shop", "http://h/api?fnId=shop-charge&step=step"});
  call.memo.push_back(memo("big", StepKind::kRun, "\"" + std::string(kCallBytesMax, 'x') + "\""));
  const std::string body = call_body(call);
  CHECK(body.size() > kCallBytesMax);
  CHECK(at(parse_json(body).value(), {"use_api"}).as_bool() == false);
}

TEST_CASE("names of calls") {
  CHECK(call_name({3, 99}) == "3.99");
  CHECK(parse_call_name("3.99") == core::CallId{3, 99});
  for (const char* text :
       {"", ".", "3", "3.", ".9", "3.9x", "x.9", "-1.2", "3.99999999999999999999"}) {
    CHECK(!parse_call_name(text));
  }
}

}  // namespace
}  // namespace stepwell::sdk
