// Who may have a slot, and whose turn it is: the places of concurrency limits and of throttles, and
// the queues before them.
//
// A *pool* counts what is in use of one limit: of a function, or of one value of its key. Functions
// share a pool when their limits have the scope environment or account and the same value; each has
// a number of its own for it. A *line* is what waits of one function with the same values of all
// keys; it has two queues, one of runs that are to start and one of runs that go on.
//
// The order (docs/flow-control.md has it for users):
//   - inside a queue by score (when the run was created, less its priority), then by number;
//   - a line's two queues, where both wait for the same pool, by score as well;
//   - the queues of a function that wait for the same pool take turns, one start each;
//   - the functions that wait for the same pool take turns;
//   - who needs several pools has its turn before each of them where others wait.
// So a key with a thousand runs delays one with a single run by one turn, not by a thousand.
//
// Nothing is found by scanning: a queue stands before the first pool that has no room for it, and
// is looked at when something of that pool is given back. Each operation costs the logarithm of
// what waits in one queue, and a step for each queue that has to go on to another pool.
//
// Who needs two pools that others keep full both, all the time, is not let in until one of them has
// some rest: nothing is held for it meanwhile.
//
// Nobody overtakes: take_now() refuses while others stand before the same pool; what waits is let
// in by next(), which is called until it gives nothing whenever something may have become free.
//
// Pure: times are arguments. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/gcra.h"

namespace stepwell::flow {

using RunNumber = uint64_t;

// How many may be in use, by the place of the limit in the function's configuration.
struct SlotLimits {
  std::vector<int64_t> steps = {};  // at most 2
  int64_t runs = 0;                 // 0: no limit
  std::optional<Rate> throttle = {};
  bool operator==(const SlotLimits&) const = default;
};

// The names of the pools that a run needs. Empty: it needs none of that kind. `steps` as
// SlotLimits::steps.
struct SlotKeys {
  std::vector<std::string> steps = {};
  std::string runs = {};
  std::string throttle = {};
  bool empty() const;
};

// What a run waits for or takes.
enum class Turn : uint8_t {
  kStart,  // its first call: throttle, the run's slot and the call's
  kGoOn,   // a further call: its slot
};

struct Line;  // opaque; a run holds its line for as long as it is open
struct Pool;
struct Queue;

class Slots {
 public:
  Slots();
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // The limits of a function; known lines go by them from now on.
  void set_limits(std::string_view function, SlotLimits limits);

  // The line of a run, one reference more; its function's limits are set.
  Line* join(std::string_view function, const SlotKeys& keys);
  // One reference less. The run neither waits nor holds anything.
  void leave(Line* line);

  // Takes everything that the turn needs, if there is room and nobody waits for the same.
  bool take_now(Line& line, Turn turn, Time now);
  // Takes it, as next() said that there is room; also beyond a limit: what went on before a restart
  // or before a limit was lowered.
  void take(Line& line, Turn turn, Time now);
  // Takes the run's slot alone: of a run that had started before a restart.
  void take_run(Line& line);
  // Takes a call's slot alone, also beyond a limit: of a call that is under way.
  void take_step(Line& line);
  void give_back_step(Line& line);
  void give_back_run(Line& line);

  // Waits for its turn.
  void wait(Line& line, Turn turn, RunNumber run, int64_t score, Time now);
  // Waits no longer. It does wait.
  void stop_waiting(Line& line, Turn turn, RunNumber run, int64_t score);

  struct Next {
    Line* line = nullptr;
    Turn turn = Turn::kStart;
    RunNumber run = 0;
  };
  // The next one that has room, taken out of its queue; whoever asks takes what it needs, or lets
  // the room to others. Nothing: nobody who waits has room.
  std::optional<Next> next(Time now);
  // Whether next() may give something.
  bool may_have_next() const { return !stirred_.empty(); }

  // -- Throttles ----------------------------------------------------------------------------------

  // The state of the line's throttle, to be kept; null: it has none.
  const Gcra* throttle(const Line& line) const;
  // Its name in SlotKeys.
  const std::string& throttle_name(const Line& line) const;
  // Brings one back. Before the first line joins that needs it.
  void restore_throttle(const std::string& name, const Gcra& state);

  // The throttles whose names begin like this have another rate from now on. Gives those that rest
  // sooner by that, whose states are to be kept.
  struct Throttled {
    const std::string& name;
    const Gcra& state;
  };
  std::vector<Throttled> change_throttles(std::string_view names_begin, const Rate& rate, Time now);

  // Alarms that are to be set: at `due`, call alarm(number, due).
  struct Alarm {
    uint64_t number = 0;
    Time due{};
  };
  std::vector<Alarm> take_alarms();
  // The alarm went off; void ones do nothing. A name: the throttle of that name rests, what is kept
  // of it may be dropped.
  std::optional<std::string> alarm(uint64_t number, Time due, Time now);
  // All that must be set.
  std::vector<Alarm> expected_alarms() const;

  // -- Looking in
  // -----------------------------------------------------------------------------------

  // Before what a run waits, its place, and who is before it.
  struct Place {
    enum class Limit : uint8_t { kSteps, kRuns, kThrottle };
    Limit limit = Limit::kSteps;
    size_t index = 0;  // kSteps: which of the limits
    int64_t in_use = 0;
    int64_t size = 0;              // of the limit
    size_t place = 1;              // in its queue; counted from 1
    size_t queued = 1;             // in its queue
    size_t queues = 1;             // that take turns before the same pool, this one included
    std::optional<Time> earliest;  // kThrottle: when its turn comes
  };
  Place place_of(const Line& line, Turn turn, RunNumber run, int64_t score) const;
  bool is_waiting(const Line& line, Turn turn, RunNumber run, int64_t score) const;

  struct Usage {
    std::string name;  // as in SlotKeys
    int64_t in_use = 0;
    size_t waiting = 0;  // runs that wait before it
  };
  std::vector<Usage> usage() const;  // of all pools, by name
  SlotKeys keys_of(const Line& line) const;
  size_t waiting() const { return waiting_; }
  size_t lines() const { return lines_.size(); }

  // What is wrong inside; empty when sound.
  std::vector<std::string> check(Time now) const;

 private:
  Pool* pool(const std::string& name, bool is_throttle);
  void release(Pool* pool);
  void erase(Pool& pool);
  void stir(Pool& pool);
  void wake_at(Pool& pool, Time due);
  std::optional<Next> next_of(Pool& pool, Time now);
  Queue* first_with_room(Pool& pool, const SlotLimits* function, Time now);

  std::map<std::string, std::unique_ptr<SlotLimits>, std::less<>> functions_;
  std::map<std::string_view, std::unique_ptr<Pool>> pools_;  // by the name that each has
  // By what it consists of. Never iterated over: pointers have no order that means anything.
  std::map<std::array<const void*, 5>, std::unique_ptr<Line>> lines_;
  std::map<uint64_t, Pool*> throttles_;  // by number
  std::deque<Pool*> stirred_;            // something of them may have become free
  std::vector<Alarm> alarms_;
  uint64_t last_number_ = 0;
  size_t waiting_ = 0;
};

}  // namespace stepwell::flow
