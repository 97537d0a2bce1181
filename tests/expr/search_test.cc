// Searching runs.
#include "engine/expr/search.h"

#include <doctest/doctest.h>

namespace stepwell::expr {
namespace {

constexpr std::string_view kEvent = R"({"name":"shop/order","data":{"plan":"pro","total":5}})";
constexpr std::string_view kOutput = R"({"ok":true,"list":["a"]})";

RunFacts facts() {
  return {.event = JsonView::trusted(kEvent), .output = JsonView::trusted(kOutput), .error = {}};
}

bool found(std::string_view text) {
  const auto search = RunSearch::compile(text);
  if (!search) FAIL(search.error().to_string());
  return search->matches(facts());
}

std::string refusal(std::string_view text) {
  const auto search = RunSearch::compile(text);
  return search ? std::string() : search.error().to_string();
}

}  // namespace

TEST_CASE("all lines have to hold") {
  CHECK(found("event.name == 'shop/order'\noutput.ok == true"));
  CHECK_FALSE(found("event.name == 'shop/order'\noutput.ok == false"));
  CHECK(found("\n  \nevent.data.total >= 5\n"));
  CHECK(found(""));
  CHECK(found("event.data.plan == 'x' || error.name == null"));
  CHECK_FALSE(found("error.name == 'Timeout'"));
}

TEST_CASE("every kind of condition counts") {
  CHECK(found("event.data.plan.contains('r') && 'a' in output.list"));
  CHECK_FALSE(found("event.data.plan == 'pro' && event.data.plan.startsWith('x')"));
  CHECK_FALSE(found("event.data.plan == output.plan"));
  CHECK(found("!(event.data.plan == 'free')"));
  CHECK(found("event.data.total in [4, 5] && event.data.total != null"));
}

TEST_CASE("what can't be searched for is an error with its line") {
  CHECK(refusal("event.a == 1\nhas(event.b)").starts_with("2:1: has() can't be used in a search"));
  CHECK(refusal("output.list.exists(x, x == 'a')").find("exists()") != std::string::npos);
  CHECK(refusal("output.ok").find("hint: compare it: output.ok == true") != std::string::npos);
  CHECK(refusal("event.a == 1 && output.ok").find("output.ok == true") != std::string::npos);
  CHECK(refusal("event.a + 1").find("is no condition") != std::string::npos);
  CHECK(refusal("event.a == 1 and event.b == 2").find("&&") != std::string::npos);
  CHECK(refusal("event.a === 1").find("==") != std::string::npos);
  CHECK(refusal("async.a == 1").find("undeclared reference to 'async'") != std::string::npos);
  CHECK(refusal("event.name.startWith('x')").find("startWith") != std::string::npos);
  CHECK(refusal("\n\nevent.a == ").starts_with("3:"));
  CHECK(refusal(std::string(9000, ' ')).find("8192 bytes") != std::string::npos);
}

TEST_CASE("a search says what it needs to read") {
  const auto search = RunSearch::compile("event.a == 1\nerror.message == 'x'");
  REQUIRE(search.ok());
  CHECK(search->reads("event"));
  CHECK(search->reads("error"));
  CHECK_FALSE(search->reads("output"));
}

}  // namespace stepwell::expr
