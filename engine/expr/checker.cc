#include "engine/expr/checker.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/expr/declarations.h"
#include "engine/expr/names.h"
#include "engine/expr/type_solver.h"

namespace stepwell::expr {
namespace {

constexpr size_t kMaxTypeSize = 64;  // a larger type is dyn

Type optional_of(Type inner) {
  return Type::abstract("optional_type", {std::move(inner)});
}

bool is_optional(const Type& type) {
  return type.kind == TypeKind::kAbstract && type.name == "optional_type";
}

bool is_numeric(const Type& type) {
  return type.kind == TypeKind::kInt || type.kind == TypeKind::kUint ||
         type.kind == TypeKind::kDouble;
}

// The type of a type's name: `int` is a type(int).
Type type_of_name(std::string_view name) {
  static const std::pair<std::string_view, Type> kTypes[] = {
      {"bool", TypeKind::kBool},
      {"int", TypeKind::kInt},
      {"uint", TypeKind::kUint},
      {"double", TypeKind::kDouble},
      {"string", TypeKind::kString},
      {"bytes", TypeKind::kBytes},
      {"null_type", TypeKind::kNull},
      {"google.protobuf.Timestamp", TypeKind::kTimestamp},
      {"google.protobuf.Duration", TypeKind::kDuration},
      {"list", Type::list(TypeKind::kDyn)},
      {"map", Type::map(TypeKind::kDyn, TypeKind::kDyn)},
      {"optional_type", optional_of(TypeKind::kDyn)},
  };
  Type type(TypeKind::kType);
  Type inner;
  for (const auto& [known, meaning] : kTypes) {
    if (known == name) inner = meaning;
  }
  type.parameters.push_back(inner);
  return type;
}

class Checker {
 public:
  Checker(std::string_view text, const CompileOptions& options)
      : text_(text), options_(options), is_strict_(options.mode == Mode::kStrict) {}

  Compiled<Type> run(const Node& root) {
    const Type type = check(root);
    if (error_) return std::move(*error_);
    return solver_.finish(type);
  }

 private:
  Type fail(size_t offset, std::string message, std::string hint = {}) {
    if (!error_) error_ = make_error(text_, offset, std::move(message), std::move(hint));
    return Type(TypeKind::kError);
  }

  Type check(const Node& node) {
    Type type = solver_.resolve(check_kind(node));
    // Types of types of types could grow with every level, to twice the size.
    return count(type) > kMaxTypeSize ? Type(TypeKind::kDyn) : type;
  }

  static size_t count(const Type& type) {
    size_t total = 1;
    for (const Type& parameter : type.parameters) total += count(parameter);
    return total;
  }

  Type check_kind(const Node& node) {
    if (error_) return Type(TypeKind::kError);
    switch (node.kind) {
      case NodeKind::kLiteral:
        return literal_type(node.literal);
      case NodeKind::kSlot:
        return Type(TypeKind::kDyn);
      case NodeKind::kIdent:
      case NodeKind::kSelect:
        return check_name(node);
      case NodeKind::kCall:
        return node.op == Op::kFunction ? check_function(node) : check_operator(node);
      case NodeKind::kList:
        return check_list(node);
      case NodeKind::kMap:
        return check_map(node);
      case NodeKind::kMessage:
        return fail(node.offset, "there are no message types here");
      case NodeKind::kMacro:
        return check_macro(node);
    }
    return Type(TypeKind::kError);
  }

  static Type literal_type(const Literal& literal) {
    static constexpr TypeKind kKinds[] = {TypeKind::kNull, TypeKind::kBool,   TypeKind::kInt,
                                          TypeKind::kUint, TypeKind::kDouble, TypeKind::kString,
                                          TypeKind::kBytes};
    return Type(kKinds[literal.index()]);
  }

  // --- Names -------------------------------------------------------------------------------------

  const Type* find_local(std::string_view name) const {
    for (auto local = locals_.rbegin(); local != locals_.rend(); ++local) {
      if (local->first == name) return &local->second;
    }
    return nullptr;
  }

  Type variable_type(std::string_view name) const {
    for (const VariableDeclaration& declared : options_.environment.variables) {
      if (declared.name == name) return declared.type;
    }
    if (is_strict_) return Type(TypeKind::kDyn);
    return Type::map(TypeKind::kString, TypeKind::kDyn);
  }

