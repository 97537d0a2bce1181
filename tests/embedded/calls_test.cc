// Calls of an engine that stops, whose journal fails, or that are made where they cannot be.
#include <doctest/doctest.h>
#include <stepwell/stepwell.h>

#include <atomic>
#include <future>
#include <thread>

#include "api/embedded/engine_impl.h"
#include "storage/memory/memory_journal.h"
#include "tests/runtime/gated_journal.h"

namespace stepwell {
namespace {

using namespace std::chrono_literals;
using runtime::testing::GatedJournal;

struct Order {
  std::string id;
};
STEPWELL_FIELDS(Order, id);

constexpr EventType<Order> order_placed{"order/placed"};
constexpr EventType<Order> order_paid{"order/paid"};

Task<void> wait_for_payment(Context<Order> ctx) {
  co_await ctx.step.wait_for_event("payment", order_paid, {.timeout = 1h});
}

// An engine whose commits, and their failures, are the test's.
struct Gated {
  explicit Gated(EngineOptions options = {}) : engine(std::move(options)) {
    auto memory = std::make_unique<storage::MemoryJournal>();
    journal = memory.get();
    auto gated = std::make_unique<GatedJournal>(std::move(memory));
    gate = gated.get();
    engine.impl().use_journal(std::move(gated));
    engine.function({.id = "wait"}, order_placed, wait_for_payment);
    engine.start();
  }
  // A run that waits. Once that is recorded nothing more is committed by itself.
  std::string start_run() {
    const std::string id = engine.runs_of(engine.send(order_placed, {.id = "1"})).at(0).id;
    uint64_t pending = 0;
    while (pending == 0) {
      engine.impl().query(
          [&](storage::JournalReader& reader) { pending = reader.stats()->pending_steps; });
    }
    return id;
  }

