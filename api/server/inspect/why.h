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
  // "event", "signal", "function", "sleep", "retry", "start"; empty: it is not waiting.
  std::string what;
  std::optional<Time> due;  // when it goes on at the latest
};

// By what is recorded alone: nothing if no record says that something will wake it.
std::optional<Waiting> waiting_by_records(const storage::RunSnapshot& snapshot, Time now);

// `wake` is what the core said. Without it (no engine has the journal open, or the run ended just
// now) the records alone answer.
Waiting why_not_moving(const storage::RunSnapshot& snapshot,
                       const std::optional<core::WakeSource>& wake, Time now);

}  // namespace stepwell::server
