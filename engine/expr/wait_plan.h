// What an expression needs of an event, as tests of single fields: what the wait index can look up.
//
// A plan is an "or" of "and"s of tests. Whenever the expression is true of an event, all tests of
// at least one of the "and"s hold; where the plan is exact, also the other way round.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/expr/ast.h"
#include "engine/expr/code.h"
#include "engine/expr/expression.h"
#include "engine/expr/paths.h"

namespace stepwell::expr {

enum class TestKind : uint8_t {
  kOneOf,    // the value is one of a few: ==, in [...], !has(), a bare field
  kNoneOf,   // it is none of them: !=, has()
  kRange,    // <, <=, >, >= against a number or text
  kElement,  // the literal is in the value: an element of a list, a key of a map
  kPrefix,   // startsWith
};

// Values that need no literal, as bits.
enum Special : uint8_t {
  kIsMissing = 1,
  kIsNull = 2,
  kIsFalse = 4,
  kIsTrue = 8,
};

struct Test {
  TestKind kind = TestKind::kOneOf;
  Op op = Op::kEqual;     // kRange: with the field on the left
  uint8_t specials = 0;   // of enum Special
  bool is_list = false;   // the literal is a list, of which any item will do
  uint32_t path = 0;      // number in the PathTable
  uint32_t slot = kNone;  // number of the literal; kNone: only the specials
  static constexpr uint32_t kNone = 0xFFFFFFFF;
};

using Conjunction = std::vector<Test>;

struct Plan {
  std::vector<Conjunction> any;  // empty: never true; with an empty Conjunction: nothing is known
  bool is_exact = true;
};

// More "and"s than this are not looked up one by one.
constexpr size_t kMaxConjunctions = 64;

// The plan for a tree whose literals are of kind kSlot where they differ between waits;
// `slot_kinds` says what each is. Paths are added to `paths`. Dialect only.
Plan make_plan(const Node& root, const CompileOptions& options, const std::vector<Kind>& slot_kinds,
               PathTable& paths);

// Whether `test` holds of the value at its path.
bool holds(const Test& test, const Value& value, const Value* literals, Frame& frame);

}  // namespace stepwell::expr
