// Compiled expressions: a tree of small objects, each of which computes one value. Mode and
// literals are settled when the tree is built; running it takes no decisions about either.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/expr/value.h"
#include "schema/time.h"

namespace stepwell::expr {

// What one evaluation works with.
struct Frame {
  Arena& arena;
  const Value* slots = nullptr;       // values of paths
  const uint32_t* slot_of = nullptr;  // path number of the program -> slot; null: the same
  const Value* literals = nullptr;    // of a shape (wait index)
  Value* locals = nullptr;            // variables of macros
  int64_t budget = 0;                 // work that may still be done
  Time now;

  // Pays for work whose amount depends on the data. False if the budget is used up.
  bool spend(size_t cost) {
    budget -= static_cast<int64_t>(cost);
    return budget >= 0;
  }
};

inline Value over_budget() {
  return Value::error("the evaluation takes too long");
}

class Code {
 public:
  virtual ~Code() = default;
  virtual Value run(Frame& frame) const = 0;
};
using CodePtr = std::unique_ptr<const Code>;

// A function of the language; `args` hold neither errors nor, in the dialect, missing values. The
// target of a method is args[0].
using Function = Value (*)(Frame& frame, std::span<const Value> args);

// An operator with two operands.
using BinaryFunction = Value (*)(Frame& frame, const Value& left, const Value& right);
using UnaryFunction = Value (*)(Frame& frame, const Value& operand);

inline Value no_overload() {
  return Value::error("no matching overload");
}

}  // namespace stepwell::expr
