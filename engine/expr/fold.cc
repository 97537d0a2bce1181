// Partial evaluation: what is left of an expression when the event is known.
//
// A part that reads nothing but the event is computed as a whole, so that it means what it would
// mean in a trigger. Where the event meets what is not known yet, its paths become literals, and
// null where they are missing: a wait for a key that the event lacks is a wait for an event that
// lacks it too.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/expr/expression.h"
#include "engine/expr/operators.h"
#include "engine/expr/program.h"
#include "engine/expr/timestamp.h"

namespace stepwell::expr {
namespace {

constexpr std::string_view kEvent = "event";
constexpr int64_t kNodeCost = 4;  // of a literal that is made of a value

// What is asked of a part. Only the outcome of matches() has to stay the same, and much less than
// the exact value of a part may matter for it.
enum class Use : uint8_t {
  kValue,    // the value itself
  kTruth,    // whether it is truthy
  kMatch,    // whether it is the boolean true
  kOutcome,  // both of these
};

const bool* literal_bool(const Node& node) {
  return node.kind == NodeKind::kLiteral ? std::get_if<bool>(&node.literal) : nullptr;
}

bool is_literal_true(const Node& node) {
  const bool* value = literal_bool(node);
  return value && *value;
}

// Whether a literal is truthy; nothing for what is no literal.
std::optional<bool> literal_truth(const Node& node) {
  if (node.kind != NodeKind::kLiteral) return std::nullopt;
  const Literal& literal = node.literal;
  if (const auto* boolean = std::get_if<bool>(&literal)) return *boolean;
  if (const auto* whole = std::get_if<int64_t>(&literal)) return *whole != 0;
  if (const auto* natural = std::get_if<uint64_t>(&literal)) return *natural != 0;
  if (const auto* number = std::get_if<double>(&literal)) return *number != 0;
  if (const auto* text = std::get_if<std::string>(&literal)) return !text->empty();
  return !std::holds_alternative<std::monostate>(literal);
}

}  // namespace

bool is_boolean_node(const Node& node) {
  if (node.kind == NodeKind::kLiteral) return std::holds_alternative<bool>(node.literal);
  if (node.kind == NodeKind::kMacro) {
    return node.macro == Macro::kHas || node.macro == Macro::kAll || node.macro == Macro::kExists ||
           node.macro == Macro::kExistsOne;
  }
  if (node.kind != NodeKind::kCall) return false;
  switch (node.op) {
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
    case Op::kIn:
    case Op::kNot:
      return true;
    case Op::kAnd:  // a truthy && is its last operand
      return is_boolean_node(*node.args.back());
    case Op::kOr:
      return std::all_of(node.args.begin(), node.args.end(),
                         [](const Node* arg) { return is_boolean_node(*arg); });
    default:
      return false;
  }
}

class EventFolder {
 public:
  EventFolder(const CompileOptions& options, JsonView event, JsonNumbers numbers, Ast& out)
      : options_(options), event_(event), numbers_(numbers), out_(out) {
    options_.with_checker = false;
    options_.is_restrictive = false;
    options_.limits = Limits::residual();
  }

  // The residual of a whole expression.
  Node* run(const Node& root) {
    Node* folded = fold(root, Use::kMatch);
    if (folded->kind == NodeKind::kLiteral && !is_literal_true(*folded)) {
      folded = out_.add_literal(false, root.offset);  // any other value is no match
    }
    return folded;
  }

  const CompileOptions& options() const { return options_; }
  bool is_over_budget() const { return budget_ < 0; }

 private:
  Node* fold(const Node& node, Use use) {
    if (node.kind != NodeKind::kLiteral && is_known(node)) return evaluate(node, use);
    if (node.kind == NodeKind::kCall) {
      if (node.op == Op::kAnd) return fold_and(node, use);
      if (node.op == Op::kOr) return fold_or(node, use);
      if (node.op == Op::kConditional) return fold_conditional(node, use);
    }
    return rebuild(node);
  }

  // --- What is known -----------------------------------------------------------------------------

  // True if the value can be computed now: it reads the event alone and calls nothing like now().
  // Variables of macros are known inside of the macro, if the macro as a whole is.
  bool is_known(const Node& node) {
    switch (node.kind) {
      case NodeKind::kSlot:
      case NodeKind::kMessage:
        return false;
      case NodeKind::kIdent:
        return is_known_name(node.name);
      case NodeKind::kCall:
        if (node.op == Op::kFunction && !is_pure_call(node)) return false;
        break;
      default:
        break;
    }
    if (node.target && !is_known(*node.target)) return false;
    const size_t outside = node.kind == NodeKind::kMacro && node.macro == Macro::kBind ? 1 : 0;
    for (size_t i = 0; i < outside; ++i) {
      if (!is_known(*node.args[i])) return false;
    }
    inner_.insert(inner_.end(), node.variables.begin(), node.variables.end());
    const bool args_are_known =
        std::all_of(node.args.begin() + static_cast<std::ptrdiff_t>(outside), node.args.end(),
                    [this](const Node* arg) { return is_known(*arg); });
    inner_.resize(inner_.size() - node.variables.size());
    return args_are_known;
  }

