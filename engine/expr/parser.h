// Turns the text of an expression into its tree.
#pragma once

#include <string_view>

#include "engine/expr/ast.h"
#include "engine/expr/error.h"

namespace stepwell::expr {

// Bounds on an expression. The text of users is held to the defaults; residuals, which hold parts
// of events as literals, may be larger (see residual()).
struct Limits {
  size_t text_bytes = 8 * 1024;
  int depth = 64;       // nesting of the tree; && and || are flat however many operands they have
  size_t nodes = 1000;  // of the tree

  static constexpr Limits residual() { return {16 * 1024 * 1024, 256, 1'000'000}; }
};

struct ParseOptions {
  Limits limits;
  bool with_macros = true;         // has, all, exists, exists_one, map, filter
  bool with_two_variable = false;  // all(k, v, p), transformList ...
  bool with_bindings = false;      // cel.bind
  bool with_optionals = false;     // a.?b, a[?b], [?a], optMap, optFlatMap
};

// Parses exactly one expression. Checks grammar and limits, not names or types.
Compiled<Ast> parse(std::string_view text, const ParseOptions& options);

}  // namespace stepwell::expr
