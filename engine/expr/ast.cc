#include "engine/expr/ast.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace stepwell::expr {

Node* Ast::add(NodeKind kind, uint32_t offset) {
  Node& node = nodes_.emplace_back();
  node.kind = kind;
  node.offset = offset;
  return &node;
}

Node* Ast::add_literal(Literal literal, uint32_t offset) {
  Node* node = add(NodeKind::kLiteral, offset);
  node->literal = std::move(literal);
  return node;
}

Node* Ast::add_operator(Op op, std::vector<Node*> args, uint32_t offset) {
  Node* node = add(NodeKind::kCall, offset);
  node->op = op;
  node->args = std::move(args);
  measure(*node);
  return node;
}

void Ast::measure(Node& node) {
  int below = node.target ? node.target->depth : 0;
  for (const Node* arg : node.args) below = std::max<int>(below, arg->depth);
  node.depth = static_cast<uint16_t>(std::min(below + 1, 0xFFFF));
}

namespace {

bool same_literal(const Literal& left, const Literal& right) {
  if (left.index() != right.index()) return false;
  if (const auto* number = std::get_if<double>(&left)) {
    return std::bit_cast<uint64_t>(*number) == std::bit_cast<uint64_t>(std::get<double>(right));
  }
  return left == right;
}

}  // namespace

bool same_tree(const Node& left, const Node& right) {
  if (left.kind != right.kind || left.op != right.op || left.is_optional != right.is_optional ||
      left.is_rooted != right.is_rooted || left.slot != right.slot || left.name != right.name ||
      left.args.size() != right.args.size() || left.optional_args != right.optional_args ||
      left.variables != right.variables || !same_literal(left.literal, right.literal)) {
    return false;
  }
  if (left.kind == NodeKind::kMacro && left.macro != right.macro) return false;
  if ((left.target == nullptr) != (right.target == nullptr)) return false;
  if (left.target && !same_tree(*left.target, *right.target)) return false;
  for (size_t i = 0; i < left.args.size(); ++i) {
    if (!same_tree(*left.args[i], *right.args[i])) return false;
  }
  return true;
}

std::string_view operator_text(Op op) {
  static constexpr std::array<std::string_view, 20> kTexts = {
      "",  "&&", "||", "!", "-", "?:", "==", "!=", "<", "<=",
      ">", ">=", "in", "+", "-", "*",  "/",  "%",  "",  ""};
  return kTexts[static_cast<size_t>(op)];
}

std::string_view macro_name(Macro macro) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "has",        "all",           "exists",       "exists_one",        "map",
      "filter",     "transformList", "transformMap", "transformMapEntry", "optMap",
      "optFlatMap", "bind"};
  return kNames[static_cast<size_t>(macro)];
}

}  // namespace stepwell::expr
