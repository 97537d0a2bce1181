// Look-back (design.md, "Matching events"): an answer that is faster than the wait for it.
#include "engine/core/lookback.h"

#include "tests/core/harness.h"
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {

using namespace std::chrono_literals;

namespace {

WaitForEvent wait_x() {
  return {"x", "", Harness::in(1h)};
}

}  // namespace

TEST_CASE("an answer to what a step published, before its memo, is not lost") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  Call call = h.take_call();
  h.send("x");  // while the step's body runs
  h.reply(call, {h.returned("publish", "null")});
  h.reply(h.take_call(), {h.op("w", wait_x())});
  REQUIRE(h.writes<storage::PutStep>().size() == 1);
  CHECK(h.writes<storage::PutStep>()[0].step.state == StepState::kCompleted);
  CHECK(h.take_call().memo.at(0).data != "null");
}

TEST_CASE("an event from before the newest step was dispatched is too old") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  Call first = h.take_call();
  h.send("x");
  h.reply(first, {h.returned("first", "1")});
  h.reply(h.take_call(), {h.returned("second", "2")});
  h.reply(h.take_call(), {h.op("w", wait_x())});
  CHECK(h.writes<storage::PutStep>().at(0).step.state == StepState::kPending);
}

TEST_CASE("a loop of waits that is fed once resolves once") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("w", wait_x())});
  h.send("x");
  h.reply(h.take_call(), {h.op("w:1", wait_x())});
  CHECK(h.calls.empty());
  h.send("x");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a copy that was looked up before its event was taken does not end another wait") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  Call call = h.take_call();
  h.send("x", "{}", "x-1");
  h.reply(call, {h.returned("publish", "null")});
  h.reply(h.take_call(), {h.op("w", wait_x())});
  h.reply(h.take_call(), {h.op("v", wait_x())});
  h.send("x", "{}", "x-1");  // what its look-up found is empty
  CHECK(h.calls.empty());
  h.send("x", "{}", "x-2");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a copy of what started a run neither ends a wait of its rerun nor cancels it") {
  Harness h;
  FunctionConfig config = h.function("f", "x");
  bool is_cancelled = false;
  SUBCASE("a wait") {}
  SUBCASE("a cancellation") {
    config.cancel_on = {{.event = "x"}};
    is_cancelled = true;
  }
  h.add_function(config);
  h.send("x", "{}", "x-1");
  const Call first = h.take_call();
  storage::RunSnapshot source;
  source.run.id = first.run->id;
  source.run.function = {"f"};
  source.run.events = {1};
  source.events = {h.events.begin()->second};
  h.returns(first);
  h.apply(RerunRun{.request = 5, .id = source.run.id, .source = source});
  h.reply(h.take_call(), {h.op("w", wait_x())});
  // The second copy: as its look-up finds it before the rerun is durable, and after.
  AcceptEvents copy{.request = 6};
  copy.events.push_back({.event = {.name = "x", .id = "x-1", .data = "{}"}});
  copy.events[0].history.copies = {{source.events[0].pos, "go"}};
  copy.events[0].history.started = {{{"f"}, first.run->no, "x"}};
  h.apply(copy);
  CHECK(h.calls.empty());
  CHECK(h.core.open_runs() == 1);
  h.send("x", "{}", "x-2");
  CHECK(h.core.open_runs() == (is_cancelled ? 1 : 2));
}

TEST_CASE("what was taken from the window is forgotten with it") {
  Lookback window;
  window.take({"x", "x-1"}, 7, kStart);
  window.take({"x", "x-1"}, 8, kStart + 30s);
  CHECK(window.was_taken({"x", "x-1"}, 7));
  CHECK_FALSE(window.was_taken({"x", "x-1"}, 9));
  CHECK_FALSE(window.was_taken({"x", "x-2"}, 7));
  CHECK_FALSE(window.was_taken({"y", "x-1"}, 7));
  window.expire(kStart + 61s);
  CHECK_FALSE(window.was_taken({"x", "x-1"}, 7));
  CHECK(window.was_taken({"x", "x-1"}, 8));
  window.expire(kStart + 91s);
  CHECK_FALSE(window.was_taken({"x", "x-1"}, 8));
}

