// Waits by the names of their events; what matches is the business of tests/expr.
#include "engine/core/waits.h"

#include <doctest/doctest.h>

#include "engine/core/condition.h"

namespace stepwell::core::testing {

namespace {

constexpr std::string_view kEvent = R"({"name":"x","data":{"id":"a","n":5}})";

std::string bound(std::string_view text, std::string_view trigger) {
  return Condition::compile(text).value().bind(trigger).value().text();
}

}  // namespace

TEST_CASE("matches come in the order in which the waits were registered") {
  Waits waits(1);
  waits.add("x", R"("a" == async.data.id)", {.run = 7, .step = 30});
  waits.add("x", "", {.run = 9, .step = 10});
  waits.add("x", "async.data.n > 3", {.run = 8, .step = 20});
  waits.add("x", "async.data.n > 5", {.run = 8, .step = 21});
  waits.add("y", "", {.run = 7, .step = 5});
  CHECK(waits.match("x", kEvent, Time{}) == std::vector<WaitRef>{{9, 10}, {8, 20}, {7, 30}});
  CHECK(waits.match("y", kEvent, Time{}) == std::vector<WaitRef>{{7, 5}});
  CHECK(waits.match("z", kEvent, Time{}).empty());
  CHECK(waits.size() == 5);
}

TEST_CASE("what is taken away is gone, and its event's name with the last wait") {
  Waits waits(1);
  waits.add("x", "", {.run = 1, .step = 1});
  waits.add("x", "", {.run = 1, .step = 2});
  CHECK(waits.has("x", {1, 1}));
  waits.remove("x", {1, 1});
  waits.remove("x", {1, 1});
  waits.remove("y", {1, 2});
  CHECK_FALSE(waits.has("x", {1, 1}));
  CHECK(waits.match("x", kEvent, Time{}) == std::vector<WaitRef>{{1, 2}});
  CHECK(waits.has("x"));
  waits.remove("x", {1, 2});
  CHECK_FALSE(waits.has("x"));
  CHECK(waits.size() == 0);
}

TEST_CASE("conditions are registered as they were bound and stored") {
  Waits waits(1);
  const std::string_view trigger = R"({"data":{"id":"a"}})";
  waits.add("x", bound("event.data.id == async.data.id", trigger), {1, 1});
  waits.add("x", bound("event.data.gone == async.data.gone", trigger), {1, 2});
  waits.add("x", bound("event.data.id == 'b' && async.data.n > 1", trigger), {1, 3});
  waits.add("x", bound("event.data.id == 'a' || async.data.n > 9", trigger), {1, 4});
  CHECK(waits.match("x", kEvent, Time{}) == std::vector<WaitRef>{{1, 1}, {1, 2}, {1, 4}});
}

TEST_CASE("the seed decides nothing that can be seen") {
  for (const uint64_t seed : {0, 1, 77}) {
    Waits waits(seed);
    for (Position i = 1; i <= 200; ++i) {
      waits.add("x", "async.data.id == 'a' && async.data.n < " + std::to_string(i), {i, i});
    }
    const std::vector<WaitRef> matches = waits.match("x", kEvent, Time{});
    REQUIRE(matches.size() == 195);
    CHECK(matches.front() == WaitRef{6, 6});
    CHECK(matches.back() == WaitRef{200, 200});
  }
}

}  // namespace stepwell::core::testing
