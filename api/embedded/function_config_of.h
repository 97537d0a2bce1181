// A function's options, as the C++ API has them, in the engine's words.
#pragma once

#include <string>

#include "schema/function_config.h"
#include "stepwell/function.h"

namespace stepwell::detail {

FunctionConfig config_of(const FunctionOptions& options, const std::string& app);

}  // namespace stepwell::detail