  bool is_known_name(const std::string& name) const {
    if (std::find(inner_.begin(), inner_.end(), name) != inner_.end()) return true;
    return name == kEvent && std::find(outer_.begin(), outer_.end(), name) == outer_.end();
  }

  bool is_pure_call(const Node& call) const {
    const size_t args = call.args.size() + (call.target ? 1 : 0);
    const FunctionEntry* function =
        find_function(options_.libraries, call.name, call.target != nullptr, args);
    return function && function->is_pure;
  }

  // The value as a literal. A part that fails has none: it stays, with literals in the place of the
  // event's fields, and fails again when it is asked; for && and || that is as good as false.
  Node* evaluate(const Node& node, Use use) {
    const auto part = Expression::compile(node, "", options_);
    Arena arena;
    Bindings bindings;
    bindings.set(kEvent, event_).numbers(numbers_);
    const Value value = part ? part->evaluate_part(bindings, arena, budget_) : no_overload();
    if (!value.is_error() && !value.is_missing()) return to_node(value, node.offset, arena);
    if (use != Use::kValue) return out_.add_literal(false, node.offset);
    const bool is_field = node.kind == NodeKind::kIdent || node.kind == NodeKind::kSelect;
    if (is_field) return out_.add_literal(std::monostate{}, node.offset);
    return rebuild(node);
  }

  // --- Values as trees ---------------------------------------------------------------------------

  Node* to_node(const Value& value, uint32_t offset, Arena& arena) {
    budget_ -= kNodeCost;
    if (budget_ < 0) return out_.add_literal(std::monostate{}, offset);
    switch (value.kind()) {
      case Kind::kBool:
        return out_.add_literal(value.as_bool(), offset);
      case Kind::kInt:
        return out_.add_literal(value.as_int(), offset);
      case Kind::kUint:
        return out_.add_literal(value.as_uint(), offset);
      case Kind::kDouble:
        return double_node(value.as_double(), offset);
      case Kind::kString:
        return out_.add_literal(std::string(value.text()), offset);
      case Kind::kBytes:
        return out_.add_literal(Bytes{std::string(value.text())}, offset);
      case Kind::kTimestamp:
        return text_call("timestamp", time_text(value), offset);
      case Kind::kDuration:
        return text_call("duration", time_text(value), offset);
      case Kind::kType:
        return type_reference(value.text(), offset);
      case Kind::kList:
        return list_node(value, offset, arena);
      case Kind::kMap:
        return map_node(value, offset, arena);
      default:  // inside of a list or a map
        return out_.add_literal(std::monostate{}, offset);
    }
  }

  // What is not finite has no literal.
  Node* double_node(double value, uint32_t offset) {
    if (std::isnan(value)) return text_call("double", "NaN", offset);
    if (std::isinf(value)) return text_call("double", value < 0 ? "-Infinity" : "Infinity", offset);
    return out_.add_literal(value, offset);
  }

  Node* text_call(std::string name, std::string text, uint32_t offset) {
    Node* call = out_.add(NodeKind::kCall, offset);
    call->name = std::move(name);
    call->args.push_back(out_.add_literal(std::move(text), offset));
    Ast::measure(*call);
    return call;
  }

  // google.protobuf.Timestamp is a chain of selects.
  Node* type_reference(std::string_view name, uint32_t offset) {
    size_t dot = std::min(name.find('.'), name.size());
    Node* node = out_.add(NodeKind::kIdent, offset);
    node->name = name.substr(0, dot);
    while (dot < name.size()) {
      const size_t next = std::min(name.find('.', dot + 1), name.size());
      Node* select = out_.add(NodeKind::kSelect, offset);
      select->target = node;
      select->name = name.substr(dot + 1, next - dot - 1);
      Ast::measure(*select);
      node = select;
      dot = next;
    }
    return node;
  }

  Node* list_node(const Value& value, uint32_t offset, Arena& arena) {
    Node* list = out_.add(NodeKind::kList, offset);
    for (const Value& item : list_items(value, arena)) {
      list->args.push_back(to_node(item, offset, arena));
    }
    Ast::measure(*list);
    return list;
  }

  Node* map_node(const Value& value, uint32_t offset, Arena& arena) {
    Node* map = out_.add(NodeKind::kMap, offset);
    for (const MapEntry& entry : map_entries(value, arena).entries) {
      map->args.push_back(to_node(entry.key, offset, arena));
      map->args.push_back(to_node(entry.value, offset, arena));
    }
    Ast::measure(*map);
    return map;
  }

  // --- Rewriting ---------------------------------------------------------------------------------

