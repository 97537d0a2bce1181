// Ending a server by SIGINT or SIGTERM.
#pragma once

#include <csignal>
#include <functional>

#include "schema/result.h"

namespace stepwell::cli {

// Blocks SIGINT and SIGTERM on this thread and those that it starts, which inherit the mask.
sigset_t block_stop_signals();

// Waits until the server serves, then for the first signal, which calls `stop`: at any time, also
// before it serves. From then on a signal ends the process at once. The error of `wait`, unless it
// came from the stop.
struct Served {
  std::function<Result<void>()> wait;  // returns when the server serves; or fails, as when stopped
  std::function<void()> on_serving;
  std::function<void()> stop;  // on a thread of its own
};
Result<void> serve_until_signal(const sigset_t& signals, const Served& served);

}  // namespace stepwell::cli
