// The places of concurrency limits and throttles (engine/flow/slots.h has the queues).
//
//   to be called ──(there is room, and nobody waits)──► takes a slot ──► called
//                ──(else)──► queued ──(its turn)──► takes a slot ──► read from the journal ──►
//                called
//   a call ends ──► its slot is given back    the run ends ──► so are its own, and its place
//
// A slot is held by a call under way, also while the run is read from the journal for it; never by
// a run that sleeps or waits, whose code is not at hand, or that waits behind runs that may have
// killed the process. A limit on runs (`fn`) is held from a run's first call to its end. A run
// whose turn has come to start is Running from that moment, in the same batch as its throttle's
// state.
//
// What is given back is handed on when the input has been dealt with, so that whoever goes on
// stands in the queue like all others.
#include <fmt/core.h>

#include <algorithm>

#include "engine/core/flow_pools.h"
#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

// So that one input never grows without bound; the rest follows with the next.
constexpr int kTurnsPerInput = 2000;

flow::Turn turn_of(const Run& run) {
  return run.status == RunStatus::kScheduled ? flow::Turn::kStart : flow::Turn::kGoOn;
}

// Calls under way, and the one that is being prepared.
int64_t steps_held(const Run& run) {
  return int64_t{run.call != 0} + int64_t{run.has_slot} +
         std::count_if(run.pending.begin(), run.pending.end(),
                       [](const PendingStep& step) { return step.call != 0; });
}

}  // namespace

int64_t score_of(const Run& run) {
  return to_millis(run.created_at) - int64_t{mutant("priority-ignored") ? 0 : run.priority} * 1000;
}

void State::join_limits(Run& run, const RunFlow& flow) {
  run.priority = static_cast<int32_t>(flow.priority);
  const flow::SlotKeys keys = pools_of(*run.function, flow);
  if (!keys.empty()) run.line = slots_.join(run.function->config.id.slug, keys);
}

// Takes what the start of a new run needs, if it need not wait.
bool State::may_start_now(Run& run) {
  if (!has_room_for_call()) return false;
  const bool is_native = run.function->config.driver == DriverKind::kNative;
  const bool has_suspects = alone_ != 0 || !suspects_.empty() || !behind_suspects_.empty();
  if (is_native && has_suspects) return false;
  if (run.line == nullptr) return true;
  if (!slots_.take_now(*run.line, flow::Turn::kStart, now_)) return false;
  run.has_slot = true;
  run.has_run_slot = true;
  keep_throttle(run);
  return true;
}

bool State::obtain_slot(Run& run) {
  if (run.line == nullptr || run.has_slot) return true;
  const flow::Turn turn = turn_of(run);
  if (turn_ == run.no) {
    turn_ = 0;
    slots_.take(*run.line, turn, now_);
  } else if (!slots_.take_now(*run.line, turn, now_)) {
    slots_.wait(*run.line, turn, run.no, score_of(run), now_);
    run.is_queued = true;
    return false;
  }
  run.has_slot = true;
  if (turn == flow::Turn::kStart) {
    run.has_run_slot = true;
    keep_throttle(run);
    begin_run(run);
  }
  return true;
}

// The state of its throttle is durable before it is called.
void State::keep_throttle(const Run& run) {
  const flow::Gcra* throttle = slots_.throttle(*run.line);
  if (throttle == nullptr) return;
  write(storage::PutFlowState{throttle_key(slots_.throttle_name(*run.line)), throttle->rests_at(),
                              throttle->text()});
}

void State::give_back_slot(Run& run) {
  if (run.line != nullptr) slots_.give_back_step(*run.line);
}

void State::leave_queue(Run& run) {
  if (!run.is_queued) return;
  slots_.stop_waiting(*run.line, turn_of(run), run.no, score_of(run));
  run.is_queued = false;
}

// Gives back everything, whatever became of the run.
void State::leave_limits(Run& run) {
  release_singleton(run);
  if (run.line == nullptr) return;
  leave_queue(run);
  for (int64_t held = steps_held(run); held > 0; --held) slots_.give_back_step(*run.line);
  run.has_slot = false;
  if (run.has_run_slot) slots_.give_back_run(*run.line);
  run.has_run_slot = false;
  slots_.leave(run.line);
  run.line = nullptr;
}

void State::take_turns() {
  for (int taken = 0; slots_.may_have_next(); ++taken) {
    if (taken == kTurnsPerInput) {
      turns_alarm_ = now_;
      timers_.add({now_, 0, 0, Timer::Kind::kSlots});
      break;
    }
    const std::optional<flow::Slots::Next> next = slots_.next(now_);
    if (!next) break;
    Run& run = runs_.at(next->run);
    run.is_queued = false;
    turn_ = run.no;
    pump(run);
    turn_ = 0;
  }
  for (const flow::Slots::Alarm& alarm : slots_.take_alarms()) {
    timers_.add({alarm.due, 0, alarm.number, Timer::Kind::kThrottle});
  }
}

void State::fire_slots(const Timer& timer) {
  if (timer.kind == Timer::Kind::kSlots) {
    turns_alarm_.reset();
    return;  // turns are taken when this input has been dealt with
  }
  const std::optional<std::string> rested = slots_.alarm(timer.subject, timer.due, now_);
  if (!rested) return;
  storage::FlowStateKey key = throttle_key(*rested);
  write(storage::DropFlowState{std::move(key.function), key.kind, std::move(key.key)});
}

void State::recover_throttle(storage::FlowState state) {
  slots_.restore_throttle(throttle_pool(state.key), flow::Gcra::parse(state.data));
}

