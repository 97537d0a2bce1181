// Binding the event: what is left matches what the whole expression would have matched.
#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

#include "tests/expr/evaluate.h"

namespace stepwell::expr {
namespace {

std::string bound(std::string_view text, std::string_view event) {
  const auto compiled = Expression::compile(text, {});
  if (!compiled) return compiled.error().to_string();
  const auto residual = compiled->bind_event(JsonView::trusted(event));
  return residual ? residual->text() : residual.error().to_string();
}

constexpr std::array<std::string_view, 13> kLiterals = {"0",
                                                        "1",
                                                        "-2.5",
                                                        "3u",
                                                        "''",
                                                        "'a'",
                                                        "'b\"c'",
                                                        "true",
                                                        "false",
                                                        "null",
                                                        "[1, 'a']",
                                                        "{'k': 1}",
                                                        "9007199254740993"};
constexpr std::array<std::string_view, 12> kJsonValues = {
    "0",          "1",    "-2.5",  "3",    "\"\"",      "\"a\"",
    "\"b\\\"c\"", "true", "false", "null", "[1,\"a\"]", "{\"k\":1}"};
constexpr std::array<std::string_view, 8> kComparisons = {
    "==", "!=", "<", "<=", ">", ">=", "==", "=="};

// Random expressions and events. Every field of the trigger's event is there: where one is missing,
// binding deliberately turns it into null.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  std::string expression(int depth) {
    switch (depth <= 0 ? pick(3) : pick(9)) {
      case 0:
        return leaf();
      case 1:
      case 2:
        return comparison();
      case 3:
        return joined(depth, " && ");
      case 4:
        return joined(depth, " || ");
      case 5:
        return "!(" + expression(depth - 1) + ")";
      case 6:
        return "(" + expression(depth - 1) + " ? " + expression(depth - 1) + " : " +
               expression(depth - 1) + ")";
      case 7:
        return "has(async.data." + field() + ")";
      default:
        return "[1, 2, 'a'].exists(x, x == " + leaf() + " || " + expression(depth - 1) + ")";
    }
  }

  std::string trigger() {
    return "{\"data\":{\"f\":" + value() + ",\"g\":" + value() + ",\"h\":" + value() + "}}";
  }

