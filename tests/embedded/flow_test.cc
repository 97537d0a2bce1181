// Flow control in C++: the options of a function, and what its code sees.
#include <stepwell/stepwell.h>
#include <stepwell/testing.h>

#include <doctest/doctest.h>

using namespace stepwell;
using namespace std::chrono_literals;

namespace {

struct Reading {
  std::string sensor;
  int value = 0;
};
STEPWELL_FIELDS(Reading, sensor, value);

constexpr EventType<Reading> kReading{"test/reading"};

Task<int> sum(Context<Reading> ctx) {
  int total = 0;
  for (const TypedEvent<Reading>& event : ctx.events()) total += event.data.value;
  co_return co_await ctx.step.run("sum", [total] { return total; });
}

}  // namespace

TEST_CASE("batch_events: the code sees all events of a batch, also after a crash") {
  TestEngine t;
  t.function({.id = "sum",
              .batch_events = {{.max_size = 3,
                                .timeout = 10s,
                                .key = "event.data.sensor",
                                .if_ = "event.data.value > 0"}}},
             kReading, sum);
  t.send(kReading, {"a", 1});
  t.send(kReading, {"b", 10});
  t.send(kReading, {"a", 0});
  REQUIRE(t.runs().size() == 1);
  CHECK(t.runs()[0].result<int>() == 0);
  t.crash_and_restart();
  t.send(kReading, {"a", 2});
  t.send(kReading, {"a", 3});
  REQUIRE(t.runs().size() == 2);
  CHECK(t.runs()[1].result<int>() == 6);
  t.advance(10s);
  REQUIRE(t.runs().size() == 3);
  CHECK(t.runs()[2].result<int>() == 10);
}

TEST_CASE("debounce: the latest event starts a run, at the timeout at the latest") {
  TestEngine t;
  t.function(
      {.id = "sum", .debounce = {{.period = 10s, .key = "event.data.sensor", .timeout = 15s}}},
      kReading, sum);
  t.send(kReading, {"a", 1});
  t.advance(9s);
  t.send(kReading, {"a", 2});
  t.send(kReading, {"b", 3});
  t.advance(6s - 1ms);
  CHECK(t.runs().empty());
  t.advance(1ms);
  REQUIRE(t.runs().size() == 1);
  CHECK(t.runs()[0].result<int>() == 2);
  t.advance(4s);
  CHECK(t.runs().size() == 2);
}

TEST_CASE("rate_limit and idempotency: what is too much starts no run") {
  TestEngine t;
  t.function({.id = "rated", .rate_limit = {{.limit = 2, .period = 1min}}}, kReading, sum);
  t.function({.id = "once", .idempotency = "event.data.sensor"}, kReading, sum);
  for (int i = 0; i < 3; ++i) t.send(kReading, {"a", i});
  CHECK(t.runs().size() == 3);  // two of the one, one of the other
  t.advance(1min);
  t.send(kReading, {"b", 1});
  CHECK(t.runs().size() == 5);
}
