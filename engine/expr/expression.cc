#include "engine/expr/expression.h"

#include <cmath>
#include <utility>

#include "engine/expr/checker.h"
#include "engine/expr/compiler.h"
#include "engine/expr/operators.h"
#include "engine/expr/policy.h"
#include "engine/expr/program.h"

namespace stepwell::expr {
namespace {

Node* copy_tree(const Node& node, Ast& ast) {
  Node* copy = ast.add(node.kind, node.offset);
  *copy = node;
  if (node.target) copy->target = copy_tree(*node.target, ast);
  for (Node*& arg : copy->args) arg = copy_tree(*arg, ast);
  return copy;
}

ParseOptions parse_options(const CompileOptions& options) {
  ParseOptions parsing;
  parsing.limits = options.limits;
  parsing.with_macros = options.with_macros;
  parsing.with_two_variable = (options.libraries & kTwoVariableLibrary) != 0;
  parsing.with_bindings = (options.libraries & kBindingsLibrary) != 0;
  parsing.with_optionals = (options.libraries & kOptionalsLibrary) != 0;
  return parsing;
}

std::optional<CompileError> finish_program(Program& program, std::string_view text) {
  if (program.options.with_checker) {
    auto type = check(*program.ast.root, text, program.options);
    if (!type) return type.error();
    program.type = std::move(type.value());
  }
  if (program.options.is_restrictive) {
    if (auto problem = find_violations(*program.ast.root, text)) return problem;
  }
  return generate_code(program, text);
}

Value run_program(const Program& program, Frame& frame) {
  if (program.locals > 0) frame.locals = frame.arena.allocate<Value>(program.locals);
  const Value value = program.code->run(frame);
  // In the dialect an error inside of an operation is like a missing value; running out of budget
  // is not, or an expression could match because it is too expensive.
  return frame.budget < 0 ? over_budget() : value;
}

// A missing value is false as a whole.
Value settle(const Value& value) {
  return value.is_missing() ? Value::boolean(false) : value;
}

}  // namespace

Bindings::Entry& Bindings::entry(std::string_view variable) {
  for (size_t i = 0; i < count_; ++i) {
    if (inline_[i].variable == variable) return inline_[i];
  }
  for (Entry& entry : more_) {
    if (entry.variable == variable) return entry;
  }
  Entry& added = count_ < kMaxInline ? inline_[count_++] : more_.emplace_back();
  added.variable = variable;
  return added;
}

Bindings& Bindings::set(std::string_view variable, JsonView json) {
  Entry& added = entry(variable);
  added.is_json = true;
  added.json = json;
  return *this;
}

Bindings& Bindings::set(std::string_view variable, const Value& value) {
  Entry& added = entry(variable);
  added.is_json = false;
  added.value = value;
  return *this;
}

Compiled<Expression> Expression::compile(std::string_view text, const CompileOptions& options) {
  auto program = std::make_shared<Program>();
  program->options = options;
  auto ast = parse(text, parse_options(options));
  if (!ast) return ast.error();
  program->ast = std::move(ast.value());
  if (auto problem = finish_program(*program, text)) return std::move(*problem);
  return Expression(std::move(program));
}

Compiled<Expression> Expression::compile(const Node& root, std::string_view text,
                                         const CompileOptions& options) {
  auto program = std::make_shared<Program>();
  program->options = options;
  program->ast.root = copy_tree(root, program->ast);
  if (auto problem = finish_program(*program, text)) return std::move(*problem);
  return Expression(std::move(program));
}

Value Expression::evaluate(const Bindings& bindings, Arena& arena) const {
  int64_t budget = bindings.budget_;
  return settle(evaluate_part(bindings, arena, budget));
}

Value Expression::evaluate_part(const Bindings& bindings, Arena& arena, int64_t& budget) const {
  const PathTable& paths = program_->paths;
  Value* slots = arena.allocate<Value>(paths.size());
  for (size_t i = 0; i < paths.size(); ++i) slots[i] = Value::missing();
  const auto extract = [&](const Bindings::Entry& entry) {
    if (entry.is_json) {
      paths.extract(entry.variable, entry.json, bindings.numbers_, arena, slots);
    } else {
      paths.extract(entry.variable, entry.value, arena, slots);
    }
  };
  for (size_t i = 0; i < bindings.count_; ++i) extract(bindings.inline_[i]);
  for (const Bindings::Entry& entry : bindings.more_) extract(entry);
  Frame frame{arena};
  frame.slots = slots;
  frame.budget = budget;
  frame.now = bindings.now_;
  const Value value = run_program(*program_, frame);
  budget = frame.budget;
  return value;
}

Value Expression::evaluate(const Facts& facts, const std::vector<uint32_t>& link,
                           Arena& arena) const {
  Frame frame{arena};
  frame.slots = facts.slots;
  frame.slot_of = link.data();
  frame.literals = facts.literals;
  frame.budget = facts.budget;
  frame.now = facts.now;
  return settle(run_program(*program_, frame));
}

bool Expression::matches(const Bindings& bindings) const {
  Arena arena;
  return evaluate(bindings, arena).is_true();
}

Result<Key> Expression::key(const Bindings& bindings) const {
  Arena arena;
  const Value value = evaluate(bindings, arena);
  if (value.is_error()) {
    return Error{ErrorCode::kInvalid,
                 "can't evaluate \"" + text() + "\": " + std::string(value.text())};
  }
  return Key{dialect_text(value, arena), value.is_false()};
}

std::optional<int64_t> Expression::whole_number(const Bindings& bindings) const {
  Arena arena;
  const Value value = evaluate(bindings, arena);
  if (value.is(Kind::kInt)) return value.as_int();
  if (value.is(Kind::kUint) && value.as_uint() <= static_cast<uint64_t>(INT64_MAX)) {
    return static_cast<int64_t>(value.as_uint());
  }
  constexpr double kLargestExact = 9007199254740992.0;
  if (value.is(Kind::kDouble) && std::abs(value.as_double()) <= kLargestExact &&
      value.as_double() == std::floor(value.as_double())) {
    return static_cast<int64_t>(value.as_double());
  }
  return std::nullopt;
}

std::string Expression::text() const {
  return print(root());
}

bool Expression::is_constant_false() const {
  const Node& node = root();
  const auto* value = std::get_if<bool>(&node.literal);
  return node.kind == NodeKind::kLiteral && value && !*value;
}

bool Expression::is_constant_true() const {
  const Node& node = root();
  const auto* value = std::get_if<bool>(&node.literal);
  return node.kind == NodeKind::kLiteral && value && *value;
}

const Node& Expression::root() const {
  return *program_->ast.root;
}
const CompileOptions& Expression::options() const {
  return program_->options;
}
Type Expression::type() const {
  return program_->type;
}
const PathTable& Expression::paths() const {
  return program_->paths;
}

std::vector<uint32_t> Expression::link(PathTable& table) const {
  std::vector<uint32_t> numbers;
  numbers.reserve(program_->paths.size());
  for (uint32_t i = 0; i < program_->paths.size(); ++i) {
    numbers.push_back(table.intern(program_->paths.path(i)));
  }
  return numbers;
}

}  // namespace stepwell::expr
