#include "engine/runtime/runtime.h"

#include <future>
#include <set>

#include "tests/runtime/engine.h"
#include "tests/runtime/gated_journal.h"

namespace stepwell::runtime::testing {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

// Every case of these runs over both journals.
template <typename Case>
void over_both(const Case& run) {
  SUBCASE("memory") {
    MemoryDisk disk;
    run(disk);
  }
  SUBCASE("sqlite") {
    SqliteDisk disk;
    run(disk);
  }
}

TEST_CASE("an event starts a run; its steps, their messages and its end come in order") {
  over_both([](Disk& disk) {
    Engine engine(disk.open());
    engine.driver.scripts["greet"] = {body_of("one", "1"), sleep_for("nap", 1ms),
                                      body_of("two", "2")};
    engine.serve();
    core::Answer answer = engine.send("go/greet");
    CHECK_FALSE(answer.error.has_value());
    CHECK(answer.event_ids.size() == 1);
    engine.wait_for_ends(1);
    CHECK(engine.ends[0].output == "\"done\"");
    CHECK(engine.published == Texts{"1", "2"});
    engine.stop();
    CHECK(engine.runtime->state() == RuntimeState::kStopped);
    CHECK(engine.runtime->metrics().batch_records.sum() > 0);
  });
}

TEST_CASE("after an orderly stop a sleeping run goes on, and no body runs again") {
  over_both([](Disk& disk) {
    std::vector<StepOp> script = {body_of("one", "1"), sleep_for("nap", 50ms), body_of("two", "2")};
    Time slept_at;
    {
      Engine engine(disk.open());
      engine.driver.scripts["greet"] = script;
      engine.serve();
      engine.send("go/greet");
      engine.run_until([&] { return engine.driver.bodies["nap"] == 1; });
      slept_at = wall_clock();
      engine.stop();
    }
    Engine engine(disk.open());
    engine.driver.scripts["greet"] = script;
    engine.serve();
    engine.wait_for_ends(1);
    CHECK(engine.driver.bodies["one"] == 0);
    CHECK(engine.driver.bodies["two"] == 1);
    CHECK(engine.driver.calls.front().is_cold);
    // The sleep counts from its registration, which was not before the first engine saw its op.
    CHECK(wall_clock() >= slept_at);
    engine.stop();
  });
}

TEST_CASE("without a stop it is as after a crash: what was under way is called again") {
  over_both([](Disk& disk) {
    {
      Engine engine(disk.open());
      engine.driver.scripts["greet"] = {body_of("one", "1")};
      engine.driver.is_holding = true;
      engine.serve();
      engine.send("go/greet");
      engine.run_until([&] { return !engine.driver.held.empty(); });
    }
    Engine engine(disk.open());
    engine.driver.scripts["greet"] = {body_of("one", "1")};
    engine.serve();
    engine.wait_for_ends(1);
    CHECK(engine.driver.bodies["one"] == 1);
    engine.stop();
  });
}

TEST_CASE("recovery reads open runs in pages") {
  over_both([](Disk& disk) {
    constexpr int kRuns = 25;
    {
      Engine engine(disk.open());
      engine.driver.scripts["greet"] = {body_of("one", "1"), sleep_for("nap", 1ms)};
      engine.driver.is_holding = true;
      engine.serve();
      for (int i = 0; i < kRuns; ++i) engine.send("go/greet");
      engine.stop();
    }
    Engine engine(disk.open(), {.recovery_page = 10});
    engine.driver.scripts["greet"] = {body_of("one", "1"), sleep_for("nap", 1ms)};
    engine.serve();
    engine.wait_for_ends(kRuns);
    std::set<RunNo> ended;
    for (const core::RunEnded& end : engine.ends) ended.insert(end.run);
    CHECK(ended.size() == kRuns);
    engine.stop();
  });
}

TEST_CASE("evicted runs are read again when they wake") {
  over_both([](Disk& disk) {
    Engine engine(disk.open(), {.settings = {.always_evict = true}});
    engine.driver.scripts["greet"] = {body_of("one", "1"), sleep_for("nap", 1ms),
                                      body_of("two", "2"), sleep_for("rest", 1ms)};
    engine.serve();
    for (int i = 0; i < 5; ++i) engine.send("go/greet");
    engine.wait_for_ends(5);
    CHECK(engine.driver.bodies["one"] == 5);
    CHECK(engine.driver.bodies["two"] == 5);
    engine.stop();
  });
}

TEST_CASE("two copies of an event that arrive together start one run") {
  over_both([](Disk& disk) {
    Engine engine(disk.open());
    engine.driver.scripts["greet"] = {body_of("one", "1")};
    engine.serve();
    int answers = 0;
    for (int i = 0; i < 10; ++i) {
      engine.runtime->submit(event("go/greet", "order-1"), [&](const core::Answer& answer) {
        CHECK_FALSE(answer.error.has_value());
        CHECK(answer.event_ids.size() == 1);
        ++answers;
        engine.loop.stop();
      });
    }
    engine.run_until([&] { return answers == 10; });
    engine.send("go/greet", "order-2");
    engine.wait_for_ends(2);
    engine.stop();
    CHECK(engine.ends.size() == 2);
  });
}

TEST_CASE("requests are answered on the loop thread, whoever asks") {
  MemoryDisk disk;
  Engine engine(disk.open());
  engine.driver.scripts["greet"] = {body_of("one", "1")};
  engine.serve();
  constexpr int kThreads = 4;
  constexpr int kEach = 100;
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        engine.runtime->submit(event("go/greet"), [&](const core::Answer& answer) {
          CHECK_FALSE(answer.error.has_value());
          CHECK(engine.loop.is_loop_thread());
          ++answers;
          engine.loop.stop();
        });
      }
    });
  }
  engine.run_until([&] { return answers == kThreads * kEach; });
  engine.wait_for_ends(kThreads * kEach);
  for (std::thread& thread : threads) thread.join();
  engine.stop();
}

