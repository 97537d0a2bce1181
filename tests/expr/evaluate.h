// Evaluates an expression and shows the value as text, for tables of cases.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/expression.h"

namespace stepwell::expr {

struct Case {
  std::string_view text;
  std::string_view value;  // as describe() writes it; "error" for any error
};

// "5", "2.5", "\"text\"", "[1, true]", "error: division by zero"; "refused: ..." if it does not
// compile.
std::string outcome(const Compiled<Expression>& expression, const Bindings& bindings);

// In strict mode with all libraries and no variables.
std::string strict(std::string_view text);
// In the dialect, with the JSON as `event`.
std::string dialect(std::string_view text, std::string_view event = "{}");

// A check for each case.
void check_strict(const std::vector<Case>& cases);
void check_dialect(std::string_view event, const std::vector<Case>& cases);

}  // namespace stepwell::expr