  Type check_name(const Node& node) {
    bool is_rooted = false;
    const auto chain = name_chain(node, is_rooted);
    const Type* local = chain.empty() || is_rooted ? nullptr : find_local(chain.front());
    if (!chain.empty() && !local) return check_chain(node, chain, is_rooted);
    if (node.kind == NodeKind::kIdent) return *local;
    const Type target = check(*node.target);
    const Type field = field_type(node, target);
    return node.is_optional && !is_optional(field) ? optional_of(field) : field;
  }

  Type check_chain(const Node& node, const std::vector<std::string_view>& chain, bool is_rooted) {
    for (size_t length = chain.size(); length > 0; --length) {
      std::string name(chain[0]);
      for (size_t i = 1; i < length; ++i) (name += '.') += chain[i];
      std::optional<Type> type;
      if (const auto variable = find_variable(options_, name, is_rooted)) {
        type = variable_type(*variable);
      } else if (const auto type_name = find_type_name(options_, name, is_rooted)) {
        type = type_of_name(*type_name);
      }
      if (!type) continue;
      for (size_t i = length; i < chain.size(); ++i) type = field_type(node, *type);
      return *type;
    }
    const Node* root = &node;
    while (root->kind == NodeKind::kSelect) root = root->target;
    if (!error_) error_ = undeclared(options_, text_, root->offset, chain.front());
    return Type(TypeKind::kError);
  }

  // The type of a field of `target`.
  Type field_type(const Node& node, const Type& target) {
    const Type known = solver_.resolve(target);
    switch (known.kind) {
      case TypeKind::kDyn:
      case TypeKind::kError:
        return known;
      case TypeKind::kMap:
        return known.parameters[1];
      case TypeKind::kVariable:
        return Type(TypeKind::kDyn);
      default:
        break;
    }
    if (is_optional(known)) return optional_of(field_type(node, known.parameters[0]));
    return fail(node.offset, "a " + type_text(known) + " has no fields");
  }

  // --- Calls -------------------------------------------------------------------------------------

  std::vector<Type> check_all(const std::vector<Node*>& nodes) {
    std::vector<Type> types;
    for (const Node* node : nodes) types.push_back(check(*node));
    return types;
  }

  Type check_operator(const Node& node) {
    const std::vector<Type> args = check_all(node.args);
    if (error_) return Type(TypeKind::kError);
    if (node.op == Op::kAnd || node.op == Op::kOr) return check_logic(node, args);
    if (!is_strict_) {
      if (auto type = dialect_operator_type(node.op, args)) return *type;
    }
    return call_type(node, operator_overloads(node.op), args, std::string(operator_text(node.op)));
  }

  Type check_logic(const Node& node, const std::vector<Type>& args) {
    bool all_bool = true;
    for (size_t i = 0; i < args.size(); ++i) {
      const bool is_bool = args[i].kind == TypeKind::kBool;
      all_bool = all_bool && is_bool;
      if (is_strict_ && !solver_.assign(TypeKind::kBool, args[i])) {
        return fail(node.args[i]->offset, "an operand of " + std::string(operator_text(node.op)) +
                                              " is a " + type_text(solver_.finish(args[i])) +
                                              ", not a bool");
      }
    }
    return is_strict_ || all_bool ? Type(TypeKind::kBool) : Type(TypeKind::kDyn);
  }

  // What the dialect allows beyond the standard's overloads.
  std::optional<Type> dialect_operator_type(Op op, const std::vector<Type>& args) {
    switch (op) {
      case Op::kEqual:
      case Op::kNotEqual:
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        return Type(TypeKind::kBool);
      case Op::kConditional:
        return solver_.join(args[1], args[2]);
      case Op::kAdd:
        if (args[0] == args[1] && is_numeric(args[0])) return args[0];
        if (args[0].kind == TypeKind::kString && args[1].kind == TypeKind::kString) return args[0];
        if (is_numeric(args[0]) && is_numeric(args[1])) return Type(TypeKind::kDouble);
        return Type(TypeKind::kDyn);
      case Op::kSubtract:
      case Op::kMultiply:
      case Op::kDivide:
      case Op::kModulo:
        if (!is_numeric(args[0]) || !is_numeric(args[1])) return std::nullopt;
        if (args[0] == args[1] && op != Op::kModulo) return std::nullopt;
        return args[0] == args[1] ? args[0] : Type(TypeKind::kDouble);
      default:
        return std::nullopt;
    }
  }

