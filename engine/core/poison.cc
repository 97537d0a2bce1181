// Runs that kill their process (design.md, "Poison runs").
//
//   under way at an unclean restart, nothing recorded since the one before ──► suspect
//   suspect ──► waits until nothing else runs in this process ──► resumed alone
//   resumed alone ──(anything comes from it)──► innocent
//                 ──(the process dies, 3 times)──► failed
#include <fmt/core.h>

#include <utility>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {

bool State::judge_deaths(Run& run, Position last_record) {
  if (run.function->config.driver != DriverKind::kNative) return true;  // it runs elsewhere
  if (last_record > run.deaths_pos || mutant("killer-never-found")) {
    run.deaths = 0;
    run.deaths_alone = 0;
  }
  ++run.deaths;
  run.deaths_pos = last_pos_;
  if (run.deaths_alone >= settings_.deaths_alone_max) {
    end_soon(run, RunStatus::kFailed,
             {.name = "ProcessDied",
              .message = fmt::format("the process died {} times while this run was under way",
                                     run.deaths_alone)},
             0);
    return false;
  }
  run.is_suspect = run.deaths >= 2;
  update_run(run);
  return true;
}

bool State::must_wait_for_suspects(Run& run) {
  if (run.function->config.driver != DriverKind::kNative) return false;
  if (alone_ == run.no) return false;
  if (run.is_suspect) {
    run.is_held_back = true;
    suspects_.push_back(run.no);
    return true;
  }
  // Those behind are let go when the input has been dealt with; none that is new goes before them.
  const bool is_new = run.status == RunStatus::kScheduled;
  const bool has_turn = suspects_.empty() && (behind_suspects_.empty() || !is_new);
  if (alone_ == 0 && has_turn) return false;
  run.is_held_back = true;
  behind_suspects_.push_back(run.no);
  return true;
}

bool State::try_suspects() {
  bool has_tried = false;
  while (alone_ == 0 && !(suspects_.empty() && behind_suspects_.empty())) {
    if (suspects_.empty()) {
      pump_all(std::exchange(behind_suspects_, {}));
      has_tried = true;
      continue;
    }
    if (native_calls_ > 0) break;
    Run* run = find_run(suspects_.front());
    suspects_.pop_front();
    if (run == nullptr || !run->is_suspect) continue;  // it was cancelled, or is cleared
    if (run->function->paused_at) {
      run->function->held_back.push_back(run->no);
      continue;
    }
    alone_ = run->no;
    ++run->deaths_alone;
    update_run(*run);  // durable before it is called
    run->is_held_back = false;
    pump(*run);
    has_tried = true;
  }
  return has_tried;
}

void State::clear_suspect(Run& run) {
  run.is_suspect = false;
  if (alone_ != run.no) return;
  alone_ = 0;
  run.deaths = 0;
  run.deaths_alone = 0;
  if (find_run(run.no) != nullptr) update_run(run);
}

}  // namespace stepwell::core
