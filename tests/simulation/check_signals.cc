// S-7, of signals: a signal goes to the step that has waited for it last, and to no other; one that
// was replaced gets nothing but its timeout, also after a restart.
#include <fmt/core.h>

#include <map>
#include <string>

#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class SignalChecker : public Checker {
 public:
  void before_batch(const storage::Batch& batch, const History& history) override {
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutStep>(&record)) registered(put->step);
      if (const auto* update = std::get_if<storage::UpdateStep>(&record)) moved(update->step);
      if (const auto* drop = std::get_if<storage::DropPendingSteps>(&record)) {
        std::erase_if(waiters_, [&](const auto& entry) { return entry.second.run == drop->run; });
      }
    }
    (void)history;  // who waits is kept here
  }

 private:
  struct Waiter {
    RunNo run = 0;
    std::string signal;
    bool is_replaced = false;
  };

  void registered(const StepRecord& step) {
    if (step.kind != StepKind::kWaitForSignal || step.state != StepState::kPending) return;
    for (auto& [pos, waiter] : waiters_) {
      waiter.is_replaced = waiter.is_replaced || waiter.signal == step.target;
    }
    waiters_[step.pos] = {step.run, step.target, false};
  }

  void moved(const StepRecord& step) {
    auto found = waiters_.find(step.pos);
    if (found == waiters_.end() || step.state == StepState::kPending) return;
    if (found->second.is_replaced && step.data != "null") {
      fail("S-7", fmt::format("run {} is given signal \"{}\", for which another waits by now",
                              step.run, found->second.signal));
    }
    waiters_.erase(found);
  }

  std::map<Position, Waiter> waiters_;
};

}  // namespace

std::unique_ptr<Checker> check_signals() {
  return std::make_unique<SignalChecker>();
}

}  // namespace stepwell::sim
