#include "engine/expr/compiler.h"

#include <algorithm>
#include <utility>

#include "engine/expr/code_build.h"
#include "engine/expr/names.h"
#include "engine/expr/operators.h"

namespace stepwell::expr {
namespace {

constexpr int64_t kFoldingBudget = 100'000;
constexpr uint32_t kMaxLocals = 4096;  // beyond the limits on depth of any expression

class Compiler {
 public:
  Compiler(Program& program, std::string_view text)
      : program_(program), options_(program.options), mode_(options_.mode), text_(text) {}

  std::optional<CompileError> run() {
    Built root = build(*program_.ast.root);
    program_.code = std::move(root.code);
    program_.locals = max_locals_;
    return std::move(error_);
  }

 private:
  // Code, and its value if that doesn't depend on anything.
  struct Built {
    CodePtr code;
    std::optional<Value> constant;
  };

  Built fail(size_t offset, std::string message, std::string hint = {}) {
    if (!error_) error_ = make_error(text_, offset, std::move(message), std::move(hint));
    return constant(Value::null());
  }

  static Built constant(const Value& value) { return {make_constant(value), value}; }
  static Built variable(CodePtr code) { return {std::move(code), std::nullopt}; }

  // Computes now what can't change later. Errors are left to be found when the code runs.
  Built fold(CodePtr code, bool operands_are_constant) {
    if (!operands_are_constant || error_ || folding_budget_ < 0) return variable(std::move(code));
    Frame frame{program_.constants};
    frame.budget = folding_budget_;
    const Value value = code->run(frame);
    folding_budget_ = frame.budget;
    if (value.is_error() || frame.budget < 0) return variable(std::move(code));
    return constant(value);
  }

  Built build(const Node& node) {
    switch (node.kind) {
      case NodeKind::kLiteral:
        return constant(literal_value(node.literal));
      case NodeKind::kSlot:
        return variable(make_literal_slot(node.slot));
      case NodeKind::kIdent:
      case NodeKind::kSelect:
        return build_name(node);
      case NodeKind::kCall:
        return build_call(node);
      case NodeKind::kList:
        return build_list(node);
      case NodeKind::kMap:
        return build_map(node);
      case NodeKind::kMessage:
        return fail(node.offset, "there are no message types here");
      case NodeKind::kMacro:
        return build_macro(node);
    }
    return fail(node.offset, "unknown kind of expression");
  }

  // Text is copied: the tree may be rewritten, the constants stay.
  Value literal_value(const Literal& literal) {
    if (const auto* boolean = std::get_if<bool>(&literal)) return Value::boolean(*boolean);
    if (const auto* whole = std::get_if<int64_t>(&literal)) return Value::integer(*whole);
    if (const auto* natural = std::get_if<uint64_t>(&literal)) return Value::natural(*natural);
    if (const auto* number = std::get_if<double>(&literal)) return Value::number(*number);
    if (const auto* text = std::get_if<std::string>(&literal)) {
      return Value::string(program_.constants.copy(*text));
    }
    if (const auto* bytes = std::get_if<Bytes>(&literal)) {
      return Value::bytes(program_.constants.copy(bytes->data));
    }
    return Value::null();
  }

  // --- Names -------------------------------------------------------------------------------------

  const uint32_t* find_local(std::string_view name) const {
    for (auto local = locals_.rbegin(); local != locals_.rend(); ++local) {
      if (local->first == name) return &local->second;
    }
    return nullptr;
  }

  // In the dialect a chain of fields and constant indexes below a variable is one path.
  std::optional<Path> as_path(const Node& node) const {
    if (mode_ != Mode::kDialect) return std::nullopt;
    const Node* root = &node;
    while (root->kind != NodeKind::kIdent) {
      if (root->kind == NodeKind::kSelect) {
        root = root->target;
      } else if (root->kind == NodeKind::kCall && root->op == Op::kIndex) {
        root = root->args[0];
      } else {
        return std::nullopt;
      }
    }
    if (!root->is_rooted && find_local(root->name)) return std::nullopt;
    return path_of(node, options_);
  }

  Built slot(const Path& path) { return variable(make_slot(program_.paths.intern(path), mode_)); }

  Built build_name(const Node& node) {
    if (const auto path = as_path(node)) return slot(*path);
    bool is_rooted = false;
    const auto chain = name_chain(node, is_rooted);
    if (!chain.empty() && (is_rooted || !find_local(chain.front()))) {
      if (auto built = build_chain(chain, is_rooted)) return std::move(*built);
      return undeclared_name(node, chain);
    }
    if (node.kind == NodeKind::kIdent) {
      return variable(make_local(*find_local(node.name)));
    }
    Built target = build(*node.target);
    CodePtr code = node.is_optional ? make_optional_select(std::move(target.code), node.name)
                                    : make_select(std::move(target.code), node.name, mode_);
    return fold(std::move(code), target.constant.has_value());
  }

