// The driver for functions in this process: C++20 coroutines on worker threads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/driver.h"
#include "engine/native/run_actor.h"
#include "engine/native/worker_pool.h"

namespace stepwell::native {

// Loop thread only, but for what the executor runs.
class NativeDriver final : public core::Driver {
 public:
  // `executor`, and what `on_reply` and `warn` refer to, outlive the jobs that the driver submits:
  // stop the executor first. The driver itself may go before that.
  NativeDriver(Executor& executor, OnReply on_reply, Warn warn);
  ~NativeDriver() override;

  // Makes a function known. Before calls for it are made.
  void add(const FunctionId& id, RegisteredFunction function);

  void start(core::Call call) override;
  void drop(RunNo run) override;
  void drop_all() override;

  // Runs whose frame is kept.
  size_t frames() const { return actors_.size(); }

 private:
  std::shared_ptr<Workshop> workshop_;
  std::unordered_map<FunctionId, RegisteredFunction> functions_;
  std::unordered_map<RunNo, std::shared_ptr<RunActor>> actors_;
};

}  // namespace stepwell::native
