#include "tests/simulation/world.h"

#include <tuple>
#include <utility>

#include "schema/check.h"

namespace stepwell::sim {

World::World(uint64_t seed) : random_(seed), ties_(random_.stream("ties")) {}

bool World::Later::operator()(const Entry& a, const Entry& b) const {
  return std::tie(a.at, a.tie, a.number) > std::tie(b.at, b.tie, b.number);
}

void World::after(Duration delay, std::function<void()> thing) {
  CHECK_INVARIANT(delay >= Duration::zero(), "the past cannot be changed");
  queue_.push({elapsed_ + delay, ties_.next(), ++last_number_, std::move(thing)});
}

bool World::step() {
  if (queue_.empty()) return false;
  // The entry is moved out before it is done: it may add others.
  Entry entry = std::move(const_cast<Entry&>(queue_.top()));
  queue_.pop();
  elapsed_ = entry.at;
  entry.thing();
  return true;
}

}  // namespace stepwell::sim
