#include "engine/runtime/plain_loop.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace stepwell::runtime {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{Duration(1'790'000'000'000)};

// A clock that the test sets; the loop looks at it each time that something is posted.
struct SetClock {
  std::atomic<int64_t> millis{to_millis(kNow)};
  void set(Time now) { millis = to_millis(now); }
  std::function<Time()> read() {
    return [this] { return from_millis(millis); };
  }
};

// Runs what is posted and due now.
void turn(PlainLoop& loop) {
  loop.post([&loop] { loop.stop(); });
  loop.run();
}

TEST_CASE("tasks run on the loop thread, those of one thread in order") {
  PlainLoop loop;
  constexpr int kEach = 1000;
  std::vector<int> seen[3];
  std::atomic<int> senders{3};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.post([&, t, i] {
          CHECK(loop.is_loop_thread());
          seen[t].push_back(i);
        });
      }
      if (--senders == 0) loop.stop();
    });
  }
  CHECK_FALSE(loop.is_loop_thread());
  loop.run();
  for (std::thread& thread : threads) thread.join();
  turn(loop);
  for (const std::vector<int>& of_thread : seen) {
    REQUIRE(of_thread.size() == kEach);
    for (int i = 0; i < kEach; ++i) REQUIRE(of_thread[i] == i);
  }
}

TEST_CASE("an alarm goes off when its time has come, once, and not before") {
  SetClock clock;
  PlainLoop loop(clock.read());
  int calls = 0;
  loop.set_alarm(kNow + 10s, [&] { ++calls; });
  turn(loop);
  CHECK(calls == 0);
  clock.set(kNow + 9'999ms);
  turn(loop);
  CHECK(calls == 0);
  clock.set(kNow + 10s);
  turn(loop);
  turn(loop);
  CHECK(calls == 1);
}

TEST_CASE("a clock that jumps back delays the alarm, one that jumps forward lets it go off") {
  SetClock clock;
  PlainLoop loop(clock.read());
  int calls = 0;
  loop.set_alarm(kNow + 10s, [&] { ++calls; });
  clock.set(kNow - 1h);
  turn(loop);
  CHECK(calls == 0);
  clock.set(kNow + 24h);
  turn(loop);
  CHECK(calls == 1);
}

TEST_CASE("a new alarm replaces the one before, also one that is due") {
  SetClock clock;
  PlainLoop loop(clock.read());
  std::string calls;
  loop.set_alarm(kNow, [&] { calls += "early "; });
  loop.post([&] { loop.set_alarm(kNow + 1s, [&] { calls += "late "; }); });
  turn(loop);
  CHECK(calls.empty());
  clock.set(kNow + 1s);
  turn(loop);
  CHECK(calls == "late ");
  loop.set_alarm(kNow, [&] { calls += "removed "; });
  loop.set_alarm(std::nullopt, nullptr);
  turn(loop);
  CHECK(calls == "late ");
}

TEST_CASE("an alarm may set the next one") {
  SetClock clock;
  PlainLoop loop(clock.read());
  int calls = 0;
  std::function<void()> again = [&] {
    if (++calls < 3) loop.set_alarm(kNow, again);
    if (calls == 3) loop.stop();
  };
  loop.set_alarm(kNow, again);
  loop.run();
  CHECK(calls == 3);
}

TEST_CASE("on the wall clock a waiting loop wakes for its alarm, not early") {
  PlainLoop loop;
  Time due = wall_clock() + 20ms;
  Time fired{};
  loop.set_alarm(due, [&] {
    fired = wall_clock();
    loop.stop();
  });
  loop.run();
  CHECK(fired >= due);
}

TEST_CASE("stop() lets run() return after what was posted before, and the loop can run again") {
  PlainLoop loop;
  int ran = 0;
  loop.post([&] {
    ++ran;
    loop.post([&] { ++ran; });
    loop.stop();
  });
  loop.post([&] { ++ran; });
  loop.run();
  CHECK(ran == 3);
  loop.stop();
  loop.run();
  turn(loop);
  CHECK(ran == 3);
}

}  // namespace
}  // namespace stepwell::runtime