  Type check_function(const Node& node) {
    std::optional<std::string> qualified;
    bool is_rooted = false;
    const auto chain =
        node.target ? name_chain(*node.target, is_rooted) : std::vector<std::string_view>();
    if (chain.empty() || is_rooted || !find_local(chain.front())) {
      qualified = find_qualified_function(options_, node);
    }
    const bool is_method = !qualified && node.target;
    std::vector<Type> args;
    if (is_method) args.push_back(check(*node.target));
    for (const Node* arg : node.args) args.push_back(check(*arg));
    if (error_) return Type(TypeKind::kError);
    const std::string name = qualified ? *qualified : node.name;
    const std::vector<Overload> overloads = function_overloads(name, is_method, args.size());
    // The compiler knows more about misspelt names than that they are not declared.
    if (overloads.empty()) return Type(TypeKind::kDyn);
    return call_type(node, overloads, args, name + "()");
  }

  std::vector<Overload> function_overloads(const std::string& name, bool is_method, size_t args) {
    std::vector<Overload> overloads;
    for (const FunctionDeclaration& declared : options_.environment.functions) {
      if (declared.name != name) continue;
      for (const Overload& overload : declared.overloads) {
        if (overload.is_method == is_method) overloads.push_back(overload);
      }
    }
    if (const FunctionEntry* entry = find_function(options_.libraries, name, is_method, args)) {
      const auto more = parse_overloads(entry->overloads);
      overloads.insert(overloads.end(), more.begin(), more.end());
    }
    return overloads;
  }

  // Overloads that take anything say less than those that fit beside them.
  static bool takes_anything(const Overload& overload) {
    if (overload.parameters.empty()) return false;
    const Type& last = overload.parameters.back();
    return last.kind == TypeKind::kDyn || last == Type::list(TypeKind::kDyn);
  }

  // The result of all overloads that fit: one type, or dyn if they differ.
  Type call_type(const Node& node, const std::vector<Overload>& overloads,
                 const std::vector<Type>& args, const std::string& name) {
    std::optional<Type> result;
    for (const Overload& overload : overloads) {
      if (result && takes_anything(overload)) continue;
      TypeSolver::Renaming renaming;
      std::vector<Type> parameters;
      for (const Type& parameter : overload.parameters) {
        parameters.push_back(solver_.instantiate(parameter, renaming));
      }
      while (overload.repeats_last && parameters.size() < args.size()) {
        parameters.push_back(parameters.back());
      }
      const Type type = solver_.instantiate(overload.result, renaming);
      if (!solver_.assign_all(parameters, args)) continue;
      const Type resolved = solver_.resolve(type);
      if (!result) {
        result = resolved;
      } else if (solver_.finish(*result) != solver_.finish(resolved)) {
        result = Type(TypeKind::kDyn);
      }
    }
    if (result) return *result;
    std::string given;
    for (const Type& arg : args) {
      given += (given.empty() ? "" : ", ") + type_text(solver_.finish(arg));
    }
    return fail(node.offset, "'" + name + "' can't be applied to (" + given + ")");
  }

  // --- Lists and maps ----------------------------------------------------------------------------

  // The type of an element or a value; an optional one is what is in the optional.
  Type part_type(const Node& part, bool is_optional_part) {
    const Type type = check(part);
    if (!is_optional_part) return type;
    const Type inner = solver_.fresh_variable();
    if (!solver_.assign(optional_of(inner), type)) {
      return fail(part.offset, "an element marked with '?' must be optional");
    }
    return solver_.resolve(inner);
  }

  Type check_list(const Node& node) {
    std::optional<Type> item;
    for (size_t i = 0; i < node.args.size(); ++i) {
      const Type type =
          part_type(*node.args[i], !node.optional_args.empty() && node.optional_args[i]);
      item = item ? solver_.join(*item, type) : type;
    }
    return Type::list(item ? *item : solver_.fresh_variable());
  }

  Type check_map(const Node& node) {
    std::optional<Type> key;
    std::optional<Type> value;
    for (size_t i = 0; i + 1 < node.args.size(); i += 2) {
      const Type key_type = check(*node.args[i]);
      const bool is_optional_entry = !node.optional_args.empty() && node.optional_args[i / 2];
      const Type value_type = part_type(*node.args[i + 1], is_optional_entry);
      key = key ? solver_.join(*key, key_type) : key_type;
      value = value ? solver_.join(*value, value_type) : value_type;
    }
    return Type::map(key ? *key : solver_.fresh_variable(),
                     value ? *value : solver_.fresh_variable());
  }

