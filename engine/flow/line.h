// The parts of Slots (slots.h); for slots.cc and slots_inspect.cc only.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/flow/slots.h"
#include "engine/flow/wait_list.h"

namespace stepwell::flow {

// Runs that wait for the same. While it is not empty it stands before one pool, in a ring of the
// queues of its function there.
struct Queue {
  WaitList items;
  Line* line = nullptr;
  Pool* before = nullptr;
  Queue* previous = nullptr;
  Queue* following = nullptr;
  Turn turn = Turn::kStart;
  uint8_t passed = 0;  // a bit for each of its Needs: it has had its turn there, and had room
};

struct Line {
  const SlotLimits* limits = nullptr;
  std::array<Pool*, 2> steps{};  // null: none; both the same pool: it is taken once
  Pool* runs = nullptr;
  Pool* throttle = nullptr;
  size_t references = 0;
  Queue starts;
  Queue goes_on;
};

// The queues of one function before a pool, in the order of their turns.
struct Waiters {
  const SlotLimits* function = nullptr;
  Queue* first = nullptr;
  Queue* last = nullptr;
  uint64_t tag = 0;  // its next turn, in turns of the pool
};

struct Pool {
  std::string name;
  int64_t in_use = 0;
  size_t references = 0;  // lines
  std::vector<Waiters> waiters;
  uint64_t turn = 0;  // the tag of the last one that was let in
  bool is_stirred = false;
  // Of a throttle.
  bool is_throttle = false;
  Gcra gcra;
  uint64_t number = 0;
  std::optional<Time> alarm;
};

// The pools that a turn needs, those in which waiting ends by itself first.
struct Needs {
  std::array<Pool*, 4> pools{};
  size_t count = 0;
  void add(Pool* pool) {
    if (pool == nullptr || (count > 0 && pools[count - 1] == pool)) return;
    pools[count++] = pool;
  }
  Pool* const* begin() const { return pools.data(); }
  Pool* const* end() const { return pools.data() + count; }
};

Needs needs_of(const Line& line, Turn turn);
Queue& queue_of(Line& line, Turn turn);
const Queue& queue_of(const Line& line, Turn turn);
// Whether the limits of the line's function let one more in.
bool has_room(const Pool& pool, const Line& line, Time now);
// The first of the pools that has no room; null: all have.
Pool* obstacle(const Queue& queue, Time now);

}  // namespace stepwell::flow
