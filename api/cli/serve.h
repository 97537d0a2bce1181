// `stepwell dev` and `stepwell serve`.
#pragma once

#include "api/cli/exit_code.h"
#include "api/cli/options.h"
#include "api/cli/terminal.h"

namespace stepwell::cli {

// Serves until SIGINT or SIGTERM, then stops in order. Ends the process at once, with code 74, when
// the journal can't be trusted any more. The main thread, before there are others.
ExitCode serve(Command command, const Settings& settings, const Terminal& terminal);

}  // namespace stepwell::cli
