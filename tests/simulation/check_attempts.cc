// S-4: attempts are numbered without gaps and are at most retries + 1; a body runs once an attempt,
// and once more only if what it did the last time was lost, by a crash or with the answer of its
// call; never after its result is recorded.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class AttemptChecker : public Checker {
 public:
  void before_batch(const storage::Batch& batch, const History& history) override {
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutRun>(&record)) {
        functions_[put->run.no] = put->run.function.slug;
      }
      if (const auto* put = std::get_if<storage::PutFunction>(&record)) {
        attempts_max_[put->config.id.slug] = std::clamp(put->config.retries, 0, kMaxRetries) + 1;
      }
      if (const auto* put = std::get_if<storage::PutAttempt>(&record)) recorded(put->attempt);
    }
    (void)history;  // the numbers are kept here
  }

  void call_started(const core::Call& call, const History&, Time) override {
    losses_before_[call.id] = losses_of(call.run->no);
  }

  void body_started(const BodyFact& body, const History& history, Time) override {
    RunNo run = history.run_by_id.at(body.run);
    const StepRecord* step = history.find_step(run, body.step);
    if (step != nullptr && step->state != StepState::kPending &&
        step->state != StepState::kDropped) {
      fail("S-4", fmt::format("the body of \"{}\" runs after its result was recorded", body.id));
    }
    auto next = next_.find({run, body.step});
    int expected = next == next_.end() ? 0 : next->second;
    if (body.attempt != expected) {
      fail("S-4", fmt::format("the body of \"{}\" runs as attempt {}, not {}", body.id,
                              body.attempt, expected));
    }
    // A call that was made before a loss may reach the code after it.
    auto call = losses_before_.find(body.call);
    const int losses = call == losses_before_.end() ? losses_of(run) : call->second;
    Executions& executions = executions_[{run, body.step}];
    if (executions.attempt != body.attempt) executions = {body.attempt, {}};
    if (!executions.losses.insert(losses).second) {
      fail("S-4",
           fmt::format("the body of \"{}\" runs once more in attempt {}, and nothing was lost",
                       body.id, body.attempt));
    }
  }

  void crashed() override { ++crashes_; }

 private:
  void recorded(const AttemptRecord& attempt) {
    lost_calls_[attempt.run] += !attempt.step;
    int most = attempts_max_[functions_[attempt.run]];
    if (attempt.attempt >= most) {
      fail("S-4", fmt::format("attempt {} of at most {} in run {}", attempt.attempt + 1, most,
                              attempt.run));
    }
    int& next = next_[{attempt.run, attempt.step.value_or(StepKey{})}];
    // The function's own attempts begin anew when its code makes progress.
    bool begins_anew = !attempt.step && attempt.attempt == 0;
    if (attempt.attempt != next && !begins_anew) {
      fail("S-4", fmt::format("attempt {} of run {} follows attempt {}", attempt.attempt,
                              attempt.run, next - 1));
    }
    next = attempt.attempt + 1;
  }

  // Of a step, in its newest attempt: what was lost before the call of each was made.
  struct Executions {
    int attempt = -1;
    std::set<int> losses;
  };

  // What a body inside a call of the function did is lost with the answer of that call too.
  int losses_of(RunNo run) const {
    auto lost = lost_calls_.find(run);
    return crashes_ + (lost == lost_calls_.end() ? 0 : lost->second);
  }

  std::map<RunNo, std::string> functions_;
  std::map<std::string, int> attempts_max_;
  PerStep<int> next_;
  PerStep<Executions> executions_;
  std::map<core::CallId, int> losses_before_;
  std::map<RunNo, int> lost_calls_;  // failed attempts of the function's own code
  int crashes_ = 0;
};

}  // namespace

std::unique_ptr<Checker> check_attempts() {
  return std::make_unique<AttemptChecker>();
}

}  // namespace stepwell::sim
