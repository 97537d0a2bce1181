// The pages of all commands but `runs show` and `runs tail`, from what the server answers.
#pragma once

#include <string>

#include "api/cli/screen.h"
#include "schema/json.h"

namespace stepwell::cli {

// Each takes the whole answer ({"data":…}).
std::string render_runs(const JsonView& answer, const Screen& screen);
std::string render_events(const JsonView& answer, const Screen& screen);
std::string render_event(const JsonView& answer, const Screen& screen);
std::string render_functions(const JsonView& answer, const Screen& screen);
std::string render_doctor(const JsonView& answer, const Screen& screen);

}  // namespace stepwell::cli
