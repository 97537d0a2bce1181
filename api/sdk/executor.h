// What the client and the driver need of the thread that they live on. They know no loop: in a
// server it is libuv's (loop_http.h), in the simulator one whose time is virtual.
#pragma once

#include <functional>

#include "schema/time.h"

namespace stepwell::sdk {

// Loop thread only.
class Executor {
 public:
  virtual ~Executor() = default;
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs `task` later, in the order of the calls.
  virtual void post(std::function<void()> task) = 0;
  // Runs `work` where it keeps nobody waiting, then `done` on the loop thread.
  virtual void offload(std::function<void()> work, std::function<void()> done) = 0;
  // The wall clock.
  virtual Time now() const = 0;
};

}  // namespace stepwell::sdk
