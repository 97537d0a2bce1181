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

// Brings concurrency limits into the form that is kept: the lowest first, none that limits nothing.
// Not before they were checked: faults name limits by their places in the app's own list.
void settle_limits(FlowControl& flow);

}  // namespace stepwell::sdk
