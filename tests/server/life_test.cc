// Reruns, one and many, and functions that are paused: the routes, on a real engine.
#include "api/server/life_routes.h"

#include <doctest/doctest.h>

#include <string>

#include "schema/json.h"
#include "tests/server/service_fixture.h"

namespace stepwell::server {
namespace {

core::Reply echo(const core::Call& call) {
  return returned(call.run->events[0].data);
}

// Two steps, one after the other.
core::Reply steps(const core::Call& call) {
  const std::string seen = call.memo.empty() ? "" : call.memo.back().id;
  if (seen == "second") return returned(call.memo.back().data);
  StepOp op;
  op.id = seen.empty() ? "first" : "second";
  op.key = StepKey::of(op.id);
  op.body = StepReturned{.data = seen.empty() ? "1" : "2"};
  return yielded(std::move(op));
}

std::map<std::string, TestFunction> functions() {
  return {{"echo", echo}, {"steps", steps}};
}

JsonView data_of(const Reply& reply) {
  return parse_json(reply.body)->find("data").value_or(JsonView());
}

int64_t count_of(const Reply& reply, std::string_view key) {
  return data_of(reply).find(key)->as_int64().value_or(-1);
}

}  // namespace

TEST_CASE("a run is done again from a step on") {
  ServiceFixture fixture(functions());
  const auto ids = fixture.send(R"({"name":"steps"})");
  const std::string run = fixture.wait_for_run(ids[0], "Completed");
  const std::string path = "/api/runs/" + run + "/rerun";
  const Reply reply = post_to(fixture.port(), path, R"({"from_step":"second"})");
  CHECK(reply.status == 201);
  const std::string again = data_of(reply).find("run_id")->as_string().value();
  fixture.wait_for("/api/runs/" + again, [](const JsonView& answer) {
    return answer.find("data")->find("run")->find("status")->as_string() == "Completed";
  });
  CHECK(post_to(fixture.port(), path, R"({"from_step":"third"})").status == 400);
  CHECK(post_to(fixture.port(), path, R"({"from_step":7})").status == 400);
  CHECK(post_to(fixture.port(), path, R"({"input":[1]})").status == 400);
  CHECK(post_to(fixture.port(), path, R"({"from_step":"second","input":[1]})").status == 400);
  CHECK(post_to(fixture.port(), path, "{").status == 400);
  const std::string v2 = "/v2/runs/" + run + "/rerun";
  CHECK(post_to(fixture.port(), v2, R"({"fromStep":{"stepId":"second"}})").status == 200);
  CHECK(post_to(fixture.port(), v2, R"({"fromStep":{"stepId":"third"}})").status == 400);
  CHECK(post_to(fixture.port(), v2, R"({"fromStep":{}})").status == 400);
}

TEST_CASE("a rerun that names its step in a wrong way is refused: it is no rerun of everything") {
  ServiceFixture fixture(functions());
  const std::string run = fixture.wait_for_run(fixture.send(R"({"name":"steps"})")[0], "Completed");
  const auto rerun = [&](const char* prefix, std::string_view body) {
    return post_to(fixture.port(), prefix + run + "/rerun", body).status;
  };
  for (const char* body : {"[]", "5", "null", R"("second")", R"({"fromStep":"second"})",
                           R"({"fromStep":{"stepId":"second"}})", R"({"From_step":"second"})"}) {
    CAPTURE(body);
    CHECK(rerun("/api/runs/", body) == 400);
  }
  for (const char* body :
       {"[]", "5", "null", R"({"from_step":"second"})", R"({"fromStep":"second"})",
        R"({"fromStep":[]})", R"({"fromStep":{"stepId":"second","inputs":[1]}})"}) {
    CAPTURE(body);
    CHECK(rerun("/v2/runs/", body) == 400);
  }
  int runs = 0;
  const Reply list = fetch(fixture.port(), "/api/runs");
  for (JsonElements it = data_of(list).elements(); it.next();) ++runs;
  CHECK(runs == 1);
  CHECK(rerun("/api/runs/", "") == 201);
  CHECK(rerun("/api/runs/", R"({"from_step":null})") == 201);
  CHECK(rerun("/v2/runs/", "{}") == 200);
}

TEST_CASE("many runs are counted, then done again, each once") {
  ServiceFixture fixture(functions());
  for (int i = 0; i < 3; ++i) {
    const auto ids = fixture.send(R"({"name":"echo","data":{"n":)" + std::to_string(i) + "}}");
    fixture.wait_for_run(ids[0], "Completed");
  }
  fixture.wait_for_run(fixture.send(R"({"name":"steps"})")[0], "Completed");
  const std::string path = "/api/reruns?function=echo";
  const Reply counted = post_to(fixture.port(), path + "&dry_run=true", "");
  CHECK(counted.status == 200);
  CHECK(count_of(counted, "runs") == 3);
  CHECK(count_of(post_to(fixture.port(), path + "&dry_run=true", ""), "runs") == 3);
  CHECK(count_of(post_to(fixture.port(), path + "&query=event.data.n%20%3E%200&dry_run=true", ""),
                 "runs") == 2);
  const Reply done = post_to(fixture.port(), path, "");
  CHECK(done.status == 201);
  CHECK(count_of(done, "runs") == 3);
  CHECK(count_of(done, "refused") == 0);
  CHECK(count_of(post_to(fixture.port(), path + "&dry_run=true", ""), "runs") == 6);
  CHECK(post_to(fixture.port(), "/api/reruns", "").status == 400);
  CHECK(post_to(fixture.port(), "/api/reruns?dry_run=true", "").status == 400);
  CHECK(post_to(fixture.port(), "/api/reruns?limit=5", "").status == 400);
  CHECK(post_to(fixture.port(), "/api/reruns?function=none", "").status == 404);
}

TEST_CASE("a filter without a value does not run every run again") {
  ServiceFixture fixture(functions());
  fixture.wait_for_run(fixture.send(R"({"name":"echo"})")[0], "Completed");
  for (const char* query : {"status=", "status=,", "query=", "query=%20", "query=%0A",
                            "function=", "event=", "from=", "query=output==1&query=output==null"}) {
    CAPTURE(query);
    for (const char* more : {"", "&dry_run=true"}) {
      const int status =
          post_to(fixture.port(), std::string("/api/reruns?") + query + more, "").status;
      CHECK(status >= 400);
      CHECK(status < 500);
    }
  }
  int runs = 0;
  const Reply list = fetch(fixture.port(), "/api/runs");
  for (JsonElements it = data_of(list).elements(); it.next();) ++runs;
  CHECK(runs == 1);
}

TEST_CASE("a function is paused, shown so, and resumed") {
  ServiceFixture fixture(functions());
  const auto pause = [&](const char* what) {
    return post_to(fixture.port(), std::string("/api/functions/echo/") + what, "");
  };
  CHECK(data_of(pause("pause")).find("changed")->as_bool() == true);
  CHECK(data_of(pause("pause")).find("changed")->as_bool() == false);
  CHECK(post_to(fixture.port(), "/api/functions/none/pause", "").status == 404);
  const Reply shown = fetch(fixture.port(), "/api/functions/echo");
  CHECK(parse_rfc3339(data_of(shown).find("paused_at")->as_string().value_or("")).ok());
  const std::string list = fetch(fixture.port(), "/api/functions").body;
  CHECK(list.find(R"("paused":true)") != std::string::npos);
  const auto ids = fixture.send(R"({"name":"echo","data":{"n":1}})");
  const std::string run = fixture.wait_for_run(ids[0], "Skipped");
  CHECK(post_to(fixture.port(), "/api/runs/" + run + "/rerun", "").status == 409);
  CHECK(data_of(pause("resume")).find("paused")->as_bool() == false);
  fixture.wait_for_run(fixture.send(R"({"name":"echo"})")[0], "Completed");
  const Reply after = fetch(fixture.port(), "/api/functions/echo");
  CHECK(data_of(after).find("paused_at")->is_null());
  CHECK(data_of(after).find("runs")->find("running")->as_int64() == 0);
  CHECK(fetch(fixture.port(), "/api/functions/none").status == 404);
}

}  // namespace stepwell::server
