// What the runtime does when the journal fails, over the journal in memory, which fails on request.
#include <future>

#include "tests/runtime/engine.h"

namespace stepwell::runtime::testing {
namespace {

using namespace std::chrono_literals;
using storage::CommitFault;
using storage::CommitOutcome;

TEST_CASE("after an unknown commit nothing is answered; the next start finds what is durable") {
  for (CommitFault fault : {CommitFault::kUnknownApplied, CommitFault::kUnknownDropped}) {
    MemoryDisk disk;
    Engine engine(disk.open());
    REQUIRE(engine.start().ok());
    engine.send("nobody/listens");
    disk.last->inject(fault);
    int answers = 0;
    auto count = [&](const core::Answer&) { ++answers; };
    engine.runtime->submit(event("nobody/listens"), count);
    engine.run_until([&] { return engine.fatal.has_value(); });
    CHECK(*engine.fatal == CommitOutcome::kUnknown);
    CHECK(engine.runtime->state() == RuntimeState::kFailed);
    engine.runtime->submit(event("nobody/listens"), count);
    engine.turn();
    engine.stop();
    CHECK(answers == 0);

    engine.runtime.reset();
    Engine next(disk.last->crash(storage::LastBatch::kKept));
    REQUIRE(next.start().ok());
    std::promise<uint64_t> events;
    REQUIRE(next.runtime->query(
        [&](storage::JournalReader& reader) { events.set_value(reader.stats()->events); }));
    CHECK(events.get_future().get() == (fault == CommitFault::kUnknownApplied ? 2 : 1));
    next.stop();
  }
}

TEST_CASE("a fenced engine stops answering") {
  MemoryDisk disk;
  Engine engine(disk.open());
  REQUIRE(engine.start().ok());
  auto other = disk.open();
  REQUIRE(other->acquire(0).ok());
  engine.runtime->submit(event("a/b"), [](const core::Answer&) { FAIL("answered"); });
  engine.run_until([&] { return engine.fatal.has_value(); });
  CHECK(*engine.fatal == CommitOutcome::kFenced);
}

TEST_CASE("housekeeping that fails ends the engine, also when nothing is committed any more") {
  MemoryDisk disk;
  Engine engine(disk.open());
  disk.last->fail_maintenance();
  REQUIRE(engine.start().ok());
  engine.send("a/b");
  engine.run_until([&] { return engine.fatal.has_value(); });
  CHECK(*engine.fatal == CommitOutcome::kUnknown);
}

TEST_CASE("a full disk refuses what is new, loses nothing, and is left by itself") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.retry_pause = 5ms});
  engine.driver.scripts["greet"] = {body_of("one", "1"), sleep_for("nap", 20ms),
                                    body_of("two", "2")};
  engine.serve();
  engine.send("go/greet", "a");
  engine.run_until([&] { return engine.driver.bodies["nap"] == 1; });
  engine.send("nobody/listens");  // the sleep is durable now
  for (int i = 0; i < 2; ++i) disk.last->inject(CommitFault::kNoSpace);
  core::Answer refused = engine.send("go/greet", "b");
  CHECK(refused.error->code == ErrorCode::kUnavailable);
  CHECK(engine.driver.drops == 1);
  while (engine.runtime->state() != RuntimeState::kServing) engine.turn();
  CHECK(engine.runtime->is_out_of_space());
  CHECK(engine.send("go/greet", "b").error->code == ErrorCode::kUnavailable);
  engine.wait_for_ends(1);  // once there is room again, the run that slept goes on
  CHECK(engine.driver.bodies["one"] == 1);
  CHECK_FALSE(engine.runtime->is_out_of_space());
  CHECK_FALSE(engine.send("go/greet", "b").error.has_value());
  engine.wait_for_ends(2);
  CHECK_FALSE(engine.fatal.has_value());
  engine.stop();
  CHECK(disk.open()->acquire(0)->was_clean);
}

TEST_CASE("an engine on a full disk can be stopped, without the mark of an orderly stop") {
  MemoryDisk disk;
  Engine engine(disk.open());
  REQUIRE(engine.start().ok());
  engine.send("a/b");
  for (int i = 0; i < 3; ++i) disk.last->inject(CommitFault::kNoSpace);
  engine.stop();
  CHECK(engine.runtime->state() == RuntimeState::kStopped);
  CHECK_FALSE(disk.open()->acquire(0)->was_clean);
}