  Engine engine;
  storage::MemoryJournal* journal = nullptr;
  GatedJournal* gate = nullptr;
};

// How the call ends: the code of its EngineError, nothing without one.
template <class F>
std::optional<EngineError::Code> error_of(F call) {
  try {
    call();
  } catch (const EngineError& error) {
    return error.code();
  }
  return std::nullopt;
}

constexpr auto kInvalid = EngineError::Code::kInvalid;
constexpr auto kUnavailable = EngineError::Code::kUnavailable;
constexpr auto kStorage = EngineError::Code::kStorage;

TEST_CASE("a stop ends the calls under way, and turns later ones away from its beginning on") {
  Gated gated;
  Engine& engine = gated.engine;
  const std::string run = gated.start_run();
  auto subscription = engine.subscribe("notes", "", [](const Message&) {});
  auto waiting =
      std::async(std::launch::async, [&] { return error_of([&] { engine.wait_for(run); }); });
  gated.gate->close();
  auto sending = std::async(
      std::launch::async, [&] { return error_of([&] { engine.send(order_paid, {.id = "2"}); }); });
  gated.gate->wait_until_one_waits();
  auto stopping = std::async(std::launch::async, [&] { engine.stop(); });
  CHECK(waiting.get() == kUnavailable);
  // The stop has begun, and cannot end before the commit does.
  CHECK(error_of([&] { engine.send(order_paid, {.id = "3"}); }) == kUnavailable);
  CHECK(error_of([&] { engine.find_run(run); }) == kUnavailable);
  CHECK(error_of([&] { engine.wait_for(run); }) == kUnavailable);
  CHECK(error_of([&] { (void)engine.subscribe("notes", "", {}); }) == kUnavailable);
  subscription.reset();
  gated.gate->open();
  CHECK_FALSE(sending.get().has_value());  // it was accepted before
  stopping.get();
  CHECK(error_of([&] { engine.find_run(run); }) == kUnavailable);
  CHECK(error_of([&] { engine.send(order_paid, {.id = "4"}); }) == kUnavailable);
}

TEST_CASE(
    "whoever waits for longer than can be counted waits, and for less than nothing does not") {
  Gated gated;
  Engine& engine = gated.engine;
  const std::string run = gated.start_run();
  CHECK(error_of([&] { engine.wait_for(run, 0s); }) == kUnavailable);
  CHECK(error_of([&] { engine.wait_for(run, -std::chrono::hours::max()); }) == kUnavailable);
  std::vector<std::future<RunState>> waiting;
  const auto wait = [&](auto timeout) {
    waiting.push_back(std::async(std::launch::async,
                                 [&, timeout] { return engine.wait_for(run, timeout).state; }));
  };
  wait(std::chrono::milliseconds::max());
  wait(std::chrono::hours::max());
  wait(std::chrono::nanoseconds::max());
  engine.send(order_paid, {.id = "2"});
  for (auto& each : waiting) CHECK(each.get() == RunState::kCompleted);
}

TEST_CASE("calls of many threads and stops beside one another all end") {
  for (int round = 0; round < 10; ++round) {
    Engine engine({.journal = in_memory(), .workers = 1});
    engine.function({.id = "wait"}, order_placed, wait_for_payment);
    engine.start();
    std::atomic<int> busy{0};
    const auto until_stopped = [&](auto call) {
      return std::async(std::launch::async, [&busy, call] {
        ++busy;
        for (;;) {
          if (const auto error = error_of(call)) return *error;
        }
      });
    };
    std::vector<std::future<EngineError::Code>> callers;
    callers.push_back(until_stopped([&] { engine.send(order_placed, {.id = "1"}); }));
    callers.push_back(until_stopped([&] { engine.runs_of("nothing"); }));
    callers.push_back(until_stopped(
        [&] { auto subscription = engine.subscribe("notes", "", [](const Message&) {}); }));
    while (busy < 3) std::this_thread::yield();
    auto other = std::async(std::launch::async, [&] { engine.stop(); });
    engine.stop();
    other.get();
    for (auto& caller : callers) CHECK(caller.get() == kUnavailable);
  }
}

TEST_CASE("calls that block throw on the engine's own threads") {
  Engine engine({.journal = in_memory()});
  std::promise<std::vector<std::optional<EngineError::Code>>> heard;
  engine.function({.id = "publish"}, order_placed, [&](Context<Order> ctx) -> Task<bool> {
    ctx.publish(Topic<int>{"notes", "new"}, 7);
    co_return co_await ctx.step.run("stop",
                                    [&] { return error_of([&] { engine.stop(); }) == kInvalid; });
  });
  engine.start();
  auto subscription = engine.subscribe("notes", "", [&](const Message&) {
    heard.set_value({error_of([&] { engine.send(order_paid, {.id = "2"}); }),
                     error_of([&] { engine.find_run(std::string(26, '0')); }),
                     error_of([&] { engine.wait_for(std::string(26, '0')); }),
                     error_of([&] { engine.stop(); })});
  });
  const std::string event = engine.send(order_placed, {.id = "1"});
  for (const auto& error : heard.get_future().get()) CHECK(error == kInvalid);
  CHECK(engine.wait_for(engine.runs_of(event).at(0).id, 30s).output == "true");
}

TEST_CASE("when the journal fails and on_fatal returns, every call ends with kStorage") {
  std::atomic<int> told{0};
  Engine* failing = nullptr;
  std::optional<EngineError::Code> on_its_thread;
  Gated gated({.on_fatal = [&](const std::string&) {
    on_its_thread = error_of([&] { failing->cancel(std::string(26, '0')); });
    ++told;
    throw std::runtime_error("nothing is done about it");
  }});
  Engine& engine = gated.engine;
  failing = &engine;
  const std::string run = gated.start_run();
  auto waiting =
      std::async(std::launch::async, [&] { return error_of([&] { engine.wait_for(run); }); });
  gated.gate->close();
  auto sending = std::async(
      std::launch::async, [&] { return error_of([&] { engine.send(order_paid, {.id = "2"}); }); });
  gated.gate->wait_until_one_waits();
  gated.journal->inject(storage::CommitFault::kUnknownDropped);
  gated.gate->open();
  CHECK(sending.get() == kStorage);
  CHECK(waiting.get() == kStorage);
  CHECK(error_of([&] { engine.send(order_paid, {.id = "3"}); }) == kStorage);
  CHECK(error_of([&] { engine.find_run(run); }) == kStorage);
  CHECK(error_of([&] { engine.wait_for(run); }) == kStorage);
  engine.stop();
  CHECK(told == 1);
  CHECK(on_its_thread == kInvalid);
  CHECK(error_of([&] { engine.find_run(run); }) == kUnavailable);
}

TEST_CASE("a journal that fails while the engine starts is what start() throws") {
  Engine engine({.on_fatal = [](const std::string&) {}});
  auto memory = std::make_unique<storage::MemoryJournal>();
  memory->inject(storage::CommitFault::kUnknownDropped);
  engine.impl().use_journal(std::move(memory));
  engine.function({.id = "wait"}, order_placed, wait_for_payment);
  CHECK(error_of([&] { engine.start(); }) == kStorage);
}

// However far it has come: most of these find the engine at its recovery.
TEST_CASE("an engine that is stopped before it is ready has stopped, and not failed") {
  for (int round = 0; round < 20; ++round) {
    Engine engine({.journal = in_memory(), .workers = 1});
    auto running = std::async(std::launch::async, [&] { return engine.run(); });
    while (running.wait_for(0s) != std::future_status::ready) engine.stop();
    CHECK(running.get() == 0);
  }
}

TEST_CASE("a stop asks the bodies that run to stop") {
  std::promise<void> inside;
  Engine engine({.journal = in_memory()});
  engine.function({.id = "slow"}, order_placed, [&](Context<Order> ctx) -> Task<void> {
    co_await ctx.step.run("wait", [&](const std::stop_token& stop) {
      inside.set_value();
      while (!stop.stop_requested()) std::this_thread::yield();
    });
  });
  engine.start();
  engine.send(order_placed, {.id = "1"});
  inside.get_future().get();
  engine.stop();
}

TEST_CASE("reads that are refused for now are said to be, and wait_for tries again") {
  Gated gated;
  const std::string run = gated.start_run();
  gated.engine.cancel(run);
  gated.journal->fail_reads(1);
  CHECK(error_of([&] { gated.engine.find_run(run); }) == kUnavailable);
  gated.journal->fail_reads(1);
  CHECK(error_of([&] { gated.engine.runs_of("nothing"); }) == kUnavailable);
  gated.journal->fail_reads(2);
  CHECK(gated.engine.wait_for(run, 30s).state == RunState::kCancelled);
  gated.journal->fail_reads(1);
  CHECK(error_of([&] { gated.engine.wait_for(run, 0ms); }) == kUnavailable);
}

}  // namespace
}  // namespace stepwell
