// Threads that read the journal, each with a reader of its own, so that no look-up and no query
// ever holds up the loop or the journal thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/journal.h"

namespace stepwell::runtime {

class ReadPool {
 public:
  using Task = std::function<void(storage::JournalReader&)>;

  // One thread per reader. At most `queue_max` tasks wait.
  ReadPool(std::vector<std::unique_ptr<storage::JournalReader>> readers, size_t queue_max);
  // Runs what is queued first.
  ~ReadPool();
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;

  // Runs `task` on one of the threads. False: the queue is full, try again later. Any thread.
  [[nodiscard]] bool submit(Task task);

 private:
  void run(storage::JournalReader& reader);

  std::vector<std::unique_ptr<storage::JournalReader>> readers_;
  size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;    // guarded by mutex_
  bool is_stopping_ = false;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace stepwell::runtime
