// Types as the checker deduces them, and what it refuses.
#include <doctest/doctest.h>

#include "tests/expr/evaluate.h"

namespace stepwell::expr {
namespace {

CompileOptions typed_options() {
  CompileOptions options;
  options.mode = Mode::kStrict;
  options.variables.clear();
  options.libraries = kAllStrictLibraries;
  options.environment.variables = {
      {"i", TypeKind::kInt},
      {"s", TypeKind::kString},
      {"d", TypeKind::kDyn},
      {"li", Type::list(TypeKind::kInt)},
      {"msd", Type::map(TypeKind::kString, TypeKind::kDouble)},
      {"t", TypeKind::kTimestamp},
  };
  Type wrapped(TypeKind::kWrapper);
  wrapped.parameters.push_back(TypeKind::kInt);
  options.environment.variables.push_back({"w", wrapped});
  options.environment.functions = {
      {"pair",
       {{.parameters = {Type::parameter("A"), Type::parameter("B")},
         .result = Type::abstract("pair", {Type::parameter("A"), Type::parameter("B")})}}},
      {"same",
       {{.parameters = {Type::parameter("A"), Type::parameter("A")},
         .result = Type::parameter("A")}}},
  };
  return options;
}

std::string type_of(std::string_view text) {
  const auto compiled = Expression::compile(text, typed_options());
  return compiled ? type_text(compiled->type())
                  : std::string("refused: ").append(compiled.error().message);
}

}  // namespace

TEST_CASE("types of expressions") {
  const Case cases[] = {
      {"1", "int"},
      {"1u", "uint"},
      {"'a' + s", "string"},
      {"b'a'", "bytes"},
      {"null", "null"},
      {"i + 1 > 2", "bool"},
      {"t - t", "duration"},
      {"t + duration('1s')", "timestamp"},
      {"li[0]", "int"},
      {"msd['a']", "double"},
      {"msd.a", "double"},
      {"d.a.b[0]", "dyn"},
      {"d + 1", "int"},
      {"[1, 2]", "list(int)"},
      {"[1, 'a']", "list(dyn)"},
      {"[1, d]", "list(dyn)"},
      {"[]", "list(dyn)"},
      {"[[], [1]]", "list(list(int))"},
      {"[[], [[]], [[[]]]]", "list(list(list(list(dyn))))"},
      {"{'a': 1}", "map(string, int)"},
      {"{'a': 1, 'b': 'c'}", "map(string, dyn)"},
      {"{}", "map(dyn, dyn)"},
      {"true ? 1 : 2", "int"},
      {"true ? 1 : d", "dyn"},
      {"li.map(x, x * 2.0 > 1.0)", "refused: '*' can't be applied to (int, double)"},
      {"li.map(x, string(x))", "list(string)"},
      {"li.filter(x, x > 1)", "list(int)"},
      {"li.all(x, x > 1) && li.exists(x, x > 1)", "bool"},
      {"msd.map(k, k)", "list(string)"},
      {"li.transformMap(i, v, string(v))", "map(int, string)"},
      {"cel.bind(x, 1, [x])", "list(int)"},
      {"optional.of(1)", "optional_type(int)"},
      {"optional.none()", "optional_type(dyn)"},
      {"[optional.none(), optional.of(1)]", "list(optional_type(int))"},
      {"msd.?a", "optional_type(double)"},
      {"msd.?a.orValue(1.0)", "double"},
      {"li[?0].optMap(x, string(x))", "optional_type(string)"},
      {"type(1)", "type(int)"},
      {"int", "type(int)"},
      {"dyn(1)", "dyn"},
      {"size(li) + size(s)", "int"},
      {"math.greatest(1, 2)", "int"},
      {"math.greatest(1, 2.0)", "dyn"},
      {"same(1, 2)", "int"},
      {"same(1, d)", "dyn"},
      {"pair(1, 'a')", "pair(int, string)"},
      {"[pair(1, 'a'), pair(d, d)][0]", "pair(dyn, dyn)"},
      {"w + 1", "int"},
      {"w == null", "bool"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(type_of(each.text) == each.value);
  }
}

TEST_CASE("what can't be right is refused, with its place") {
  for (const std::string_view text : {"1 + 'a'",
                                      "1 + 1u",
                                      "1 == 'a'",
                                      "'a' < 1",
                                      "!1",
                                      "-'a'",
                                      "1 && true",
                                      "s ? 1 : 2",
                                      "true ? 1 : 'a'",
                                      "1 in 2",
                                      "'a' in li",
                                      "li['a']",
                                      "s[0]",
                                      "i.field",
                                      "s.map(x, x)",
                                      "li.all(x, x)",
                                      "li.filter(x, 'a')",
                                      "size(1)",
                                      "s.contains(1)",
                                      "t + t",
                                      "t + 1",
                                      "{'a': 1}[1]",
                                      "same(1, 'a')",
                                      "undeclared",
                                      "li.map(x, y)",
                                      "[1].all(x, true) + 1",
                                      "optional.of(1) + 1",
                                      "1.0 % 2.0",
                                      "msd.a.b"}) {
    CAPTURE(text);
    CHECK(type_of(text).starts_with("refused: "));
  }
  const auto refused = Expression::compile("s == 'x' ||\n  i + s == 2", typed_options());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().line == 2);
  CHECK(refused.error().column == 5);
  CHECK(refused.error().message == "'+' can't be applied to (int, string)");
}

TEST_CASE("without a checker mistakes are errors when they are evaluated, if they ever are") {
  CompileOptions options = typed_options();
  options.with_checker = false;
  CHECK(outcome(Expression::compile("true || undeclared", options), Bindings()) == "true");
  CHECK(outcome(Expression::compile("true || nothing.f(1)", options), Bindings()) == "true");
  CHECK(outcome(Expression::compile("1 + 'a'", options), Bindings()).starts_with("error: "));
  CHECK(outcome(Expression::compile("f(1)", options), Bindings()).starts_with("error: "));
}

}  // namespace stepwell::expr