TEST_CASE("a function triggered by x that waits for x does not meet its own trigger") {
  Harness h;
  h.add_function(h.function("f", "x"));
  h.send("x", "{}", "same");
  Call call = h.take_call();
  SUBCASE("itself") {
    h.reply(call, {h.op("w", wait_x())});
    CHECK(h.calls.empty());
  }
  SUBCASE("nor a copy of it") {
    AcceptEvents copy;
    copy.events.push_back({.event = {.name = "x", .id = "same"}});
    copy.events[0].history.started.push_back({FunctionId{"f"}, call.run->no, "x"});
    h.apply(std::move(copy));
    h.reply(call, {h.op("w", wait_x())});
    CHECK(h.calls.empty());
  }
}

TEST_CASE("a retry after a failed attempt looks back as far as the first try would have") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  Call call = h.take_call();
  h.send("x");
  h.throws(call, {.error = {.message = "again"}});
  h.advance(46s);
  h.reply(h.take_call(), {h.op("w", wait_x())});
  CHECK(h.writes<storage::PutStep>().at(0).step.state == StepState::kCompleted);
}

TEST_CASE("in parallel branches each wait looks back to what its own branch had seen") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("a", StepPlanned{}), h.op("b", StepPlanned{})});
  Call a = h.take_call();
  h.send("x");  // after both were dispatched
  Call b = h.take_call();
  h.reply(a, {h.returned("a", "1")});
  Call forward = h.take_call();
  h.reply(b, {h.returned("b", "2")});
  StepOp wait = h.op("w", wait_x());
  wait.seen = StepKey::of("a");
  h.reply(forward, {wait});
  CHECK(h.writes<storage::PutStep>().at(0).step.state == StepState::kCompleted);
}

TEST_CASE("who was away looks back as far as who was not, behind a group of steps") {
  JournalHarness h;
  FunctionConfig config = h.function("f", "go");
  config.driver = DriverKind::kHttp;
  h.add_function(config);
  h.send("go");
  h.reply(h.take_call(),
          {h.op("short", Sleep{Harness::in(1s)}), h.op("long", Sleep{Harness::in(30s)})},
          ParallelMode::kCoalesce);
  h.advance(10s);
  CHECK(h.calls.empty());  // the code goes on when both are over
  h.send("x");             // behind the short one, before the long one is over
  SUBCASE("in one process") {}
  SUBCASE("restarted before it is over") {
    h.crash();
  }
  h.advance(20s);
  SUBCASE("restarted when it is over") {
    h.crash();
  }
  h.reply(h.take_call(), {h.op("w", WaitForEvent{"x", "", Harness::in(1h)})});
  REQUIRE(h.calls.size() == 1);
  CHECK(h.take_call().memo.back().data != "null");
}

TEST_CASE("the condition counts, the earliest wins, and the window is bounded") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  Call call = h.take_call();
  SUBCASE("condition") {
    h.send("x", R"({"n":1})");
    h.send("x", R"({"n":2})");
    h.send("x", R"({"n":2,"late":true})");
    h.reply(call, {h.op("w", WaitForEvent{"x", "async.data.n == 2", h.in(1h)})});
    std::string memo = h.take_call().memo.at(0).data;
    CHECK(memo.find(R"("n":2)") != std::string::npos);
    CHECK(memo.find("late") == std::string::npos);
  }
  SUBCASE("age") {
    h.send("x");
    h.now += 61s;
    h.reply(call, {h.op("w", wait_x())});
    CHECK(h.calls.empty());
  }
}

TEST_CASE("a look-back of zero is upstream's rule") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.wait_lookback = Duration::zero();
  h.add_function(config);
  h.send("go");
  Call call = h.take_call();
  h.send("x");
  h.reply(call, {h.op("w", wait_x())});
  CHECK(h.calls.empty());
}

TEST_CASE("the window forgets by count and by bytes, and counts what it forgot too early") {
  Lookback window;
  for (Position pos = 1; pos <= 20; ++pos) {
    EventRecord record;
    record.pos = pos;
    record.event.name = "big";
    record.event.data = std::string(1 << 20, ' ');
    record.received_at = kStart;
    window.add(std::make_shared<const EventRecord>(std::move(record)));
  }
  CHECK(window.size() < 17);
  CHECK(window.overflows() == 20 - window.size());
  window.expire(kStart + 61s);
  CHECK(window.size() == 0);
}

}  // namespace stepwell::core::testing
