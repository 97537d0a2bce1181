// The threads that run user code. It may block there as long as it likes.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace stepwell::native {

// Something to be run once, on some thread.
class Job {
 public:
  virtual ~Job() = default;
  virtual void run() = 0;
};

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs the job later, never from inside submit. Any thread.
  virtual void submit(std::shared_ptr<Job> job) = 0;
};

// First come, first served, so that a run with many steps delays no other for more than a turn.
class WorkerPool final : public Executor {
 public:
  // At least one thread.
  explicit WorkerPool(size_t threads);
  // Stops, see there.
  ~WorkerPool() override;

  void submit(std::shared_ptr<Job> job) override;

  // The pool that this thread belongs to; null if it is nobody's.
  static const WorkerPool* current();

  // Waits for the jobs that run; those that wait are forgotten, as are later ones. Any thread but
  // the pool's own.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> jobs_;
  size_t idle_ = 0;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace stepwell::native
