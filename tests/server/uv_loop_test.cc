#include "api/server/uv_loop.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace stepwell::server {
namespace {

using namespace std::chrono_literals;

Time wall_now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

}  // namespace

TEST_CASE("tasks run in the order in which they were posted, before a stop posted after them") {
  UvLoop loop;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) loop.post([&, i] { order.push_back(i); });
  loop.stop();
  loop.post([&] { order.push_back(-1); });
  loop.run();
  // The last task is posted behind the stop: whether it still runs is not promised.
  REQUIRE(order.size() >= 100);
  for (int i = 0; i < 100; ++i) CHECK(order[static_cast<size_t>(i)] == i);
}

TEST_CASE("many threads post, nothing is lost, all of it runs on the loop thread") {
  UvLoop loop;
  constexpr int kThreads = 4;
  constexpr int kTasks = 5'000;
  std::atomic<int> senders = kThreads;
  int ran = 0;
  int elsewhere = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTasks; ++i) {
        loop.post([&] {
          ++ran;
          if (!loop.is_loop_thread()) ++elsewhere;
        });
      }
      if (senders.fetch_sub(1) == 1) loop.stop();
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  CHECK(ran == kThreads * kTasks);
  CHECK(elsewhere == 0);
}

TEST_CASE("a task that posts runs its follower in a later turn, not inside of it") {
  UvLoop loop;
  bool is_inside = false;
  bool was_nested = true;
  loop.post([&] {
    is_inside = true;
    loop.post([&] {
      was_nested = is_inside;
      loop.stop();
    });
    is_inside = false;
  });
  loop.run();
  CHECK(!was_nested);
}

TEST_CASE("only the thread that runs the loop is its thread") {
  UvLoop loop;
  CHECK(loop.is_loop_thread());
  bool other_is_loop_thread = true;
  std::thread([&] { other_is_loop_thread = loop.is_loop_thread(); }).join();
  CHECK(!other_is_loop_thread);
}

TEST_CASE("an alarm comes at its time and not earlier") {
  UvLoop loop;
  const Time at = wall_now() + Duration(30);
  std::optional<Time> rang;
  loop.set_alarm(at, [&] {
    rang = wall_now();
    loop.stop();
  });
  loop.run();
  REQUIRE(rang.has_value());
  CHECK(*rang >= at);
}

TEST_CASE("an alarm in the past comes at once, a replaced or cancelled one never") {
  UvLoop loop;
  int rang = 0;
  loop.set_alarm(wall_now() - Duration(1'000), [&] { rang = 1; });
  loop.set_alarm(wall_now(), [&] {
    rang = 2;
    // An alarm may set the next one.
    loop.set_alarm(wall_now(), [&] {
      rang = 3;
      loop.set_alarm(wall_now(), [&] { rang = 4; });
      loop.set_alarm(std::nullopt, nullptr);
      loop.stop();
    });
  });
  loop.run();
  CHECK(rang == 3);
}

TEST_CASE("timers fire in order, never early; a disarmed one does not") {
  UvLoop loop;
  std::vector<int> order;
  const auto start = std::chrono::steady_clock::now();
  Timer late(loop, [&] {
    order.push_back(2);
    loop.stop();
  });
  Timer early(loop, [&] { order.push_back(1); });
  Timer never(loop, [&] { order.push_back(0); });
  never.arm_after(std::chrono::milliseconds(5));
  late.arm_after(std::chrono::milliseconds(20));
  early.arm_after(std::chrono::milliseconds(1'000'000));
  early.arm_after(std::chrono::milliseconds(10));
  never.disarm();
  loop.run();
  CHECK(order == std::vector<int>{1, 2});
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(20));
}

TEST_CASE("offloaded work runs elsewhere, what follows it on the loop thread") {
  UvLoop loop;
  bool worked_on_loop = true;
  bool finished_on_loop = false;
  loop.post([&] {
    loop.offload([&] { worked_on_loop = loop.is_loop_thread(); },
                 [&] {
                   finished_on_loop = loop.is_loop_thread();
                   loop.stop();
                 });
  });
  loop.run();
  CHECK(!worked_on_loop);
  CHECK(finished_on_loop);
}

TEST_CASE("a loop that goes waits for offloaded work and drops what would follow") {
  std::atomic<bool> worked = false;
  bool followed = false;
  {
    UvLoop loop;
    loop.offload([&] { worked = true; }, [&] { followed = true; });
  }
  CHECK(worked);
  CHECK(!followed);
}

TEST_CASE("tasks that a loop leaves behind are dropped, and what they or its threads post then") {
  bool has_run = false;
  {
    UvLoop loop;
    std::shared_ptr<void> held(nullptr, [&](void*) { loop.post([&] { has_run = true; }); });
    loop.post([held = std::move(held)] {});
    loop.offload([&] { loop.post([&] { has_run = true; }); }, [] {});
  }
  CHECK_FALSE(has_run);
}

TEST_CASE("a name is looked up; one that does not exist is told so") {
  UvLoop loop;
  Result<UvLoop::Addresses> here = UvLoop::Addresses();
  Result<UvLoop::Addresses> nowhere = UvLoop::Addresses();
  loop.look_up("localhost", [&](Result<UvLoop::Addresses> found) {
    here = std::move(found);
    loop.look_up("name.invalid", [&](Result<UvLoop::Addresses> none) {
      nowhere = std::move(none);
      loop.stop();
    });
  });
  loop.run();
  REQUIRE(here.ok());
  CHECK_FALSE(here->empty());
  REQUIRE_FALSE(nowhere.ok());
  CHECK(nowhere.error().message.find("\"name.invalid\"") != std::string::npos);
}

TEST_CASE("a name that is too long to be one is refused, also where the loop goes at once") {
  const std::string name(5000, 'x');
  bool is_refused = false;
  UvLoop loop;
  loop.look_up(name, [&](const Result<UvLoop::Addresses>& found) {
    is_refused = !found.ok();
    loop.stop();
  });
  loop.run();
  CHECK(is_refused);
  UvLoop gone;
  gone.look_up(name, [](const Result<UvLoop::Addresses>&) {});
}

TEST_CASE("a loop that goes gives up the look-ups that wait for a thread") {
  std::promise<void> is_given_up;
  const std::shared_future<void> given_up = is_given_up.get_future().share();
  std::atomic<bool> was_in_time{true};
  {
    UvLoop loop;
    for (int thread = 0; thread < 4; ++thread) {  // all of libuv's
      loop.offload(
          [&] { was_in_time = was_in_time && given_up.wait_for(30s) == std::future_status::ready; },
          [] {});
    }
    std::shared_ptr<void> held(nullptr, [&](void*) { is_given_up.set_value(); });
    loop.look_up("localhost", [held = std::move(held)](const Result<UvLoop::Addresses>&) {});
  }
  CHECK(was_in_time);
}

TEST_CASE("the lag counts what keeps the loop busy, not what it waits") {
  UvLoop loop;
  const auto busy_for = std::chrono::milliseconds(30);
  Timer wait(loop, [&] { loop.post([&] { loop.stop(); }); });
  loop.post([&] {
    const auto until = std::chrono::steady_clock::now() + busy_for;
    while (std::chrono::steady_clock::now() < until) {
    }
    wait.arm_after(std::chrono::milliseconds(300));
  });
  loop.run();
  CHECK(loop.lag().max() >= busy_for);
  CHECK(loop.lag().max() < std::chrono::milliseconds(300));
  loop.clear_lag();
  CHECK(loop.lag().count() == 0);
}

}  // namespace stepwell::server
