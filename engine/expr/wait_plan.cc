#include "engine/expr/wait_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/expr/names.h"
#include "engine/expr/operators.h"

namespace stepwell::expr {
namespace {

// What is asked of a part's value. Beside true and false it may be any value, missing or an error.
enum class Want : uint8_t {
  kTrue,    // the boolean true
  kTruthy,  // what && and || take for true
  kFalse,   // the boolean false
  kFalsy,   // what they don't
};

bool is_positive(Want want) {
  return want == Want::kTrue || want == Want::kTruthy;
}

Plan nothing_known() {
  return {{Conjunction{}}, false};
}

Plan constant(bool holds) {
  return holds ? Plan{{Conjunction{}}, true} : Plan{{}, true};
}

Plan single(Test test, bool is_exact = true) {
  return {{Conjunction{test}}, is_exact};
}

bool knows_nothing(const Plan& plan) {
  return std::any_of(plan.any.begin(), plan.any.end(),
                     [](const Conjunction& all) { return all.empty(); });
}

Plan both(Plan left, Plan right) {
  if (left.any.size() * right.any.size() > kMaxConjunctions) {
    // One of the two is enough to look the expression up.
    const bool take_left =
        knows_nothing(right) || (!knows_nothing(left) && left.any.size() <= right.any.size());
    Plan taken = take_left ? std::move(left) : std::move(right);
    taken.is_exact = false;
    return taken;
  }
  Plan result{{}, left.is_exact && right.is_exact};
  for (const Conjunction& first : left.any) {
    for (const Conjunction& second : right.any) {
      Conjunction& joined = result.any.emplace_back(first);
      joined.insert(joined.end(), second.begin(), second.end());
    }
  }
  return result;
}

Plan either(Plan left, Plan right) {
  if (left.any.size() + right.any.size() > kMaxConjunctions) return nothing_known();
  left.is_exact = left.is_exact && right.is_exact;
  left.any.insert(left.any.end(), right.any.begin(), right.any.end());
  return left;
}

Op mirrored(Op op) {
  switch (op) {
    case Op::kLess:
      return Op::kGreater;
    case Op::kLessEqual:
      return Op::kGreaterEqual;
    case Op::kGreater:
      return Op::kLess;
    case Op::kGreaterEqual:
      return Op::kLessEqual;
    default:
      return op;
  }
}

// No event has a number that is not one, so that !(a < b) is a >= b where both can be compared.
Op opposite(Op op) {
  switch (op) {
    case Op::kLess:
      return Op::kGreaterEqual;
    case Op::kLessEqual:
      return Op::kGreater;
    case Op::kGreater:
      return Op::kLessEqual;
    default:
      return Op::kLess;
  }
}

// The value of a part that is a literal, in the tree or in a slot.
struct Operand {
  uint32_t slot = Test::kNone;
  Kind kind = Kind::kNull;  // of the slot
  uint8_t special = 0;      // null, true, false
};

class Planner {
 public:
  Planner(const CompileOptions& options, const std::vector<Kind>& slot_kinds, PathTable& paths)
      : options_(options), slot_kinds_(slot_kinds), paths_(paths) {}

  Plan plan(const Node& node, Want want) {
    switch (node.kind) {
      case NodeKind::kLiteral:
        return plan_literal(node, want);
      case NodeKind::kCall:
        return plan_call(node, want);
      case NodeKind::kMacro:
        return node.macro == Macro::kHas ? plan_has(*node.args[0], want) : nothing_known();
      default:
        return plan_field(node, want);
    }
  }

 private:
  static Plan plan_literal(const Node& node, Want want) {
    const auto* boolean = std::get_if<bool>(&node.literal);
    if (boolean) return constant(*boolean == is_positive(want));
    if (want == Want::kTrue || want == Want::kFalse) return constant(false);
    return nothing_known();
  }

  Plan plan_call(const Node& node, Want want) {
    switch (node.op) {
      case Op::kAnd:
        return plan_and(node, want);
      case Op::kOr:
        return plan_or(node, want);
      case Op::kNot:
        return plan_not(node, want);
      case Op::kConditional:
        return plan_conditional(node, want);
      case Op::kEqual:
      case Op::kNotEqual:
        return plan_equality(node, want);
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        return plan_order(node, want);
      case Op::kIn:
        return plan_in(node, want);
      case Op::kFunction:
        return plan_function(node, want);
      default:
        return plan_field(node, want);
    }
  }

