// S-11: whoever invokes a run is given its result once, in the batch in which it ends, or is told
// that it was too slow; never another's result.
#include <fmt/core.h>

#include "schema/run_flow.h"
#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class InvokeChecker : public Checker {
 public:
  void after_batch(const storage::Batch& batch, const History& history, Time) override {
    for (const storage::Record& record : batch.records) {
      if (const auto* update = std::get_if<storage::UpdateStep>(&record)) {
        delivered(update->step, history);
      }
      if (const auto* update = std::get_if<storage::UpdateRun>(&record)) {
        if (is_terminal(update->run.status)) ended(history.runs.at(update->run.no), history);
      }
    }
  }

 private:
  // No run came of it, and the invoker was told so at once.
  static bool is_turned_away(const StepRecord& step) {
    return step.invoked_run == 0 && step.state == StepState::kFailed && step.error &&
           step.error->message.starts_with("could not invoke function: ");
  }

  void delivered(const StepRecord& update, const History& history) {
    const StepRecord& step = history.steps.at(update.run).at(update.pos);
    bool is_resolved = step.state == StepState::kCompleted || step.state == StepState::kFailed;
    if (step.kind != StepKind::kInvoke || !is_resolved) return;
    if (step.error && step.error->name == "InngestInvokeTimeoutError") return;  // S-8 looks at it
    if (is_turned_away(step)) return;
    const RunRecord* child = history.find_run(step.invoked_run);
    if (child == nullptr || !is_terminal(child->status)) {
      return fail("S-11", fmt::format("\"{}\" of run {} is resolved by run {}, which has not ended",
                                      step.id, step.run, step.invoked_run));
    }
    bool is_completed = child->status == RunStatus::kCompleted;
    bool is_same = is_completed ? step.state == StepState::kCompleted && step.data == child->output
                                : step.state == StepState::kFailed;
    if (!is_same) {
      fail("S-11", fmt::format("\"{}\" of run {} is given {}, and run {} gave {}", step.id,
                               step.run, step.data, child->no, child->output));
    }
  }

  void ended(const RunRecord& child, const History& history) {
    if (child.invoked_by) told(child, *child.invoked_by, history);
    for (const InvokedBy& invoker : parse_run_flow(child.flow).further_invokers) {
      told(child, invoker, history);
    }
  }

  void told(const RunRecord& child, const InvokedBy& invoker, const History& history) {
    const RunRecord* parent = history.find_run(invoker.run);
    const StepRecord* step = history.find_step(invoker.run, invoker.step);
    if (parent == nullptr || step == nullptr) {
      return fail("S-11", fmt::format("run {} was invoked by nobody", child.no));
    }
    if (!is_terminal(parent->status) && step->state == StepState::kPending) {
      fail("S-11", fmt::format("run {} has ended, and \"{}\" of run {} is not told", child.no,
                               step->id, step->run));
    }
    // One that waited no longer when the run began does not know of it.
    if (step->invoked_run != child.no && step->invoked_run != 0) {
      fail("S-11", fmt::format("run {} is not the one that \"{}\" of run {} invoked", child.no,
                               step->id, step->run));
    }
  }
};

}  // namespace

std::unique_ptr<Checker> check_invokes() {
  return std::make_unique<InvokeChecker>();
}

}  // namespace stepwell::sim
