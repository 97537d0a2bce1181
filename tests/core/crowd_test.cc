// More runs than calls may be under way at once (engine/core/crowd.cc).
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

Settings at_once(size_t calls) {
  Settings settings;
  settings.calls_max = calls;
  settings.hot_bytes_max = 1;  // whoever waits leaves memory
  return settings;
}

}  // namespace

TEST_CASE("further runs wait their turn, in order, and begin when a call has ended") {
  JournalHarness h(at_once(2));
  h.add_function(JournalHarness::function("f", "go"));
  for (int i = 0; i < 5; ++i) h.send("go");
  REQUIRE(h.calls.size() == 2);
  CHECK(h.core().crowd() == 3);
  CHECK(h.count(RunStatus::kScheduled) == 3);
  CHECK(h.source_of(h.runs()[2]).what ==
        "waits its turn: 2 calls are under way, as many as may be");
  std::vector<RunNo> order;
  while (!h.calls.empty()) {
    CHECK(h.calls.size() <= 2);
    const Call call = h.take_call();
    order.push_back(call.run->no);
    h.returns(call);
  }
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(h.count(RunStatus::kCompleted) == 5);
  CHECK(h.core().crowd() == 0);
}

TEST_CASE("a run that has begun goes on before others begin") {
  JournalHarness h(at_once(1));
  h.add_function(JournalHarness::function("f", "go"));
  h.send("go");
  h.send("go");
  const Call first = h.take_call();
  h.reply(first, {JournalHarness::op("a", StepReturned{.data = "1"})});
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls.front().run->no == first.run->no);
  // While it sleeps there is room.
  h.reply(h.take_call(), {JournalHarness::op("nap", Sleep{{.after = 1h}})});
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls.front().run->no != first.run->no);
  h.advance(1h);  // it wakes, and waits in its turn
  CHECK(h.calls.size() == 1);
  h.returns(h.take_call());
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls.front().run->no == first.run->no);
}

TEST_CASE("who waits can be cancelled, and survives a crash") {
  JournalHarness h(at_once(1));
  h.add_function(JournalHarness::function("f", "go"));
  for (int i = 0; i < 3; ++i) h.send("go");
  h.cancel(h.runs()[1].id);
  CHECK(h.count(RunStatus::kCancelled) == 1);
  h.crash();
  REQUIRE(h.calls.size() == 1);
  CHECK(h.core().crowd() == 1);
  h.returns(h.take_call());
  h.returns(h.take_call());
  CHECK(h.count(RunStatus::kCompleted) == 2);
}

TEST_CASE("limits and the crowd: a run waits for both") {
  JournalHarness h(at_once(2));
  FunctionConfig one = JournalHarness::function("one", "go/one");
  one.flow.step_concurrency = {{1}};
  h.add_function(std::move(one));
  h.add_function(JournalHarness::function("any", "go/any"));
  h.send("go/any");
  for (int i = 0; i < 3; ++i) h.send("go/one");
  h.send("go/any");
  int ended = 0;
  for (; !h.calls.empty(); ++ended) {
    CHECK(h.calls.size() <= 2);
    CHECK(std::count_if(h.calls.begin(), h.calls.end(),
                        [](const Call& call) { return call.run->function.slug == "one"; }) <= 1);
    h.returns(h.take_call());
  }
  CHECK(ended == 5);
}

}  // namespace stepwell::core::testing
