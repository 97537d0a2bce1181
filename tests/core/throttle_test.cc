// Throttles, in virtual time (semantics.md §10.2 and THR-01 to THR-05).
#include "engine/flow/gcra.h"
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

FunctionConfig throttled(Throttle throttle) {
  FunctionConfig config = JournalHarness::function("f", "go");
  config.flow.throttle = std::move(throttle);
  return config;
}

// When each run started, in milliseconds since the first one.
std::vector<int64_t> starts(JournalHarness& h) {
  std::vector<int64_t> moments;
  const std::vector<RunRecord> runs = h.runs();
  for (const RunRecord& run : runs) {
    if (run.started_at) moments.push_back((*run.started_at - *runs[0].started_at).count());
  }
  return moments;
}

using Moments = std::vector<int64_t>;

}  // namespace

TEST_CASE("THR-01, THR-02, THR-04: a throttle spaces starts, after a burst") {
  struct Case {
    Throttle throttle;
    Moments expected;
  };
  const Case cases[] = {
      {{.limit = 1, .period = 5s}, {0, 5000, 10000, 15000, 20000}},
      {{.limit = 2, .period = 5s}, {0, 0, 2500, 5000, 7500}},
      {{.limit = 2, .period = 5s, .burst = 1}, {0, 0, 0, 2500, 5000}},
  };
  for (const Case& each : cases) {
    JournalHarness h;
    h.add_function(throttled(each.throttle));
    for (int i = 0; i < 5; ++i) h.send("go");
    h.advance(1min);
    CHECK(starts(h) == each.expected);
    CHECK(h.calls.size() == 5);
  }
}

TEST_CASE("THR-05: each value of a throttle's key has its own") {
  JournalHarness h;
  h.add_function(throttled({.limit = 1, .period = 5s, .key = "event.data.key"}));
  for (const char* key : {"a", "b", "a", "b"}) {
    h.send("go", R"({"key":")" + std::string(key) + "\"}");
  }
  CHECK(starts(h) == Moments{0, 0});
  h.advance(5s);
  CHECK(starts(h) == Moments{0, 0, 5000, 5000});
}

TEST_CASE("a throttle is of starts: steps and attempts of a run that has started go on") {
  JournalHarness h;
  h.add_function(throttled({.limit = 1, .period = 1h}));
  h.send("go");
  h.reply(h.take_call(), {JournalHarness::op("a", StepPlanned{})});
  h.throws(h.take_call(), {.error = {.message = "no"}, .retry_after = 1s});
  h.advance(1s);
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a throttled run says when it starts") {
  JournalHarness h;
  h.add_function(throttled({.limit = 1, .period = 10s}));
  for (int i = 0; i < 3; ++i) h.send("go");
  const WakeSource source = h.source_of(h.runs()[2]);
  CHECK(source.kind == WakeSource::Kind::kQueued);
  CHECK(source.due == h.now + 20s);
  CHECK(source.what.starts_with("waits for the throttle of 1 in 10s; place 2 of 2; starts at "));
}

TEST_CASE("a future event is throttled when its time has come") {
  JournalHarness h;
  h.add_function(throttled({.limit = 1, .period = 10s}));
  AcceptEvents later{.request = 3};
  later.events.push_back({.event = {.name = "go", .ts = h.now + 3s}});
  h.apply(std::move(later));
  h.send("go");
  h.advance(1min);
  const std::vector<RunRecord> runs = h.runs();
  CHECK(*runs[1].started_at == runs[1].created_at);
  CHECK(*runs[0].started_at == runs[0].created_at + 10s);
}

TEST_CASE("a run that is cancelled while it is throttled uses nothing up") {
  JournalHarness h;
  h.add_function(throttled({.limit = 1, .period = 10s}));
  for (int i = 0; i < 3; ++i) h.send("go");
  h.cancel(h.runs()[1].id);
  h.advance(1min);
  CHECK(starts(h) == Moments{0, 10000});
}

