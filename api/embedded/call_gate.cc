#include "api/embedded/call_gate.h"

#include <utility>

#include "stepwell/engine.h"

namespace stepwell::detail {

void CallGate::open() {
  std::lock_guard lock(mutex_);
  state_ = State::kOpen;
}

void CallGate::close() {
  std::lock_guard lock(mutex_);
  state_ = State::kClosed;
}

void CallGate::fail() {
  std::lock_guard lock(mutex_);
  if (state_ == State::kOpen) state_ = State::kFailed;
}

void CallGate::check() const {
  switch (state_.load()) {
    case State::kOpen:
      return;
    case State::kFailed:
      throw EngineError(EngineError::Code::kStorage, "the journal cannot be trusted any more");
    case State::kClosed:
      throw EngineError(EngineError::Code::kUnavailable,
                        "the engine does not run: it is not started, or was stopped");
  }
}

bool CallGate::enter() {
  std::lock_guard lock(mutex_);
  if (state_ != State::kOpen) return false;
  ++inside_;
  return true;
}

// Under the lock, all of it: whoever waits for leavers may destroy what `then` uses.
void CallGate::leave() {
  std::lock_guard lock(mutex_);
  if (--inside_ == 0 && then_) std::exchange(then_, nullptr)();
}

void CallGate::when_empty(std::function<void()> then) {
  std::lock_guard lock(mutex_);
  if (inside_ == 0) return then();
  then_ = std::move(then);
}

void CallGate::wait_for_leavers() {
  std::lock_guard lock(mutex_);
}

Call::Call(CallGate& gate) : gate_(gate) {
  // Again, where it was closed and opened in between.
  while (!gate.enter()) gate.check();
}

}  // namespace stepwell::detail
