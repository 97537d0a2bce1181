// REST v2.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>

#include "api/server/rest_v2_json.h"
#include "engine/runtime/clock.h"
#include "tests/server/service_fixture.h"

namespace stepwell::server {
namespace {

core::Reply echo(const core::Call& call) {
  return returned(call.run->events[0].data);
}

std::map<std::string, TestFunction> functions() {
  return {{"echo", echo}, {"ask", wait_for_answer}};
}

// The text of a member: "data.runId", or of the first of a list: "errors.0.code".
std::string member(const Reply& reply, std::string_view path) {
  const Result<JsonView> json = parse_json(reply.body);
  REQUIRE_MESSAGE(json.ok(), reply.body);
  JsonView at = *json;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    if (name == "0") {
      JsonElements first = at.elements();
      REQUIRE_MESSAGE(first.next(), reply.body);
      at = first.value();
    } else {
      const auto found = at.find(name);
      if (!found) return "";
      at = *found;
    }
    begin = end + 1;
  }
  return at.as_string().value_or(std::string(at.text()));
}

}  // namespace

TEST_CASE("v2: an event, its runs, a run, a rerun, an invocation, a cancellation") {
  ServiceFixture f(functions());
  const Reply sent = post_to(f.port(), "/v2/events", R"({"name":"echo","data":{"n":1}})");
  CHECK(sent.status == 200);
  const std::string event = member(sent, "data.eventId");
  const std::string run = f.wait_for_run(event, "Completed");
  const Reply shown = fetch(f.port(), "/api/v2/runs/" + run);
  CHECK(member(shown, "data.id") == run);
  CHECK(member(shown, "data.status") == "COMPLETED");
  CHECK(member(shown, "data.function.id") == "echo");
  CHECK(member(shown, "data.app.id") == "test");
  CHECK(member(shown, "data.trigger.eventIds.0") == event);
  CHECK(member(shown, "data.trigger.eventName") == "echo");
  CHECK(member(shown, "data.output") == R"({"n":1})");
  CHECK(member(fetch(f.port(), "/v2/events/" + event + "/runs"), "data.0.id") == run);

  const std::string again =
      member(post_to(f.port(), "/v2/runs/" + run + "/rerun", ""), "data.runId");
  CHECK(again != run);
  f.wait_for("/v1/runs/" + again, [](const JsonView& json) {
    return json.find("data")->find("status")->as_string() == "Completed";
  });
  const std::string invoked = member(
      post_to(f.port(), "/v2/apps/test/functions/ask/invoke", R"({"data":{"n":2}})"), "data.runId");
  CHECK(member(post_to(f.port(), "/v2/runs/" + invoked + "/cancel", ""), "data.status") ==
        "CANCELLED");
  CHECK(member(fetch(f.port(), "/v2/runs/" + invoked), "data.status") == "CANCELLED");
}

TEST_CASE("v2: what is wrong or not built is said in its own shape") {
  ServiceFixture f(functions());
  const std::string absent = "01JD0000000000000000000000";
  CHECK(fetch(f.port(), "/v2/runs/" + absent).status == 404);
  CHECK(member(fetch(f.port(), "/v2/runs/" + absent), "errors.0.code") == "not_found");
  CHECK(fetch(f.port(), "/v2/runs/x").status == 400);
  CHECK(fetch(f.port(), "/v2/events/x/runs").status == 404);
  CHECK(post_to(f.port(), "/v2/events", R"({"name":"inngest/x"})").status == 400);
  CHECK(post_to(f.port(), "/v2/events", R"([{"name":"a"},{"name":"b"}])").status == 400);
  CHECK(post_to(f.port(), "/v2/runs/" + absent + "/cancel", "").status == 404);
  CHECK(post_to(f.port(), "/v2/runs/" + absent + "/rerun", "").status == 404);
  CHECK(
      post_to(f.port(), "/v2/runs/" + absent + "/rerun", R"({"fromStep":{"stepId":"a"}})").status ==
      404);
  const std::string data = R"({"data":{}})";
  CHECK(post_to(f.port(), "/v2/apps/test/functions/none/invoke", data).status == 404);
  CHECK(post_to(f.port(), "/v2/apps/other/functions/echo/invoke", data).status == 404);
  const std::string too_long(257, 'k');
  for (const std::string& key : {std::string(R"("")"), std::string("7"), '"' + too_long + '"'}) {
    CHECK(post_to(f.port(), "/v2/apps/test/functions/echo/invoke",
                  fmt::format(R"({{"data":{{}},"idempotency_key":{}}})", key))
              .status == 400);
  }
  for (const char* body :
       {"", "{}", R"({"data":null})", R"({"idempotencyKey":"k"})", R"({"data":7})",
        R"({"data":{},"idempotencyKey":"k","idempotency_key":"k"})"}) {
    CAPTURE(body);
    CHECK(post_to(f.port(), "/v2/apps/test/functions/echo/invoke", body).status == 400);
  }
  CHECK(fetch(f.port(), "/v2/account").status == 501);
  CHECK(member(fetch(f.port(), "/v2/account"), "errors.0.code") == "not_implemented");
}

TEST_CASE("v2: every failure has a code of its own, and one that passes says when to try again") {
  const auto code = [](ErrorCode of) {
    const Response response = v2_failure({of, "no"});
    const JsonView json = parse_json(response.body).value();
    JsonElements errors = json.find("errors")->elements();
    REQUIRE(errors.next());
    return errors.value().find("code")->as_string().value();
  };
  CHECK(code(ErrorCode::kTooLarge) == "too_large");
  CHECK(code(ErrorCode::kUnauthorized) == "unauthorized");
  CHECK(code(ErrorCode::kUnavailable) == "unavailable");
  CHECK(code(ErrorCode::kInternal) == "internal_error");
  const auto has_retry_after = [](const Response& response) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [](const auto& header) { return header.first == "Retry-After"; });
  };
  CHECK(has_retry_after(v2_failure({ErrorCode::kUnavailable, "no"})));
  CHECK(!has_retry_after(v2_failure({ErrorCode::kInternal, "no"})));
}

TEST_CASE("API-06: of two invocations with one key the second is a 409 with the run of the first") {
  ServiceFixture f(functions());
  const auto invoke = [&](std::string_view function, std::string_view key) {
    return post_to(f.port(), fmt::format("/v2/apps/test/functions/{}/invoke", function),
                   fmt::format(R"({{"data":{{}},"idempotencyKey":"{}"}})", key));
  };
  const Reply first = invoke("echo", "k1");
  CHECK(first.status == 200);
  const Reply second = invoke("echo", "k1");
  CHECK(second.status == 409);
  CHECK(member(second, "errors.0.code") == "conflict");
  CHECK(member(second, "data.runId") == member(first, "data.runId"));
  const Reply snake = post_to(f.port(), "/v2/apps/test/functions/echo/invoke",
                              R"({"data":{},"idempotency_key":"k1"})");
  CHECK(snake.status == 409);
  CHECK(member(snake, "data.runId") == member(first, "data.runId"));
  CHECK(invoke("echo", "k2").status == 200);
  CHECK(invoke("ask", "k1").status == 200);
}

TEST_CASE("an empty event key is a 401, also where no key is asked for") {
  ServiceFixture f(functions());
  const Reply reply = post_to(f.port(), "/e/", R"({"name":"echo"})");
  CHECK(reply.status == 401);
  CHECK(member(reply, "error") == "Event key is required");
}

}  // namespace stepwell::server
