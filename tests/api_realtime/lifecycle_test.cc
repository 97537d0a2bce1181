// What the engine says of a run on the run's own channel.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/api_realtime/helpers.h"
#include "tests/server/service_fixture.h"
#include "tests/server/websocket_client.h"

namespace stepwell::realtime {
namespace {

using namespace server;

StepOp step(std::string id, std::string data) {
  StepReturned returned{.data = std::move(data)};
  returned.publications = {{.channel = "c", .topic = "t", .data = "\"from the step\""}};
  StepOp op;
  op.key = StepKey::of(id);
  op.id = std::move(id);
  op.body = std::move(returned);
  return op;
}

std::string text_of(const JsonView& json, std::string_view key) {
  const auto member = json.find(key);
  return member ? std::string(member->text()) : "none";
}

}  // namespace

TEST_CASE("a run's own channel tells what becomes of it, also to who comes late") {
  ServiceFixture fixture({{"work", [](const core::Call& call) {
                             return call.memo.empty() ? yielded(step("one", R"({"n":1})"))
                                                      : returned(R"({"ok":true})");
                           }}});
  const std::string event = fixture.send(R"({"name":"work","data":{}})").at(0);
  const std::string run = fixture.wait_for_run(event, "Completed");
  const std::string token =
      get_token(fixture.port(), R"([{"channel":")" + run + R"(","name":"$run"},{"channel":")" +
                                    run + R"(","name":"$step"}])");
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?token=" + token);
  REQUIRE(client.head().status == 101);
  std::vector<std::string> seen;
  for (int i = 0; i < 3; ++i) {
    const std::string text = client.next().payload;
    const JsonView json = parse_json(text).value();
    CHECK(json.find("channel")->as_string() == run);
    CHECK(json.find("run_id")->as_string() == run);
    seen.push_back(text_of(json, "kind") + text_of(json, "topic") + text_of(json, "data"));
  }
  CHECK(seen ==
        std::vector<std::string>{
            R"("run""$run"{"status":"running","function":"work"})",
            R"("step""$step"{"id":"one","op":"StepRun","status":"completed","data":{"n":1}})",
            R"("run""$run"{"status":"completed","function":"work","result":{"ok":true}})"});
}

TEST_CASE("the end of a run comes after what its last step published") {
  ServiceFixture fixture({{"work", [](const core::Call& call) {
                             return call.memo.empty() ? yielded(step("one", "1")) : returned("2");
                           }}});
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=c");
  const std::string event = fixture.send(R"({"name":"work","data":{}})").at(0);
  const std::string text = client.next().payload;
  CHECK(parse_json(text)->find("data")->as_string() == "from the step");
  const std::string run = *parse_json(text)->find("run_id")->as_string();
  WebSocketClient all(fixture.port(), "/v1/realtime/connect?channel=" + run + "&topic=%24run");
  CHECK(parse_json(all.next().payload)->find("kind")->as_string() == "run");
}

TEST_CASE("a run that fails says why, and a large result is left out") {
  const std::string large = "\"" + std::string(300 * 1024, 'x') + "\"";
  ServiceFixture fixture({{"large", [&](const core::Call&) { return returned(large); }}});
  const std::string event = fixture.send(R"({"name":"large","data":{}})").at(0);
  const std::string run = fixture.wait_for_run(event, "Completed");
  WebSocketClient client(fixture.port(), "/v1/realtime/connect?channel=" + run);
  client.next();
  const std::string text = client.next().payload;
  const JsonView data = *parse_json(text)->find("data");
  CHECK(data.find("status")->as_string() == "completed");
  CHECK(data.find("omitted")->as_bool() == true);
}

}  // namespace stepwell::realtime
