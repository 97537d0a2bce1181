// Which calls are macros. The parser asks this for every call that it has read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/expr/ast.h"
#include "engine/expr/parser.h"

namespace stepwell::expr {

struct MacroProblem {
  uint32_t offset = 0;
  std::string message;
};

// If `call` (kCall by name) has the shape of a macro that `options` allow, turns it into a kMacro
// node. Returns what is wrong if the shape fits but an argument does not.
std::optional<MacroProblem> recognise_macro(Node& call, const ParseOptions& options);

}  // namespace stepwell::expr