TEST_CASE("a throttle survives a crash, and is forgotten once it rests") {
  JournalHarness h;
  h.add_function(throttled({.limit = 1, .period = 10s, .key = "event.data.key"}));
  for (int i = 0; i < 3; ++i) h.send("go", R"({"key":"a\nb"})");
  REQUIRE(h.flow_states().size() == 1);
  CHECK(h.flow_states()[0].key.kind == storage::FlowKind::kThrottle);
  CHECK(h.flow_states()[0].key.key == "=a\nb");
  h.advance(4s);
  h.crash();
  h.advance(5s);
  CHECK(starts(h) == Moments{0});
  h.advance(1s);
  CHECK(starts(h) == Moments{0, 10000});
  while (!h.calls.empty()) h.returns(h.take_call());
  h.crash();
  h.advance(10s);
  CHECK(starts(h) == Moments{0, 10000, 20000});
  CHECK(h.flow_states().size() == 1);
  while (!h.calls.empty()) h.returns(h.take_call());
  h.advance(9s);
  CHECK(h.flow_states().size() == 1);
  h.advance(1s);
  CHECK(h.flow_states().empty());
  CHECK_FALSE(h.core().next_due());
}

TEST_CASE("a throttle whose function has changed") {
  JournalHarness h;
  h.add_function(throttled({.limit = 1, .period = 1h}));
  for (int i = 0; i < 3; ++i) h.send("go");
  SUBCASE("is faster at once") {
    h.advance(1s);
    h.add_function(throttled({.limit = 1, .period = 10s}));
    CHECK(h.calls.size() == 1);
    CHECK(h.source_of(h.runs()[1]).due == h.now + 10s);
    h.advance(1min);
    CHECK(starts(h) == Moments{0, 11000, 21000});
  }
  SUBCASE("is faster at once, also after a crash") {
    h.add_function(throttled({.limit = 1, .period = 10s}));
    h.advance(1s);
    h.crash();
    h.advance(1min);
    CHECK(starts(h) == Moments{0, 10000, 20000});
  }
  SUBCASE("is faster at once for who comes when nobody waits, and is forgotten sooner") {
    while (h.count(RunStatus::kCompleted) < 3) {
      if (h.calls.empty()) h.advance(1h);
      h.returns(h.take_call());
    }
    h.add_function(throttled({.limit = 1, .period = 10s}));
    h.send("go");
    CHECK(h.calls.empty());
    h.advance(10s);
    h.returns(h.take_call());
    h.advance(10s);
    CHECK(h.flow_states().empty());
  }
  SUBCASE("is faster at once where other limits come with it") {
    FunctionConfig config = throttled({.limit = 1, .period = 10s});
    config.flow.step_concurrency = {{5}};
    h.add_function(config);
    h.advance(1min);
    CHECK(starts(h) == Moments{0, 10000, 20000});
  }
  SUBCASE("is slower from the next start on") {
    h.add_function(throttled({.limit = 1, .period = 2h}));
    h.advance(4h);
    CHECK(starts(h) == Moments{0, 3'600'000, 10'800'000});
  }
  SUBCASE("is there no more") {
    h.add_function(JournalHarness::function("f", "go"));
    CHECK(h.calls.size() == 3);
    h.advance(1h);
    CHECK(h.flow_states().empty());
  }
}

TEST_CASE("a throttle takes nothing while a slot is missing") {
  JournalHarness h;
  FunctionConfig config = throttled({.limit = 1, .period = 10s});
  config.flow.step_concurrency = {{1}};
  h.add_function(config);
  for (int i = 0; i < 3; ++i) h.send("go");
  h.advance(1min);
  CHECK(h.calls.size() == 1);
  h.returns(h.take_call());
  CHECK(h.calls.size() == 1);
  h.returns(h.take_call());
  CHECK(h.calls.empty());  // the second start was now
  h.advance(10s);
  CHECK(starts(h) == Moments{0, 60000, 70000});
}

}  // namespace stepwell::core::testing
