// Virtual time: a queue of things to happen, decided by a seed. Nothing here takes real time.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <string_view>
#include <vector>

#include "schema/random.h"
#include "schema/time.h"

namespace stepwell::sim {

class World {
 public:
  explicit World(uint64_t seed);

  // The wall clock: it may jump, in both directions.
  Time now() const { return kStart + elapsed_ + offset_; }
  // Since the beginning; never goes back.
  Duration elapsed() const { return elapsed_; }
  void jump(Duration by) { offset_ += by; }

  // Does it after `delay` (not negative). Things of the same instant happen in an order that the
  // seed decides.
  void after(Duration delay, std::function<void()> thing);

  // Does the next thing; false if there is none.
  bool step();

  // A stream of randomness of its own.
  Random random(std::string_view name) const { return random_.stream(name); }

  static constexpr Time kStart{Duration(1'790'000'000'000)};

 private:
  struct Entry {
    Duration at;
    uint64_t tie;
    uint64_t number;
    std::function<void()> thing;
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const;
  };

  Random random_;
  Random ties_;
  Duration elapsed_{};
  Duration offset_{};
  uint64_t last_number_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, Later> queue_;
};

}  // namespace stepwell::sim
