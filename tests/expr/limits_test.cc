// Bad input: bounded work, clear errors, no match.
#include <doctest/doctest.h>

#include <string>

#include "tests/expr/evaluate.h"

namespace stepwell::expr {
namespace {

std::string array_of(size_t count, std::string_view item) {
  std::string json = "[";
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) json += ',';
    json += item;
  }
  return json + "]";
}

}  // namespace

TEST_CASE("an evaluation has a budget") {
  constexpr std::string_view kNested =
      "[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, "
      "[1,2,3,4,5,6,7,8,9,10].map(d, [1,2,3,4,5,6,7,8,9,10].map(e, "
      "[1,2,3,4,5,6,7,8,9,10].map(f, [1,2,3,4,5,6,7,8,9,10].map(g, a + b))))))).size() == 10";
  CHECK(dialect(kNested) == "error: the evaluation takes too long");
  CHECK(strict(kNested) == "error: the evaluation takes too long");
  // Running out is no match, also where an error would count as missing.
  const auto compiled = Expression::compile("[1, 2, 3].exists(x, x == 9) == false", {});
  REQUIRE(compiled.ok());
  CHECK(compiled->matches(Bindings()));
  const auto open = Expression::compile("event.l.exists(x, x == 9) == false", {});
  REQUIRE(open.ok());
  const std::string json = "{\"l\":" + array_of(100, "1") + "}";
  const JsonView event = JsonView::trusted(json);
  CHECK(open->matches(Bindings().set("event", event)));
  CHECK_FALSE(open->matches(Bindings().set("event", event).budget(50)));
}

TEST_CASE("text that doubles with every step runs out of budget, not of memory") {
  std::string doubling = "cel.bind(a, 'xxxxxxxxxxxxxxxx', ";
  std::string end = "size(a)";
  for (int i = 0; i < 40; ++i) {
    doubling += "cel.bind(a, a + a, ";
    end += ")";
  }
  CHECK(strict(doubling + end + ")") == "error: the evaluation takes too long");
}

TEST_CASE("lists and types that double with every level are stopped") {
  std::string values = "cel.bind(a, [0], ";
  std::string types = "cel.bind(a, 0, ";
  std::string end;
  for (int i = 0; i < 55; ++i) {
    values += "cel.bind(a, [a, a], ";
    types += "cel.bind(a, {'k': [a], 'l': {'m': a}}, ";
    end += ")";
  }
  CHECK(strict(values + "a == a)" + end) == "error: the evaluation takes too long");
  CHECK(strict(types + "has(a.k))" + end) == "true");
  // The same with what the dialect has: binding the event would write them out.
  std::string nested = "[0].map(a, ";
  std::string close = ")";
  for (int i = 0; i < 18; ++i) {
    nested += "[[a, a]].map(a, ";
    close += ")";
  }
  const auto compiled = Expression::compile(nested + "a" + close + " == async.x", {});
  REQUIRE(compiled.ok());
  CHECK_FALSE(compiled->bind_event(JsonView::trusted("{}")).ok());
}

TEST_CASE("large lists in loops cost what they are large") {
  const std::string event = "{\"l\":" + array_of(20'000, "\"abcdefghijklmnop\"") + "}";
  check_dialect(event, {
                           {"size(event.l)", "20000"},
                           {"'x' in event.l", "false"},
                           {"event.l.all(x, x in event.l)", "error"},
                           {"event.l.all(x, event.l == event.l)", "error"},
                           {"event.l.map(x, event.l).size()", "20000"},
                           {"event.l.all(x, '' + event.l != x)", "error"},
                       });
}

TEST_CASE("regular expressions are linear, and patterns limited") {
  const std::string text(50'000, 'a');
  const std::string event = "{\"t\":\"" + text + "\",\"p\":\"(a+)+$\"}";
  check_dialect(event,
                {
                    {"event.t.matches('^(a+)+b$')", "false"},
                    {"event.t.matches(event.p)", "true"},
                    {"'x'.matches(event.gone)", "false"},
                    {"event.t.matches('(((a{1,100}){1,100}){1,100})')",
                     "refused: invalid regular expression: invalid repetition size: {1,100}"},
                    {"event.t.matches('(')", "refused: invalid regular expression: missing ): ("},
                });
  CHECK(dialect("[1].map(x, 'a'.matches(event.p))", R"({"p":"("})") == "[null]");
  CHECK(dialect("event.l.all(x, 'a'.matches(x))", "{\"l\":" + array_of(1000, "\"a\"") + "}") ==
        "error: the evaluation takes too long");
}

TEST_CASE("numbers at the edges") {
  check_dialect(
      R"({"a":9007199254740993,"b":1e400,"c":-1e400,"d":1e-400,"e":123456789012345678901})",
      {
          {"event.a == 9007199254740992", "true"},
          {"event.a == 9007199254740993", "true"},
          {"event.b > 1.7e308", "true"},
          {"event.c < -1.7e308", "true"},
          {"event.d == 0", "true"},
          {"event.e > 123456789012345678900.0 - 100000.0", "true"},
          {"'' + event.b", "\"Infinity\""},
          {"int(event.b) == null", "true"},
      });
}

TEST_CASE("text at the edges") {
  check_dialect(R"({"lone":"a\ud83d","pair":"\ud83d\ude00","nul":"a\u0000b","raw":"é"})",
                {
                    {"event.lone == 'a\\ufffd'", "true"},
                    {"event.pair == '\\U0001F600' && size(event.pair) == 1", "true"},
                    {"size(event.nul) == 3 && event.nul == 'a\\x00b'", "true"},
                    {"event.raw == '\\u00e9'", "true"},
                });
  CHECK(dialect("'\xC3'").starts_with("refused: the text is not valid UTF-8"));
  CHECK(dialect("'\xED\xA0\x80'").starts_with("refused: the text is not valid UTF-8"));
  CHECK(dialect("'\xF4\x90\x80\x80'").starts_with("refused: the text is not valid UTF-8"));
  CHECK(dialect(std::string_view("1\0", 2)).starts_with("refused: a control character"));
}

TEST_CASE("deep events are read to the bottom") {
  std::string json;
  std::string text = "event";
  for (int i = 0; i < 50; ++i) {
    json += "{\"a\":";
    text += ".a";
  }
  json += "7" + std::string(50, '}');
  CHECK(dialect(text + " == 7", json) == "true");
}

}  // namespace stepwell::expr