  // --- Macros ------------------------------------------------------------------------------------

  Type check_macro(const Node& node) {
    switch (node.macro) {
      case Macro::kHas:
        check(*node.args[0]);
        return Type(TypeKind::kBool);
      case Macro::kBind:
        return check_bind(node);
      case Macro::kOptMap:
      case Macro::kOptFlatMap:
        return check_optional_map(node);
      default:
        return check_loop(node);
    }
  }

  Type check_bind(const Node& node) {
    const Type init = check(*node.args[0]);
    locals_.emplace_back(node.variables[0], init);
    const Type result = check(*node.args[1]);
    locals_.pop_back();
    return result;
  }

  Type check_optional_map(const Node& node) {
    const Type inner = solver_.fresh_variable();
    if (!solver_.assign(optional_of(inner), check(*node.target))) {
      return fail(node.offset, std::string(macro_name(node.macro)) + "() needs an optional");
    }
    locals_.emplace_back(node.variables[0], solver_.resolve(inner));
    const Type result = check(*node.args[0]);
    locals_.pop_back();
    return node.macro == Macro::kOptMap ? optional_of(result) : result;
  }

  // The types of key (or index) and element of what a macro loops over.
  std::optional<std::pair<Type, Type>> range_types(const Type& range) {
    if (range.kind == TypeKind::kList) {
      return std::make_pair(Type(TypeKind::kInt), range.parameters[0]);
    }
    if (range.kind == TypeKind::kMap) {
      return std::make_pair(range.parameters[0], range.parameters[1]);
    }
    const bool is_open = range.kind == TypeKind::kDyn || range.kind == TypeKind::kError ||
                         range.kind == TypeKind::kVariable;
    if (!is_open) return std::nullopt;
    return std::make_pair(Type(TypeKind::kDyn), Type(TypeKind::kDyn));
  }

  Type check_loop(const Node& node) {
    const Type range = check(*node.target);
    const auto types = range_types(range);
    if (!types) {
      return fail(node.offset, std::string(macro_name(node.macro)) +
                                   "() needs a list or a map, not a " + type_text(range));
    }
    const auto& [key, item] = *types;
    const bool is_list = range.kind == TypeKind::kList;
    const Type first = node.variables.size() == 2 || !is_list ? key : item;
    locals_.emplace_back(node.variables[0], first);
    if (node.variables.size() == 2) locals_.emplace_back(node.variables[1], item);
    const Type result = check_body(node, first, key);
    locals_.resize(locals_.size() - node.variables.size());
    return result;
  }

  Type check_body(const Node& node, const Type& element, const Type& key) {
    const std::vector<Type> args = check_all(node.args);
    if (error_) return Type(TypeKind::kError);
    const bool is_transform = node.macro == Macro::kMap || node.macro == Macro::kTransformList ||
                              node.macro == Macro::kTransformMap ||
                              node.macro == Macro::kTransformMapEntry;
    const bool has_condition = !is_transform || args.size() == 2;
    if (is_strict_ && has_condition && !solver_.assign(TypeKind::kBool, args[0])) {
      return fail(node.args[0]->offset, "the condition of " + std::string(macro_name(node.macro)) +
                                            "() is a " + type_text(solver_.finish(args[0])) +
                                            ", not a bool");
    }
    switch (node.macro) {
      case Macro::kFilter:
        return Type::list(element);
      case Macro::kMap:
      case Macro::kTransformList:
        return Type::list(args.back());
      case Macro::kTransformMap:
        return Type::map(key, args.back());
      case Macro::kTransformMapEntry:
        return args.back();
      default:
        return Type(TypeKind::kBool);
    }
  }

  std::string_view text_;
  const CompileOptions& options_;
  bool is_strict_;
  TypeSolver solver_;
  std::vector<std::pair<std::string, Type>> locals_;
  std::optional<CompileError> error_;
};

}  // namespace

Compiled<Type> check(const Node& root, std::string_view text, const CompileOptions& options) {
  return Checker(text, options).run(root);
}

}  // namespace stepwell::expr