  // Without a checker what makes no sense fails when it is evaluated, if it ever is.
  static Built fail_later(std::string_view message) {
    return variable(make_constant(Value::error(message)));
  }

  Built undeclared_name(const Node& node, const std::vector<std::string_view>& chain) {
    if (!options_.with_checker) return fail_later("undeclared reference");
    const Node* root = &node;
    while (root->kind == NodeKind::kSelect) root = root->target;
    if (!error_) error_ = undeclared(options_, text_, root->offset, chain.front());
    return constant(Value::null());
  }

  // The longest beginning of the chain that is a variable or a type; the rest selects fields.
  std::optional<Built> build_chain(const std::vector<std::string_view>& chain, bool is_rooted) {
    for (size_t length = chain.size(); length > 0; --length) {
      std::string name(chain[0]);
      for (size_t i = 1; i < length; ++i) (name += '.') += chain[i];
      std::optional<Built> built;
      if (auto found = find_variable(options_, name, is_rooted)) {
        built = slot(Path{std::move(*found), {}});
      } else if (const auto type = find_type_name(options_, name, is_rooted)) {
        built = constant(Value::type(*type));
      }
      if (!built) continue;
      for (size_t i = length; i < chain.size(); ++i) {
        const std::string_view field = program_.constants.copy(chain[i]);
        built = variable(make_select(std::move(built->code), field, mode_));
      }
      return built;
    }
    return std::nullopt;
  }

  // --- Calls -------------------------------------------------------------------------------------

  Built build_call(const Node& node) {
    if (node.op == Op::kFunction) return build_function(node);
    if (node.op == Op::kIndex) {
      if (const auto path = as_path(node)) return slot(*path);
    }
    std::vector<CodePtr> args;
    bool all_constant = true;
    for (const Node* arg : node.args) {
      Built built = build(*arg);
      all_constant = all_constant && built.constant.has_value();
      args.push_back(std::move(built.code));
    }
    return fold(build_operator(node.op, std::move(args)), all_constant);
  }

  CodePtr build_operator(Op op, std::vector<CodePtr> args) {
    switch (op) {
      case Op::kAnd:
        return make_and(std::move(args), mode_);
      case Op::kOr:
        return make_or(std::move(args), mode_);
      case Op::kNot:
        return make_not(std::move(args[0]), mode_);
      case Op::kNegate:
        return make_negate(std::move(args[0]), mode_);
      case Op::kConditional:
        return make_conditional(std::move(args[0]), std::move(args[1]), std::move(args[2]), mode_);
      case Op::kOptionalIndex:
        return make_optional_index(std::move(args[0]), std::move(args[1]));
      default:
        return make_binary(op, std::move(args[0]), std::move(args[1]), mode_);
    }
  }

  Built build_function(const Node& node) {
    const bool is_chain_of_local = node.target && target_is_local(*node.target);
    std::optional<std::string> qualified;
    if (!is_chain_of_local) qualified = find_qualified_function(options_, node);
    std::vector<const Node*> args;
    if (!qualified && node.target) args.push_back(node.target);
    args.insert(args.end(), node.args.begin(), node.args.end());
    const bool is_method = !qualified && node.target;
    const std::string_view name = qualified ? std::string_view(*qualified) : node.name;
    const FunctionEntry* function = find_function(options_.libraries, name, is_method, args.size());
    if (!function) return refuse_function(node, name, is_method);
    return build_known_function(*function, args);
  }

  // Declared without a meaning, as tests of the checker do.
  bool is_declared(std::string_view name) const {
    const auto& functions = options_.environment.functions;
    return std::any_of(functions.begin(), functions.end(),
                       [name](const auto& function) { return function.name == name; });
  }

  bool target_is_local(const Node& target) const {
    bool is_rooted = false;
    const auto chain = name_chain(target, is_rooted);
    return !chain.empty() && !is_rooted && find_local(chain.front());
  }

  Built refuse_function(const Node& node, std::string_view name, bool is_method) {
    if (!options_.with_checker || is_declared(name)) return fail_later(no_overload().text());
    if (is_function_name(options_.libraries, name, is_method)) {
      return fail(node.offset, "wrong number of arguments of " + std::string(name) + "()");
    }
    std::string hint;
    if (is_function_name(options_.libraries, name, !is_method)) {
      hint = is_method ? "it is written " + std::string(name) + "(x)"
                       : "it is written x." + std::string(name) + "(...)";
    } else if (name == "toLowerCase" || name == "toLower") {
      hint = "it is called lowercase(x)";
    } else if (name == "toUpperCase" || name == "toUpper") {
      hint = "it is called uppercase(x)";
    } else if (name == "includes") {
      hint = "text: x.contains('part'); a list: 'item' in x";
    } else if (name == "some" || name == "any") {
      hint = "it is called x.exists(item, ...)";
    }
    return fail(node.offset, "undeclared reference to the function '" + std::string(name) + "'",
                hint);
  }

