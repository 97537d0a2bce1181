#include "tests/runtime/engine.h"

namespace stepwell::runtime::testing {
namespace {

using namespace std::chrono_literals;

TEST_CASE("before it serves and after it stopped, requests get kUnavailable") {
  MemoryDisk disk;
  Engine engine(disk.open());
  CHECK(engine.send("a/b").error->code == ErrorCode::kUnavailable);
  REQUIRE(engine.start().ok());
  CHECK_FALSE(engine.send("a/b").error.has_value());
  engine.stop();
  CHECK(engine.send("a/b").error->code == ErrorCode::kUnavailable);
  CHECK(engine.runtime->metrics().refused.load() == 2);
}

TEST_CASE("a stop answers everything that was accepted, then says so once to each who asked") {
  MemoryDisk disk;
  Engine engine(disk.open());
  REQUIRE(engine.start().ok());
  int answers = 0;
  int stops = 0;
  for (int i = 0; i < 10; ++i) {
    engine.runtime->submit(event("a/b", "id"), [&](const core::Answer&) {
      CHECK(stops == 0);
      ++answers;
    });
  }
  for (int i = 0; i < 2; ++i) {
    engine.loop.post([&] {
      engine.runtime->stop([&] {
        ++stops;
        engine.loop.stop();
      });
    });
  }
  engine.run_until([&] { return stops == 2; });
  CHECK(answers == 10);
  engine.stop();  // the third is told at once
}

TEST_CASE("a stop answers also what waits for a read that nobody takes any more") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.settings = {.always_evict = true}});
  engine.driver.scripts["greet"] = {body_of("one", "1"), sleep_for("nap", 1h)};
  engine.serve();
  // Somebody who is told of its end, with the events of the run: it is read for that.
  FunctionConfig watch{.id = {"watch"}, .app = "other"};
  watch.triggers = {{"inngest/function.cancelled", ""}};
  REQUIRE_FALSE(engine.ask(core::RegisterFunctions{.app = "other", .functions = {watch}}).error);
  std::optional<RunId> run;
  engine.runtime->submit(core::InvokeDirectly{.function = FunctionId{"greet"}},
                         [&](const core::Answer& answer) { run = answer.run; });
  engine.run_until([&] {
    if (engine.driver.bodies["nap"] == 0) engine.loop.stop();
    return engine.driver.bodies["nap"] == 1 && run;
  });
  engine.send("nobody/listens");  // the sleep is durable now, and the run out of memory
  std::optional<core::Answer> answer;
  bool is_stopped = false;
  engine.loop.post([&] {
    engine.runtime->submit(core::CancelRun{.id = *run},
                           [&](const core::Answer& given) { answer = given; });
    // In the turn in which the cancellation asks for the run: what is read comes later.
    engine.loop.post([&] {
      engine.runtime->stop([&] {
        is_stopped = true;
        engine.loop.stop();
      });
    });
  });
  engine.run_until([&] { return is_stopped; });
  REQUIRE(answer);
  REQUIRE(answer->error);
  CHECK(answer->error->code == ErrorCode::kUnavailable);
}

TEST_CASE("a stop from inside an answer's callback works, and its own callback may destroy") {
  MemoryDisk disk;
  Engine engine(disk.open());
  REQUIRE(engine.start().ok());
  engine.runtime->submit(event("a/b"), [&](const core::Answer&) {
    engine.runtime->stop([&] {
      engine.runtime.reset();
      engine.loop.stop();
    });
  });
  engine.run_until([&] { return engine.runtime == nullptr; });
  engine.turn();
}

TEST_CASE("an orderly stop is known at the next start") {
  MemoryDisk disk;
  for (bool is_orderly : {true, false}) {
    Engine engine(disk.open());
    REQUIRE(engine.start().ok());
    engine.send("a/b");
    if (is_orderly) engine.stop();
    engine.runtime.reset();
    CHECK(disk.open()->acquire(0)->was_clean == is_orderly);
  }
}

TEST_CASE("a recovery can be stopped") {
  MemoryDisk disk;
  Engine engine(disk.open());
  std::optional<Result<void>> recovered;
  bool is_stopped = false;
  REQUIRE(engine.runtime
              ->start([&](Result<void> result) {
                recovered = std::move(result);
                engine.loop.stop();
              })
              .ok());
  engine.loop.post([&] {
    engine.runtime->stop([&] {
      is_stopped = true;
      engine.loop.stop();
    });
  });
  engine.run_until([&] { return recovered.has_value() && is_stopped; });
  CHECK(recovered->error().code == ErrorCode::kUnavailable);
  CHECK(engine.runtime->state() == RuntimeState::kStopped);
}

TEST_CASE("what was posted for a runtime that is gone does nothing") {
  MemoryDisk disk;
  Engine engine(disk.open());
  engine.driver.scripts["greet"] = {body_of("one", "1"), sleep_for("nap", 1ms)};
  engine.serve();
  int answers = 0;
  for (int i = 0; i < 100; ++i) {
    engine.runtime->submit(event("go/greet", std::to_string(i)),
                           [&](const core::Answer&) { ++answers; });
  }
  engine.turn();
  engine.runtime.reset();
  int answers_before = answers;
  engine.turn();
  engine.turn();
  CHECK(answers == answers_before);
}

}  // namespace
}  // namespace stepwell::runtime::testing
