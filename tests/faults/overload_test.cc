// Senders that are faster than the disk: what is accepted is bounded and answered soon, the rest is
// refused at once, and what ends something gets through.
#include "tests/runtime/engine.h"
#include "tests/runtime/gated_journal.h"

namespace stepwell::runtime::testing {
namespace {

using namespace std::chrono_literals;

constexpr size_t kRoom = 100;
constexpr size_t kSent = 10 * kRoom;

// Sends without waiting for answers; counts them.
class Senders {
 public:
  explicit Senders(Engine& engine) : engine_(engine) {}

  void send(size_t count) {
    for (size_t i = 0; i < count; ++i) submit(event("nobody/listens"));
    engine_.turn();
  }
  void submit(core::Input input) {
    engine_.runtime->submit(std::move(input), [this](const core::Answer& answer) {
      ++(answer.error ? refused : accepted);
      if (answer.error) CHECK(answer.error->code == ErrorCode::kUnavailable);
      engine_.loop.stop();
    });
  }

  size_t accepted = 0;
  size_t refused = 0;

 private:
  Engine& engine_;
};

TEST_CASE("ten times more than there is room for: a bounded part waits, the rest is refused") {
  MemoryDisk disk;
  auto gated = std::make_unique<GatedJournal>(disk.open());
  GatedJournal& gate = *gated;
  Engine engine(std::move(gated), {.work_max = kRoom});
  engine.serve();
  Senders senders(engine);
  const uint64_t commits = engine.runtime->metrics().commit_micros.count();
  gate.close();
  senders.send(1);
  gate.wait_until_one_waits();
  senders.send(kSent);
  engine.run_until([&] { return senders.refused == kSent + 1 - kRoom; });
  CHECK(senders.accepted == 0);
  senders.send(kSent);  // still no room
  engine.run_until([&] { return senders.refused == 2 * kSent + 1 - kRoom; });
  gate.open();
  engine.run_until([&] { return senders.accepted == kRoom; });
  // All that was accepted waited for two commits at most.
  CHECK(engine.runtime->metrics().commit_micros.count() - commits <= 2);
  senders.send(kRoom);
  engine.run_until([&] { return senders.accepted == 2 * kRoom; });
  engine.stop();
}

TEST_CASE("a cancellation gets through while new work is refused") {
  MemoryDisk disk;
  auto gated = std::make_unique<GatedJournal>(disk.open());
  GatedJournal& gate = *gated;
  Engine engine(std::move(gated), {.work_max = kRoom});
  engine.driver.scripts["nap"] = {sleep_for("long", 1h)};
  engine.serve();
  engine.send("go/nap");
  engine.run_until([&] { return engine.driver.bodies["long"] == 1; });
  engine.send("nobody/listens");
  const RunId run = engine.driver.calls.at(0).run->id;
  Senders senders(engine);
  gate.close();
  senders.send(1);
  gate.wait_until_one_waits();
  senders.send(kSent);
  engine.run_until([&] { return senders.refused == kSent + 1 - kRoom; });
  std::optional<core::Answer> cancelled;
  engine.runtime->submit(core::CancelRun{.id = run}, [&](core::Answer answer) {
    cancelled = std::move(answer);
    engine.loop.stop();
  });
  engine.turn();
  CHECK_FALSE(cancelled.has_value());  // it waits for the disk like all others
  gate.open();
  engine.wait_for_ends(1);
  engine.run_until([&] { return cancelled.has_value(); });
  CHECK_FALSE(cancelled->error.has_value());
  CHECK(engine.ends.at(0).status == RunStatus::kCancelled);
  engine.stop();
}

TEST_CASE("while too many runs wait their turn no event is accepted") {
  MemoryDisk disk;
  Engine engine(disk.open(), {.settings = {.calls_max = 1}, .crowd_max = 2});
  engine.driver.scripts["work"] = {};
  engine.driver.is_holding = true;
  engine.serve();
  for (int i = 0; i < 3; ++i) CHECK_FALSE(engine.send("go/work").error.has_value());
  const core::Answer refused = engine.send("go/work");
  REQUIRE(refused.error.has_value());
  CHECK(refused.error->code == ErrorCode::kUnavailable);
  engine.run_until([&] { return engine.driver.held.size() == 1; });
  const core::Call& call = engine.driver.held.front();
  engine.driver.on_reply({.call = call.id, .run = call.run->no, .outcome = core::Returned{}});
  engine.wait_for_ends(1);
  CHECK_FALSE(engine.send("go/work").error.has_value());
  engine.stop();
}

}  // namespace
}  // namespace stepwell::runtime::testing