  Built build_known_function(const FunctionEntry& function, const std::vector<const Node*>& args) {
    std::vector<CodePtr> codes;
    bool all_constant = true;
    std::optional<Value> last;
    for (const Node* arg : args) {
      Built built = build(*arg);
      all_constant = all_constant && built.constant.has_value();
      last = built.constant;
      codes.push_back(std::move(built.code));
    }
    if (function.name == "matches" && last && last->is(Kind::kString)) {
      return build_match(*args.back(), std::move(codes[0]), last->text(), all_constant);
    }
    return fold(make_call(function, std::move(codes), mode_), all_constant && function.is_pure);
  }

  Built build_match(const Node& pattern_node, CodePtr text, std::string_view pattern,
                    bool is_constant) {
    auto compiled = compile_pattern(pattern);
    if (!compiled->regex && mode_ == Mode::kDialect && options_.with_checker) {
      return fail(pattern_node.offset, compiled->error);
    }
    return fold(make_match(std::move(text), std::move(compiled), mode_), is_constant);
  }

  // --- Lists, maps, macros -----------------------------------------------------------------------

  Built build_list(const Node& node) {
    std::vector<ElementCode> elements;
    bool all_constant = true;
    for (size_t i = 0; i < node.args.size(); ++i) {
      Built item = build(*node.args[i]);
      all_constant = all_constant && item.constant.has_value();
      const bool is_optional = !node.optional_args.empty() && node.optional_args[i];
      elements.push_back({std::move(item.code), is_optional});
    }
    return fold(make_list(std::move(elements), mode_), all_constant);
  }

  Built build_map(const Node& node) {
    std::vector<EntryCode> entries;
    bool all_constant = true;
    for (size_t i = 0; i + 1 < node.args.size(); i += 2) {
      Built key = build(*node.args[i]);
      Built value = build(*node.args[i + 1]);
      all_constant = all_constant && key.constant.has_value() && value.constant.has_value();
      const bool is_optional = !node.optional_args.empty() && node.optional_args[i / 2];
      entries.push_back({std::move(key.code), std::move(value.code), is_optional});
    }
    return fold(make_map(std::move(entries), mode_), all_constant);
  }

  Built build_has(const Node& field) {
    if (field.is_optional) {
      Built target = build(*field.target);
      return variable(make_has_optional(make_optional_select(std::move(target.code), field.name)));
    }
    if (const auto path = as_path(field)) {
      return variable(make_presence(make_slot(program_.paths.intern(*path), mode_)));
    }
    Built target = build(*field.target);
    return fold(make_has(std::move(target.code), field.name, mode_), target.constant.has_value());
  }

  Built build_macro(const Node& node) {
    if (node.macro == Macro::kHas) return build_has(*node.args[0]);
    MacroCode parts;
    parts.macro = node.macro;
    const bool is_bind = node.macro == Macro::kBind;
    parts.range = build(is_bind ? *node.args[0] : *node.target).code;
    parts.local = static_cast<uint32_t>(locals_.size());
    parts.has_two_variables = node.variables.size() == 2;
    if (parts.local + 2 > kMaxLocals) return fail(node.offset, "too many nested macros");
    for (const std::string& name : node.variables) {
      locals_.emplace_back(name, static_cast<uint32_t>(locals_.size()));
    }
    max_locals_ = std::max(max_locals_, static_cast<uint32_t>(locals_.size()));
    build_body(node, parts);
    locals_.resize(locals_.size() - node.variables.size());
    return variable(make_macro(std::move(parts), mode_));
  }

  void build_body(const Node& node, MacroCode& parts) {
    const size_t first = node.macro == Macro::kBind ? 1 : 0;
    parts.body_cost = 1;
    for (size_t i = first; i < node.args.size(); ++i) parts.body_cost += count(*node.args[i]);
    const bool is_test = node.macro == Macro::kAll || node.macro == Macro::kExists ||
                         node.macro == Macro::kExistsOne || node.macro == Macro::kFilter;
    CodePtr last = build(*node.args.back()).code;
    if (is_test) {
      parts.filter = std::move(last);
      return;
    }
    parts.result = std::move(last);
    if (node.args.size() - first == 2) parts.filter = build(*node.args[first]).code;
  }

  static size_t count(const Node& node) {
    size_t total = 1 + (node.target ? count(*node.target) : 0);
    for (const Node* arg : node.args) total += count(*arg);
    return total;
  }

  Program& program_;
  const CompileOptions& options_;
  Mode mode_;
  std::string_view text_;
  std::vector<std::pair<std::string, uint32_t>> locals_;
  uint32_t max_locals_ = 0;
  int64_t folding_budget_ = kFoldingBudget;  // for the whole expression
  std::optional<CompileError> error_;
};

}  // namespace

std::optional<CompileError> generate_code(Program& program, std::string_view text) {
  return Compiler(program, text).run();
}

}  // namespace stepwell::expr
