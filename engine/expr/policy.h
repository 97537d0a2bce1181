// The restrictive policy: what an expression may do that waits for events.
#pragma once

#include <optional>
#include <string_view>

#include "engine/expr/ast.h"
#include "engine/expr/error.h"

namespace stepwell::expr {

// Allowed are comparisons, logic, ?:, `in`, indexing and the conversions int, uint and double.
// Returns all violations as one error that stands at the first.
std::optional<CompileError> find_violations(const Node& root, std::string_view text);

}  // namespace stepwell::expr
