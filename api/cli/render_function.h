// The page of `functions show`.
#pragma once

#include <string>

#include "api/cli/screen.h"
#include "schema/json.h"

namespace stepwell::cli {

// Takes the whole answer ({"data":…}).
std::string render_function(const JsonView& answer, const Screen& screen);

}  // namespace stepwell::cli
