// Why an open run is not moving, in words. Internal to this folder.
#pragma once

#include <optional>
#include <string>

#include "engine/core/core.h"
#include "storage/journal.h"

namespace stepwell::server {

struct Waiting {
  std::string kind;  // "call", "timer", "wait", "child", "function", "loading", "queued", "none"
  std::string why;   // one sentence or two
  std::optional<Time> due;  // when it goes on at the latest
};

// `wake` is what the core said. Without it (no engine has the journal open, or the run ended just
// now) the records alone answer.
Waiting why_not_moving(const storage::RunSnapshot& snapshot,
                       const std::optional<core::WakeSource>& wake, Time now);

}  // namespace stepwell::server
