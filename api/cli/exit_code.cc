#include "api/cli/exit_code.h"

namespace stepwell::cli {

ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kTooLarge:
      return ExitCode::kUsage;
    case ErrorCode::kNotFound:
      return ExitCode::kNotFound;
    case ErrorCode::kConflict:
      return ExitCode::kConflict;
    case ErrorCode::kUnauthorized:
      return ExitCode::kUnauthorized;
    case ErrorCode::kUnavailable:
      return ExitCode::kTryLater;
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
      return ExitCode::kIo;
    case ErrorCode::kInternal:
      break;
  }
  return ExitCode::kInternal;
}

ExitCode exit_code_of_journal(ErrorCode code) {
  return code == ErrorCode::kInvalid ? ExitCode::kIo : exit_code_of(code);
}

ExitCode exit_code_of_status(int status) {
  if (status >= 200 && status < 300) return ExitCode::kOk;
  if (status < 400) return ExitCode::kUnreachable;
  if (status == 401 || status == 403 || status == 421) return ExitCode::kUnauthorized;
  if (status == 404) return ExitCode::kNotFound;
  if (status == 409) return ExitCode::kConflict;
  if (status == 429 || status == 503) return ExitCode::kTryLater;
  // 501: this server cannot do what was asked for.
  return status < 500 || status == 501 ? ExitCode::kUsage : ExitCode::kInternal;
}

}  // namespace stepwell::cli