TEST_CASE("what arrives while a batch commits is answered by the next one, all of it at once") {
  MemoryDisk disk;
  auto gated = std::make_unique<GatedJournal>(disk.open());
  GatedJournal& gate = *gated;
  Engine engine(std::move(gated));
  engine.serve();
  uint64_t before = engine.runtime->metrics().batch_records.count();
  gate.close();
  int answers = 0;
  auto send = [&] {
    engine.runtime->submit(event("nobody/listens"), [&](const core::Answer&) {
      ++answers;
      engine.loop.stop();
    });
  };
  send();
  engine.turn();
  gate.wait_until_one_waits();
  for (int i = 0; i < 50; ++i) {
    send();
    engine.turn();  // each is applied by itself
  }
  // A refusal waits too: it was read from state that is not durable yet.
  engine.runtime->submit(core::CancelRun{.id = {}}, [&](const core::Answer& answer) {
    CHECK(answer.error.has_value());
    ++answers;
    engine.loop.stop();
  });
  engine.turn();
  CHECK(answers == 0);
  gate.open();
  engine.run_until([&] { return answers == 52; });
  CHECK(engine.runtime->metrics().batch_records.count() - before == 2);
  engine.stop();
}

TEST_CASE("messages from outside leave after what was accepted before them") {
  MemoryDisk disk;
  Engine engine(disk.open());
  engine.serve();
  core::PublishMessages input;
  input.messages = {{"news", "x", "1"}, {"news", "y", "2"}};
  CHECK_FALSE(engine.ask(std::move(input)).error.has_value());
  CHECK(engine.published == Texts{"1", "2"});
  engine.stop();
}

TEST_CASE("queries run on threads of their own, and too many are refused") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.query_threads = 1, .query_queue_max = 1});
  CHECK(engine.runtime->query([](storage::JournalReader&) {}).error().code ==
        ErrorCode::kUnavailable);
  engine.serve();
  engine.send("nobody/listens");
  std::promise<void> is_busy;
  std::promise<void> go_on;
  std::promise<uint64_t> events;
  REQUIRE(engine.runtime->query([&](storage::JournalReader&) {
    is_busy.set_value();
    go_on.get_future().wait();
  }));
  is_busy.get_future().wait();
  REQUIRE(engine.runtime->query(
      [&](storage::JournalReader& reader) { events.set_value(reader.stats()->events); }));
  Result<void> refused = engine.runtime->query([](storage::JournalReader&) {});
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  go_on.set_value();
  CHECK(events.get_future().get() == 1);
  engine.stop();
}

TEST_CASE("more requests than are let wait are refused, and leave room when they are answered") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.work_max = 3});
  engine.serve();
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 5; ++i) {
    engine.runtime->submit(event("nobody/listens"), [&](const core::Answer& answer) {
      ++(answer.error ? refused : accepted);
      engine.loop.stop();
    });
  }
  engine.run_until([&] { return accepted + refused == 5; });
  CHECK(accepted == 3);
  CHECK(refused == 2);
  CHECK_FALSE(engine.send("nobody/listens").error.has_value());
  engine.stop();
}

}  // namespace
}  // namespace stepwell::runtime::testing
