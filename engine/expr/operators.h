// The operators of standard CEL and of the dialect. Operands of the strict_ functions hold no
// errors; the dialect_ functions take anything.
#pragma once

#include "engine/expr/ast.h"
#include "engine/expr/code.h"

namespace stepwell::expr {

// nullptr for operators that are no functions of two values: &&, ||, ?:, !, unary -.
BinaryFunction strict_operator(Op op);
BinaryFunction dialect_operator(Op op);

// Standard CEL. Arithmetic never mixes kinds and never overflows silently.
Value add(Frame& frame, const Value& left, const Value& right);
Value subtract(Frame& frame, const Value& left, const Value& right);
Value multiply(Frame& frame, const Value& left, const Value& right);
Value divide(Frame& frame, const Value& left, const Value& right);
Value modulo(Frame& frame, const Value& left, const Value& right);
Value negate(Frame& frame, const Value& operand);
Value contained_in(Frame& frame, const Value& left, const Value& right);
Value index(Frame& frame, const Value& target, const Value& key);
Value select_field(Frame& frame, const Value& target, std::string_view field);
// Equality that pays for comparing large values.
Value equal(Frame& frame, const Value& left, const Value& right);

// The dialect's idea of true: everything but false, null, missing, errors, "" and zeros.
bool is_truthy(const Value& value);
Value dialect_negate(Frame& frame, const Value& operand);
Value dialect_not(Frame& frame, const Value& operand);
Value dialect_select_field(Frame& frame, const Value& target, std::string_view field);

// The dialect's text of a value, for concatenation and for keys: strings as they are, numbers as
// JavaScript writes them, lists as [a b], maps as map[k:v].
std::string dialect_text(const Value& value, Arena& arena);

// optional.of(value).
Value make_optional(Frame& frame, const Value& value);
// What an access that failed gives for an optional: none() if there is nothing, else the error.
Value absent_or_error(const Value& problem);

// What reading all of the value costs, in units of the budget; for comparisons and copies as text.
size_t size_cost(const Value& value);
// What reading its items costs, without what is in them.
size_t shallow_cost(const Value& value);

}  // namespace stepwell::expr
