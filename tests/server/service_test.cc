// The routes, on a real engine.
#include "api/server/service.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "schema/encoding.h"
#include "tests/server/service_fixture.h"

namespace stepwell::server {
namespace {

core::Reply echo(const core::Call& call) {
  return returned(call.run->events[0].data);
}

std::map<std::string, TestFunction> functions() {
  return {{"echo", echo}, {"ask", wait_for_answer}};
}

std::string seed_of(std::string_view bytes) {
  return "1732380000000," + base64_encode(bytes);
}

}  // namespace

TEST_CASE("an event is stored, runs its function, and both can be read") {
  ServiceFixture fixture(functions());
  const auto ids = fixture.send(R"({"name":"echo","id":"e-1","data":{"n":1}})");
  REQUIRE(ids.size() == 1);
  const std::string run = fixture.wait_for_run(ids[0], "Completed");

  const Reply event = fetch(fixture.port(), "/v1/events/" + ids[0]);
  CHECK(event.status == 200);
  const JsonView data = *parse_json(event.body)->find("data");
  CHECK(data.find("internal_id")->as_string() == ids[0]);
  CHECK(data.find("id")->as_string() == "e-1");
  CHECK(data.find("data")->text() == R"({"n":1})");

  const Reply shown = fetch(fixture.port(), "/v1/runs/" + run);
  CHECK(shown.header("x-inngest-server-kind") == "dev");
  const JsonView output = *parse_json(shown.body)->find("data");
  CHECK(output.find("output")->text() == R"({"n":1})");
  CHECK(output.find("event_id")->as_string() == ids[0]);
}

TEST_CASE("who names an internal event in /v1/events gets it, others do not") {
  ServiceFixture fixture(functions());
  fixture.wait_for_run(fixture.send(R"({"name":"echo"})")[0], "Completed");
  const auto count = [&](const std::string& query) {
    const Reply reply = fetch(fixture.port(), "/v1/events" + query);
    int events = 0;
    for (JsonElements it = parse_json(reply.body)->find("data")->elements(); it.next();) ++events;
    return events;
  };
  CHECK(count("?name=inngest/function.finished") == 1);
  CHECK(count("") == 1);
  CHECK(count("?name=echo") == 1);
}

TEST_CASE("the answer to events has their ids in order, and its own status") {
  ServiceFixture fixture;
  const Reply reply = post_to(fixture.port(), "/e/any", R"([{"name":"a"},{"name":"b"}])");
  CHECK(reply.status == 200);
  const JsonView json = parse_json(reply.body).value();
  CHECK(json.find("status")->as_int64() == 200);
  const JsonView ids = *json.find("ids");
  std::vector<std::string> texts;
  for (JsonElements it = ids.elements(); it.next();) texts.push_back(*it.value().as_string());
  REQUIRE(texts.size() == 2);
  CHECK(texts[0] != texts[1]);
  const Reply first = fetch(fixture.port(), "/v1/events/" + texts[0]);
  CHECK(parse_json(first.body)->find("data")->find("name")->as_string() == "a");
}

TEST_CASE("pages of events leave none out, though copies that a seed made share their ids") {
  ServiceFixture fixture;
  const std::string seed = "x-inngest-event-id-seed: 1732363200000,AAECAwQFBgcICQ==\r\n";
  for (const char* body : {R"({"name":"a"})", R"({"name":"b"})", R"({"name":"a"})"}) {
    const bool is_seeded = std::string_view(body).find("\"a\"") != std::string_view::npos;
    REQUIRE(post_to(fixture.port(), "/e/any", body, is_seeded ? seed : "").status == 200);
  }
  std::string names;
  std::string cursor;
  for (int page = 0; page < 5; ++page) {
    const std::string query = cursor.empty() ? "" : "&cursor=" + cursor;
    const Reply reply = fetch(fixture.port(), "/v1/events?limit=1" + query);
    REQUIRE(reply.status == 200);
    const JsonView json = parse_json(reply.body).value();
    JsonElements events = json.find("data")->elements();
    if (!events.next()) break;
    names += *events.value().find("name")->as_string();
    cursor = *events.value().find("cursor")->as_string();
  }
  CHECK(names == "aba");
}

TEST_CASE("events before a bad one are in") {
  ServiceFixture fixture;
  const Reply reply = post_to(fixture.port(), "/e/any", R"([{"name":"a"},{"name":""}])");
  CHECK(reply.status == 400);
  const JsonView json = parse_json(reply.body).value();
  CHECK(json.find("status")->as_int64() == 400);
  CHECK(json.find("error")->as_string() == "event 2: \"name\" is missing");
  JsonElements ids = json.find("ids")->elements();
  REQUIRE(ids.next());
  CHECK(fetch(fixture.port(), "/v1/events/" + *ids.value().as_string()).status == 200);
  CHECK(!ids.next());

  for (const char* bad : {"", "x", "{", R"({"name":"inngest/x"})"}) {
    CAPTURE(bad);
    const Reply refused = post_to(fixture.port(), "/e/any", bad);
    CHECK(refused.status == 400);
    CHECK(parse_json(refused.body)->find("ids")->text() == "[]");
  }
  CHECK(post_to(fixture.port(), "/e/any", "[]").body == R"({"ids":[],"status":200})");
}

TEST_CASE("a repeated request with a seed has the same ids and starts no second run") {
  ServiceFixture fixture(functions());
  const std::string field = "x-inngest-event-id-seed: " + seed_of("0123456789") + "\r\n";
  const std::string body = R"([{"name":"echo"},{"name":"echo"}])";
  const Reply first = post_to(fixture.port(), "/e/any", body, field);
  const Reply second = post_to(fixture.port(), "/e/any", body, field);
  CHECK(first.status == 200);
  CHECK(first.body == second.body);
  const JsonView ids = *parse_json(first.body)->find("ids");
  JsonElements it = ids.elements();
  REQUIRE(it.next());
  const std::string id = *it.value().as_string();
  fixture.wait_for_run(id, "Completed");
  const Reply runs = fetch(fixture.port(), "/api/runs");
  const JsonView list = *parse_json(runs.body)->find("data");
  int count = 0;
  for (JsonElements run = list.elements(); run.next();) ++count;
  CHECK(count == 2);
}

TEST_CASE("a large body is parsed elsewhere and answered the same; one over the limit is a 413") {
  ServiceOptions options;
  options.events.body_bytes_max = 1024 * 1024;
  ServiceFixture fixture({}, options);
  const std::string padding(300'000, 'x');
  const std::string large = R"({"name":"a","data":{"x":")" + padding + R"("}})";
  const auto ids = fixture.send(large);
  REQUIRE(ids.size() == 1);
  const Reply event = fetch(fixture.port(), "/v1/events/" + ids[0]);
  CHECK(event.body.find(padding) != std::string::npos);
  const Reply refused = post_to(fixture.port(), "/e/any", std::string(1024 * 1024 + 1, ' '));
  CHECK(refused.status == 413);
}

TEST_CASE("too many events on their way are refused for now") {
  ServiceOptions options;
  options.events.bytes_in_flight_max = 10;
  ServiceFixture fixture({}, options);
  const Reply reply = post_to(fixture.port(), "/e/any", R"({"name":"a"})");
  CHECK(reply.status == 503);
  CHECK(!reply.header("retry-after").empty());
  CHECK(parse_json(reply.body)->find("status")->as_int64() == 503);
}

TEST_CASE("health") {
  ServiceFixture fixture;
  const Reply reply = fetch(fixture.port(), "/health");
  CHECK(reply.status == 200);
  CHECK(reply.body == "{\"status\":200,\"message\":\"OK\"}\n");
}

TEST_CASE("what does not exist, and what is no id") {
  ServiceFixture fixture;
  const std::string absent = "01JD0000000000000000000000";
  for (const char* path : {"/v1/events/", "/v1/runs/", "/api/runs/", "/api/events/"}) {
    CAPTURE(path);
    const Reply reply = fetch(fixture.port(), path + absent);
    CHECK(reply.status == 404);
    CHECK(parse_json(reply.body)->find("status")->as_int64() == 404);
  }
  CHECK(fetch(fixture.port(), "/v1/events/" + absent + "/runs").status == 404);
  for (const char* path :
       {"/v1/events/x", "/v1/runs/x", "/api/runs/x", "/v1/events?limit=0", "/v1/events?limit=x",
        "/v1/events?received_after=now", "/api/runs?status=nonsense", "/api/runs?cursor=x"}) {
    CAPTURE(path);
    CHECK(fetch(fixture.port(), path).status == 400);
  }
}

TEST_CASE("an open run is cancelled, one that has ended is not") {
  ServiceFixture fixture(functions());
  const auto ids = fixture.send(R"({"name":"ask"})");
  const std::string run = fixture.wait_for_run(ids[0], "Running");
  const auto cancel = [&](const std::string& id) {
    HttpClient client(fixture.port());
    client.send("DELETE /v1/runs/" + id + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return *client.read_reply();
  };
  const Reply first = cancel(run);
  CHECK(first.status == 200);
  CHECK(first.body.empty());
  fixture.wait_for_run(ids[0], "Cancelled");
  CHECK(cancel(run).status == 200);  // it is what the caller wants
  const auto done = fixture.send(R"({"name":"echo"})");
  CHECK(cancel(fixture.wait_for_run(done[0], "Completed")).status == 409);
  CHECK(cancel("01JD0000000000000000000000").status == 404);
  CHECK(cancel("x").status == 400);
}

TEST_CASE("a trace shows what an open run waits for, and then what it got") {
  ServiceFixture fixture(functions());
  const auto ids = fixture.send(R"({"name":"ask"})");
  const std::string run = fixture.wait_for_run(ids[0], "Running");
  const std::string open = fixture.wait_for("/api/runs/" + run, [](const JsonView& answer) {
    return answer.find("data")->find("steps")->elements().next();
  });
  const JsonView trace = *parse_json(open)->find("data");
  CHECK(trace.find("run")->find("function")->as_string() == "ask");
  CHECK(trace.find("waiting")->find("why")->as_string()->find("answer") != std::string::npos);
  JsonElements steps = trace.find("steps")->elements();
  REQUIRE(steps.next());
  CHECK(steps.value().find("kind")->as_string() == "WaitForEvent");
  CHECK(steps.value().find("state")->as_string() == "Pending");
  CHECK(steps.value().find("event")->as_string() == "answer");

  const auto answer = fixture.send(R"({"name":"answer","data":{"yes":true}})");
  fixture.wait_for_run(ids[0], "Completed");
  const Reply ended = fetch(fixture.port(), "/api/runs/" + run);
  const JsonView after = *parse_json(ended.body)->find("data");
  CHECK(!after.find("waiting").has_value());
  JsonElements resolved = after.find("steps")->elements();
  REQUIRE(resolved.next());
  CHECK(resolved.value().find("state")->as_string() == "Completed");
  CHECK(resolved.value().find("resolved_by")->find("id")->as_string() == answer[0]);
}

TEST_CASE("a rerun is a new run of the same event") {
  ServiceFixture fixture(functions());
  const auto ids = fixture.send(R"({"name":"echo","data":{"n":2}})");
  const std::string run = fixture.wait_for_run(ids[0], "Completed");
  const Reply reply = post_to(fixture.port(), "/api/runs/" + run + "/rerun", "");
  CHECK(reply.status == 201);
  const std::string again = *parse_json(reply.body)->find("data")->find("run_id")->as_string();
  CHECK(again != run);
  fixture.wait_for("/api/runs/" + again, [&](const JsonView& answer) {
    return answer.find("data")->find("run")->find("status")->as_string() == "Completed";
  });
  const Reply shown = fetch(fixture.port(), "/api/runs/" + again);
  CHECK(parse_json(shown.body)->find("data")->find("run")->find("rerun_of")->as_string() == run);
}

TEST_CASE("a stream tells that a run changed, until whoever follows it leaves") {
  ServiceFixture fixture(functions());
  const auto ids = fixture.send(R"({"name":"ask"})");
  const std::string run = fixture.wait_for_run(ids[0], "Running");
  HttpClient follower(fixture.port());
  follower.send("GET /api/runs/" + run + "/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string event = "event: changed\ndata: {}\n\n";
  const Reply head = follower.read_head();
  CHECK(head.status == 200);
  CHECK(head.header("content-type") == "text/event-stream");
  CHECK(follower.read_chunk() == event);
  fixture.send(R"({"name":"answer"})");
  CHECK(follower.read_chunk() == event);

  const std::string absent = "01JD0000000000000000000000";
  CHECK(fetch(fixture.port(), "/api/runs/" + absent + "/stream").status == 404);
  CHECK(fetch(fixture.port(), "/api/runs/x/stream").status == 400);
}

TEST_CASE("a function is invoked by its name") {
  ServiceFixture fixture(functions());
  const Reply reply = post_to(fixture.port(), "/invoke/echo", R"({"data":{"n":3}})");
  CHECK(reply.status == 200);
  const std::string id = *parse_json(reply.body)->find("id")->as_string();
  fixture.wait_for_run(id, "Completed");
  CHECK(post_to(fixture.port(), "/invoke/nothing", "{}").status == 404);
  CHECK(post_to(fixture.port(), "/invoke/echo", "[]").status == 400);
}

TEST_CASE("a signal that nobody waits for is a 404, a malformed one a 400") {
  ServiceFixture fixture;
  CHECK(post_to(fixture.port(), "/v1/signals", R"({"signal":"s","data":1})").status == 404);
  for (const char* bad : {"", "{}", R"({"signal":""})", R"({"signal":1})", "[1]"}) {
    CAPTURE(bad);
    CHECK(post_to(fixture.port(), "/v1/signals", bad).status == 400);
  }
}

TEST_CASE("lists come in pages, each event and run once") {
  ServiceFixture fixture(functions());
  std::vector<std::string> sent;
  for (int i = 0; i < 7; ++i) sent.push_back(fixture.send(R"({"name":"echo"})")[0]);
  for (const std::string& id : sent) fixture.wait_for_run(id, "Completed");
  std::vector<std::string> listed;
  std::string cursor;
  do {
    const std::string suffix = cursor.empty() ? "" : "&cursor=" + cursor;
    const Reply page = fetch(fixture.port(), "/api/events?name=echo&limit=3" + suffix);
    REQUIRE(page.status == 200);
    const JsonView json = parse_json(page.body).value();
    for (JsonElements it = json.find("data")->elements(); it.next();) {
      listed.push_back(*it.value().find("event")->find("internal_id")->as_string());
    }
    cursor = json.find("cursor")->as_string().value_or("");
  } while (!cursor.empty());
  std::reverse(listed.begin(), listed.end());
  CHECK(listed == sent);

  const Reply functions_reply = fetch(fixture.port(), "/api/functions");
  CHECK(functions_reply.body.find("\"id\":\"echo\"") != std::string::npos);
  const Reply doctor = fetch(fixture.port(), "/api/doctor?deep");
  CHECK(doctor.status == 200);
  const JsonView health = *parse_json(doctor.body)->find("data");
  CHECK(health.find("server")->find("state")->as_string() == "serving");
  for (JsonElements it = health.find("checks")->elements(); it.next();) {
    CHECK(it.value().find("status")->as_string() != "error");
  }
}

TEST_CASE("serve mode: each route asks for its own key and takes no other") {
  ServiceOptions options;
  options.mode = Mode::kServe;
  options.event_keys = {"the-event-key"};
  options.signing_keys = {"signkey-prod-12345678"};
  ServiceFixture fixture({}, options);
  const std::string event = R"({"name":"a"})";
  CHECK(fetch(fixture.port(), "/health").status == 200);
  CHECK(post_to(fixture.port(), "/e/the-event-key", event).status == 200);
  CHECK(post_to(fixture.port(), "/e/12345678", event).status == 401);
  CHECK(fetch(fixture.port(), "/health").header("x-inngest-server-kind") == "cloud");

  const std::string good = "Authorization: Bearer 12345678\r\n";
  const std::string wrong = "Authorization: Bearer the-event-key\r\n";
  CHECK(fetch(fixture.port(), "/v1/events", good).status == 200);
  for (const Route* route : fixture.routes()) {
    if (route->policy.access() != Access::kSigningKey) continue;
    std::string path = route->pattern;
    for (size_t brace = path.find('{'); brace != std::string::npos; brace = path.find('{')) {
      path.replace(brace, path.find('}') - brace + 1, "01JD0000000000000000000000");
    }
    CAPTURE(path);
    for (const std::string& fields : {std::string(), wrong}) {
      HttpClient client(fixture.port());
      client.send(std::string(method_name(route->method)) + " " + path +
                  " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
      const auto reply = client.read_reply();
      CHECK(reply->status == 401);
      CHECK(reply->body == "Authentication failed");
    }
  }
}

TEST_CASE("hosts and origins that no request can have are refused; others are read as meant") {
  for (const auto& refused : {ServiceOptions{.addresses = {}}, ServiceOptions{.hosts = {"a:1"}},
                              ServiceOptions{.origins = {"*"}}}) {
    CHECK(validate(refused).error().code == ErrorCode::kInvalid);
  }
  ServiceOptions options{.hosts = {"Steps.Example"}, .origins = {"https://App.example:443"}};
  CHECK(validate(options).ok());
  ServiceFixture fixture({}, options);
  HttpClient client(fixture.port());
  client.send("GET /health HTTP/1.1\r\nHost: steps.example\r\nOrigin: https://app.example\r\n\r\n");
  const auto reply = client.read_reply();
  CHECK(reply->status == 200);
  CHECK(reply->header("access-control-allow-origin") == "https://app.example");
}

TEST_CASE("keys are checked before a server is made") {
  ServiceOptions options;
  CHECK(validate(options).ok());
  options.mode = Mode::kServe;
  CHECK(!validate(options).ok());
  options.signing_keys = {"abcd"};
  CHECK(validate(options).error().message.find("event key") != std::string::npos);
  options.event_keys = {"k"};
  CHECK(validate(options).ok());
  options.signing_keys.push_back("not hexadecimal");
  CHECK(!validate(options).ok());
}

}  // namespace stepwell::server
