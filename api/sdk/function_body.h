// A function's configuration as SDKs describe it.
#pragma once

#include <string>

#include "schema/function_config.h"
#include "schema/json.h"

namespace stepwell::sdk {

struct FunctionBody {
  FunctionConfig config;
  // What could not be read, as "field: what; ". What was read is not checked yet.
  std::string faults;
};

FunctionBody read_function_body(const JsonView& json);

}  // namespace stepwell::sdk
