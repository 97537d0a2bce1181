#include "tests/core/harness.h"
#include "tests/core/journal_harness.h"

namespace stepwell::core::testing {

using namespace std::chrono_literals;

TEST_CASE("an event starts a run, its steps are recorded once, its end is an event") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go", R"({"n":1})");
  CHECK(h.writes<storage::PutEvent>().size() == 1);
  CHECK(h.writes<storage::PutRun>().size() == 1);
  Call call = h.take_call();
  CHECK(call.is_cold);
  CHECK(call.memo.empty());
  CHECK(call.run->events.front().data == R"({"n":1})");

  h.reply(call, {h.returned("a", "1")});
  CHECK_MESSAGE(h.out.writes.size() == 1, "a step costs one row");
  Call next = h.take_call();
  CHECK_FALSE(next.is_cold);
  REQUIRE(next.memo.size() == 1);
  CHECK(next.memo[0].data == "1");

  h.returns(next, R"("done")");
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].status == RunStatus::kCompleted);
  auto events = h.writes<storage::PutEvent>();
  REQUIRE(events.size() == 1);
  CHECK(events[0].event.event.name == kFunctionFinished);
  CHECK(events[0].event.of_run == call.run->no);
  CHECK(h.core.open_runs() == 0);
}

TEST_CASE("a second answer to a call, and an answer of an earlier owner, change nothing") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  Call call = h.take_call();
  h.reply(call, {h.returned("a", "1")});
  h.reply(call, {h.returned("a", "2")});
  CHECK(h.out.writes.empty());
  Call next = h.take_call();
  Call stale = next;
  stale.id.epoch = 99;
  h.returns(stale);
  CHECK(h.out.writes.empty());
  CHECK(h.core.open_runs() == 1);
}

TEST_CASE("a sleep ends when it is due and not before") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("nap", Sleep{h.in(1h)})});
  CHECK(h.calls.empty());
  h.advance(1h - 1ms);
  CHECK(h.calls.empty());
  h.advance(1ms);
  Call call = h.take_call();
  REQUIRE(call.memo.size() == 1);
  CHECK(call.memo[0].data == "null");
}

TEST_CASE("a wait is ended by the first event that matches, or by its timeout, not by both") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go", R"({"id":"u1"})");
  h.reply(h.take_call(),
          {h.op("w", WaitForEvent{"answer", "async.data.id == event.data.id", h.in(15min)})});
  h.send("answer", R"({"id":"other"})");
  CHECK(h.calls.empty());
  SUBCASE("event") {
    h.send("answer", R"({"id":"u1"})");
    Call call = h.take_call();
    CHECK(call.memo.at(0).data.text().find(R"("id":"u1")") != std::string::npos);
    h.advance(15min);
    CHECK(h.writes<storage::UpdateStep>().empty());
  }
  SUBCASE("timeout") {
    h.advance(15min - 1ms);
    CHECK(h.calls.empty());
    h.advance(1ms);
    CHECK(h.take_call().memo.at(0).data == "null");
    h.send("answer", R"({"id":"u1"})");
    CHECK(h.writes<storage::UpdateStep>().empty());
  }
}

TEST_CASE(
    "a failing step is tried again by itself, and fails in the memo when attempts are spent") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.retries = 1;
  h.add_function(config);
  h.send("go");
  h.reply(h.take_call(), {h.op("s", StepThrew{.error = {.message = "no"}})});
  CHECK(h.writes<storage::PutAttempt>().size() == 1);
  CHECK(h.calls.empty());
  h.advance(15s - 1ms);
  CHECK(h.calls.empty());
  h.advance(31s);
  Call retry = h.take_call();
  CHECK(retry.kind == CallKind::kStep);
  CHECK(retry.attempt == 1);
  CHECK(retry.max_attempts == 2);
  h.reply(retry, {h.op("s", StepThrew{.error = {.message = "never"}})});
  Call call = h.take_call();
  CHECK(call.kind == CallKind::kFunction);
  REQUIRE(call.memo.size() == 1);
  CHECK(call.memo[0].state == StepState::kFailed);
  CHECK(call.memo[0].error->message == "never");
}

TEST_CASE("parallel steps are called for one by one, and each brings the code forward") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("a", StepPlanned{}), h.op("b", StepPlanned{})});
  Call a = h.take_call();
  Call b = h.take_call();
  CHECK(a.kind == CallKind::kStep);
  CHECK(b.kind == CallKind::kStep);
  h.reply(b, {h.returned("b", "2")});
  Call forward = h.take_call();
  CHECK(forward.kind == CallKind::kFunction);
  REQUIRE(forward.pending.size() == 1);
  CHECK(forward.pending[0].key == StepKey::of("a"));
  h.reply(forward, {});
  h.reply(a, {h.returned("a", "1")});
  Call last = h.take_call();
  REQUIRE(last.memo.size() == 1);
  CHECK(last.memo[0].id == "a");
  h.returns(last);
  CHECK(h.core.open_runs() == 0);
}

