#include "tests/core/harness.h"

namespace stepwell::core::testing {

using namespace std::chrono_literals;

TEST_CASE("a cancelled run is over: no call, no timer, no wait brings it back") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  Call first = h.take_call();
  RunId id = first.run->id;
  h.reply(first, {h.op("w", WaitForEvent{"x", "", h.in(1h)}), h.op("a", StepPlanned{})});
  Call step = h.take_call();
  h.apply(CancelRun{.request = 5, .id = id});
  CHECK(h.answers.back().run == id);
  CHECK_FALSE(h.answers.back().error);
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].status == RunStatus::kCancelled);
  CHECK(h.writes<storage::DropPendingSteps>().size() == 1);

  h.reply(step, {h.returned("a", "1")});
  CHECK(h.out.writes.empty());
  h.send("x");
  CHECK(h.writes<storage::UpdateStep>().empty());
  h.advance(2h);
  CHECK(h.calls.empty());
}

TEST_CASE("the end of a run that a cancellation triggered makes no other cancellation") {
  Harness h;
  h.add_function(h.function("mourn", "inngest/function.cancelled"));
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.apply(CancelRun{.request = 5, .id = h.take_call().run->id});
  const Call call = h.take_call();
  CHECK(call.run->function.slug == "mourn");
  std::vector<std::string> expected{"inngest/function.finished"};
  SUBCASE("cancelled") {
    h.apply(CancelRun{.request = 6, .id = call.run->id});
  }
  SUBCASE("failed") {
    h.throws(call, {.error = {.message = "no"}, .retriable = false});
    expected.emplace_back("inngest/function.failed");
  }
  SUBCASE("completed") {
    h.returns(call);
  }
  std::vector<std::string> made;
  for (const auto& put : h.writes<storage::PutEvent>()) made.push_back(put.event.event.name);
  CHECK(made == expected);
  CHECK(h.calls.empty());
}

TEST_CASE("runs that cancel each other do not go on for ever") {
  Harness h;
  FunctionConfig mourner = h.function("mourn", "inngest/function.cancelled");
  SUBCASE("by an event") {
    mourner.cancel_on = {{.event = "inngest/function.cancelled"}};
  }
  SUBCASE("by a singleton") {
    mourner.flow.singleton = Singleton{SingletonMode::kCancel, ""};
  }
  h.add_function(mourner);
  h.add_function(h.function("f", "go"));
  for (RequestId request = 5; request < 7; ++request) {
    h.send("go");
    const Call call = h.calls.back();
    h.apply(CancelRun{.request = request, .id = call.run->id});
  }
  CHECK(h.ends.size() == 3);
  CHECK(h.core.open_runs() == 1);
}

TEST_CASE("cancelling what is not there or has ended says so") {
  Harness h;
  RunId id{Ulid::make(kStart, 1, 2)};
  CHECK(h.core.lookups_of(CancelRun{.id = id}).run == id);
  h.apply(CancelRun{.request = 5, .id = id});
  CHECK(h.answers.back().error->code == ErrorCode::kNotFound);
  RunRecord ended;
  ended.id = id;
  ended.status = RunStatus::kCompleted;
  h.apply(CancelRun{.request = 5, .id = id, .ended = ended});
  CHECK(h.answers.back().error->code == ErrorCode::kConflict);
  CHECK_FALSE(h.answers.back().run);
  ended.status = RunStatus::kCancelled;
  h.apply(CancelRun{.request = 5, .id = id, .ended = ended});
  CHECK_FALSE(h.answers.back().error);
  // Its end is not durable yet, and is none that the journal could tell.
  ended.status = RunStatus::kRunning;
  h.apply(CancelRun{.request = 5, .id = id, .ended = ended});
  CHECK(h.answers.back().error->code == ErrorCode::kUnavailable);
  CHECK(h.answers.back().run == id);
}

