#include "engine/runtime/plain_loop.h"

#include <algorithm>
#include <utility>

#include "schema/check.h"

namespace stepwell::runtime {
namespace {

// The wall clock may be set while the loop waits: look again after this long at most.
constexpr Duration kLongestWait = std::chrono::seconds(1);

}  // namespace

void PlainLoop::post(std::function<void()> task) {
  bool was_empty;
  {
    std::lock_guard lock(mutex_);
    was_empty = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (was_empty) wake_.notify_one();
}

void PlainLoop::set_alarm(std::optional<Time> at, std::function<void()> on_alarm) {
  CHECK_INVARIANT(!at || on_alarm, "an alarm calls somebody");
  alarm_at_ = at;
  on_alarm_ = std::move(on_alarm);
}

bool PlainLoop::is_loop_thread() const {
  return thread_.load() == std::this_thread::get_id();
}

void PlainLoop::stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
}

void PlainLoop::wait(std::vector<std::function<void()>>& tasks) {
  std::unique_lock lock(mutex_);
  while (posted_.empty() && !is_stopping_) {
    Time now = clock_();
    if (alarm_at_ && *alarm_at_ <= now) break;
    Duration pause = alarm_at_ ? std::min(*alarm_at_ - now, kLongestWait) : kLongestWait;
    wake_.wait_for(lock, pause);
  }
  tasks.swap(posted_);
}

void PlainLoop::run() {
  thread_ = std::this_thread::get_id();
  std::vector<std::function<void()>> tasks;
  while (true) {
    wait(tasks);
    for (auto& task : tasks) task();
    tasks.clear();
    // Only now: a task may have moved the alarm.
    if (alarm_at_ && *alarm_at_ <= clock_()) {
      alarm_at_.reset();
      std::exchange(on_alarm_, nullptr)();
    }
    std::lock_guard lock(mutex_);
    if (is_stopping_ && posted_.empty()) break;
  }
  std::lock_guard lock(mutex_);
  is_stopping_ = false;
  thread_ = std::thread::id();
}

}  // namespace stepwell::runtime
