// An executor without threads, for tests: jobs run when they are told to, on the calling thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "engine/native/worker_pool.h"
#include "schema/random.h"

namespace stepwell::native {

class ManualExecutor final : public Executor {
 public:
  // First come, first served; with `random` in an order that it decides.
  ManualExecutor() = default;
  explicit ManualExecutor(Random random) : random_(random) {}

  void submit(std::shared_ptr<Job> job) override { jobs_.push_back(std::move(job)); }

  // Runs one job; false if there is none.
  bool run_one() {
    if (jobs_.empty()) return false;
    size_t chosen = random_ ? random_->below(jobs_.size()) : 0;
    std::swap(jobs_[chosen], jobs_.front());
    std::shared_ptr<Job> job = std::move(jobs_.front());
    jobs_.pop_front();
    job->run();
    return true;
  }

  // The process died: none of the jobs runs.
  void forget_all() { jobs_.clear(); }

 private:
  std::optional<Random> random_;
  std::deque<std::shared_ptr<Job>> jobs_;
};

}  // namespace stepwell::native
