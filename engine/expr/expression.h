// The expression language: what other parts of the engine include.
//
//   auto compiled = Expression::compile("event.data.total > 100", {});
//   if (!compiled) refuse(compiled.error().to_string());
//   compiled->matches(Bindings().set("event", json));
//
// Pure: no clock, no threads, no I/O (but see zone.h for named time zones). docs/expressions.md is
// the language as users meet it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/arena.h"
#include "engine/expr/ast.h"
#include "engine/expr/error.h"
#include "engine/expr/functions.h"
#include "engine/expr/parser.h"
#include "engine/expr/paths.h"
#include "engine/expr/types.h"
#include "engine/expr/value.h"
#include "schema/json.h"
#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::expr {

// kStrict is CEL as its specification has it. kDialect is what users of the SDKs write: missing
// fields are like null, any value has a truth, + joins text.
enum class Mode : uint8_t { kStrict, kDialect };

// Names that an expression may use beside the variables; for tests of the language.
struct TypeEnvironment {
  std::vector<VariableDeclaration> variables;
  std::vector<FunctionDeclaration> functions;
};

struct CompileOptions {
  Mode mode = Mode::kDialect;
  std::vector<std::string> variables = {"event", "async"};  // objects with fields of any type
  uint32_t libraries = kDialectLibraries;                   // of enum Library
  // Only comparisons, logic, `in`, indexing and the conversions int, uint, double: what an
  // expression may do that waits. All violations are in one error.
  bool is_restrictive = false;
  Limits limits;

  // For the conformance tests.
  std::string container;
  bool with_macros = true;
  bool with_checker = true;
  TypeEnvironment environment;
};

// What a compiled expression is evaluated on. Borrows everything it is given.
class Bindings {
 public:
  // A variable as JSON text that is known to be valid, or as a value. Setting it again replaces it.
  Bindings& set(std::string_view variable, JsonView json);
  Bindings& set(std::string_view variable, const Value& value);
  // What now() is. Default: 1970.
  Bindings& at(Time now) {
    now_ = now;
    return *this;
  }
  Bindings& numbers(JsonNumbers numbers) {
    numbers_ = numbers;
    return *this;
  }
  // How much work the evaluation may do; about a nanosecond to ten a unit.
  Bindings& budget(int64_t units) {
    budget_ = units;
    return *this;
  }

 private:
  friend class Expression;
  struct Entry {
    std::string_view variable;
    bool is_json = false;
    JsonView json;
    Value value;
  };
  Entry& entry(std::string_view variable);

  static constexpr size_t kMaxInline = 4;
  Entry inline_[kMaxInline];
  size_t count_ = 0;
  std::vector<Entry> more_;
  Time now_;
  JsonNumbers numbers_ = JsonNumbers::kDouble;
  int64_t budget_ = kDefaultBudget;

 public:
  static constexpr int64_t kDefaultBudget = 1'000'000;
};

// Values of paths that were read from an event once, for many expressions: see Expression::link.
struct Facts {
  const Value* slots = nullptr;     // by number of the PathTable
  const Value* literals = nullptr;  // of a shape, for nodes of kind kSlot
  Time now;
  int64_t budget = Bindings::kDefaultBudget;
};

// What a key expression says about an event.
struct Key {
  std::string text;       // strings as they are, anything else in the dialect's text form
  bool is_false = false;  // the boolean false: a missing field, or "do not limit" for some keys
};

struct Program;

// Whether the node's value, if it is truthy, is the boolean true.
bool is_boolean_node(const Node& node);

// A compiled expression. Immutable; copies share the program, from any thread.
class Expression {
 public:
  static Compiled<Expression> compile(std::string_view text, const CompileOptions& options);
  // The same from a tree, which is copied; positions of errors refer to `text`.
  static Compiled<Expression> compile(const Node& root, std::string_view text,
                                      const CompileOptions& options);

  // The value; borrows from the bindings, the arena and this expression. An evaluation that fails
  // is a Value of kind kError. In the dialect a missing value comes out as false.
  Value evaluate(const Bindings& bindings, Arena& arena) const;
  // The same on slots that were read before; `link` is what link() returned.
  Value evaluate(const Facts& facts, const std::vector<uint32_t>& link, Arena& arena) const;

  // True if the value is the boolean true. Errors and other values are no match.
  bool matches(const Bindings& bindings) const;
  // The value as a key, or why there is none.
  Result<Key> key(const Bindings& bindings) const;
  // The value if it is a number without a fraction.
  std::optional<int64_t> whole_number(const Bindings& bindings) const;

  // Partial evaluation: what is left to be decided when `event` is known. Every event.* becomes a
  // literal (null where it is missing) and what is constant is folded. The result is meant for
  // matches(): it is true for the same events, other values may differ. Dialect only. Fails if the
  // parts that are known take too long to compute, or if the result is too long to be kept.
  Compiled<Expression> bind_event(JsonView event, JsonNumbers numbers = JsonNumbers::kDouble) const;
  // The text() of what bind_event returned, compiled again: the same expression.
  static Compiled<Expression> compile_residual(std::string_view text);

  // The expression as text. Where the expression came from text, it may be laid out differently.
  std::string text() const;
  // For residuals: whether it is the literal false (no event matches) or true (each one does).
  bool is_constant_false() const;
  bool is_constant_true() const;

  const Node& root() const;
  const CompileOptions& options() const;
  Type type() const;  // as the checker deduced it; dyn without a checker

  // The paths that it reads. In the strict mode only whole variables.
  const PathTable& paths() const;
  // Adds its paths to `table` and says where they are there.
  std::vector<uint32_t> link(PathTable& table) const;

 private:
  friend class EventFolder;
  explicit Expression(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  // evaluate(), but a missing value stays missing, and what it cost is taken from `budget`.
  Value evaluate_part(const Bindings& bindings, Arena& arena, int64_t& budget) const;

  // Shared because expressions are handed to other threads and kept in several tables.
  std::shared_ptr<const Program> program_;
};

}  // namespace stepwell::expr
