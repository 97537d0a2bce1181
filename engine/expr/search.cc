#include "engine/expr/search.h"

#include <algorithm>
#include <string>
#include <utility>

namespace stepwell::expr {
namespace {

constexpr size_t kMaxConditions = 64;

CompileOptions search_options() {
  CompileOptions options;
  options.variables = {"event", "output", "error"};
  return options;
}

const Node* find_macro(const Node& node) {
  if (node.kind == NodeKind::kMacro) return &node;
  if (node.target) {
    if (const Node* found = find_macro(*node.target)) return found;
  }
  for (const Node* arg : node.args) {
    if (const Node* found = find_macro(*arg)) return found;
  }
  return nullptr;
}

bool is_text_test(const Node& node) {
  return node.kind == NodeKind::kCall && node.op == Op::kFunction &&
         (node.name == "contains" || node.name == "startsWith" || node.name == "endsWith" ||
          node.name == "matches");
}

// The first part that is used as a condition but need not be true or false.
const Node* find_loose_value(const Node& node) {
  if (node.kind == NodeKind::kCall && (node.op == Op::kAnd || node.op == Op::kOr)) {
    for (const Node* arg : node.args) {
      if (const Node* found = find_loose_value(*arg)) return found;
    }
    return nullptr;
  }
  if (node.kind == NodeKind::kCall && node.op == Op::kNot) return find_loose_value(*node.args[0]);
  return is_boolean_node(node) || is_text_test(node) ? nullptr : &node;
}

// Where a tree begins in its text: the offset of an operator is where the operator stands.
size_t first_offset(const Node& node) {
  size_t first = node.offset;
  if (node.target) first = std::min(first, first_offset(*node.target));
  for (const Node* arg : node.args) first = std::min(first, first_offset(*arg));
  return first;
}

Compiled<Expression> compile_condition(std::string_view line) {
  auto condition = Expression::compile(line, search_options());
  if (!condition) return condition;
  const Node& root = condition->root();
  if (const Node* macro = find_macro(root)) {
    return make_error(line, macro->offset,
                      std::string(macro_name(macro->macro)) + "() can't be used in a search",
                      "compare fields: event.data.name == \"...\", or test for null");
  }
  if (const Node* loose = find_loose_value(root)) {
    return make_error(line, first_offset(*loose), "'" + print(*loose) + "' is no condition",
                      "compare it: " + print(*loose) + " == true");
  }
  return condition;
}

}  // namespace

Compiled<RunSearch> RunSearch::compile(std::string_view text) {
  if (text.size() > Limits().text_bytes) {
    return make_error(
        "", 0, "the search is longer than " + std::to_string(Limits().text_bytes) + " bytes");
  }
  RunSearch search;
  int number = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto condition = compile_condition(line);
    if (!condition) {
      CompileError error = condition.error();
      error.line = number;
      return error;
    }
    if (search.conditions_.size() == kMaxConditions) {
      return make_error(line, 0,
                        "a search has at most " + std::to_string(kMaxConditions) + " conditions");
    }
    search.conditions_.push_back(std::move(*condition));
  }
  return search;
}

bool RunSearch::matches(const RunFacts& run) const {
  Bindings bindings;
  if (run.event) bindings.set("event", *run.event);
  if (run.output) bindings.set("output", *run.output);
  if (run.error) bindings.set("error", *run.error);
  return std::all_of(conditions_.begin(), conditions_.end(),
                     [&](const Expression& condition) { return condition.matches(bindings); });
}

bool RunSearch::reads(std::string_view variable) const {
  for (const Expression& condition : conditions_) {
    const PathTable& paths = condition.paths();
    for (uint32_t i = 0; i < paths.size(); ++i) {
      if (paths.path(i).variable == variable) return true;
    }
  }
  return false;
}

}  // namespace stepwell::expr
