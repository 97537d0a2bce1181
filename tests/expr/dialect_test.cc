// The dialect: the table of docs/expressions.md, row by row.
#include <doctest/doctest.h>

#include "tests/expr/evaluate.h"

namespace stepwell::expr {
namespace {

constexpr std::string_view kEvent =
    R"({"name":"a/b","ts":1700000000000,"data":{"s":"text","empty":"","n":3,"big":4797009,"f":0.5,)"
    R"("zero":0,"yes":true,"no":false,"none":null,"list":[1,"a",null],"nothing":[],"o":{"k":"v"},)"
    R"("items":[{"id":"x","qty":2},{"id":"y"}],"date":"2020-01-01T18:35:10Z"}})";

void check(const std::vector<Case>& cases) {
  check_dialect(kEvent, cases);
}

}  // namespace

TEST_CASE("missing is like null for equality, and only for null") {
  check({
      {"event.data.gone", "false"},
      {"event.data.gone.deeper.still", "false"},
      {"event.data.s.of_text", "false"},
      {"event.data.none.below", "false"},
      {"event.data.gone == null", "true"},
      {"null == event.data.gone", "true"},
      {"event.data.gone != null", "false"},
      {"event.data.none == null", "true"},
      {"event.data.none == event.data.gone", "true"},
      {"event.data.gone == 0 || event.data.gone == '' || event.data.gone == false", "false"},
      {"event.data.gone != 0", "true"},
      {"event.data.gone == event.data.also_gone", "false"},
      {"event.data.gone != event.data.also_gone", "true"},
      {"event.data.none == 0", "false"},
      {"event.data.none != 'x'", "true"},
      {"async.data.id == null", "true"},
  });
}

TEST_CASE("missing and null in an order") {
  check({
      {"event.data.gone < 5 && event.data.gone <= -5", "true"},
      {"event.data.gone > 5 || event.data.gone >= -5", "false"},
      {"5 > event.data.gone && -5 >= event.data.gone", "true"},
      {"5 < event.data.gone || 5 <= event.data.gone", "false"},
      {"event.data.gone < event.data.also_gone", "true"},
      {"event.data.none < 1 && event.data.none <= 0 && event.data.none >= 0", "true"},
      {"event.data.none > 0 || 0 > event.data.none", "false"},
      {"event.data.none < 'a' && event.data.none <= ''", "true"},
      {"event.data.none < 0.5 && event.data.none < 1u", "true"},
      {"null < null", "error"},
      {"event.data.none < true", "error"},
  });
}

TEST_CASE("missing in other operations") {
  check({
      {"event.data.gone + 'x'", "\"x\""},
      {"'x' + event.data.gone", "\"x\""},
      {"event.data.gone + event.data.gone", "false"},
      {"size(event.data.gone)", "0"},
      {"!event.data.gone", "false"},
      {"-event.data.gone", "false"},
      {"event.data.gone - 1", "false"},
      {"event.data.gone in ['a']", "false"},
      {"'a' in event.data.gone", "false"},
      {"event.data.gone.contains('a')", "false"},
      {"'a'.startsWith(event.data.gone)", "false"},
      {"event.data.gone.matches('.*')", "false"},
      {"int(event.data.gone)", "false"},
      {"lowercase('ÄBc') == 'äbc'", "true"},
      {"uppercase('straße π') == 'STRAßE Π'", "true"},
      {"lowercase(event.data.n)", "\"\""},
      {"b64decode('aGkgdGhlcmUh')", "\"hi there!\""},
      {"b64decode('aGkg!!!!')", "\"hi \""},
      {"json_parse('{\"a\":{\"b\":[1]}}').a.b[0]", "1"},
      {"json_parse('[1]') == {} && json_parse('nonsense') == {}", "true"},
      {"json_parse('{}').gone == null", "true"},
      {"date(event.data.date) == date('2020-01-01T12:00:00Z') + duration('6h35m10s')", "true"},
      {"date(event.data.date).getFullYear() == 2020", "true"},
      {"date('gibberish') == null && date(true) == null", "true"},
      {"now_plus('nonsense') == null", "true"},
      {"uppercase(1)", "refused: 'uppercase()' can't be applied to (int)"},
  });
}

TEST_CASE("now is what the caller says") {
  const auto at = [](std::string_view text) {
    const auto expression = Expression::compile(text, {});
    REQUIRE(expression.ok());
    return expression->matches(Bindings().at(from_millis(1'700'000'000'500)));
  };
  CHECK(at("now() == timestamp('2023-11-14T22:13:20.5Z')"));
  CHECK(at("now_plus('1d12h') == now() + duration('36h')"));
  CHECK(at("now_minus('1w') == now() - duration('168h')"));
}

TEST_CASE("the restrictive policy names every violation at once") {
  CompileOptions options;
  options.is_restrictive = true;
  const auto problem = [&options](std::string_view text) {
    const auto compiled = Expression::compile(text, options);
    return compiled ? std::string() : compiled.error().message;
  };
  CHECK(problem("event.a == async.b && !(async.c in [1, 2]) || async.d[0] > int(async.e)").empty());
  CHECK(problem("async.a ? async.b == 1 : async.c != 'x'").empty());
  const std::string all =
      problem("has(async.a) && size(async.b) + 1 > 2 && async.c.exists(x, -x < 0)");
  for (const std::string_view part : {"has()", "size()", "operator +", "exists()", "operator -"}) {
    CAPTURE(part);
    CHECK(all.find(part) != std::string::npos);
  }
}

TEST_CASE("what is not declared is refused") {
  for (const std::string_view text :
       {"data.id == 1", "vars.x", "event.f()", "now(1)", "size()", "charAt('a', 1)", "'a' - 1",
        "5.contains('5')", "-'a'", "[1].map(x, y)", "math.ceil(1.0)", "event.data{a: 1}"}) {
    CAPTURE(text);
    CHECK(dialect(text).starts_with("refused: "));
  }
}

}  // namespace stepwell::expr
