// How the program ends. Scripts rely on these numbers: never change one (docs/cli.md lists them).
#pragma once

#include "schema/result.h"

namespace stepwell::cli {

enum class ExitCode : int {
  kOk = 0,
  kRunFailed = 1,     // a run that was waited for failed or was cancelled; doctor found an error
  kUsage = 2,         // a command, an option or a value is wrong
  kNotFound = 3,      // no such run, event, function or file
  kUnreachable = 4,   // no server answered
  kUnauthorized = 5,  // a key is missing or wrong
  kConflict = 6,      // the state does not allow it: a run has ended, a file or a port is in use
  kInternal = 70,     // a bug
  kIo = 74,           // a file could not be read, written or trusted
  kTryLater = 75,     // the server recovers, stops or has too much to do
};

// For a failure of this process; an unreachable server has the code of its own.
ExitCode exit_code_of(ErrorCode code);

// For a journal that cannot be opened: what is wrong is the file, not the command line.
ExitCode exit_code_of_journal(ErrorCode code);

// For what a server answered. kUnreachable for what is neither success nor a refusal, such as a
// redirect: whoever says that is no Stepwell server.
ExitCode exit_code_of_status(int status);

}  // namespace stepwell::cli
