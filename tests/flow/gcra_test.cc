#include "engine/flow/gcra.h"

#include <doctest/doctest.h>

#include <vector>

#include "schema/random.h"

using namespace stepwell;
using namespace stepwell::flow;

namespace {

constexpr Time kStart{Duration(1'790'000'000'000)};

// When each of `count` that are all there from the start happens, in milliseconds since then.
std::vector<int64_t> moments(const Rate& rate, int count) {
  Gcra gcra;
  Time now = kStart;
  std::vector<int64_t> found;
  for (int i = 0; i < count; ++i) {
    now = std::max(now, gcra.next(rate));
    gcra.take(rate, now);
    found.push_back((now - kStart).count());
  }
  return found;
}

}  // namespace

TEST_CASE("at rest the limit happens at once, then one each interval") {
  using std::chrono::seconds;
  CHECK(moments({1, seconds(5)}, 4) == std::vector<int64_t>{0, 5000, 10000, 15000});
  CHECK(moments({2, seconds(5)}, 5) == std::vector<int64_t>{0, 0, 2500, 5000, 7500});
  CHECK(moments({2, seconds(5), 1}, 5) == std::vector<int64_t>{0, 0, 0, 2500, 5000});
  CHECK(moments({1, seconds(1), 3}, 6) == std::vector<int64_t>{0, 0, 0, 0, 1000, 2000});
}

TEST_CASE("intervals below a millisecond add up") {
  const std::vector<int64_t> found = moments({3000, std::chrono::seconds(1)}, 9001);
  CHECK(found[2999] == 0);
  CHECK(found[3000] == 1);
  CHECK(found[9000] == 2001);
}

TEST_CASE("no span of time holds more than the rate lets through") {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    const Rate rate{static_cast<int64_t>(1 + random.below(20)),
                    Duration(static_cast<int64_t>(1 + random.below(60'000))),
                    static_cast<int64_t>(random.below(5))};
    Gcra gcra;
    Time now = kStart;
    std::vector<Time> taken;
    for (int i = 0; i < 300; ++i) {
      now += Duration(static_cast<int64_t>(random.below(2000)));
      if (!gcra.allows(rate, now)) continue;
      gcra.take(rate, now);
      taken.push_back(now);
    }
    REQUIRE_FALSE(taken.empty());
    for (size_t first = 0; first < taken.size(); ++first) {
      for (size_t last = first; last < taken.size(); ++last) {
        const double span = static_cast<double>((taken[last] - taken[first]).count());
        const double bound =
            static_cast<double>(rate.limit + rate.burst) +
            span * static_cast<double>(rate.limit) / static_cast<double>(rate.period.count());
        REQUIRE(static_cast<double>(last - first + 1) <= bound + 1e-6);
      }
    }
  }
}

TEST_CASE("its state is read back exactly") {
  const Rate rate{7, std::chrono::seconds(10), 2};
  Gcra gcra;
  for (int i = 0; i < 9; ++i) gcra.take(rate, kStart);
  const Gcra again = Gcra::parse(gcra.text());
  CHECK(again.next(rate) == gcra.next(rate));
  CHECK(again.rests_at() == gcra.rests_at());
  CHECK(gcra.rests_at() > kStart + std::chrono::seconds(12));
  CHECK_FALSE(again.allows(rate, kStart));
  CHECK(Gcra::parse("").allows(rate, kStart));
}

TEST_CASE("a rate that is changed counts what happened before") {
  Gcra gcra;
  const Rate slow{1, std::chrono::hours(1)};
  gcra.take(slow, kStart);
  CHECK(gcra.next(slow) == kStart + std::chrono::hours(1));
  CHECK(gcra.next({2, std::chrono::hours(1)}) == kStart + std::chrono::minutes(30));
}

TEST_CASE("a rate that is made faster holds nobody back for longer than it says") {
  using std::chrono::hours;
  using std::chrono::seconds;
  Gcra gcra;
  gcra.take({1, hours(1)}, kStart);
  const Time now = kStart + seconds(7);
  const Rate fast{2, seconds(10), 1};
  CHECK(gcra.change_rate(fast, now));
  CHECK(gcra.next(fast) == now + seconds(5));
  CHECK(gcra.rests_at() == now + seconds(15));
  CHECK_FALSE(gcra.change_rate(fast, now));
  CHECK_FALSE(gcra.change_rate({1, hours(1)}, now));
  CHECK_FALSE(gcra.change_rate({1'000'000'000'000, hours(24 * 365 * 90), 5}, now));
  CHECK(gcra.rests_at() == now + seconds(15));
  CHECK_FALSE(gcra.change_rate({1, seconds(1)}, now + seconds(15)));  // it rests by itself
}
