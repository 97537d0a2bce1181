// Chains: how the coroutines of a run take turns. Internal to the library.
//
// A run's code is one or more chains: the function itself, and a branch for each awaitable that
// when_all and when_any have started. A chain is a stack of coroutines of which the innermost is
// suspended. The engine resumes it, on one thread at a time; coroutines never resume one another:
// they name who goes on (`next`) and suspend, and the engine's loop goes on from there. So nothing
// depends on tail calls, which g++ 12 does not make without optimisation, and no frame is ever
// resumed from inside of one that its completion may destroy.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>

namespace stepwell::detail {

class RunFrame;  // a run in memory: the engine's side
class Join;
struct Chain;

// Queues a chain, to be resumed when its turn comes; takes it out of the queue.
void make_ready(Chain& chain);
void remove_from_queue(Chain& chain);

// The newest memo that code has seen; position 0: none yet.
struct Seen {
  uint64_t position = 0;
  std::array<uint8_t, 20> key{};
};

struct Chain {
  Chain() = default;
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;
  ~Chain() { remove_from_queue(*this); }

  RunFrame* frame = nullptr;
  Chain* parent = nullptr;       // the chain that waits for `join`
  Join* join = nullptr;          // which this is a branch of; null: the function itself
  Join* awaits = nullptr;        // the join that its innermost coroutine awaits, if any
  std::coroutine_handle<> next;  // who goes on when the chain is resumed
  Seen seen;
  bool is_queued = false;   // in the frame's queue of ready chains
  bool is_done = false;     // its outermost coroutine has ended
  bool has_failed = false;  // with an exception
};

// What when_all and when_any have in common: branches, and the moment at which their parent may go
// on. That is when all have ended, or when one has that decides: the first at all (when_any), the
// first that failed (when_all). The other branches are then abandoned: they are destroyed when the
// parent goes on, which it does as soon as none of their step bodies runs any more.
class Join {
 public:
  enum class Mode : uint8_t { kAll, kAny };

  explicit Join(Mode mode) : mode_(mode) {}
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;
  virtual ~Join() = default;

  bool is_decided() const { return is_decided_; }
  // The branch that decided, or ended last.
  const Chain& decider() const { return *decider_; }

  // Begins `branch`, whose outermost coroutine is `code`.
  void start(Chain& branch, std::coroutine_handle<> code);
  // By the engine, when a branch has ended.
  void branch_ended(Chain& branch);

 protected:
  // Suspends `parent` in `waiting`; then start() follows for each of `branches`.
  void suspend(Chain& parent, std::coroutine_handle<> waiting, size_t branches);

 private:
  Mode mode_;
  bool is_decided_ = false;
  size_t running_ = 0;
  Chain* parent_ = nullptr;
  Chain* decider_ = nullptr;
  std::coroutine_handle<> waiting_;
  Seen seen_;  // the newest of all branches that ended
};

}  // namespace stepwell::detail
