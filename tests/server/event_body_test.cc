#include "api/server/event_body.h"

#include <doctest/doctest.h>

#include <string>

#include "schema/encoding.h"

namespace stepwell::server {
namespace {

EventBody parse(std::string_view body) {
  return parse_event_body(body, std::nullopt);
}

std::string names_of(const EventBody& body) {
  std::string names;
  for (const auto& item : body.items) names += item.event.name + ";";
  return names;
}

std::string array_of(size_t count) {
  std::string body = "[";
  for (size_t i = 0; i < count; ++i) body += i == 0 ? R"({"name":"a"})" : R"(,{"name":"a"})";
  return body + "]";
}

}  // namespace

TEST_CASE("one event with all of its fields") {
  const EventBody body =
      parse(R"( {"name":"shop/order.paid","id":"o-1","ts":1732380000000,"v":"2","user":{"e":1},)"
            R"("data":{"total":1.50,"note":"\u00e9"},"extra":[1],"meta":{"sessions":{"a":"b"}}} )");
  REQUIRE(body.error.empty());
  REQUIRE(body.items.size() == 1);
  const Event& event = body.items[0].event;
  CHECK(event.name == "shop/order.paid");
  CHECK(event.id == "o-1");
  CHECK(event.ts == from_millis(1732380000000));
  CHECK(event.version == "2");
  CHECK(event.user == R"({"e":1})");
  CHECK(event.data == R"({"total":1.50,"note":"\u00e9"})");  // as it was written
  CHECK(!body.items[0].seeded.has_value());
}

TEST_CASE("absent and null members are the same") {
  for (const char* json :
       {R"({"name":"a"})", R"({"name":"a","id":null,"ts":null,"v":null,"user":null,"data":null})",
        R"({"name":"a","ts":0})"}) {
    CAPTURE(json);
    const EventBody body = parse(json);
    REQUIRE(body.items.size() == 1);
    const Event& event = body.items[0].event;
    CHECK(event.id.empty());
    CHECK(event.ts == Time{});
    CHECK(event.version.empty());
    CHECK(event.user == "{}");
    CHECK(event.data == "{}");
  }
}

TEST_CASE("arrays keep their order, in any layout") {
  CHECK(names_of(parse(R"([{"name":"a"},{"name":"b"}])")) == "a;b;");
  CHECK(names_of(parse("\n [ {\"name\":\"a\"}\t,\r\n{\"name\":\"b\"} ] \n")) == "a;b;");
  CHECK(names_of(parse(R"([{"name":"a","data":{"x":["]","\"],{"]}},{"name":"b"}])")) == "a;b;");
  const EventBody empty = parse("[]");
  CHECK(empty.items.empty());
  CHECK(empty.error.empty());
}

TEST_CASE("an event that is wrong is refused with a reason") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "\"name\" is missing"},
      {R"({"name":""})", "\"name\" is missing"},
      {R"({"name":7})", "\"name\" must be a string"},
      {R"({"name":"inngest/x"})", "reserved"},
      {R"({"name":"InnGest/x"})", "reserved"},
      {R"({"name":"a","id":7})", "\"id\" must be a string"},
      {R"({"name":"a","v":7})", "\"v\" must be a string"},
      {R"({"name":"a","data":[]})", "\"data\" must be an object"},
      {R"({"name":"a","data":"x"})", "\"data\" must be an object"},
      {R"({"name":"a","user":1})", "\"user\" must be an object"},
      {R"({"name":"a","ts":"now"})", "\"ts\" must be a whole number"},
      {R"({"name":"a","ts":1.5})", "\"ts\" must be a whole number"},
      {R"({"name":"a","ts":1732380000})", "1980 and 2100"},
      {R"({"name":"a","ts":4102444800000})", "1980 and 2100"},
      {R"({"name":"a","ts":-1})", "1980 and 2100"},
      {R"({"name":"a"} x)", "not valid JSON"},
      {R"({"name":"a")", "not valid JSON"},
      {R"("a")", "must be an event"},
      {R"(name=a)", "must be an event"},
      {"", "must be an event"},
      {"  \n", "must be an event"},
  };
  for (const auto& [json, reason] : cases) {
    CAPTURE(std::string(json));
    const EventBody body = parse(json);
    CHECK(body.items.empty());
    CHECK(body.error.find(reason) != std::string::npos);
  }
}

