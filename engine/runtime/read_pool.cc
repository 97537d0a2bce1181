#include "engine/runtime/read_pool.h"

namespace stepwell::runtime {

ReadPool::ReadPool(std::vector<std::unique_ptr<storage::JournalReader>> readers, size_t queue_max)
    : readers_(std::move(readers)), queue_max_(queue_max) {
  for (auto& reader : readers_) threads_.emplace_back([this, &reader] { run(*reader); });
}

ReadPool::~ReadPool() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ReadPool::submit(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
  return true;
}

void ReadPool::run(storage::JournalReader& reader) {
  while (true) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !queue_.empty() || is_stopping_; });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task(reader);
  }
}

}  // namespace stepwell::runtime