TEST_CASE("an invoked function's result comes back once") {
  Harness h;
  h.add_function(h.function("parent", "go"));
  h.add_function(h.function("child", ""));
  h.send("go");
  h.reply(h.take_call(), {h.op("i", InvokeFunction{.function = "child", .data = R"({"x":1})"})});
  Call child = h.take_call();
  CHECK(child.run->function.slug == "child");
  h.returns(child, "42");
  Call parent = h.take_call();
  CHECK(parent.memo.at(0).data == "42");
  h.reply(parent, {h.op("j", InvokeFunction{.function = "nobody"})});
  Call again = h.take_call();
  CHECK(again.memo.at(0).state == StepState::kFailed);
  CHECK(again.memo.at(0).error->message == "could not find function with ID nobody");
}

TEST_CASE("a step that is asked for as another kind ends the run with an error that names both") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.returned("x", "1")});
  h.reply(h.take_call(), {h.op("x", Sleep{h.in(1s)})});
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].status == RunStatus::kFailed);
  CHECK(h.ends[0].error->message.find("recorded as StepRun") != std::string::npos);
  CHECK(h.ends[0].error->message.find("asks for Sleep") != std::string::npos);
}

TEST_CASE("calls of a run share what its steps gave") {
  Harness h;
  // Behind HTTP: each call is shown all.
  FunctionConfig config = Harness::function("f", "go");
  config.driver = DriverKind::kHttp;
  config.url = "http://app.example/";
  h.apply(RegisterFunctions{
      .request = 1, .app = "app", .functions = {std::move(config)}, .driver = DriverKind::kHttp});
  h.send("go");
  h.reply(h.take_call(), {h.returned("large", "\"" + std::string(1000, 'x') + "\"")});
  h.reply(h.take_call(), {h.op("a", StepPlanned{}), h.op("b", StepPlanned{})});
  const Call a = h.take_call();
  const Call b = h.take_call();
  REQUIRE(a.memo.size() == 1);
  REQUIRE(b.memo.size() == 1);
  CHECK(&a.memo[0].data.text() == &b.memo[0].data.text());
}

// Its frame has thrown: a step that it is called for would fail for good without running its body.
TEST_CASE("a native step waits while the function's own retry lies ahead") {
  JournalHarness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("a", StepPlanned{}), h.op("b", StepPlanned{})});
  const Call a = h.take_call();
  h.reply(h.take_call(), {h.op("b", StepThrew{.error = {.name = "Error", .message = "busy"}})});
  h.reply(a, {h.op("a", StepReturned{.data = "1"})});
  h.throws(h.take_call(), {.error = {.name = "Error", .message = "lost"}, .retry_after = 1h});
  h.advance(30min);
  CHECK(h.calls.empty());
  h.advance(30min);
  REQUIRE(h.calls.size() == 1);
  const Call again = h.take_call();
  CHECK(again.kind == CallKind::kFunction);
  CHECK(again.attempt == 1);
  CHECK(again.is_cold);
  CHECK(h.calls.empty());  // nor while the function is called
  h.reply(again, {});
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].kind == CallKind::kStep);
  CHECK(h.calls[0].attempt == 1);
}

TEST_CASE("steps that ran in one call have the times that the app says, within the call") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  const Time called_at = h.now;
  h.now += 10s;
  const auto ran = [&](std::string id, Duration after, Duration took) {
    return h.op(std::move(id), StepReturned{.ran = BodyTime{called_at + after, took}});
  };
  h.reply(h.take_call(),
          {ran("in-time", 2s, 3s), ran("clock-behind", -1h, 1s), ran("clock-ahead", 1h, 1s),
           ran("endless", 1s, 1h), h.returned("untold", "1")});
  const auto steps = h.writes<storage::PutStep>();
  REQUIRE(steps.size() == 5);
  const std::vector<std::pair<Duration, Duration>> expected{
      {2s, 5s}, {0s, 1s}, {9s, 10s}, {0s, 10s}, {0s, 10s}};
  for (size_t i = 0; i < steps.size(); ++i) {
    CAPTURE(i);
    CHECK(steps[i].step.registered_at == called_at + expected[i].first);
    CHECK(steps[i].step.resolved_at == called_at + expected[i].second);
  }
}

TEST_CASE("native code that throws on its way to a step fails an attempt of the function") {
  JournalHarness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("a", StepPlanned{}), h.op("b", StepPlanned{})});
  h.crash();
  REQUIRE(h.calls.size() == 2);  // the second waits for the frame of the first
  h.throws(h.take_call(), {.error = {.name = "Error", .message = "no config yet"}});
  h.calls.clear();
  h.advance(1h);
  REQUIRE(h.calls.size() == 1);
  const Call again = h.take_call();
  CHECK(again.kind == CallKind::kFunction);
  CHECK(again.attempt == 1);
  h.reply(again, {});
  REQUIRE(h.calls.size() == 2);
  for (const Call& call : h.calls) {
    CHECK(call.kind == CallKind::kStep);
    CHECK(call.attempt == 0);
  }
}

}  // namespace stepwell::core::testing
