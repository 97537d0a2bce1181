#include "tests/expr/dialect_case.h"

#include <vector>

#include "engine/expr/expression.h"
#include "tests/expr/conformance_case.h"

namespace stepwell::expr {
namespace {

std::string text_of(JsonView row, std::string_view name) {
  const auto found = row.find(name);
  return found ? found->as_string().value_or("") : "";
}

// The members of `data` as variables. Their numbers are typed as they are written.
Bindings bind_data(JsonView row, std::vector<std::string>& names) {
  Bindings bindings;
  bindings.numbers(JsonNumbers::kTyped);
  const auto data = row.find("data");
  if (!data) return bindings;
  for (JsonMembers it = data->members(); it.next();) names.push_back(it.key());
  size_t i = 0;
  for (JsonMembers it = data->members(); it.next(); ++i) bindings.set(names[i], it.value());
  return bindings;
}

std::string evaluate_case(JsonView row, bool only_truth) {
  const auto expression = Expression::compile(text_of(row, "expr"), {});
  if (!expression) return expression.error().to_string();
  std::vector<std::string> names;
  const Bindings bindings = bind_data(row, names);
  Arena arena;
  const Value got = expression->evaluate(bindings, arena);
  if (only_truth) {
    const auto wanted = row.find("expected_not_false");
    if (!wanted || wanted->as_bool() != !got.is_false()) return describe(got, arena);
    return "";
  }
  const auto expected = row.find("expected");
  const Value wanted = expected ? read_test_value(*expected, arena) : Value::missing();
  if (same_result(got, wanted, arena)) return "";
  return describe(got, arena) + " instead of " + describe(wanted, arena);
}

std::string validate_case(JsonView row) {
  CompileOptions options;
  options.is_restrictive = text_of(row, "policy") == "restrictive";
  const auto expression = Expression::compile(text_of(row, "expr"), options);
  const bool wanted = row.find("valid") && row.find("valid")->as_bool().value_or(false);
  if (expression.ok() == wanted) return "";
  return expression ? "valid" : expression.error().to_string();
}

// The residual need not have the same text, but the same tree, the operands of == in either order.
std::string interpolate_case(JsonView row) {
  const auto expression = Expression::compile(text_of(row, "expr"), {});
  if (!expression) return expression.error().to_string();
  const auto data = row.find("data");
  const auto event = data ? data->find("event") : std::nullopt;
  if (!event) return "the case has no event";
  const auto residual = expression->bind_event(*event, JsonNumbers::kTyped);
  if (!residual) return residual.error().to_string();
  const std::string wanted = text_of(row, "expected_expr");
  if (residual->text() == wanted) return "";
  return residual->text() + " instead of " + wanted;
}

std::vector<std::string> texts_of(JsonView row, std::string_view name) {
  std::vector<std::string> texts;
  const auto found = row.find(name);
  if (!found) return texts;
  for (JsonElements it = found->elements(); it.next();) {
    texts.push_back(it.value().as_string().value_or(""));
  }
  return texts;
}

// Expressions of other waits, none of which the event satisfies.
std::vector<std::string> scale_texts(int64_t count) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < count; ++i) {
    std::string id = std::to_string(i);
    id.insert(0, 16 - id.size(), 'f');
    texts.push_back("event.data.account_id == \"" + id + "\" && event.data.neq != \"neq\"");
  }
  return texts;
}

std::string match_case(JsonView row) {
  std::vector<std::string> texts = texts_of(row, "exprs");
  std::vector<bool> wanted(texts.size(), false);
  if (const auto matches = row.find("matches")) {
    for (JsonElements it = matches->elements(); it.next();) {
      wanted.at(static_cast<size_t>(it.value().as_int64().value_or(0))) = true;
    }
  }
  if (const auto others = row.find("scale_others")) {
    const auto more = scale_texts(others->as_int64().value_or(0));
    texts.insert(texts.end(), more.begin(), more.end());
    wanted.resize(texts.size(), false);
  }
  std::vector<std::string> names;
  const Bindings bindings = bind_data(row, names);
  for (size_t i = 0; i < texts.size(); ++i) {
    // An empty expression is no expression: it always matches.
    bool got = texts[i].empty();
    if (!got) {
      const auto expression = Expression::compile(texts[i], {});
      if (!expression) return expression.error().to_string();
      got = expression->matches(bindings);
    }
    if (got != wanted[i]) return "expression " + std::to_string(i) + (got ? " matches" : " fails");
  }
  return "";
}

}  // namespace

std::string run_dialect_case(JsonView row) {
  const std::string kind = text_of(row, "kind");
  if (kind == "eval") return evaluate_case(row, false);
  if (kind == "eval_truthy") return evaluate_case(row, true);
  if (kind == "validate") return validate_case(row);
  if (kind == "interpolate") return interpolate_case(row);
  if (kind == "match_many") return match_case(row);
  return "unknown kind of case: " + kind;
}

}  // namespace stepwell::expr
