// Alarms that are void leave the heap long before their time (engine/core/timers.h).
#include "engine/core/timers.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/core/state.h"
#include "tests/core/harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

// More than ever lie there for a few open runs, far fewer than the runs below leave.
constexpr size_t kFew = 1100;
constexpr int kManyRuns = 3000;

// Runs that begin and end, each with an alarm in a year.
void let_runs_pass(Harness& h) {
  for (int i = 0; i < kManyRuns; ++i) {
    h.send("go");
    h.returns(h.take_call());
  }
}

FunctionConfig passing() {
  FunctionConfig config = Harness::function("passing", "go");
  config.cancel_on = {{"stop", "", 8760h}};
  return config;
}

}  // namespace

TEST_CASE("a sweep waits for twice the entries of the last one, and keeps the order") {
  Timers timers;
  const auto due = [](uint64_t subject) { return kStart + Duration(subject % 7); };
  uint64_t last = 0;
  const auto add = [&](int count) {
    for (; count > 0; --count, ++last) timers.add({.due = due(last), .run = 1, .subject = last});
  };
  const auto is_odd = [](const Timer& timer) { return timer.subject % 2 == 1; };
  add(1023);
  timers.sweep(is_odd);
  CHECK(timers.size() == 1023);  // too few to look at
  add(2001);
  timers.sweep(is_odd);
  CHECK(timers.size() == 1512);
  add(1511);
  timers.sweep(is_odd);
  CHECK(timers.size() == 3023);
  add(1);
  timers.sweep(is_odd);
  CHECK(timers.size() == 2268);

  std::vector<uint64_t> expected;
  for (uint64_t subject = 0; subject < last; subject += 2) expected.push_back(subject);
  std::stable_sort(expected.begin(), expected.end(),
                   [&](uint64_t a, uint64_t b) { return due(a) < due(b); });
  std::vector<uint64_t> popped;
  while (const auto timer = timers.pop_due(kStart + 1h)) popped.push_back(timer->subject);
  CHECK(popped == expected);
}

TEST_CASE("cancellations of runs that have ended leave no alarms behind") {
  Harness h;
  h.add_function(passing());
  let_runs_pass(h);
  CHECK(h.core.state().timers_.size() < kFew);
  CHECK(h.core.open_runs() == 0);
}

TEST_CASE("waits that an event ended leave no alarms behind") {
  Harness h;
  h.add_function(Harness::function("f", "go"));
  for (int run = 0; run < 30; ++run) {
    h.send("go");
    for (int wait = 0; wait < 100; ++wait) {
      h.reply(h.take_call(),
              {Harness::op("w" + std::to_string(wait), WaitForEvent{"answer", "", h.in(8760h)})});
      h.send("answer");
    }
    h.returns(h.take_call());
  }
  CHECK(h.core.state().timers_.size() < kFew);
}

// The harness checks after each input that every moment that is waited for has its alarm.
TEST_CASE("a sweep drops no alarm that is waited for") {
  Harness h;
  h.add_function(passing());
  FunctionConfig waiting = Harness::function("waiting", "wait");
  waiting.flow.start_timeout = 2h;
  waiting.flow.finish_timeout = 90h;
  h.add_function(std::move(waiting));
  FunctionConfig debounced = Harness::function("debounced", "bounce");
  debounced.flow.debounce = {.period = 3h};
  h.add_function(std::move(debounced));
  FunctionConfig batched = Harness::function("batched", "batch");
  batched.flow.batching = {.max_size = 10, .timeout = 50s};
  h.add_function(std::move(batched));
  FunctionConfig by_clock = Harness::function("by_clock", "");
  by_clock.triggers = {{.cron = "0 0 1 1 *"}};
  h.add_function(std::move(by_clock));

  h.send("wait");
  h.reply(h.take_call(), {Harness::op("nap", Sleep{h.in(80h)}),
                          Harness::op("w", WaitForEvent{"answer", "", h.in(70h)})});
  h.send("wait");
  h.throws(h.take_call(), {.error = {.message = "no"}, .retry_after = 20h});
  AcceptEvents later{.request = 3};
  later.events.push_back({.event = {.name = "wait", .ts = h.now + 1h}});
  h.apply(std::move(later));
  h.send("bounce");
  h.send("batch");
  let_runs_pass(h);
  CHECK(h.core.state().timers_.size() < kFew);

  h.advance(50s);
  REQUIRE(h.reads.size() == 1);
  CHECK(h.take_read().kind == storage::FlowKind::kBatch);
  h.advance(1h);
  CHECK(h.take_call().run->function.slug == "waiting");  // its start
  h.advance(3h);
  REQUIRE(h.reads.size() == 1);
  CHECK(h.take_read().kind == storage::FlowKind::kDebounce);
  h.advance(20h);
  CHECK(h.take_call().attempt == 1);
  h.advance(60h);
  CHECK(h.take_call().run->function.slug == "waiting");  // its sleep and its wait are over
  const size_t ended = h.ends.size();
  h.advance(10h);
  CHECK(h.ends.size() == ended + 3);  // their timeouts, 90 h after each began
  h.advance(24h * 366);
  CHECK(h.take_call().run->function.slug == "by_clock");
}

}  // namespace stepwell::core::testing