TEST_CASE("a journal that cannot be read is not served") {
  MemoryDisk disk;
  Engine engine(disk.open());
  disk.last->fail_reads(1);
  CHECK(engine.start().error().code == ErrorCode::kUnavailable);
  CHECK(engine.runtime->state() == RuntimeState::kFailed);
  engine.stop();
}

TEST_CASE("a look-up that fails refuses the request, and its event can be sent again") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.retry_pause = 5ms});
  engine.driver.scripts["greet"] = {body_of("one", "1")};
  engine.serve();
  disk.last->fail_reads(1);
  CHECK(engine.send("go/greet", "a").error->code == ErrorCode::kUnavailable);
  CHECK_FALSE(engine.send("go/greet", "a").error.has_value());
  engine.wait_for_ends(1);
  engine.stop();
}

TEST_CASE("a reply whose look-up fails is not lost, nor a run whose load fails") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.settings = {.always_evict = true}, .retry_pause = 5ms});
  SendEvents events;
  events.events.push_back({.name = "nobody/listens", .id = "sent"});
  WaitForEvent wait{.event = "answer/given", .timeout = {.after = 1h}};
  engine.driver.scripts["greet"] = {step("send", events), step("wait", wait)};
  engine.driver.is_holding = true;
  engine.serve();
  engine.send("go/greet");
  engine.run_until([&] { return !engine.driver.held.empty(); });
  disk.last->fail_reads(1);
  engine.driver.is_holding = false;
  engine.driver.start(engine.driver.held.at(0));
  engine.run_until([&] { return engine.driver.bodies["wait"] == 1; });
  CHECK(engine.runtime->metrics().failed_reads.load() == 1);
  while (engine.runtime->core().hot_bytes() > 0) engine.turn();
  disk.last->fail_reads(1);
  engine.send("answer/given");
  engine.wait_for_ends(1);
  CHECK(engine.runtime->metrics().failed_reads.load() == 2);
  CHECK(engine.driver.bodies["send"] == 1);
  engine.stop();
}

TEST_CASE("a run whose stored data is damaged fails, instead of being read for ever") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.settings = {.always_evict = true}, .retry_pause = 5ms});
  WaitForEvent wait{.event = "answer/given", .timeout = {.after = 1h}};
  engine.driver.scripts["greet"] = {body_of("one", "1"), step("wait", wait)};
  engine.serve();
  engine.send("go/greet");
  engine.run_until([&] { return engine.driver.bodies["wait"] == 1; });
  while (engine.runtime->core().hot_bytes() > 0) engine.turn();
  REQUIRE(disk.last->corrupt(disk.last->store().steps().begin()->first));
  engine.send("answer/given");
  engine.wait_for_ends(1);
  CHECK(engine.ends.at(0).status == RunStatus::kFailed);
  CHECK(engine.ends.at(0).error->name == "StoredDataDamaged");
  CHECK(engine.ends.at(0).error->message.find("doctor --deep") != std::string::npos);
  engine.stop();
}

TEST_CASE("a stop does not wait for the pause after a failed read") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.retry_pause = 1h});
  REQUIRE(engine.start().ok());
  disk.last->fail_reads(1);
  bool is_answered = false;
  engine.runtime->submit(event("a/b", "id"), [&](const core::Answer& answer) {
    CHECK(answer.error.has_value());
    is_answered = true;
  });
  while (engine.runtime->metrics().failed_reads.load() == 0) engine.turn();
  engine.stop();
  CHECK(is_answered);
}

TEST_CASE("a read that failed is seen to after its pause, however many more fail meanwhile") {
  constexpr int kFailuresMax = 20'000;
  MemoryDisk disk;
  Engine engine(disk.open(), {.retry_pause = 20ms});
  REQUIRE(engine.start().ok());
  disk.last->fail_reads(kFailuresMax + 1);
  bool is_answered = false;
  engine.runtime->submit(event("a/b", "first"), [&](const core::Answer& answer) {
    CHECK(answer.error.has_value());
    is_answered = true;
  });
  uint64_t failed = 0;
  for (; !is_answered && failed < kFailuresMax; ++failed) {
    while (engine.runtime->metrics().failed_reads.load() == failed) engine.turn();
    engine.runtime->submit(event("a/b", std::to_string(failed)), [](const core::Answer&) {});
  }
  CHECK(is_answered);
  engine.stop();
}

}  // namespace
}  // namespace stepwell::runtime::testing
