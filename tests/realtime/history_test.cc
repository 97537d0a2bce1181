// The queue of one channel's messages.
#include "engine/realtime/history.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>

namespace stepwell::realtime {
namespace {

TEST_CASE("a history gives its messages in order, and forgets the oldest") {
  History history;
  std::deque<History::Entry> expected;
  CHECK(history.empty());
  for (int i = 0; i < 1100; ++i) {
    // Two come and one goes, then the other way round, until all are gone.
    const bool comes = i < 500 ? i % 3 != 0 : i < 1000 && i % 3 == 0;
    if (comes) {
      auto message = std::make_shared<const Message>();
      history.push_back(message);
      expected.push_back(message);
    } else if (!expected.empty()) {
      const std::weak_ptr<const Message> oldest = expected.front();
      REQUIRE(history.front() == expected.front());
      history.pop_front();
      expected.pop_front();
      REQUIRE(oldest.expired());  // also while its place is still there
    }
    REQUIRE(history.empty() == expected.empty());
    REQUIRE(history.size() == expected.size());
    if (!expected.empty()) REQUIRE(history[expected.size() / 2] == expected[expected.size() / 2]);
    REQUIRE(std::equal(history.begin(), history.end(), expected.begin(), expected.end()));
    REQUIRE(std::equal(history.rbegin(), history.rend(), expected.rbegin(), expected.rend()));
  }
  CHECK(history.empty());
}

}  // namespace
}  // namespace stepwell::realtime
