// A compiled expression from the inside.
#pragma once

#include <string>

#include "engine/expr/arena.h"
#include "engine/expr/code.h"
#include "engine/expr/expression.h"

namespace stepwell::expr {

struct Program {
  Ast ast;
  CompileOptions options;
  Type type;
  PathTable paths;
  Arena constants;  // what the code's constants point to
  CodePtr code;
  uint32_t locals = 0;  // variables of macros that are alive at one time
};

}  // namespace stepwell::expr
