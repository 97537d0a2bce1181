// The type checker: deduces the type of an expression and refuses what can't be right whatever the
// data is.
#pragma once

#include <string_view>

#include "engine/expr/ast.h"
#include "engine/expr/error.h"
#include "engine/expr/expression.h"

namespace stepwell::expr {

// The type of the expression, or the first mistake; offsets refer to `text`. Strict: the rules of
// the specification. Dialect: comparisons, logic and + take any types, arithmetic mixes numbers,
// and the rest is held to its declarations.
Compiled<Type> check(const Node& root, std::string_view text, const CompileOptions& options);

}  // namespace stepwell::expr
