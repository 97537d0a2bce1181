// The syntax tree of an expression. Trees are built by the parser and rewritten by folding; the
// checker and the compiler only read them. Nodes belong to an Ast and are freed with it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace stepwell::expr {

enum class NodeKind : uint8_t {
  kLiteral,  // `literal`
  kSlot,     // literal number `slot` of the wait that is being matched (wait index only)
  kIdent,    // `name`; a leading dot makes it `is_rooted`
  kSelect,   // target.name; `is_optional`: target.?name
  kCall,     // an operator (`op`) over `args`, or the function `name`; methods have a `target`
  kList,     // `args`; optional elements are flagged in `optional_args`
  kMap,      // `args`: key, value, key, value ...
  kMessage,  // name{...}: parsed for its errors' sake only, there are no message types
  kMacro,    // `macro` over `target` and `args`, with its variables in `variables`
};

enum class Op : uint8_t {
  kFunction,  // no operator: a call by name
  kAnd,       // two or more args, in the order of the text
  kOr,        // two or more args
  kNot,
  kNegate,
  kConditional,  // condition, then, else
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kIndex,          // args[0][args[1]]
  kOptionalIndex,  // args[0][?args[1]]
};

enum class Macro : uint8_t {
  kHas,        // args[0] is a kSelect
  kAll,        // target.all(x, p); two variables: target.all(k, v, p)
  kExists,     //
  kExistsOne,  //
  kMap,        // args: transform, or filter and transform
  kFilter,
  kTransformList,  // two variables; args as for kMap
  kTransformMap,
  kTransformMapEntry,
  kOptMap,      // optional.optMap(x, e)
  kOptFlatMap,  //
  kBind,        // cel.bind(x, init, e): args: init, e
};

struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

// null, bool, int, uint, double, string, bytes.
using Literal = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Bytes>;

struct Node {
  NodeKind kind = NodeKind::kLiteral;
  Op op = Op::kFunction;
  Macro macro = Macro::kHas;
  bool is_optional = false;
  bool is_rooted = false;
  uint16_t depth = 1;   // 1 for a leaf
  uint32_t offset = 0;  // where it stands in the text, in bytes: the operator of a call
  uint32_t slot = 0;
  Literal literal;
  std::string name;
  Node* target = nullptr;
  std::vector<Node*> args;
  std::vector<bool> optional_args;     // empty, or as long as the number of elements or entries
  std::vector<std::string> variables;  // of a macro
};

// Owns nodes; their addresses are stable, also when the Ast moves.
class Ast {
 public:
  Node* add(NodeKind kind, uint32_t offset);
  Node* add_literal(Literal literal, uint32_t offset);
  Node* add_operator(Op op, std::vector<Node*> args, uint32_t offset);

  // Sets node.depth from its children.
  static void measure(Node& node);

  Node* root = nullptr;
  size_t size() const { return nodes_.size(); }

 private:
  std::deque<Node> nodes_;
};

// True if both trees are the same expression, positions and white space aside.
bool same_tree(const Node& left, const Node& right);

// The expression as CEL text that parses to the same tree, with no more parentheses than needed.
std::string print(const Node& node);
std::string print_literal(const Literal& literal);

// "&&", "<=" ...; empty for Op::kFunction and the postfix operators.
std::string_view operator_text(Op op);
std::string_view macro_name(Macro macro);

}  // namespace stepwell::expr
