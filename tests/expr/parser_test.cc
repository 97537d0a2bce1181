// Grammar, printing, errors with their places, and the limits.
#include "engine/expr/parser.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/expr/evaluate.h"

namespace stepwell::expr {
namespace {

ParseOptions everything() {
  ParseOptions options;
  options.with_two_variable = true;
  options.with_bindings = true;
  options.with_optionals = true;
  return options;
}

std::string printed(std::string_view text) {
  const auto ast = parse(text, everything());
  return ast ? print(*ast->root) : std::string("refused: ").append(ast.error().message);
}

std::string repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

}  // namespace

TEST_CASE("what is printed parses to the same tree") {
  for (const std::string_view text : {
           "a + b * c - (d - e)",
           "(a + b) * c",
           "a ? b : c ? d : e",
           "(a ? b : c) ? d : e",
           "a ? (b ? c : d) : e",
           "a && b || c && d",
           "(a || b) && (c || d)",
           "(a && b) && c",
           "a == b == c",
           "a == (b == c)",
           "!(a && b)",
           "!!a",
           "-a",
           "--a",
           "-(1)",
           "-(-1)",
           "-(5).e",
           "-(-1.5)[0]",
           "(-5).e",
           "1 - -1",
           "!(-a)",
           "-(!a)",
           "a.b.c(d)[e].f",
           "a.?b[?c].`d-e`",
           "[1, ?a, b]",
           "{'k': 1, ?'l': a}",
           "a.b.C{f: 1, ?g: 2}",
           "x.map(v, v > 1, v + 1)",
           "x.exists(k, v, k == v)",
           "cel.bind(x, 1, x + x)",
           "has(a.b)",
           ".a.b",
           ".f(1)",
           "1.0e+300 + 1e-7 + -0.0 + 5.0",
           "-9223372036854775808",
           "'\"\\\\\\n\\t\\x01\\x7f\xC3\xA9'",
           "b'\\xff\\x00a'",
           "18446744073709551615u",
           "null == true",
       }) {
    CAPTURE(text);
    const auto ast = parse(text, everything());
    REQUIRE(ast.ok());
    const std::string again = print(*ast->root);
    CAPTURE(again);
    const auto second = parse(again, everything());
    REQUIRE(second.ok());
    CHECK(same_tree(*ast->root, *second->root));
  }
}

TEST_CASE("printing uses no more parentheses than needed") {
  CHECK(printed("((a)) + ((b * c))") == "a + b * c");
  CHECK(printed("(a - b) - c") == "a - b - c");
  CHECK(printed("a - (b - c)") == "a - (b - c)");
  CHECK(printed("(a == b) && ((c))") == "a == b && c");
  CHECK(printed("(1.0)") == "1.0");
  CHECK(printed("1e3") == "1000.0");
}

TEST_CASE("different trees are different") {
  const auto same = [](std::string_view left, std::string_view right) {
    return same_tree(*parse(left, everything())->root, *parse(right, everything())->root);
  };
  CHECK(same("a+b", " a + b // c"));
  CHECK_FALSE(same("1", "1.0"));
  CHECK_FALSE(same("0.0", "-0.0"));
  CHECK_FALSE(same("'a'", "b'a'"));
  CHECK_FALSE(same("a.b", "a.c"));
  CHECK_FALSE(same("a + b", "b + a"));
  CHECK_FALSE(same("x.all(a, a)", "x.exists(a, a)"));
  CHECK_FALSE(same("x.all(a, a)", "x.all(b, b)"));
  CHECK_FALSE(same("f(a)", "a.f()"));
}

TEST_CASE("reserved words are fields and methods, no names") {
  CHECK(printed("a.for.while(1)") == "a.for.while(1)");
  CHECK(printed("for").starts_with("refused"));
  CHECK(printed("a.in").starts_with("refused"));
  CHECK(printed("x.all(a.b, true)").starts_with("refused: the variable of all()"));
  CHECK(printed("x.all(a, a, true)").starts_with("refused: the two variables"));
  CHECK(printed("has(a)").starts_with("refused: has()"));
}

TEST_CASE("errors name line and column") {
  const auto error = parse("a ==\n  'é' = b", {});
  REQUIRE_FALSE(error.ok());
  CHECK(error.error().line == 2);
  CHECK(error.error().column == 7);
  CHECK(error.error().caret == "  'é' = b\n      ^");
  const auto at = [](std::string_view text) {
    const auto problem = parse(text, {});
    return problem ? std::string() : problem.error().to_string();
  };
  CHECK(at("").starts_with("1:1: expected an expression at the end"));
  CHECK(at("a +").starts_with("1:4: "));
  CHECK(at("(a").starts_with("1:3: expected ')'"));
  CHECK(at("a b").starts_with("1:3: unexpected 'b'"));
  CHECK(at("a or b").find("hint: 'or' is written ||") != std::string::npos);
  CHECK(at("a & b").find("hint: 'and' is written &&") != std::string::npos);
  CHECK(at("a !== b").find("hint: inequality is written: !=") != std::string::npos);
  CHECK(at("a == “x”").find("straight quotes") != std::string::npos);
  CHECK(at("'\\d'").find("raw string") != std::string::npos);
  // A long line is cut around the caret.
  const std::string padding(5000, ' ');
  const auto long_line = parse("a" + padding + "= b", {});
  REQUIRE_FALSE(long_line.ok());
  CHECK(long_line.error().column == 5002);
  CHECK(long_line.error().caret.size() < 400);
}

TEST_CASE("hints for common mistakes") {
  const auto hint = [](std::string_view text) {
    const auto compiled = Expression::compile(text, {});
    return compiled ? std::string("compiles") : compiled.error().hint;
  };
  CHECK(hint("event.data.id == deadbeef01") == "text needs quotes: 'deadbeef01'");
  CHECK(hint("event.data.id == abc").find("text needs quotes: 'abc'") != std::string::npos);
  CHECK(hint("event.ok == True") == "the constants are true, false and null");
  CHECK(hint("event.data.id.toLowerCase() == 'x'") == "it is called lowercase(x)");
  CHECK(hint("event.data.tags.includes('x')").find("'item' in x") != std::string::npos);
  CHECK(hint("contains(event.data.id, 'x')") == "it is written x.contains(...)");
}

TEST_CASE("sizes are limited") {
  CHECK(parse(repeated("a && ", 199) + "a", {}).ok());
  CHECK(parse(repeated("(", 60) + "a" + repeated(")", 60), {}).ok());
  CHECK(parse("a" + repeated(" + a", 40), {}).ok());
  const auto refused = [](const std::string& text) {
    const auto result = parse(text, {});
    return result ? std::string() : result.error().message;
  };
  CHECK(refused(repeated("a", 8193)).find("8192 bytes") != std::string::npos);
  CHECK(refused(repeated("(", 2000) + "a").find("levels deep") != std::string::npos);
  CHECK(refused(repeated("[", 2000)).find("levels deep") != std::string::npos);
  CHECK(refused(repeated("f(", 2000)).find("levels deep") != std::string::npos);
  CHECK(refused(repeated("!", 2000) + "a").find("signs") != std::string::npos);
  CHECK(refused(repeated("!(", 2000) + "a").find("levels deep") != std::string::npos);
  CHECK(refused(repeated("a?b:", 1000) + "a").find("levels deep") != std::string::npos);
  CHECK(refused("a" + repeated(".b", 100)).find("levels deep") != std::string::npos);
  CHECK(refused("a" + repeated("+a", 100)).find("levels deep") != std::string::npos);
  CHECK(refused("[" + repeated("1,", 1200) + "]").find("1000 parts") != std::string::npos);
}

}  // namespace stepwell::expr
