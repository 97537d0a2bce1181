// Whose a function's id is: one app's, and one driver's.
#pragma once

#include <string>
#include <string_view>

#include "schema/function_config.h"

namespace stepwell::core {

// Whether the function, which is not archived, belongs to this app and driver: only they change it.
bool is_owner(const FunctionConfig& known, std::string_view app, DriverKind driver);

// What somebody else is told who registers a function of this id.
std::string fault_of_owner(const FunctionConfig& known);

}  // namespace stepwell::core
