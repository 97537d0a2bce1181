// The types of functions and operators.
#pragma once

#include <string_view>
#include <vector>

#include "engine/expr/ast.h"
#include "engine/expr/types.h"

namespace stepwell::expr {

// Reads "(string, list<A>) -> int; (int...) -> int". The text must be well formed: it comes from
// the tables of functions.
std::vector<Overload> parse_overloads(std::string_view text);

// The overloads of an operator in standard CEL; empty for && and || (any number of bools) and for
// Op::kFunction.
const std::vector<Overload>& operator_overloads(Op op);

}  // namespace stepwell::expr