  Node* rebuild(const Node& node) {
    Node* copy = out_.add(node.kind, node.offset);
    *copy = node;
    if (node.target) copy->target = fold(*node.target, Use::kValue);
    const bool is_has = node.kind == NodeKind::kMacro && node.macro == Macro::kHas;
    const size_t outside = node.kind == NodeKind::kMacro && node.macro == Macro::kBind ? 1 : 0;
    for (size_t i = 0; i < node.args.size(); ++i) {
      const bool is_inside = i >= outside;
      if (is_inside) outer_.insert(outer_.end(), node.variables.begin(), node.variables.end());
      // has() needs its field to stay a field.
      copy->args[i] = is_has ? rebuild(*node.args[i]) : fold(*node.args[i], Use::kValue);
      if (is_inside) outer_.resize(outer_.size() - node.variables.size());
    }
    Ast::measure(*copy);
    return copy;
  }

  Node* chain(const Node& node, std::vector<Node*> operands) {
    if (operands.size() == 1) return operands.front();
    return out_.add_operator(node.op, std::move(operands), node.offset);
  }

  static Use use_of_operand(const Node& node, size_t i, Use use) {
    const bool is_last = i + 1 == node.args.size();
    if (is_last || use == Use::kValue || use == Use::kTruth) return use;
    return node.op == Op::kAnd ? Use::kTruth : Use::kOutcome;
  }

  Node* fold_and(const Node& node, Use use) {
    std::vector<Node*> kept;
    for (size_t i = 0; i < node.args.size(); ++i) {
      Node* operand = fold(*node.args[i], use_of_operand(node, i, use));
      const bool is_last = i + 1 == node.args.size();
      const auto truth = literal_truth(*operand);
      if (truth == false) {
        // It is the end of the chain: what follows is never looked at.
        if (use != Use::kValue || kept.empty()) return falsy(*operand, use);
        kept.push_back(operand);
        return chain(node, std::move(kept));
      }
      if (truth == true && (!is_last || is_droppable_end(kept, *operand, use))) continue;
      kept.push_back(operand);
    }
    if (kept.empty()) return out_.add_literal(true, node.offset);
    return chain(node, std::move(kept));
  }

  // Whether a truthy last operand of && says nothing that the operand before it doesn't say.
  static bool is_droppable_end(const std::vector<Node*>& kept, const Node& end, Use use) {
    if (use == Use::kTruth) return true;
    if (!is_literal_true(end)) return false;
    return kept.empty() || is_boolean_node(*kept.back());
  }

  Node* falsy(Node& operand, Use use) {
    return use == Use::kValue ? &operand : out_.add_literal(false, operand.offset);
  }

  Node* fold_or(const Node& node, Use use) {
    std::vector<Node*> kept;
    for (size_t i = 0; i < node.args.size(); ++i) {
      Node* operand = fold(*node.args[i], use_of_operand(node, i, use));
      const bool is_last = i + 1 == node.args.size();
      const auto truth = literal_truth(*operand);
      if (truth == false && (!is_last || use != Use::kValue)) continue;
      if (truth == true && use == Use::kTruth) return out_.add_literal(true, node.offset);
      kept.push_back(operand);
      if (truth == true) break;
    }
    if (kept.empty()) return out_.add_literal(false, node.offset);
    const bool all_boolean = std::all_of(kept.begin(), kept.end(),
                                         [](const Node* part) { return is_boolean_node(*part); });
    if (use != Use::kValue && all_boolean && is_literal_true(*kept.back())) return kept.back();
    return chain(node, std::move(kept));
  }

  Node* fold_conditional(const Node& node, Use use) {
    Node* condition = fold(*node.args[0], Use::kTruth);
    if (const auto truth = literal_truth(*condition)) {
      return fold(*node.args[*truth ? 1 : 2], use);
    }
    Node* then = fold(*node.args[1], use);
    Node* otherwise = fold(*node.args[2], use);
    return out_.add_operator(Op::kConditional, {condition, then, otherwise}, node.offset);
  }

  CompileOptions options_;
  JsonView event_;
  JsonNumbers numbers_;
  Ast& out_;
  std::vector<std::string> outer_;  // variables of the macros around the part that is folded
  std::vector<std::string> inner_;  // variables of macros inside of the part that is looked at
  int64_t budget_ = Bindings::kDefaultBudget;  // for all parts together
};

Compiled<Expression> Expression::bind_event(JsonView event, JsonNumbers numbers) const {
  Ast residual;
  EventFolder folder(options(), event, numbers, residual);
  Node* root = folder.run(this->root());
  if (folder.is_over_budget()) return make_error(text(), 0, "the evaluation takes too long");
  const std::string residual_text = print(*root);
  if (residual_text.size() > Limits::residual().text_bytes) {
    return make_error(text(), 0, "with the event's values in it, the text is longer than 16 MiB");
  }
  return compile(*root, residual_text, folder.options());
}

Compiled<Expression> Expression::compile_residual(std::string_view text) {
  CompileOptions options;
  options.with_checker = false;
  options.limits = Limits::residual();
  return compile(text, options);
}

}  // namespace stepwell::expr
