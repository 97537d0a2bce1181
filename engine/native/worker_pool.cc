#include "engine/native/worker_pool.h"

#include <algorithm>
#include <utility>

namespace stepwell::native {
namespace {

thread_local const WorkerPool* current_pool = nullptr;

}  // namespace

WorkerPool::WorkerPool(size_t threads) {
  for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

WorkerPool::~WorkerPool() {
  stop();
}

void WorkerPool::submit(std::shared_ptr<Job> job) {
  bool must_wake = false;
  {
    std::lock_guard lock(mutex_);
    if (is_stopping_) return;
    jobs_.push_back(std::move(job));
    must_wake = idle_ > 0;
  }
  if (must_wake) wake_.notify_one();
}

const WorkerPool* WorkerPool::current() {
  return current_pool;
}

void WorkerPool::stop() {
  std::deque<std::shared_ptr<Job>> forgotten;
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
    forgotten.swap(jobs_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::work() {
  current_pool = this;
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
    --idle_;
    if (is_stopping_) return;
    std::shared_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job->run();
    job.reset();
    lock.lock();
  }
}

}  // namespace stepwell::native
