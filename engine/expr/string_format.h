// The strings library's format(): "%s is %d".format([name, count]).
#pragma once

#include <span>
#include <string_view>

#include "engine/expr/code.h"

namespace stepwell::expr {

// Clauses: %s %d %f %e %b %o %x %X, with a precision for f and e, and %% for a percent sign.
Value format_string(Frame& frame, std::string_view pattern, std::span<const Value> args);

}  // namespace stepwell::expr
