#include "api/server/record_json.h"

#include <doctest/doctest.h>

namespace stepwell::server {
namespace {

const Time kNoon = from_millis(1'732'363'200'000);  // 2024-11-23T12:00:00Z

Ulid ulid(uint64_t number) {
  return Ulid::make(kNoon, 0, number);
}

EventRecord example_event() {
  EventRecord record;
  record.pos = 7;
  record.id = EventId{ulid(1)};
  record.event = {.name = "shop/order.paid", .id = "o-1", .data = R"({"n":1})", .ts = kNoon};
  record.received_at = kNoon + Duration(1500);
  return record;
}

RunRecord example_run() {
  RunRecord run;
  run.no = 8;
  run.id = RunId{ulid(2)};
  run.function = {"shop-pay"};
  run.created_at = kNoon;
  return run;
}

}  // namespace

TEST_CASE("the envelope says when it was made") {
  CHECK(envelope("[1]", kNoon) ==
        R"({"data":[1],"metadata":{"fetched_at":"2024-11-23T12:00:00Z","cached_until":null}})");
}

TEST_CASE("a name always has the same UUID, of the right form") {
  const std::string uuid = uuid_of("shop-pay");
  CHECK(uuid.size() == 36);
  CHECK(uuid == uuid_of("shop-pay"));
  CHECK(uuid != uuid_of("shop-pay2"));
  CHECK(uuid[8] == '-');
  CHECK(uuid[13] == '-');
  CHECK(uuid[14] == '5');
  CHECK(uuid[18] == '-');
  CHECK(std::string("89ab").find(uuid[19]) != std::string::npos);
  CHECK(uuid[23] == '-');
}

TEST_CASE("an event as REST shows it") {
  JsonWriter out;
  append_rest_event(out, example_event());
  const JsonView json = parse_json(out.text()).value();
  CHECK(json.find("internal_id")->as_string() == ulid(1).to_string());
  CHECK(json.find("id")->as_string() == "o-1");
  CHECK(json.find("name")->as_string() == "shop/order.paid");
  CHECK(json.find("cursor")->as_string() == "7");
  CHECK(json.find("data")->text() == R"({"n":1})");
  CHECK(json.find("user")->text() == "{}");
  CHECK(json.find("ts")->as_int64() == to_millis(kNoon));
  CHECK(json.find("received_at")->as_string() == "2024-11-23T12:00:01.500Z");
  CHECK(json.find("v")->is_null());
}

TEST_CASE("a run as REST shows it, before and after its end") {
  JsonWriter open;
  append_rest_run(open, example_run(), EventId{ulid(1)});
  const JsonView before = parse_json(open.text()).value();
  CHECK(before.find("run_id")->as_string() == ulid(2).to_string());
  CHECK(before.find("status")->as_string() == "Scheduled");
  CHECK(before.find("event_id")->as_string() == ulid(1).to_string());
  CHECK(before.find("ended_at")->is_null());
  CHECK(before.find("output")->is_null());

  RunRecord run = example_run();
  run.status = RunStatus::kCompleted;
  run.started_at = kNoon + Duration(100);
  run.ended_at = kNoon + Duration(200);
  run.output = R"({"done":true})";
  JsonWriter ended;
  append_rest_run(ended, run, std::nullopt);
  const JsonView after = parse_json(ended.text()).value();
  CHECK(after.find("status")->as_string() == "Completed");
  CHECK(after.find("output")->text() == R"({"done":true})");
  CHECK(after.find("event_id")->is_null());

  run.status = RunStatus::kFailed;
  run.output.clear();
  run.error = ErrorInfo{.name = "Error", .message = "no"};
  JsonWriter failed;
  append_rest_run(failed, run, std::nullopt);
  CHECK(parse_json(failed.text())->find("output")->find("message")->as_string() == "no");
}

}  // namespace stepwell::server
