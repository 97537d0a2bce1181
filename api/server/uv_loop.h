// The server's loop thread: a libuv loop that also runs the engine (runtime::Loop).
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "api/server/latency_histogram.h"
#include "engine/runtime/loop.h"
#include "schema/result.h"

struct uv_loop_s;

namespace stepwell::server {

using SteadyTime = std::chrono::steady_clock::time_point;

// Owns the libuv loop. Everything that lives on it (servers, timers) must be closed before it is
// destroyed. Made and destroyed on one thread, or with a happens-before between them and run().
class UvLoop final : public runtime::Loop {
 public:
  UvLoop();
  ~UvLoop() override;
  UvLoop(const UvLoop&) = delete;
  UvLoop& operator=(const UvLoop&) = delete;

  // runtime::Loop. Tasks that are still posted when the loop is destroyed are dropped unrun.
  void post(std::function<void()> task) override;
  void set_alarm(std::optional<Time> at, std::function<void()> on_alarm) override;
  // Before run(): whether this is the thread that made the loop.
  bool is_loop_thread() const override;
  void run() override;
  void stop() override;

  // How long the loop was busy without looking at its sockets, per iteration: what an event that is
  // ready at the worst moment waits. Loop thread only.
  const LatencyHistogram& lag() const { return lag_; }
  void clear_lag() { lag_.clear(); }

  // Runs `work` on a thread of libuv's pool, then `done` on the loop thread. For what would keep
  // the loop busy too long. Loop thread only. When the loop is destroyed, work under way is waited
  // for, and `done` is dropped.
  void offload(std::function<void()> work, std::function<void()> done);
  // The addresses of `host`, in the order to try them, with the port 0; then `done` on the loop
  // thread. Look-ups take at most half of libuv's pool, however slow the name's server is; the
  // others wait. Loop thread only. When the loop is destroyed, those that wait are given up, those
  // under way waited for, and `done` is dropped.
  using Addresses = std::vector<sockaddr_storage>;
  void look_up(const std::string& host, std::function<void(Result<Addresses>)> done);
  // Runs `task` now if this is the loop thread, else posts it. Any thread.
  void run_here_or_post(std::function<void()> task);

  // For this folder's own handles.
  uv_loop_s* handle();

 private:
  struct Handles;  // so that this header needs no libuv
  struct Offloaded;
  struct LookUp;

  void run_posted();
  void check_alarm();
  void arm_alarm();
  void record_lag();

  std::unique_ptr<Handles> handles_;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_

  // Loop thread only.
  std::optional<Time> alarm_at_;
  std::function<void()> on_alarm_;
  LatencyHistogram lag_;
  uint64_t iteration_started_ns_ = 0;
  uint64_t idle_ns_ = 0;
  size_t offloaded_ = 0;  // pieces of work that are not done
  std::set<LookUp*> look_ups_;
  bool is_closing_ = false;

  std::atomic<std::thread::id> loop_thread_;
};

// A timer on the monotonic clock. Loop thread only; on_time must not destroy it.
class Timer {
 public:
  Timer(UvLoop& loop, std::function<void()> on_time);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Calls on_time once, at `deadline` or as soon after as the loop can; replaces what was armed.
  void arm(SteadyTime deadline);
  void arm_after(std::chrono::milliseconds delay);
  void disarm();

 private:
  struct State;
  State* state_;  // lives until libuv has closed the handle
};

}  // namespace stepwell::server