TEST_CASE(
    "CAN-02, CAN-04, CAN-05: a run that sleeps is cancelled by what meets its cancelOn only") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.cancel_on = {{"stop", "async.data.id == event.data.id"}};
  h.add_function(config);
  for (const char* data : {R"({"id":1})", R"({"id":2})"}) {
    h.send("go", data);
    h.reply(h.take_call(), {h.op("nap", Sleep{h.in(1h)})});
  }
  h.send("other", R"({"id":1})");
  h.send("stop", R"({"id":3})");
  CHECK(h.core.open_runs() == 2);
  h.send("stop", R"({"id":1})");
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].status == RunStatus::kCancelled);
  h.advance(1h);  // of both
  REQUIRE(h.calls.size() == 1);
  h.returns(h.take_call());
  CHECK(h.ends.back().status == RunStatus::kCompleted);
  CHECK(h.core.open_runs() == 0);
}

TEST_CASE("CAN-14: of a run that is cancelled an event tells, and none that it has failed") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.add_function(h.function("f-failure", std::string(kFunctionFailed)));
  h.add_function(h.function("cleanup", std::string(kFunctionCancelled)));
  h.send("go");
  const Call call = h.take_call();
  h.apply(CancelRun{.request = 5, .id = call.run->id});
  const auto events = h.writes<storage::PutEvent>();
  CHECK(std::none_of(events.begin(), events.end(), [](const storage::PutEvent& put) {
    return put.event.event.name == kFunctionFailed;
  }));
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].run->function.slug == "cleanup");
}

TEST_CASE("an event cancels the runs that asked for it, until their time is over") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.cancel_on = {{"stop", "async.data.id == event.data.id", 1h}};
  h.add_function(config);
  h.send("go", R"({"id":1})");
  h.send("go", R"({"id":2})");
  CHECK(h.core.open_runs() == 2);
  h.send("stop", R"({"id":2})");
  CHECK(h.core.open_runs() == 1);
  const auto updates = h.writes<storage::UpdateStep>();
  REQUIRE(updates.size() == 1);
  CHECK(updates[0].step.state == StepState::kDropped);
  CHECK(updates[0].step.resolved_event == h.writes<storage::PutEvent>().at(0).event.pos);
  h.advance(1h);
  h.send("stop", R"({"id":1})");
  CHECK(h.core.open_runs() == 1);
}

TEST_CASE("CAN-09: a cancelOn that no event can meet registers nothing, and cancels nothing") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.cancel_on = {{"stop", "event.data.id == 'other'", 1h}, {"stop", "1 == 2", 1h}};
  h.add_function(config);
  h.send("go", R"({"id":1})");
  CHECK(h.writes<storage::PutStep>().empty());
  h.send("stop", R"({"id":1})");
  CHECK(h.core.open_runs() == 1);
}

TEST_CASE("a step may be called as whatever cancels the run") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.cancel_on = {{.event = "stop"}, {.event = "halt"}};
  h.add_function(config);
  h.send("go");
  h.reply(h.take_call(), {h.returned("cancelOn:0", "1"), h.returned("cancelOn:1", "2")});
  REQUIRE(h.ends.empty());
  CHECK(h.writes<storage::PutStep>().size() == 2);
  CHECK(h.take_call().memo.size() == 2);
  SUBCASE("by the first") {
    h.send("stop");
  }
  SUBCASE("by the second") {
    h.send("halt");
  }
  CHECK(h.core.open_runs() == 0);
}

// A condition whose form with the event written into it would be too large.
std::string unbindable() {
  std::string nested = "[event.data.id].map(a, ";
  std::string close = ")";
  for (int i = 0; i < 18; ++i) {
    nested += "[[a, a]].map(a, ";
    close += ")";
  }
  return nested + "a" + close + " == async.data.x";
}

