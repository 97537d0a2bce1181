// The seam that the rest of the engine uses: compile, match, keys, binding the event.
#include "engine/expr/expression.h"

#include <doctest/doctest.h>

namespace stepwell::expr {
namespace {

constexpr std::string_view kEvent =
    R"({"name":"shop/order","data":{"id":"ab_1","n":3,"flag":true,"none":null,"tags":["a","b"]},)"
    R"("ts":1700000000000})";

Expression compiled(std::string_view text) {
  auto result = Expression::compile(text, {});
  if (!result) FAIL(result.error().to_string());
  return *result;
}

bool matches(std::string_view text) {
  return compiled(text).matches(Bindings().set("event", JsonView::trusted(kEvent)));
}

std::string bound(std::string_view text) {
  auto residual = compiled(text).bind_event(JsonView::trusted(kEvent));
  if (!residual) FAIL(residual.error().to_string());
  return residual->text();
}

std::string key(std::string_view text) {
  const auto result = compiled(text).key(Bindings().set("event", JsonView::trusted(kEvent)));
  return result ? result->text : "error: " + result.error().message;
}

}  // namespace

TEST_CASE("an expression matches when it is the boolean true") {
  CHECK(matches("event.data.id == 'ab_1' && event.data.n > 2"));
  CHECK_FALSE(matches("event.data.id == 'ab_1' && event.data.n > 3"));
  CHECK(matches("'a' in event.data.tags"));
  CHECK(matches("event.data.tags.exists(t, t == 'b')"));
  CHECK(matches("event.data.missing == null && event.data.none == null"));
  CHECK_FALSE(matches("event.data.id"));
  CHECK_FALSE(matches("1 / 0 == 1"));
  CHECK_FALSE(matches("event.data.id < 3"));
}

TEST_CASE("keys are text") {
  CHECK(key("event.data.id") == "ab_1");
  CHECK(key("event.data.n") == "3");
  CHECK(key("event.ts") == "1700000000000");
  CHECK(key("event.data.id + '-' + event.data.n") == "ab_1-3");
  CHECK(key("event.data.missing") == "false");
  CHECK(key("event.data.tags") == "[a b]");
  CHECK(key("1 / 0").starts_with("error: "));
}

TEST_CASE("binding the event leaves what is to be decided") {
  CHECK(bound("event.data.id == async.data.id") == "\"ab_1\" == async.data.id");
  CHECK(bound("event.data.id == async.data.id && event.data.n == 3") ==
        "\"ab_1\" == async.data.id");
  CHECK(bound("event.data.id == async.data.id && event.data.n == 4") == "false");
  CHECK(bound("event.data.gone == async.data.gone") == "null == async.data.gone");
  CHECK(bound("event.data.n + 1 < async.data.n || event.data.flag") == "true");
  CHECK(bound("async.data.id in event.data.tags") == "async.data.id in [\"a\", \"b\"]");
  CHECK(bound("event.data.tags.exists(t, t == async.data.tag)") ==
        "[\"a\", \"b\"].exists(t, t == async.data.tag)");
  CHECK(bound("date(event.ts) < date(async.ts)") ==
        "timestamp(\"2023-11-14T22:13:20Z\") < date(async.ts)");
}

TEST_CASE("mistakes are reported with place and hint") {
  const auto error = [](std::string_view text) {
    const auto result = Expression::compile(text, {});
    return result ? std::string("compiles") : result.error().to_string();
  };
  CHECK(error("event.data.id === 'x'") ==
        "1:15: there is no operator '==='\nevent.data.id === 'x'\n              ^\n"
        "hint: equality is written with two signs: ==");
  CHECK(error("event.data.id = 'x'").find("to compare, write ==") != std::string::npos);
  CHECK(error("event.a == 1 and event.b == 2").find("'and' is written &&") != std::string::npos);
  CHECK(error("async.data.id == 550e8400-e29b-41d4-a716-446655440000")
            .find("text needs quotes: '550e8400-e29b-41d4-a716-446655440000'") !=
        std::string::npos);
  CHECK(error("async.data.id == f50e8400-e29b-41d4-a716-446655440000")
            .find("text needs quotes: 'f50e8400-e29b-41d4-a716-446655440000'") !=
        std::string::npos);
  CHECK(error("data.userId == 'x'").find("event.data") != std::string::npos);
}

}  // namespace stepwell::expr
