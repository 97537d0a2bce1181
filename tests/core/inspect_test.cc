#include "tests/core/harness.h"

namespace stepwell::core::testing {

using namespace std::chrono_literals;

TEST_CASE("a moment that has come wakes a run until its alarm has gone off") {
  Harness h;
  h.add_function(Harness::function("f", "go"));
  h.add_function(Harness::function("g", "other"));

  SUBCASE("its start") {
    AcceptEvents later{.request = 3};
    later.events.push_back({.event = {.name = "go", .ts = h.now + 1h}});
    h.apply(std::move(later));
    h.now += 1h;
    h.send("other");  // comes before the alarm of the same instant; the harness checks all runs
    CHECK(h.take_call().run->function.slug == "g");
    CHECK(h.calls.empty());
    h.apply(TimePassed{});
    CHECK(h.take_call().run->function.slug == "f");
  }
  SUBCASE("its next attempt") {
    h.send("go");
    h.throws(h.take_call(), {.error = {.message = "no"}, .retry_after = 20s});
    h.now += 20s;
    h.send("other");
    CHECK(h.take_call().run->function.slug == "g");
    h.apply(TimePassed{});
    CHECK(h.take_call().run->function.slug == "f");
  }
}

}  // namespace stepwell::core::testing
