// S-3: one memo per step of a run; it is what a body returned; it never changes, and code is shown
// the same bytes each time, in the order in which the steps were resolved.
#include <fmt/core.h>

#include <set>
#include <unordered_map>
#include <unordered_set>

#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class MemoChecker : public Checker {
 public:
  void before_batch(const storage::Batch& batch, const History& history) override {
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutStep>(&record)) {
        const StepRecord& step = put->step;
        bool is_new = seen_.insert({step.run, step.key}).second;
        if (!is_new) {
          fail("S-3", fmt::format("step \"{}\" of run {} is recorded twice", step.id, step.run));
        }
        resolved(step, step, history);
      }
      if (const auto* update = std::get_if<storage::UpdateStep>(&record)) {
        const StepRecord* known = history.find_step(update->step.run, update->step.key);
        resolved(update->step, known != nullptr ? *known : update->step, history);
      }
    }
  }

  void body_finished(const BodyFact& body) override {
    if (body.has_returned) returned_[body.step].emplace(body.run, body.data);
  }

  void call_started(const core::Call& call, const History&, Time) override {
    Position newest = 0;
    for (const core::MemoEntry& entry : call.memo) {
      if (entry.resolved_pos < newest) {
        fail("S-3", fmt::format("the memo \"{}\" of run {} is shown out of its order", entry.id,
                                call.run->no));
      }
      newest = entry.resolved_pos;
      auto [known, is_new] =
          shown_.try_emplace({call.run->no, entry.key}, entry.data.text(), entry.state);
      if (!is_new && known->second != std::pair(entry.data.text(), entry.state)) {
        fail("S-3", fmt::format("the memo \"{}\" of run {} has changed", entry.id, call.run->no));
      }
    }
    std::string events;
    for (const Event& event : call.run->events) events += event_json(event);
    auto [known, is_new] = events_.try_emplace(call.run->no, events);
    if (known->second != events) {
      fail("S-3", fmt::format("run {} is shown other events than before", call.run->no));
    }
  }

 private:
  void resolved(const StepRecord& step, const StepRecord& known, const History& history) {
    if (step.state == StepState::kPending || step.state == StepState::kDropped) return;
    if (!resolved_.insert({step.run, step.key}).second) {
      fail("S-3", fmt::format("step {} of run {} is resolved twice", known.id, step.run));
    }
    if (!has_body(known.kind) || step.state != StepState::kCompleted) return;
    const RunRecord* run = history.find_run(step.run);
    if (run != nullptr && !returned_[step.key].contains({run->id, step.data})) {
      fail("S-3",
           fmt::format("the memo of \"{}\" of run {} was returned by no body", known.id, step.run));
    }
  }

  std::unordered_set<StepRef, StepRef::Hash> seen_;
  std::unordered_set<StepRef, StepRef::Hash> resolved_;
  std::unordered_map<StepKey, std::set<std::pair<RunId, std::string>>> returned_;
  PerStep<std::pair<std::string, StepState>> shown_;
  std::unordered_map<RunNo, std::string> events_;
};

}  // namespace

std::unique_ptr<Checker> check_memos() {
  return std::make_unique<MemoChecker>();
}

}  // namespace stepwell::sim
