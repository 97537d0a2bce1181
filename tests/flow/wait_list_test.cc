#include "engine/flow/wait_list.h"

#include <doctest/doctest.h>

#include <iterator>
#include <set>

#include "schema/random.h"

using namespace stepwell;
using namespace stepwell::flow;

TEST_CASE("a wait list is an ordered set") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    WaitList list;
    std::set<Waiting> model;
    const uint64_t scores = 1 + random.below(seed % 2 == 0 ? 50 : 1'000'000);
    const double growth = 0.3 + 0.5 * random.unit();
    for (uint64_t i = 1; i <= 3000; ++i) {
      if (model.empty() || random.chance(growth)) {
        // Mostly in order, as runs come.
        const uint64_t score = random.chance(0.7) ? scores + i : random.below(scores);
        const Waiting waiting{static_cast<int64_t>(score), i};
        list.insert(waiting);
        model.insert(waiting);
      } else {
        auto it = model.begin();
        if (random.chance(0.4)) std::advance(it, random.below(model.size()));
        REQUIRE(list.place_of(*it) == static_cast<size_t>(std::distance(model.begin(), it)));
        REQUIRE(list.contains(*it));
        REQUIRE(list.erase(*it));
        REQUIRE_FALSE(list.contains(*it));
        REQUIRE_FALSE(list.erase(*it));
        model.erase(it);
      }
      REQUIRE(list.empty() == model.empty());
      if (!model.empty()) REQUIRE(list.first() == *model.begin());
    }
    REQUIRE(list.size() == model.size());
    while (!model.empty()) {
      REQUIRE(list.first() == *model.begin());
      list.erase(*model.begin());
      model.erase(model.begin());
    }
    CHECK(list.empty());
  }
}
