// What is due when. A heap with lazy removal: an entry that was made void is recognised by its
// owner when it comes up, so that cancelling costs nothing. That may be in a year: whenever there
// are twice as many entries as the last sweep left, a sweep drops those that are void by then.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "schema/run.h"
#include "schema/time.h"

namespace stepwell::core {

struct Timer {
  enum class Kind : uint8_t {
    // Of a run.
    kRunStart,
    kFunctionRetry,
    kStep,  // `subject`: the registration of the step
    kStartTimeout,
    kFinishTimeout,
    // Of no run: `run` is zero, and `subject` a number by which the owner knows what it is about.
    kThrottle,
    kSlots,
    kDebounce,
    kBatch,
    kRateLimit,
    kCron,
  };
  Time due{};
  RunNo run = 0;
  uint64_t subject = 0;
  Kind kind = Kind::kStep;
};

class Timers {
 public:
  void add(const Timer& timer);

  // The earliest entry if it is due at `now`; removes it.
  std::optional<Timer> pop_due(Time now);

  // When the earliest entry is due; it may be void.
  std::optional<Time> next_due() const;

  // Drops the entries for which `is_void` is true, if it is time for that. Costs each entry that
  // was added O(1).
  template <typename Predicate>
  void sweep(Predicate is_void) {
    if (heap_.size() < sweep_at_) return;
    std::erase_if(heap_, is_void);
    rebuild();
  }

  // All entries, also void ones.
  size_t size() const { return heap_.size(); }
  // All entries, also void ones, in no order.
  const std::vector<Timer>& all() const { return heap_; }

 private:
  struct Later {
    bool operator()(const Timer& a, const Timer& b) const;
  };
  // A heap again, with room for as many entries as it has.
  void rebuild();

  // So few that looking at them is worth nothing.
  static constexpr size_t kFewTimers = 1024;

  std::vector<Timer> heap_;
  size_t sweep_at_ = kFewTimers;
};

}  // namespace stepwell::core
