// REST v2's lists, and what REST v1 says of what will happen to a run.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <set>

#include "tests/server/service_fixture.h"

namespace stepwell::server {
namespace {

core::Reply echo(const core::Call& call) {
  return returned(call.run->events[0].data);
}

core::Reply fail(const core::Call&) {
  core::Reply reply;
  reply.outcome = core::Threw{.error = {.name = "Broken", .message = "no"}, .retriable = false};
  return reply;
}

std::map<std::string, TestFunction> functions() {
  return {{"echo", echo}, {"ask", wait_for_answer}, {"fail", fail}};
}

JsonView parsed(const Reply& reply) {
  CHECK(reply.status == 200);
  Result<JsonView> json = parse_json(reply.body);
  REQUIRE_MESSAGE(json.ok(), reply.body);
  return *json;
}

std::string text_of(const JsonView& object, std::string_view key) {
  const auto found = object.find(key);
  return found ? found->as_string().value_or(std::string(found->text())) : "";
}

// One member of each element of "data".
std::vector<std::string> column(const JsonView& json, std::string_view key) {
  std::vector<std::string> values;
  for (JsonElements it = json.find("data")->elements(); it.next();) {
    values.push_back(text_of(it.value(), key));
  }
  return values;
}

}  // namespace

TEST_CASE("v2: runs are listed in pages, the newest first, and the cursor leads through all") {
  ServiceFixture f(functions());
  const std::vector<std::string> events =
      f.send(R"([{"name":"echo"},{"name":"ask"},{"name":"echo"},{"name":"fail"},{"name":"echo"}])");
  std::vector<std::string> runs;
  for (const std::string& event : events) {
    const bool waits = &event == &events[1];
    const bool fails = &event == &events[3];
    runs.push_back(f.wait_for_run(event, waits ? "Running" : fails ? "Failed" : "Completed"));
  }
  std::vector<std::string> seen;
  std::string cursor;
  for (int pages = 0; pages < 10; ++pages) {
    const Reply reply = fetch(f.port(), "/v2/runs?limit=2" + cursor);
    const JsonView json = parsed(reply);
    for (const std::string& id : column(json, "id")) seen.push_back(id);
    const JsonView page = *json.find("page");
    CHECK(text_of(page, "limit") == "2");
    if (text_of(page, "hasMore") == "false") break;
    cursor = "&cursor=" + text_of(page, "cursor");
  }
  CHECK(seen == std::vector<std::string>(runs.rbegin(), runs.rend()));

  const auto list = [&](const std::string& query) {
    const Reply reply = fetch(f.port(), query);
    return column(parsed(reply), "id");
  };
  CHECK(list("/v2/runs?status=FAILED&status=running") ==
        std::vector<std::string>{runs[3], runs[1]});
  CHECK(list("/v2/apps/test/functions/echo/runs").size() == 3);
  CHECK(list("/v2/runs?functionId=echo&functionId=ask").size() == 4);
  CHECK(list("/v2/runs?appId=test&limit=100").size() == 5);
  CHECK(list("/v2/runs?appId=other").empty());
  CHECK(fetch(f.port(), "/v2/apps/test/functions/none/runs").status == 404);
  CHECK(fetch(f.port(), "/v2/apps/none/functions/echo/runs").status == 404);
  CHECK(list("/v2/runs?from=2999-01-01T00:00:00Z").empty());
  const Reply bare = fetch(f.port(), "/v2/runs");
  CHECK(bare.body.find("\"output\"") == std::string::npos);
  const Reply whole = fetch(f.port(), "/v2/runs?includeOutput=true");
  CHECK(whole.body.find("\"output\"") != std::string::npos);
}

TEST_CASE("v2: a parameter of a list that is wrong is named") {
  ServiceFixture f(functions());
  for (const char* query :
       {"limit=0", "limit=101", "status=odd", "from=now", "timeField=endedAt", "order=ASC",
        "cursor=x", "cursor=01JD0000000000000000000000", "includeOutput=1", "colour=red"}) {
    CAPTURE(query);
    const Reply reply = fetch(f.port(), fmt::format("/v2/runs?{}", query));
    CHECK(reply.status == 400);
    const std::string_view name(query, std::string_view(query).find('='));
    CHECK(reply.body.find(name) != std::string::npos);
  }
}

TEST_CASE("v2: apps and their functions") {
  ServiceFixture f(functions());
  const Reply apps = fetch(f.port(), "/v2/apps");
  CHECK(column(parsed(apps), "id") == std::vector<std::string>{"test"});
  const Reply app = fetch(f.port(), "/v2/apps/test");
  CHECK(text_of(*parsed(app).find("data"), "functionCount") == "3");
  CHECK(fetch(f.port(), "/v2/apps/none").status == 404);
  const Reply all = fetch(f.port(), "/v2/apps/test/functions");
  CHECK(column(parsed(all), "id") == std::vector<std::string>{"ask", "echo", "fail"});
  const Reply one = fetch(f.port(), "/v2/apps/test/functions/ask");
  CHECK(text_of(*parsed(one).find("data"), "id") == "ask");
  CHECK(fetch(f.port(), "/v2/apps/test/functions/none").status == 404);
  const Reply configs = fetch(f.port(), "/v1/apps/test/functions");
  std::set<std::string> slugs;
  for (JsonElements it = parsed(configs).elements(); it.next();) {
    slugs.insert(text_of(it.value(), "id"));
  }
  CHECK(slugs == std::set<std::string>{"ask", "echo", "fail"});
}

TEST_CASE("v2: a run's trace is a tree of its steps and their attempts") {
  ServiceFixture f(functions());
  const std::string waits = f.wait_for_run(f.send(R"({"name":"ask"})")[0], "Running");
  f.wait_for("/api/runs/" + waits, [](const JsonView& json) {
    return json.find("data")->find("steps")->elements().next();
  });
  const Reply open = fetch(f.port(), "/v2/runs/" + waits + "/trace");
  const JsonView root = *parsed(open).find("data")->find("rootSpan");
  CHECK(text_of(root, "status") == "RUNNING");
  JsonElements children = root.find("children")->elements();
  REQUIRE(children.next());
  CHECK(text_of(children.value(), "stepId") == "wait");
  CHECK(text_of(children.value(), "stepOp") == "WAIT_FOR_EVENT");
  CHECK(text_of(children.value(), "status") == "WAITING");

  const std::string failed = f.wait_for_run(f.send(R"({"name":"fail"})")[0], "Failed");
  const Reply ended = fetch(f.port(), "/v2/runs/" + failed + "/trace?includeOutput=true");
  const JsonView end = *parsed(ended).find("data")->find("rootSpan");
  CHECK(text_of(*end.find("output"), "name") == "Broken");
  JsonElements attempts = end.find("children")->elements();
  REQUIRE(attempts.next());
  CHECK(text_of(attempts.value(), "name") == "Attempt 0");
  CHECK(text_of(attempts.value(), "status") == "FAILED");
  CHECK(fetch(f.port(), "/v2/runs/01JD0000000000000000000000/trace").status == 404);
  CHECK(fetch(f.port(), "/v2/runs/x/trace").status == 400);
  const Reply unclear = fetch(f.port(), "/v2/runs/" + failed + "/trace?includeOutput=yes");
  CHECK(unclear.status == 400);
  CHECK(unclear.body.find("includeOutput") != std::string::npos);
  CHECK(fetch(f.port(), "/v2/runs/" + failed + "/trace?includeOutput=false").status == 200);
}

TEST_CASE("v1: the jobs of a run are what it will do at a known time; ended ones have none") {
  ServiceFixture f(functions());
  const std::string waits = f.wait_for_run(f.send(R"({"name":"ask"})")[0], "Running");
  f.wait_for("/v1/runs/" + waits + "/jobs",
             [](const JsonView& json) { return json.find("data")->elements().next(); });
  const Reply jobs = fetch(f.port(), "/v1/runs/" + waits + "/jobs");
  CHECK(column(parsed(jobs), "kind") == std::vector<std::string>{"pause"});
  const std::string ended = f.wait_for_run(f.send(R"({"name":"echo"})")[0], "Completed");
  const Reply none = fetch(f.port(), "/v1/runs/" + ended + "/jobs");
  CHECK(column(parsed(none), "kind").empty());
  const std::string later = f.send(R"({"name":"echo","ts":4000000000000})")[0];
  const Reply start = fetch(f.port(), "/v1/runs/" + f.wait_for_run(later, "Scheduled") + "/jobs");
  CHECK(column(parsed(start), "kind") == std::vector<std::string>{"start"});
  CHECK(fetch(f.port(), "/v1/runs/01JD0000000000000000000000/jobs").status == 404);
}

TEST_CASE("v1: no cancellation stays to be listed or taken back") {
  ServiceFixture f(functions());
  const Reply list = fetch(f.port(), "/v1/cancellations");
  CHECK(column(parsed(list), "id").empty());
  HttpClient client(f.port());
  client.send(
      "DELETE /v1/cancellations/01JD0000000000000000000000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.read_reply()->status == 404);
}

}  // namespace stepwell::server
