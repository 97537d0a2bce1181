// S-4: attempts are numbered without gaps and are at most retries + 1; a body runs once an attempt,
// and once more for each time that the process lost what it did; never after its result is
// recorded.
#include <fmt/core.h>

#include <algorithm>
#include <map>

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
    // A body inside a call of the function runs again when the answer of that call was lost.
    int losses = crashes_ + lost_calls_[run];
    int& executions = executions_[{run, body.step}][body.attempt];
    if (++executions > 1 + losses) {
      fail("S-4", fmt::format("the body of \"{}\" ran {} times in attempt {}, lost {} times",
                              body.id, executions, body.attempt, losses));
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

  std::map<RunNo, std::string> functions_;
  std::map<std::string, int> attempts_max_;
  PerStep<int> next_;
  PerStep<std::map<int, int>> executions_;  // of each attempt
  std::map<RunNo, int> lost_calls_;         // failed attempts of the function's own code
  int crashes_ = 0;
};

}  // namespace

std::unique_ptr<Checker> check_attempts() {
  return std::make_unique<AttemptChecker>();
}

}  // namespace stepwell::sim
