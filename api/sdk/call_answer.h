// What an app's answer to a call means (protocol.md §5 and §10).
#pragma once

#include <string>

#include "api/sdk/transport.h"
#include "engine/core/call.h"
#include "schema/time.h"

namespace stepwell::sdk {

// An answer over this is not read.
inline constexpr size_t kAnswerBytesMax = 8u << 20;

// What messages name, so that a person finds the app, the function and the run.
struct CallPlace {
  std::string app;
  std::string function;
  std::string run;
  std::string url;
};

struct CallAnswer {
  std::variant<core::Yielded, core::Returned, core::Threw> outcome;
  ParallelMode parallel = ParallelMode::kRace;
  int dialect = 0;  // 0: it did not say
};

// `dialect` is what earlier answers said. Anything may come in; whatever can't be understood is an
// attempt that failed, and says why.
CallAnswer read_answer(HttpOutcome outcome, const CallPlace& place, int dialect, Time now);

}  // namespace stepwell::sdk