TEST_CASE("events before a bad one are in, and none behind it") {
  const std::pair<const char*, const char*> cases[] = {
      {R"([{"name":"a"},{"name":""},{"name":"c"}])", "event 2: \"name\" is missing"},
      {R"([{"name":"a"},{"name":"b"},{"name" "c"},{"name":"d"}])", "event 3: it is not valid"},
      {R"([{"name":"a"},7])", "event 2: it must be a JSON object"},
      {R"([{"name":"a"},])", "event 2: the array is malformed"},
      {R"([{"name":"a"},,{"name":"b"}])", "event 2: it is not valid JSON"},
      {R"([{"name":"a"} {"name":"b"}])", "event 1: it is not valid JSON"},
      {R"([{"name":"a"},{"name":"b"})", "event 2: the array is malformed"},
      {R"([{"name":"a"}, "b)", "event 2: the array is malformed"},
      {R"([{"name":"a"}] [])", "behind the array"},
      {R"([)", "event 1: the array is malformed"},
  };
  const size_t accepted[] = {1, 2, 1, 1, 1, 0, 1, 1, 1, 0};
  for (size_t i = 0; i < std::size(cases); ++i) {
    CAPTURE(std::string(cases[i].first));
    const EventBody body = parse(cases[i].first);
    CHECK(body.items.size() == accepted[i]);
    CHECK(body.error.find(cases[i].second) != std::string::npos);
  }
}

TEST_CASE("limits: 5,000 events, 3 MiB for each") {
  CHECK(parse(array_of(5'000)).error.empty());
  const EventBody many = parse(array_of(5'001));
  CHECK(many.items.size() == 5'000);
  CHECK(many.error.find("more than 5000 events") != std::string::npos);

  const std::string frame = R"({"name":"a","data":{"x":""}})";
  const auto event_of = [&](size_t bytes) {
    return R"({"name":"a","data":{"x":")" + std::string(bytes - frame.size(), 'x') + R"("}})";
  };
  CHECK(parse(event_of(kEventBytesMax)).items.size() == 1);
  CHECK(parse(event_of(kEventBytesMax + 1)).error.find("larger than") != std::string::npos);
  const EventBody second = parse("[{\"name\":\"b\"}," + event_of(kEventBytesMax + 1) + "]");
  CHECK(names_of(second) == "b;");
  CHECK(second.error.find("event 2: it is larger") != std::string::npos);
}

TEST_CASE("the protocol's own member is taken out of the data") {
  CHECK(parse(R"({"name":"a","data":{"_inngest":{"fn":1},"x": 1.0}})").items[0].event.data ==
        R"({"x":1.0})");
  CHECK(parse(R"({"name":"a","data":{"\u005finngest":1}})").items[0].event.data == "{}");
  CHECK(parse(R"({"name":"a","data":{"x":{"_inngest":1}}})").items[0].event.data ==
        R"({"x":{"_inngest":1}})");
}

TEST_CASE("a seed makes the same ids again, rising with the event's place") {
  const std::string bytes = {0, 1, 2, 3, 4, 5, 0, 0, 0, 7};
  const auto seed = EventSeed::parse("1732380000000," + base64_encode(bytes));
  REQUIRE(seed.has_value());
  const EventBody body = parse_event_body(R"([{"name":"a"},{"name":"b"}])", seed);
  REQUIRE(body.items.size() == 2);
  const Ulid first = body.items[0].seeded->ulid;
  CHECK(first.time() == from_millis(1732380000000));
  const std::array<uint8_t, 10> expected = {0, 1, 2, 3, 4, 5, 0, 0, 0, 8};  // counted from 1
  CHECK(std::equal(expected.begin(), expected.end(), first.bytes.begin() + 6));
  CHECK(body.items[1].seeded->ulid.bytes[15] == 9);
  CHECK(seed->id_of(0).ulid.bytes[15] == 7);
}

TEST_CASE("the counter of a seed wraps without touching the rest") {
  const std::string bytes = {9, 9, 9, 9, 9, 9, '\xff', '\xff', '\xff', '\xff'};
  const auto seed = EventSeed::parse("1," + base64_encode(bytes));
  REQUIRE(seed.has_value());
  const auto id = seed->id_of(1).ulid.bytes;
  CHECK(id[11] == 9);
  CHECK(id[12] == 0);
  CHECK(id[15] == 0);
}

TEST_CASE("a malformed seed is no seed") {
  const std::string good = base64_encode(std::string(10, 'x'));
  CHECK(EventSeed::parse("1," + good).has_value());
  for (const std::string& text :
       {std::string(), good, "," + good, "x," + good, "0," + good, "-1," + good, "1.5," + good,
        "1 ," + good, std::string("1,"), "1," + base64_encode(std::string(9, 'x')),
        "1," + base64_encode(std::string(11, 'x')), "1,!" + good, "281474976710656," + good}) {
    CAPTURE(text);
    CHECK(!EventSeed::parse(text).has_value());
  }
}

}  // namespace stepwell::server
