#include "tests/expr/evaluate.h"

#include <doctest/doctest.h>

namespace stepwell::expr {
namespace {

bool fits(const std::string& got, std::string_view wanted) {
  return wanted == "error" ? got.starts_with("error: ") : got == wanted;
}

void check_case(const Case& wanted, const std::string& got) {
  CAPTURE(wanted.text);
  CAPTURE(wanted.value);
  CAPTURE(got);
  CHECK(fits(got, wanted.value));
}

}  // namespace

std::string outcome(const Compiled<Expression>& expression, const Bindings& bindings) {
  if (!expression) return std::string("refused: ").append(expression.error().message);
  Arena arena;
  return describe(expression->evaluate(bindings, arena), arena);
}

std::string strict(std::string_view text) {
  CompileOptions options;
  options.mode = Mode::kStrict;
  options.variables.clear();
  options.libraries = kAllStrictLibraries;
  return outcome(Expression::compile(text, options), Bindings());
}

std::string dialect(std::string_view text, std::string_view event) {
  return outcome(Expression::compile(text, {}), Bindings().set("event", JsonView::trusted(event)));
}

void check_strict(const std::vector<Case>& cases) {
  for (const Case& each : cases) check_case(each, strict(each.text));
}

void check_dialect(std::string_view event, const std::vector<Case>& cases) {
  for (const Case& each : cases) check_case(each, dialect(each.text, event));
}

}  // namespace stepwell::expr
