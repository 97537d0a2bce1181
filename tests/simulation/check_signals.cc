// S-7, of signals: a signal goes to the step that has waited for it last, and to no other, with the
// data that it was sent with; one that was replaced gets nothing but its timeout, also after a
// restart. Who sent a signal is told whether somebody took it.
#include <fmt/core.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "schema/json.h"
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

  void signal_sent(const SignalFact& signal) override { ++sent_[{signal.signal, signal.data}]; }

  void signal_answered(const SignalFact& signal, bool was_taken) override {
    const Sent key{signal.signal, signal.data};
    if (was_taken && ++answered_[key] > given_[key]) {
      fail("S-7", fmt::format("signal \"{}\" with {} is lost, and was answered as taken",
                              signal.signal, signal.data));
    }
    if (was_taken) return;
    for (const auto& [pos, waiter] : waiters_) {
      const bool has_waited = waiter.signal == signal.signal && pos <= signal.sent_at;
      if (!has_waited || waiter.is_replaced) continue;
      fail("S-7", fmt::format("signal \"{}\" was refused, for which run {} waits", signal.signal,
                              waiter.run));
    }
  }

 private:
  using Sent = std::pair<std::string, std::string>;  // the signal and its data

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
    const bool is_given = step.state == StepState::kCompleted && step.data != "null";
    if (is_given) given(step, found->second.signal);
    waiters_.erase(found);
  }

  void given(const StepRecord& step, const std::string& wanted) {
    const JsonView memo = JsonView::trusted(step.data);
    const std::optional<JsonView> signal = memo.find("signal");
    const std::optional<JsonView> data = memo.find("data");
    if (!signal || signal->as_string() != wanted || !data) {
      return fail("S-7", fmt::format("run {}, which waits for signal \"{}\", is given {}", step.run,
                                     wanted, step.data));
    }
    const Sent key{wanted, std::string(data->text())};
    if (++given_[key] > sent_[key]) {
      fail("S-7", fmt::format("run {} is given signal \"{}\" with {}, which nobody sent", step.run,
                              wanted, key.second));
    }
  }

  std::map<Position, Waiter> waiters_;
  std::map<Sent, int> sent_;  // again when nobody knew what had become of it
  std::map<Sent, int> given_;
  std::map<Sent, int> answered_;  // as taken
};

}  // namespace

std::unique_ptr<Checker> check_signals() {
  return std::make_unique<SignalChecker>();
}

}  // namespace stepwell::sim
