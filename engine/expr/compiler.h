// Builds the code of a checked tree.
#pragma once

#include <optional>
#include <string_view>

#include "engine/expr/error.h"
#include "engine/expr/program.h"

namespace stepwell::expr {

// Fills program.code, paths, constants and locals from program.ast and program.options. Returns
// what is wrong with the expression, if something is; offsets refer to `text`.
std::optional<CompileError> generate_code(Program& program, std::string_view text);

}  // namespace stepwell::expr
