#include "engine/flow/rate_book.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "schema/random.h"

namespace stepwell::flow {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{Duration(1'790'000'000'000)};
const Place kPlace{"f", "k"};

struct Started {
  Time at;
  bool operator<(const Started& other) const { return at < other.at; }
};

// The most that any stretch of `period` holds.
size_t densest(const std::vector<Time>& starts, Duration period) {
  size_t most = 0;
  size_t first = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    while (starts[first] + period <= starts[i]) ++first;
    most = std::max(most, i - first + 1);
  }
  return most;
}

}  // namespace

TEST_CASE("so many start as the limit says, and the next when the first is a period old") {
  RateBook book;
  const RateLimit limit{2, 10s, ""};
  CHECK(book.admit(kPlace, limit, 1, kNow).is_admitted);
  CHECK(book.admit(kPlace, limit, 2, kNow + 4s).is_admitted);
  const RateBook::Decision refused = book.admit(kPlace, limit, 3, kNow + 10s - 1ms);
  CHECK_FALSE(refused.is_admitted);
  CHECK(refused.admits_at == kNow + 10s);
  CHECK(book.used(kPlace, limit.period, kNow + 5s) == 2);
  const RateBook::Decision admitted = book.admit(kPlace, limit, 4, kNow + 10s);
  CHECK(admitted.is_admitted);
  CHECK(admitted.forgotten_up_to == 1);
  CHECK(admitted.entry == RateEntry{4, kNow + 10s, 1});
  CHECK_FALSE(book.admit(kPlace, limit, 5, kNow + 10s).is_admitted);
  CHECK(book.admit({"f", "other"}, limit, 6, kNow + 10s).is_admitted);
  CHECK(book.admit({"g", "k"}, limit, 7, kNow + 10s).is_admitted);
}

TEST_CASE("a limit that changes acts on the starts that there were") {
  RateBook book;
  for (Position pos = 1; pos <= 5; ++pos) {
    CHECK(book.admit(kPlace, {5, 10s, ""}, pos, kNow + pos * 1s).is_admitted);
  }
  // Those of the seconds 3, 4 and 5 count then.
  const RateBook::Decision refused = book.admit(kPlace, {3, 10s, ""}, 6, kNow + 12s);
  CHECK_FALSE(refused.is_admitted);
  CHECK(refused.admits_at == kNow + 13s);
  CHECK(book.admit(kPlace, {4, 10s, ""}, 6, kNow + 12s).is_admitted);
}

TEST_CASE("places of which nothing counts any more are forgotten, as the period is now") {
  RateBook book;
  book.admit({"f", "a"}, {1, 10s, ""}, 1, kNow);
  book.admit({"f", "b"}, {1, 10s, ""}, 2, kNow + 5s);
  const auto period = [](Duration length) {
    return [length](const std::string&) { return length; };
  };
  CHECK(book.take_idle(kNow + 10s - 1ms, 10, period(10s)).empty());
  CHECK(book.take_idle(kNow + 10s, 10, period(20s)).empty());
  CHECK(book.take_idle(kNow + 20s, 10, period(20s)) == std::vector{Place{"f", "a"}});
  CHECK(book.places() == 1);
  // No limit any more: what is known of the place says it is idle later, so it goes then.
  CHECK(book.take_idle(kNow + 25s, 10, period(0s)) == std::vector{Place{"f", "b"}});
  CHECK(book.places() == 0);
  CHECK(book.take_idle(kNow + 99s, 10, period(0s)).empty());
}

TEST_CASE("no stretch as long as the period ever holds more than the limit") {
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    Random random(seed);
    // Small limits are exact; those over 1,000 are counted by slots.
    const bool is_large = seed > 3;
    const RateLimit limit{is_large ? 1500 : 7, is_large ? 20s : 1s, ""};
    RateBook book;
    std::map<Position, RateEntry> kept;
    std::vector<Time> starts;
    Time now = kNow;
    size_t refused = 0;
    for (Position pos = 1; pos <= 20'000; ++pos) {
      now += Duration(static_cast<int64_t>(random.below(is_large ? 20 : 200)));
      if (random.below(2000) == 0) {  // the process died: what was kept is all there is
        book = RateBook();
        for (const auto& [kept_pos, entry] : kept) book.recover(kPlace, entry, limit.period);
      }
      const RateBook::Decision decision = book.admit(kPlace, limit, pos, now);
      kept.erase(kept.begin(), kept.upper_bound(decision.forgotten_up_to));
      if (decision.is_admitted) {
        starts.push_back(now);
        kept.insert_or_assign(decision.entry.pos, decision.entry);
      } else {
        ++refused;
        CHECK(*decision.admits_at > now);
      }
    }
    CHECK(refused > 100);
    CHECK(densest(starts, limit.period) <= static_cast<size_t>(limit.limit));
    CHECK(densest(starts, limit.period + limit.period / 500) >= static_cast<size_t>(limit.limit));
    CHECK(kept.size() <= static_cast<size_t>(kRateEntriesMax + 1));
  }
}

TEST_CASE("a clock that jumps back makes no room") {
  RateBook book;
  const RateLimit limit{1, 10s, ""};
  CHECK(book.admit(kPlace, limit, 1, kNow).is_admitted);
  CHECK_FALSE(book.admit(kPlace, limit, 2, kNow - 1h).is_admitted);
  CHECK_FALSE(book.admit(kPlace, limit, 3, kNow + 10s - 1ms).is_admitted);
  CHECK(book.admit(kPlace, limit, 4, kNow + 10s).is_admitted);
}

TEST_CASE("the keys of a function of which starts count") {
  RateBook book;
  const RateLimit limit{2, 10s, ""};
  CHECK(book.admit({"f", "b"}, limit, 1, kNow).is_admitted);
  CHECK(book.admit({"f", "a"}, limit, 2, kNow + 1s).is_admitted);
  CHECK(book.admit({"f", "a"}, limit, 3, kNow + 2s).is_admitted);
  CHECK(book.admit({"g", "a"}, limit, 4, kNow + 2s).is_admitted);
  const auto text = [&](Time now) {
    std::string all;
    for (const RateBook::Usage& each : book.usage("f", limit.period, now)) {
      all += each.key + std::to_string(each.used) + " ";
    }
    return all;
  };
  CHECK(text(kNow + 5s) == "b1 a2 ");
  CHECK(text(kNow + 11s) == "a1 ");
  CHECK(text(kNow + 12s) == "");
}

}  // namespace stepwell::flow
