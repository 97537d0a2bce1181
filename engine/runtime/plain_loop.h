// A loop without sockets: for an engine that is embedded in a program without a server. Tasks that
// are still posted when it is destroyed are dropped unrun.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/runtime/clock.h"
#include "engine/runtime/loop.h"

namespace stepwell::runtime {

class PlainLoop : public Loop {
 public:
  // `clock` tells the time of alarms; it may jump.
  explicit PlainLoop(std::function<Time()> clock = wall_clock) : clock_(std::move(clock)) {}

  void post(std::function<void()> task) override;
  void set_alarm(std::optional<Time> at, std::function<void()> on_alarm) override;
  bool is_loop_thread() const override;
  void run() override;
  void stop() override;

 private:
  // Waits for tasks, the alarm or stop(); takes the tasks.
  void wait(std::vector<std::function<void()>>& tasks);

  std::function<Time()> clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
  bool is_stopping_ = false;                   // guarded by mutex_
  std::atomic<std::thread::id> thread_{};
  std::optional<Time> alarm_at_;    // loop thread
  std::function<void()> on_alarm_;  // loop thread
};

}  // namespace stepwell::runtime
