// The thread that owns the engine core. A server runs the engine on its libuv loop; an embedder
// without a server on a plain thread (PlainLoop).
#pragma once

#include <functional>
#include <optional>

#include "schema/time.h"

namespace stepwell::runtime {

class Loop {
 public:
  virtual ~Loop() = default;

  // Runs `task` on the loop thread, in the order of the calls. Any thread.
  virtual void post(std::function<void()> task) = 0;

  // Calls `on_alarm` on the loop thread when the wall clock reaches `at`, never earlier; replaces
  // the alarm set before; nothing: no alarm. Loop thread only.
  virtual void set_alarm(std::optional<Time> at, std::function<void()> on_alarm) = 0;

  virtual bool is_loop_thread() const = 0;

  // Runs tasks and alarms until stop(). The calling thread becomes the loop thread.
  virtual void run() = 0;

  // Makes run() return after the tasks that are already posted. Any thread.
  virtual void stop() = 0;
};

}  // namespace stepwell::runtime
