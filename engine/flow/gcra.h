// A limit on how often something may happen: the generic cell rate algorithm. At rest `capacity`
// may happen at once; later one each `period / limit`. In any span of time of length s no more than
// capacity + s / (period / limit) happen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/time.h"

namespace stepwell::flow {

struct Rate {
  int64_t limit = 1;  // per period
  Duration period{};
  int64_t burst = 0;  // at once, beside the limit
  bool operator==(const Rate&) const = default;
};

class Gcra {
 public:
  // When the next may happen; in the past or now: at once. `ahead`: when so many have happened
  // before it, as soon as each may.
  Time next(const Rate& rate, int64_t ahead = 0) const;
  bool allows(const Rate& rate, Time now) const { return next(rate) <= now; }

  // Something happens at `now`, which allows() it.
  void take(const Rate& rate, Time now);

  // The rate is another from now on. It never waits longer than one that is in use to its full, so
  // that a shorter interval counts at once. False: nothing has changed.
  bool change_rate(const Rate& rate, Time now);

  // Since when it has been at rest, or will be: a limit that has rested so long is like a new one.
  Time rests_at() const;

  // The stored form: read back exactly, whatever the rate is by then.
  std::string text() const;
  static Gcra parse(std::string_view text);

 private:
  // The theoretical arrival time of the algorithm, in nanoseconds, so that rates of many a
  // millisecond add up.
  int64_t arrival_ns_ = 0;
};

}  // namespace stepwell::flow
