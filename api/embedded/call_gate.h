// Who may use an engine now. Calls pass the gate while the engine runs; whoever stops it closes the
// gate first, and takes nothing apart before the last call has left.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace stepwell::detail {

// Any thread.
class CallGate {
 public:
  // The engine runs.
  void open();
  // Turns calls away from now on: the engine stops.
  void close();
  // The same, for its journal cannot be trusted any more. A gate that is closed stays so.
  void fail();

  bool is_open() const { return state_.load() == State::kOpen; }
  // EngineError, which says why, unless it is open.
  void check() const;

  // Lets a call in, if it is open. Each that is let in leaves.
  bool enter();
  void leave();

  // Behind close(): runs `then` once, on whatever thread, when the last call has left. It must be
  // short, and not use the gate.
  void when_empty(std::function<void()> then);
  // Returns when no call is inside of leave() any more, `then` included.
  void wait_for_leavers();

 private:
  enum class State : uint8_t { kClosed, kOpen, kFailed };

  std::mutex mutex_;
  std::atomic<State> state_{State::kClosed};  // set under mutex_
  size_t inside_ = 0;                         // guarded by mutex_
  std::function<void()> then_;                // guarded by mutex_
};

// A call that is under way.
class Call {
 public:
  // EngineError when it is turned away.
  explicit Call(CallGate& gate);
  ~Call() { gate_.leave(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  CallGate& gate_;
};

}  // namespace stepwell::detail
