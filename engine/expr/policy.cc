#include "engine/expr/policy.h"

#include <string>
#include <vector>

namespace stepwell::expr {
namespace {

struct Violation {
  uint32_t offset = 0;
  std::string what;
};

bool is_allowed_operator(Op op) {
  switch (op) {
    case Op::kNegate:
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo:
      return false;
    default:
      return true;
  }
}

bool is_allowed_function(const Node& call) {
  return !call.target && (call.name == "int" || call.name == "uint" || call.name == "double");
}

void collect(const Node& node, std::vector<Violation>& found) {
  if (node.kind == NodeKind::kMacro) {
    found.push_back({node.offset, "the macro " + std::string(macro_name(node.macro)) + "()"});
  } else if (node.kind == NodeKind::kCall && node.op == Op::kFunction) {
    if (!is_allowed_function(node))
      found.push_back({node.offset, "the function " + node.name + "()"});
  } else if (node.kind == NodeKind::kCall && !is_allowed_operator(node.op)) {
    found.push_back({node.offset, "the operator " + std::string(operator_text(node.op))});
  }
  if (node.target) collect(*node.target, found);
  for (const Node* arg : node.args) collect(*arg, found);
}

}  // namespace

std::optional<CompileError> find_violations(const Node& root, std::string_view text) {
  std::vector<Violation> found;
  collect(root, found);
  if (found.empty()) return std::nullopt;
  std::string message = "an expression that waits may only compare; it must not use ";
  for (size_t i = 0; i < found.size(); ++i) message += (i == 0 ? "" : ", ") + found[i].what;
  return make_error(text, found.front().offset, std::move(message));
}

}  // namespace stepwell::expr