TEST_CASE("a run whose cancelOn can't be bound to its trigger fails, and its invoker knows") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.cancel_on = {{"stop", unbindable(), 1h}};
  h.add_function(config);
  h.add_function(h.function("parent", "start"));
  h.send("go", R"({"id":1})");
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].status == RunStatus::kFailed);
  CHECK(h.ends[0].error->name == "InvalidExpression");
  CHECK(h.ends[0].error->message.starts_with("cancelOn of event \"stop\": "));
  CHECK(h.calls.empty());
  CHECK(h.core.open_runs() == 0);

  h.send("start");
  h.reply(h.take_call(), {h.op("call", InvokeFunction{.function = "f", .data = R"({"id":1})"})});
  const Call next = h.take_call();
  REQUIRE(next.memo.size() == 1);
  CHECK(next.memo[0].state == StepState::kFailed);
  CHECK(next.memo[0].error->name == "InvalidExpression");
  CHECK(h.writes<storage::PutStep>().at(0).step.invoked_run != 0);
}

TEST_CASE("an event cancels a run until a date") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.cancel_on = {{"stop", "", std::nullopt, h.now + 1h}};
  h.add_function(config);
  h.send("go");
  SUBCASE("before it") {
    h.advance(1h - 1ms);
    h.send("stop");
    CHECK(h.core.open_runs() == 0);
  }
  SUBCASE("not after it") {
    h.advance(1h);
    h.send("stop");
    CHECK(h.core.open_runs() == 1);
    h.send("go");
    CHECK(h.writes<storage::PutStep>().empty());
    h.send("stop");
    CHECK(h.core.open_runs() == 2);
  }
}

TEST_CASE("whoever invoked a run that is cancelled or too slow is told") {
  Harness h;
  h.add_function(h.function("parent", "go"));
  h.add_function(h.function("child", ""));
  h.send("go");
  h.reply(h.take_call(), {h.op("i", InvokeFunction{.function = "child", .timeout = h.in(1min)})});
  Call child = h.take_call();
  SUBCASE("cancelled") {
    h.apply(CancelRun{.request = 1, .id = child.run->id});
    CHECK(h.take_call().memo.at(0).error->message == "invoked function was cancelled");
  }
  SUBCASE("timed out; the child goes on and its result is ignored") {
    h.advance(1min);
    CHECK(h.take_call().memo.at(0).error->name == "InngestInvokeTimeoutError");
    h.returns(child, "1");
    CHECK(h.calls.empty());
    CHECK(h.writes<storage::UpdateStep>().empty());
  }
}

TEST_CASE("the function's own attempts are counted, and start again once its code got further") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.retries = 1;
  h.add_function(config);
  h.send("go");
  h.throws(h.take_call(), {.error = {.message = "1"}, .retry_after = 5s});
  h.advance(5s - 1ms);
  CHECK(h.calls.empty());
  h.advance(1ms);
  Call second = h.take_call();
  CHECK(second.attempt == 1);
  CHECK(second.is_cold);
  h.reply(second, {h.returned("a", "1")});
  h.throws(h.take_call(), {.error = {.message = "2"}, .retry_after = 5s});
  h.advance(5s);
  Call last = h.take_call();
  CHECK(last.attempt == 1);
  REQUIRE(last.memo.size() == 1);
  h.throws(last, {.error = {.message = "3"}});
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].error->message == "3");
}

TEST_CASE("what may cancel a run is no step of it") {
  Settings settings;
  settings.steps_max = 2;
  Harness h(settings);
  FunctionConfig config = h.function("f", "go");
  config.cancel_on = {{.event = "stop"}};
  h.add_function(config);
  h.send("go");
  h.reply(h.take_call(), {h.returned("a", "1"), h.returned("b", "1")});
  CHECK(h.ends.empty());
  h.reply(h.take_call(), {h.returned("c", "1")});
  CHECK(h.ends.at(0).error->name == "InngestErrFunctionOverflowed");
}

