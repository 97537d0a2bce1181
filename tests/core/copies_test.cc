// What is a copy of an event: for the start of a function its id alone says so, for waits and
// cancellations its id and its name. An id such as that of an order is that of several events.
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {

using namespace std::chrono_literals;

namespace {

WaitForEvent wait_for(std::string event) {
  return {std::move(event), "", {.after = 1h}};
}

}  // namespace

TEST_CASE("an event with the id of the one that started the run ends a wait for another name") {
  JournalHarness h;
  h.add_function(h.function("f", "o/created"));
  h.send("o/created", "{}", "order-1");
  h.reply(h.take_call(), {h.op("paid", wait_for("o/paid"))});
  SUBCASE("") {}
  SUBCASE("after a crash") {
    h.crash();
  }
  h.calls.clear();
  h.send("o/created", "{}", "order-1");  // a copy
  CHECK(h.calls.empty());
  h.send("o/paid", "{}", "order-1");
  REQUIRE(h.calls.size() == 1);
  const std::string got = h.take_call().memo.at(0).data.text();
  CHECK(got.find("o/paid") != std::string::npos);
  CHECK(h.runs().size() == 1);
}

TEST_CASE("an event with the id of the one that started the run cancels it by another name") {
  JournalHarness h;
  FunctionConfig config = h.function("f", "c/start");
  config.cancel_on = {{.event = "c/stop"}};
  h.add_function(config);
  h.send("c/start", "{}", "o9");
  h.send("c/start", "{}", "o9");
  CHECK(h.count(RunStatus::kRunning) == 1);
  h.send("c/stop", "{}", "o9");
  CHECK(h.count(RunStatus::kCancelled) == 1);
}

TEST_CASE("two waits in a row are ended by two events with one id, and by no copy") {
  JournalHarness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("one", wait_for("b/one"))});
  h.send("b/one", "{}", "same");
  h.reply(h.take_call(), {h.op("two", wait_for("b/two"))});
  h.send("b/two", "{}", "same");
  h.reply(h.take_call(), {h.op("three", wait_for("b/one"))});
  h.send("b/one", "{}", "same");
  h.send("b/two", "{}", "same");
  CHECK(h.calls.empty());
  h.send("b/one", "{}", "other");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("two events of one request with one id are copies only if their names are equal") {
  JournalHarness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("one", wait_for("b/one")), h.op("two", wait_for("b/two"))});
  AcceptEvents both{.request = 2};
  for (const char* name : {"b/one", "b/two"}) {
    both.events.push_back({.event = {.name = name, .id = "same", .data = "{}"}});
  }
  h.apply(std::move(both));
  h.reply(h.take_call(), {});
  CHECK(h.core().check().empty());
  h.returns(h.take_call());
  CHECK(h.count(RunStatus::kCompleted) == 1);
}

TEST_CASE("a wait looks back to an event with an id of the run's, if the name is another") {
  JournalHarness h;
  h.add_function(h.function("f", "t/lb"));
  h.send("t/lb", "{}", "L");
  const Call call = h.take_call();
  h.send("l/w", "{}", "L");  // while the step's body runs
  h.reply(call, {h.op("step", StepReturned{.data = "1"})});
  h.reply(h.take_call(), {h.op("first", wait_for("l/w"))});
  REQUIRE(h.calls.size() == 1);
  h.reply(h.take_call(), {h.op("second", wait_for("l/w"))});
  h.send("l/w", "{}", "L");  // a copy of what the first wait took
  CHECK(h.calls.empty());
}

TEST_CASE("an id starts a function once, whatever the events that have it are called") {
  JournalHarness h;
  FunctionConfig config = h.function("f", "o/created");
  config.triggers.push_back({"o/paid", ""});
  h.add_function(config);
  h.send("o/created", "{}", "order-1");
  h.send("o/paid", "{}", "order-1");
  CHECK(h.runs().size() == 1);
}

}  // namespace stepwell::core::testing
