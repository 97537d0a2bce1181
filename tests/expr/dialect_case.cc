#include "tests/expr/dialect_case.h"

#include <vector>

#include "engine/expr/expression.h"
#include "engine/expr/search.h"
#include "engine/expr/wait_index.h"
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

// Texts of values that a field of the incoming event may have: what the expressions compare with,
// and things next to it. The empty text stands for a field that is not there.
void collect_candidates(const Node& node, std::vector<std::string>& found) {
  if (node.kind == NodeKind::kLiteral) {
    if (const auto* text = std::get_if<std::string>(&node.literal)) {
      found.push_back(json_quote(*text));
    } else if (const auto* whole = std::get_if<int64_t>(&node.literal)) {
      for (int64_t delta = -1; delta <= 1; ++delta) found.push_back(std::to_string(*whole + delta));
    } else if (const auto* number = std::get_if<double>(&node.literal)) {
      for (double delta = -1; delta <= 1; ++delta) found.push_back(json_number(*number + delta));
    }
  }
  if (node.target) collect_candidates(*node.target, found);
  for (const Node* arg : node.args) collect_candidates(*arg, found);
}

std::vector<std::string> candidates_of(const Expression& left, const Expression& right) {
  std::vector<std::string> found = {"", "null", "true", "\"other\"", "0"};
  collect_candidates(left.root(), found);
  collect_candidates(right.root(), found);
  return found;
}

// The incoming event with these values at async.data.id and async.data.val.
std::string incoming_event(const std::string& id, const std::string& value) {
  std::string members;
  if (!id.empty()) members += "\"id\":" + id;
  if (!value.empty()) members += std::string(members.empty() ? "" : ",") + "\"val\":" + value;
  return "{\"data\":{" + members + "}}";
}

// The residual need not have the same text; it has to match the same events.
std::string interpolate_case(JsonView row) {
  const auto expression = Expression::compile(text_of(row, "expr"), {});
  if (!expression) return expression.error().to_string();
  const auto data = row.find("data");
  const auto event = data ? data->find("event") : std::nullopt;
  if (!event) return "the case has no event";
  const auto residual = expression->bind_event(*event, JsonNumbers::kTyped);
  if (!residual) return residual.error().to_string();
  const auto wanted = Expression::compile_residual(text_of(row, "expected_expr"));
  if (!wanted) return wanted.error().to_string();
  const std::vector<std::string> candidates = candidates_of(*residual, *wanted);
  for (const std::string& id : candidates) {
    for (const std::string& value : candidates) {
      const std::string incoming = incoming_event(id, value);
      Bindings bindings;
      bindings.set("async", JsonView::trusted(incoming));
      if (residual->matches(bindings) == wanted->matches(bindings)) continue;
      return residual->text() + " instead of " + wanted->text() + " for " + incoming;
    }
  }
  return "";
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

// The conditions of triggers as conditions of waits: what they call event is called async there.
std::string as_wait(std::string text) {
  for (size_t at = text.find("event."); at != std::string::npos; at = text.find("event.", at + 1)) {
    text.replace(at, 6, "async.");
  }
  return text;
}

// The same through the wait index.
std::string index_case(const std::vector<std::string>& texts, const std::vector<bool>& wanted,
                       JsonView event) {
  WaitIndex index;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (const auto problem = index.add({i, i}, as_wait(texts[i]))) return problem->to_string();
  }
  WaitScratch scratch;
  std::vector<WaitKey> found;
  index.read(event, scratch);
  index.find(Time{}, scratch, found);
  std::vector<bool> got(texts.size(), false);
  for (const WaitKey& key : found) got[key.order] = true;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (got[i] != wanted[i])
      return "the index " + std::string(got[i] ? "finds " : "lacks ") + texts[i];
  }
  return "";
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
  const bool is_event_alone = names.size() == 1 && names[0] == "event";
  return is_event_alone ? index_case(texts, wanted, *row.find("data")->find("event")) : "";
}

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// What the reference's errors say is information only.
std::string search_validate_case(JsonView row) {
  const auto search = RunSearch::compile(joined_lines(texts_of(row, "exprs")));
  const bool wanted = row.find("valid") && row.find("valid")->as_bool().value_or(false);
  if (search.ok() == wanted) return "";
  return search ? "valid" : search.error().to_string();
}

std::string search_match_case(JsonView row) {
  const auto search = RunSearch::compile(text_of(row, "expr"));
  if (!search) return search.error().to_string();
  const auto data = row.find("data");
  RunFacts facts;
  if (data) facts.event = data->find("event");
  const bool wanted = row.find("match") && row.find("match")->as_bool().value_or(false);
  return search->matches(facts) == wanted ? "" : "the search gives the contrary";
}

}  // namespace

std::string run_dialect_case(JsonView row) {
  const std::string kind = text_of(row, "kind");
  if (kind == "eval") return evaluate_case(row, false);
  if (kind == "eval_truthy") return evaluate_case(row, true);
  if (kind == "validate") return validate_case(row);
  if (kind == "interpolate") return interpolate_case(row);
  if (kind == "match_many") return match_case(row);
  if (kind == "search_validate") return search_validate_case(row);
  if (kind == "search_match_event") return search_match_case(row);
  return "unknown kind of case: " + kind;
}

}  // namespace stepwell::expr