  std::string incoming() {
    std::string members;
    for (const char* name : {"f", "g", "h"}) {
      if (pick(4) == 0) continue;
      members += (members.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value();
    }
    return "{\"data\":{" + members + "}}";
  }

 private:
  size_t pick(size_t count) { return random_() % count; }
  std::string value() { return std::string(kJsonValues[pick(kJsonValues.size())]); }
  std::string field() { return std::string(1, static_cast<char>('f' + pick(3))); }

  std::string leaf() {
    switch (pick(4)) {
      case 0:
        return std::string(kLiterals[pick(kLiterals.size())]);
      case 1:
        return "event.data." + field();
      default:
        return "async.data." + field();
    }
  }

  std::string comparison() {
    if (pick(8) == 0) return "(" + leaf() + " in [" + leaf() + ", " + leaf() + "])";
    const std::string op(kComparisons[pick(kComparisons.size())]);
    return "(" + leaf() + " " + op + " " + leaf() + ")";
  }

  std::string joined(int depth, std::string_view op) {
    std::string text = "(" + expression(depth - 1);
    for (size_t i = 0; i <= pick(2); ++i) text.append(op).append(expression(depth - 1));
    return text + ")";
  }

  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("the cases of the reference") {
  constexpr std::string_view kEvent = R"({"data":{"id":"ab_1","value":1295}})";
  CHECK(bound("event.data.id == async.data.id && async.data.val <= event.data.value", kEvent) ==
        "\"ab_1\" == async.data.id && async.data.val <= 1295.0");
  CHECK(bound("event.data.id == async.data.id && 500 <= event.data.value", kEvent) ==
        "\"ab_1\" == async.data.id");
  CHECK(bound("event.data.foo == async.data.foo", kEvent) == "null == async.data.foo");
  CHECK(bound("event['data'].id == async.data.id", kEvent) == "\"ab_1\" == async.data.id");
  CHECK(bound("event.data.id == 'other' && async.data.x == 1", kEvent) == "false");
  CHECK(bound("async.data.x == 1 && event.data.id == 'other'", kEvent) == "false");
  CHECK(bound("async.data.x == 1 || event.data.id == 'ab_1'", kEvent) == "true");
  CHECK(bound("event.data.id", kEvent) == "false");
}

TEST_CASE("a wait for a key that the event lacks is a wait for an event that lacks it") {
  const auto compiled = Expression::compile("event.data.foo == async.data.foo", {});
  REQUIRE(compiled.ok());
  const auto residual = compiled->bind_event(JsonView::trusted(R"({"data":{}})"));
  REQUIRE(residual.ok());
  const auto matches = [&](std::string_view json) {
    return residual->matches(Bindings().set("async", JsonView::trusted(json)));
  };
  CHECK(matches(R"({"data":{}})"));
  CHECK(matches(R"({"data":{"foo":null}})"));
  CHECK_FALSE(matches(R"({"data":{"foo":"x"}})"));
}

TEST_CASE("all kinds of values survive the text of a residual") {
  constexpr std::string_view kEvent =
      R"({"ts":1700000000000,"data":{"q":"a\"b\\c\n\u0007é","big":1e300,"tiny":5e-324,"neg":-0.0,)"
      R"("list":[1,[true,null],{"k":"v"}],"inf":1e999}})";
  CHECK(bound("event.data.q == async.x", kEvent) == "\"a\\\"b\\\\c\\n\\x07é\" == async.x");
  CHECK(bound("event.data.big > async.x", kEvent) == "1e+300 > async.x");
  CHECK(bound("event.data.tiny > async.x", kEvent) == "5e-324 > async.x");
  CHECK(bound("event.data.neg == async.x", kEvent) == "-0.0 == async.x");
  CHECK(bound("async.x in event.data.list", kEvent) ==
        "async.x in [1.0, [true, null], {\"k\": \"v\"}]");
  CHECK(bound("date(event.ts) < date(async.ts)", kEvent) ==
        "timestamp(\"2023-11-14T22:13:20Z\") < date(async.ts)");
  CHECK(bound("duration('90s') < date(async.ts) - date(event.ts)", kEvent) ==
        "duration(\"90s\") < date(async.ts) - timestamp(\"2023-11-14T22:13:20Z\")");
  CHECK(bound("type(event.ts) == async.x", kEvent) == "double == async.x");
  CHECK(bound("event.data.inf == async.x", kEvent) == "double(\"Infinity\") == async.x");
}

TEST_CASE("the text of a residual with numbers that are not finite gives the same tree") {
  for (const char* text : {"async.x == 1u / 0", "async.x == -1.0 / 0", "async.x == 0.0 / 0 + 7"}) {
    CAPTURE(text);
    const auto residual = Expression::compile(text, {}).value().bind_event(JsonView::trusted("{}"));
    REQUIRE(residual.ok());
    const auto again = Expression::compile_residual(residual->text());
    REQUIRE(again.ok());
    CHECK(same_tree(residual->root(), again->root()));
  }
}

TEST_CASE("what depends on the time or on the other event stays") {
  constexpr std::string_view kEvent = R"({"ts":1,"data":{"tags":["a"],"n":2}})";
  CHECK(bound("date(async.ts) < now_plus('1d') && event.data.n == 2", kEvent) ==
        "date(async.ts) < now_plus(\"1d\")");
  CHECK(bound("now() < date(event.ts)", kEvent) != "false");
  CHECK(bound("event.data.tags.exists(t, t == async.data.tag)", kEvent) ==
        "[\"a\"].exists(t, t == async.data.tag)");
  CHECK(bound("async.data.l.exists(event, event.n == event.n)", kEvent) ==
        "async.data.l.exists(event, event.n == event.n)");
  CHECK(bound("async.data.l.exists(x, x == event.data.n)", kEvent) ==
        "async.data.l.exists(x, x == 2.0)");
  CHECK(bound("has(async.data.x) && has(event.data.n)", kEvent) == "has(async.data.x)");
  CHECK(bound("event.data.n > 1 ? async.a == 1 : async.b == 1", kEvent) == "async.a == 1");
}

TEST_CASE("a residual may be larger than what users may write") {
  std::string event = R"({"data":{"ids":[)";
  for (int i = 0; i < 3000; ++i) event += (i == 0 ? "\"id-" : ",\"id-") + std::to_string(i) + "\"";
  event += "]}}";
  const auto compiled = Expression::compile("async.data.id in event.data.ids", {});
  REQUIRE(compiled.ok());
  const auto residual = compiled->bind_event(JsonView::trusted(event));
  REQUIRE(residual.ok());
  const auto again = Expression::compile_residual(residual->text());
  REQUIRE(again.ok());
  const auto matches = [&](std::string_view json) {
    return again->matches(Bindings().set("async", JsonView::trusted(json)));
  };
  CHECK(matches(R"({"data":{"id":"id-2999"}})"));
  CHECK_FALSE(matches(R"({"data":{"id":"id-3000"}})"));
}

TEST_CASE("a residual that could not be read back is refused") {
  const std::string event = R"({"data":{"big":")" + std::string(2'000'000, 'b') + "\"}}";
  std::string text = "async.data.x == event.data.big";
  for (int i = 0; i < 8; ++i) text += " || async.data.y == event.data.big";
  const auto compiled = Expression::compile(text, {});
  REQUIRE(compiled.ok());
  const auto residual = compiled->bind_event(JsonView::trusted(event));
  REQUIRE_FALSE(residual.ok());
  CHECK(residual.error().message.find("longer than 16 MiB") != std::string::npos);
}

TEST_CASE("a residual matches what the whole expression matches, also after its text was stored") {
  size_t matched = 0;
  for (uint64_t seed = 1; seed <= 20'000; ++seed) {
    Generator generator(seed);
    const std::string text = generator.expression(3);
    const std::string trigger = generator.trigger();
    CAPTURE(seed);
    CAPTURE(text);
    CAPTURE(trigger);
    const auto compiled = Expression::compile(text, {});
    if (!compiled) continue;  // the checker refuses things like {} < 1 in a function
    const auto residual = compiled->bind_event(JsonView::trusted(trigger));
    REQUIRE(residual.ok());
    CAPTURE(residual->text());
    const auto again = Expression::compile_residual(residual->text());
    REQUIRE(again.ok());
    REQUIRE(same_tree(residual->root(), again->root()));
    for (int i = 0; i < 4; ++i) {
      const std::string incoming = generator.incoming();
      CAPTURE(incoming);
      const JsonView async = JsonView::trusted(incoming);
      const bool wanted = compiled->matches(
          Bindings().set("event", JsonView::trusted(trigger)).set("async", async));
      REQUIRE(residual->matches(Bindings().set("async", async)) == wanted);
      REQUIRE(again->matches(Bindings().set("async", async)) == wanted);
      matched += wanted ? 1 : 0;
    }
  }
  CHECK(matched > 10'000);
}

}  // namespace stepwell::expr