TEST_CASE("limits: steps, output, sleep, expressions") {
  Settings settings;
  settings.steps_max = 2;
  settings.step_output_bytes_max = 10;
  Harness h(settings);
  h.add_function(h.function("f", "go"));
  h.send("go");
  Call call = h.take_call();
  SUBCASE("steps") {
    h.reply(call, {h.returned("a", "1"), h.returned("b", "1"), h.returned("c", "1")});
    CHECK(h.ends.at(0).error->name == "InngestErrFunctionOverflowed");
  }
  SUBCASE("output") {
    h.reply(call, {h.returned("a", R"("0123456789")")});
    CHECK(h.writes<storage::PutAttempt>().size() == 1);
    CHECK(h.core.open_runs() == 1);
  }
  SUBCASE("sleep") {
    h.reply(call, {h.op("s", Sleep{h.in(24h * 367)})});
    CHECK(h.ends.at(0).error->name == "InngestErrTimeoutTooLong");
  }
  SUBCASE("expression") {
    h.reply(call, {h.op("w", WaitForEvent{"x", "invalid", h.in(1h)})});
    CHECK(h.ends.at(0).error->name == "InvalidExpression");
  }
}

TEST_CASE("a run fails whose steps have left more than its limit, whatever they left") {
  Settings settings;
  settings.state_bytes_max = 1000;
  Harness h(settings);
  FunctionConfig config = h.function("f", "go");
  config.retries = 0;
  h.add_function(config);
  h.send("go");
  const std::string large(600, 'x');
  const auto failed = [&](std::string id) {
    return h.op(std::move(id), StepThrew{.error = {.message = large}, .retriable = false});
  };
  SUBCASE("errors") {
    h.reply(h.take_call(), {failed("a")});
    h.reply(h.take_call(), {failed("b")});
  }
  SUBCASE("stacks") {
    h.reply(h.take_call(), {failed("a")});
    h.reply(h.take_call(), {h.op("b", StepThrew{.error = {.stack = large}, .retriable = false})});
  }
  SUBCASE("events that end waits") {
    for (const char* id : {"a", "b"}) {
      h.reply(h.take_call(), {h.op(id, WaitForEvent{"x", "", h.in(1h)})});
      REQUIRE(h.ends.empty());
      h.send("x", "\"" + large + "\"");
    }
  }
  SUBCASE("signals") {
    for (const char* id : {"a", "b"}) {
      h.reply(h.take_call(), {h.op(id, WaitForSignal{.signal = "s"})});
      REQUIRE(h.ends.empty());
      h.apply(SendSignal{.request = 9, .signal = "s", .data = "\"" + large + "\""});
    }
  }
  SUBCASE("names") {
    h.reply(h.take_call(), {h.returned("a" + large, "1")});
    REQUIRE(h.ends.empty());
    h.reply(h.take_call(), {h.returned("b" + large, "1")});
  }
  CHECK(h.calls.empty());
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].error->name == "InngestErrStateOverflowed");
}

TEST_CASE("what a step threw is cut to what a step may give") {
  Settings settings;
  settings.step_output_bytes_max = 40;
  Harness h(settings);
  FunctionConfig config = h.function("f", "go");
  config.retries = 0;
  h.add_function(config);
  h.send("go");
  ErrorInfo thrown{.name = "Oops", .message = "broken", .stack = "at line 1", .cause = "{}"};
  ErrorInfo kept = thrown;
  const std::string large(100, 'x');
  SUBCASE("the stack first") {
    thrown.stack = large;
    kept.stack = large.substr(0, 28);
  }
  SUBCASE("not inside a character") {
    thrown.stack = "ü" + thrown.stack + large.substr(0, 16) + "üüü";  // 33 bytes, 28 of them fit
    kept.stack = "ü" + kept.stack + large.substr(0, 16);
  }
  SUBCASE("then what is not shown") {
    thrown.cause = "\"" + large + "\"";
    kept.cause = kept.stack = "";
  }
  SUBCASE("then the message") {
    thrown.message = large;
    kept = {.name = "Oops", .message = large.substr(0, 36)};
  }
  SUBCASE("and nothing if it fits") {}
  h.reply(h.take_call(), {h.op("a", StepThrew{.error = thrown, .retriable = false})});
  CHECK(h.writes<storage::PutAttempt>().at(0).attempt.error == kept);
  CHECK(h.writes<storage::PutStep>().at(0).step.error == kept);
}

}  // namespace stepwell::core::testing