  // --- Logic -------------------------------------------------------------------------------------

  // && gives its first falsy operand, or the last one.
  Plan plan_and(const Node& node, Want want) {
    const size_t last = node.args.size() - 1;
    if (is_positive(want)) {
      Plan result = plan(*node.args[last], want);
      for (size_t i = 0; i < last; ++i) {
        result = both(std::move(result), plan(*node.args[i], Want::kTruthy));
      }
      return result;
    }
    Plan result = constant(false);
    for (const Node* arg : node.args) {
      result = either(std::move(result), plan(*arg, want));
      if (want == Want::kFalse && !is_total(*arg)) result.is_exact = false;
    }
    return result;
  }

  // || gives its first truthy operand, or the last one.
  Plan plan_or(const Node& node, Want want) {
    const size_t last = node.args.size() - 1;
    if (!is_positive(want)) {
      Plan result = plan(*node.args[last], want);
      for (size_t i = 0; i < last; ++i) {
        result = both(std::move(result), plan(*node.args[i], Want::kFalsy));
      }
      return result;
    }
    Plan result = constant(false);
    for (size_t i = 0; i <= last; ++i) {
      result = either(std::move(result), plan(*node.args[i], want));
      // An earlier operand that is truthy, but not true, is the value of the whole.
      if (want == Want::kTrue && i < last && !is_boolean_node(*node.args[i])) {
        result.is_exact = false;
      }
    }
    return result;
  }

  // ! of something missing or of an error is false.
  Plan plan_not(const Node& node, Want want) {
    const Node& inner = *node.args[0];
    if (is_positive(want)) return plan(inner, Want::kFalse);
    return is_total(inner) ? plan(inner, Want::kTrue) : nothing_known();
  }

  Plan plan_conditional(const Node& node, Want want) {
    Plan then = both(plan(*node.args[0], Want::kTruthy), plan(*node.args[1], want));
    Plan otherwise = both(plan(*node.args[0], Want::kFalsy), plan(*node.args[2], want));
    return either(std::move(then), std::move(otherwise));
  }

  // True for what gives a boolean for any event, never an error.
  static bool is_total(const Node& node) {
    if (node.kind == NodeKind::kMacro) return node.macro == Macro::kHas;
    if (node.kind != NodeKind::kCall) return false;
    switch (node.op) {
      case Op::kEqual:
      case Op::kNotEqual:
        return true;
      case Op::kIn:
        return node.args[1]->kind == NodeKind::kSlot;
      case Op::kAnd:
      case Op::kOr:
      case Op::kNot:
        return std::all_of(node.args.begin(), node.args.end(),
                           [](const Node* arg) { return is_total(*arg); });
      default:
        return false;
    }
  }

  // --- Tests -------------------------------------------------------------------------------------

  std::optional<uint32_t> path_number(const Node& node) {
    const auto path = path_of(node, options_);
    if (!path) return std::nullopt;
    return paths_.intern(*path);
  }

  std::optional<Operand> operand(const Node& node) const {
    Operand result;
    if (node.kind == NodeKind::kSlot) {
      result.slot = node.slot;
      result.kind = slot_kinds_[node.slot];
      return result;
    }
    if (node.kind != NodeKind::kLiteral) return std::nullopt;
    if (const auto* boolean = std::get_if<bool>(&node.literal)) {
      result.special = *boolean ? kIsTrue : kIsFalse;
      return result;
    }
    if (!std::holds_alternative<std::monostate>(node.literal)) return std::nullopt;
    result.special = kIsNull;
    return result;
  }

  // The test for "is" or "is not", as `want` and the operator together say.
  static Plan member(Test test, bool is_member, bool is_exact = true) {
    test.kind = is_member ? TestKind::kOneOf : TestKind::kNoneOf;
    return single(test, is_exact);
  }

  Plan plan_equality(const Node& node, Want want) {
    auto path = path_number(*node.args[0]);
    auto value = operand(*node.args[1]);
    if (!path || !value) {
      path = path_number(*node.args[1]);
      value = operand(*node.args[0]);
    }
    if (!path || !value || value->kind == Kind::kList) return nothing_known();
    Test test;
    test.path = *path;
    test.slot = value->slot;
    test.specials = value->special;
    if (value->special == kIsNull) test.specials |= kIsMissing;
    return member(test, (node.op == Op::kEqual) == is_positive(want));
  }

