#include "engine/core/timers.h"

#include <algorithm>
#include <tuple>

#include "schema/mutant.h"

namespace stepwell::core {

// Ties are broken by what was created first, so that the order never depends on the heap.
bool Timers::Later::operator()(const Timer& a, const Timer& b) const {
  return std::tie(a.due, a.run, a.subject, a.kind) > std::tie(b.due, b.run, b.subject, b.kind);
}

void Timers::add(const Timer& timer) {
  heap_.push_back(timer);
  std::push_heap(heap_.begin(), heap_.end(), Later{});
}

std::optional<Timer> Timers::pop_due(Time now) {
  if (mutant("timer-early")) now += Duration(1);
  if (heap_.empty() || heap_.front().due > now) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  Timer timer = heap_.back();
  heap_.pop_back();
  return timer;
}

void Timers::rebuild() {
  sweep_at_ = std::max(kFewTimers, 2 * heap_.size());
  if (heap_.capacity() > sweep_at_) {
    heap_.shrink_to_fit();
    heap_.reserve(sweep_at_);
  }
  std::make_heap(heap_.begin(), heap_.end(), Later{});
}

std::optional<Time> Timers::next_due() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().due;
}

}  // namespace stepwell::core
