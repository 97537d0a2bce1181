#include "engine/core/runs.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "engine/core/state.h"
#include "schema/check.h"

namespace stepwell::core {
namespace {

constexpr size_t kPlacesMin = 16;

void key_of(const Run& run, RunNo& key) {
  key = run.no;
}

void key_of(const Run& run, RunId& key) {
  key = run.id;
}

template <typename Key>
Key key_of(const Run& run) {
  Key key{};
  key_of(run, key);
  return key;
}

}  // namespace

template <typename Key>
size_t RunIndex<Key>::home_of(const Key& key) const {
  // Numbers follow each other, and parts of ids may: spread by the golden ratio. Of that the upper
  // half is a fraction of 2^32, which is scaled to the places.
  const uint64_t spread = uint64_t{std::hash<Key>{}(key)} * 0x9E3779B97F4A7C15u;
  return ((spread >> 32) * places_.size()) >> 32;
}

template <typename Key>
Run* RunIndex<Key>::find(const Key& key) const {
  if (places_.empty()) return nullptr;
  size_t place = home_of(key);
  while (places_[place] != nullptr && key_of<Key>(*places_[place]) != key) place = next(place);
  return places_[place];
}

template <typename Key>
void RunIndex<Key>::put(Run* run) {
  size_t place = home_of(key_of<Key>(*run));
  while (places_[place] != nullptr) place = next(place);
  places_[place] = run;
}

template <typename Key>
void RunIndex<Key>::add(Run* run) {
  if ((size_ + 1) * 4 > places_.size() * 3) {
    const std::vector<Run*> before =
        std::exchange(places_, std::vector<Run*>(std::max(kPlacesMin, places_.size() * 3 / 2)));
    for (Run* each : before) {
      if (each != nullptr) put(each);
    }
  }
  put(run);
  ++size_;
}

template <typename Key>
void RunIndex<Key>::remove(const Run* run) {
  size_t hole = home_of(key_of<Key>(*run));
  while (places_[hole] != run) {
    CHECK_INVARIANT(places_[hole] != nullptr, "a run that is removed is there");
    hole = next(hole);
  }
  places_[hole] = nullptr;
  --size_;
  // Whoever stands behind the hole, and would be looked for from before it, moves into it.
  for (size_t place = next(hole); places_[place] != nullptr; place = next(place)) {
    const size_t home = home_of(key_of<Key>(*places_[place]));
    if (distance(home, place) < distance(hole, place)) continue;
    std::swap(places_[hole], places_[place]);
    hole = place;
  }
}

template class RunIndex<RunNo>;
template class RunIndex<RunId>;

Runs::~Runs() {
  for (Run* run : by_number_.places()) delete run;
}

Run& Runs::at(RunNo no) const {
  Run* run = find(no);
  CHECK_INVARIANT(run != nullptr, "the run is open");
  return *run;
}

void Runs::add(std::unique_ptr<Run> run) {
  by_id_.add(run.get());
  by_number_.add(run.release());
}

std::unique_ptr<Run> Runs::remove(Run& run) {
  by_id_.remove(&run);
  by_number_.remove(&run);
  return std::unique_ptr<Run>(&run);
}

std::vector<RunNo> Runs::numbers() const {
  std::vector<RunNo> numbers;
  numbers.reserve(size());
  for (const Run* run : by_number_.places()) {
    if (run != nullptr) numbers.push_back(run->no);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace stepwell::core