// A run that had started before the restart holds its slot; its calls are made again, in turn.
void State::recover_limits(Run& run, const RunFlow& flow) {
  join_limits(run, flow);
  if (run.line == nullptr || run.status != RunStatus::kRunning) return;
  if (!mutant("slot-forgotten-at-restart")) slots_.take_run(*run.line);
  run.has_run_slot = true;
}

// The limits of a function that is registered anew. Their sizes count at once for everybody. Where
// limits come or go, each open run moves to the pools that it has now; what its event says of a key
// that it did not need before is not known any more, so that a new key holds for new runs.
void State::change_limits(Function& function, const FlowControl& before) {
  const FlowControl& after = function.config.flow;
  const std::string& slug = function.config.id.slug;
  const bool is_same_shape = limits_shape(before) == limits_shape(after);
  if (is_same_shape && slot_limits(before) == slot_limits(after)) return;
  change_throttles(after, slug);
  if (is_same_shape) return slots_.set_limits(slug, slot_limits(after));
  move_to_new_pools(function, before);
}

// What has started under a longer throttle holds nobody back for longer than the new one says.
void State::change_throttles(const FlowControl& flow, const std::string& slug) {
  const flow::SlotLimits limits = slot_limits(flow);
  if (!limits.throttle) return;
  for (const auto& [name, state] :
       slots_.change_throttles(throttle_pools(slug), *limits.throttle, now_)) {
    write(storage::PutFlowState{throttle_key(name), state.rests_at(), state.text()});
  }
}

void State::move_to_new_pools(Function& function, const FlowControl& before) {
  const std::string& slug = function.config.id.slug;
  struct Moved {
    Run* run = nullptr;
    RunFlow flow;
    bool was_queued = false;
    int64_t held = 0;
  };
  std::vector<Moved> moved;
  for (RunNo no : runs_.numbers()) {
    Run& run = runs_.at(no);
    if (run.function != &function) continue;
    Moved each{&run, {.priority = run.priority}, run.is_queued, steps_held(run)};
    if (run.line != nullptr) {
      each.flow.keys = values_of(before, slots_.keys_of(*run.line));
      leave_queue(run);
      for (int64_t i = 0; i < each.held; ++i) slots_.give_back_step(*run.line);
      if (run.has_run_slot) slots_.give_back_run(*run.line);
      slots_.leave(run.line);
      run.line = nullptr;
      run.has_run_slot = false;
    }
    moved.push_back(std::move(each));
  }
  slots_.set_limits(slug, slot_limits(function.config.flow));
  for (Moved& each : moved) {
    Run& run = *each.run;
    join_limits(run, each.flow);
    if (run.line == nullptr) run.has_slot = false;
    if (run.line != nullptr) {
      for (int64_t i = 0; i < each.held; ++i) slots_.take_step(*run.line);
      run.has_run_slot = run.status == RunStatus::kRunning;
      if (run.has_run_slot) slots_.take_run(*run.line);
    }
  }
  std::vector<RunNo> queued;
  for (const Moved& each : moved) {
    if (each.was_queued) queued.push_back(each.run->no);
  }
  pump_all(queued);
}

// -- Looking in
// -------------------------------------------------------------------------------------

WakeSource State::queued_source(const Run& run) const {
  const flow::Slots::Place place = slots_.place_of(*run.line, turn_of(run), run.no, score_of(run));
  std::string what = describe_place(run.function->config.flow, slots_.keys_of(*run.line), place);
  return {WakeSource::Kind::kQueued, std::move(what), place.earliest};
}

void State::check_limits(std::vector<Finding>& findings) const {
  for (std::string& what : slots_.check(now_)) findings.push_back({{}, std::move(what)});
  std::map<std::string, int64_t> in_use;
  size_t queued = 0;
  for (RunNo no : runs_.numbers()) {
    const Run& run = runs_.at(no);
    if (run.line == nullptr) continue;
    flow::SlotKeys keys = slots_.keys_of(*run.line);
    if (keys.steps[0] == keys.steps[1]) keys.steps[1].clear();
    for (const std::string& name : keys.steps) {
      if (!name.empty()) in_use[name] += steps_held(run);
    }
    if (!keys.runs.empty()) in_use[keys.runs] += run.has_run_slot;
    const bool should_hold = run.status == RunStatus::kRunning;
    if (run.has_run_slot != should_hold) findings.push_back({run.id, "its slot is not its own"});
    queued += run.is_queued;
    if (run.is_queued && !slots_.is_waiting(*run.line, turn_of(run), run.no, score_of(run))) {
      findings.push_back({run.id, "it is queued and in no queue"});
    }
  }
  for (const flow::Slots::Usage& usage : slots_.usage()) {
    if (usage.name.starts_with(kThrottlePool)) continue;
    if (usage.in_use != in_use[usage.name]) {
      findings.push_back({{}, fmt::format("the slots of \"{}\" are counted wrongly", usage.name)});
    }
  }
  if (queued != slots_.waiting()) findings.push_back({{}, "somebody else is queued"});
  for (const auto& [name, no] : singletons_) {
    const Run* run = runs_.find(no);
    const bool is_held = run != nullptr && run->singleton == &name;
    if (!is_held) findings.push_back({{}, fmt::format("nobody holds singleton \"{}\"", name)});
  }
}

void State::expect_slot_alarms(std::vector<ExpectedAlarm>& expected) const {
  for (const flow::Slots::Alarm& alarm : slots_.expected_alarms()) {
    expected.push_back({{alarm.due, 0, alarm.number, Timer::Kind::kThrottle}, {}, "a throttle"});
  }
  if (!slots_.may_have_next()) return;
  expected.push_back(
      {{turns_alarm_.value_or(Time{}), 0, 0, Timer::Kind::kSlots}, {}, "those who have room"});
}

}  // namespace stepwell::core
