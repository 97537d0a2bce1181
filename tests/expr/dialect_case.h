// Facts about the dialect as test cases.
#pragma once

#include <string>

#include "schema/json.h"

namespace stepwell::expr {

std::string run_dialect_case(JsonView row);

}  // namespace stepwell::expr