  Plan plan_order(const Node& node, Want want) {
    const bool is_mirrored = !path_of(*node.args[0], options_);
    const auto path = path_number(*node.args[is_mirrored ? 1 : 0]);
    const auto value = operand(*node.args[is_mirrored ? 0 : 1]);
    if (!path || !value || value->slot == Test::kNone || value->kind == Kind::kList) {
      return nothing_known();
    }
    if (want == Want::kFalsy) return nothing_known();  // errors are falsy, too
    Test test{.kind = TestKind::kRange, .path = *path, .slot = value->slot};
    test.op = is_mirrored ? mirrored(node.op) : node.op;
    if (!is_positive(want)) test.op = opposite(test.op);
    return single(test);
  }

  Plan plan_in(const Node& node, Want want) {
    if (const auto list = operand(*node.args[1]); list && list->kind == Kind::kList) {
      const auto path = path_number(*node.args[0]);
      if (!path) return nothing_known();
      return member({.is_list = true, .path = *path, .slot = list->slot}, is_positive(want));
    }
    const auto value = operand(*node.args[0]);
    const auto path = path_number(*node.args[1]);
    const bool is_usable = value && path && value->kind != Kind::kList && is_positive(want);
    if (!is_usable) return nothing_known();
    return single({.kind = TestKind::kElement,
                   .specials = value->special,
                   .path = *path,
                   .slot = value->slot});
  }

  Plan plan_function(const Node& node, Want want) {
    if (node.name != "startsWith" || !node.target || node.args.size() != 1) return nothing_known();
    const auto path = path_number(*node.target);
    const auto value = operand(*node.args[0]);
    if (!path || !value || value->kind != Kind::kString || !is_positive(want)) {
      return nothing_known();
    }
    return single({.kind = TestKind::kPrefix, .path = *path, .slot = value->slot});
  }

  Plan plan_has(const Node& field, Want want) {
    const auto path = path_number(field);
    if (!path) return nothing_known();
    return member({.specials = kIsMissing, .path = *path}, !is_positive(want));
  }

  Plan plan_field(const Node& node, Want want) {
    const auto path = path_number(node);
    if (!path || want == Want::kFalsy) return nothing_known();
    if (want == Want::kTruthy) {
      return member({.specials = kIsMissing | kIsNull, .path = *path}, false, false);
    }
    const uint8_t wanted = want == Want::kTrue ? kIsTrue : kIsFalse;
    return member({.specials = wanted, .path = *path}, true);
  }

  const CompileOptions& options_;
  const std::vector<Kind>& slot_kinds_;
  PathTable& paths_;
};

bool is_special(const Value& value, uint8_t specials) {
  switch (value.kind()) {
    case Kind::kMissing:
      return (specials & kIsMissing) != 0;
    case Kind::kNull:
      return (specials & kIsNull) != 0;
    case Kind::kBool:
      return (specials & (value.as_bool() ? kIsTrue : kIsFalse)) != 0;
    default:
      return false;
  }
}

bool is_one_of(const Test& test, const Value& value, const Value* literals, Arena& arena) {
  if (is_special(value, test.specials)) return true;
  if (test.slot == Test::kNone || value.is_missing()) return false;
  const Value& literal = literals[test.slot];
  if (!test.is_list) return equals(value, literal, arena);
  const auto items = literal.items();
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& item) { return equals(value, item, arena); });
}

Value literal_of(const Test& test, const Value* literals) {
  if (test.slot != Test::kNone) return literals[test.slot];
  if (test.specials == kIsNull) return Value::null();
  return Value::boolean(test.specials == kIsTrue);
}

}  // namespace

Plan make_plan(const Node& root, const CompileOptions& options, const std::vector<Kind>& slot_kinds,
               PathTable& paths) {
  return Planner(options, slot_kinds, paths).plan(root, Want::kTrue);
}

bool holds(const Test& test, const Value& value, const Value* literals, Frame& frame) {
  switch (test.kind) {
    case TestKind::kOneOf:
      return is_one_of(test, value, literals, frame.arena);
    case TestKind::kNoneOf:
      return !is_one_of(test, value, literals, frame.arena);
    case TestKind::kRange:
      return dialect_operator(test.op)(frame, value, literals[test.slot]).is_true();
    case TestKind::kElement:
      return dialect_operator(Op::kIn)(frame, literal_of(test, literals), value).is_true();
    case TestKind::kPrefix:
      return value.is(Kind::kString) && value.text().starts_with(literals[test.slot].text());
  }
  return false;
}

}  // namespace stepwell::expr
