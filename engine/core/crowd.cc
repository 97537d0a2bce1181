// Calls under way are bounded, whatever limits functions have: each keeps its run in memory, and
// takes some in its driver.
//
//   to be called ──(few enough are under way)──► called
//                ──(else)──► in the crowd, may leave memory ──(first come, and a call ended)──►
//                called
//
// A run that goes on behind a call of its own finds the room that this call gave back, so that what
// was begun ends before anything else begins. A run whose turn before a limit has come, or that has
// another call under way, does not wait: limits and fan-out bound those.
#include "engine/core/state.h"

namespace stepwell::core {

bool State::has_room_for_call() const {
  return calls_.size() + loads_ < settings_.calls_max;
}

bool State::must_wait_in_crowd(Run& run) {
  const bool has_turn = run.has_slot || turn_ == run.no;
  if (has_room_for_call() || has_turn || !is_suspended(run)) return false;
  run.is_in_crowd = true;
  crowd_.push_back(run.no);
  return true;
}

// Slots that the input gave back, then room for calls; who comes in from the crowd may find that it
// has to wait for a slot, or that it is the first who does.
void State::hand_on() {
  take_turns();
  let_crowd_in();
  take_turns();
}

void State::let_crowd_in() {
  while (!crowd_.empty() && has_room_for_call()) {
    Run* run = find_run(crowd_.front());
    crowd_.pop_front();
    if (run == nullptr) continue;  // it was cancelled
    run->is_in_crowd = false;
    pump(*run);
  }
}

}  // namespace stepwell::core
