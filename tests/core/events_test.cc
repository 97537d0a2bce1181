#include "tests/core/harness.h"

namespace stepwell::core::testing {

using namespace std::chrono_literals;

TEST_CASE("TRG-05, TRG-06: wildcards trigger behind a slash or a dot, and nowhere else") {
  CHECK(trigger_names("a/b/c.d") == std::vector<std::string>{"a/b/c.d", "a/*", "a/b/*", "a/b/c.*"});
  Harness h;
  h.add_function(h.function("users", "user.*"));
  h.send("user.updated");
  CHECK(h.calls.size() == 1);
  h.send("userx");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("TRG-02, TRG-03: an event starts each of its functions, each event a run of its own") {
  Harness h;
  h.add_function(h.function("one", "go"));
  h.add_function(h.function("two", "go"));
  std::map<std::string, std::vector<Position>> events_of;
  std::vector<Position> sent;
  for (int i = 0; i < 3; ++i) {
    h.send("go");
    sent.push_back(h.writes<storage::PutEvent>().at(0).event.pos);
    for (const storage::PutRun& put : h.writes<storage::PutRun>()) {
      REQUIRE(put.run.events.size() == 1);
      events_of[put.run.function.slug].push_back(put.run.events[0]);
    }
  }
  CHECK(events_of["one"] == sent);
  CHECK(events_of["two"] == sent);
}

TEST_CASE("TRG-10: two triggers of one function that match one event start it once") {
  Harness h;
  FunctionConfig config = h.function("f", "a/b");
  config.triggers.push_back({"a/*", ""});
  h.add_function(config);
  h.send("a/b");
  CHECK(h.calls.size() == 1);
}

TEST_CASE(
    "a trigger's condition decides, and one that does not compile is refused with its place") {
  Harness h;
  h.add_function(h.function("f", "go", "event.data.n > 3"));
  h.send("go", R"({"n":3})");
  CHECK(h.calls.empty());
  h.send("go", R"({"n":4})");
  CHECK(h.calls.size() == 1);
  h.add_function(h.function("g", "go", "event.data.n >"));
  REQUIRE(h.answers.back().error);
  CHECK(h.answers.back().error->message.starts_with("function \"g\": triggers[0].if: 1:15: "));
}

TEST_CASE("a condition of cancelOn that does not compile is refused with its place") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.cancel_on = {{"stop", "async.data.id == event.data.id"},
                      {"end", "async.data.id == event.data.id and\n  event.data.n == 1"}};
  h.add_function(config);
  REQUIRE(h.answers.back().error);
  const std::string& message = h.answers.back().error->message;
  CHECK(message.starts_with("function \"f\": cancelOn[1].if: 1:32: unexpected 'and'"));
  CHECK(message.find("hint: 'and' is written &&") != std::string::npos);
  config.cancel_on[1].expression = "async.data.id == event.data.id &&\n  event.data.n === 1";
  h.add_function(config);
  REQUIRE(h.answers.back().error);
  CHECK(h.answers.back().error->message.find("cancelOn[1].if: 2:16: ") != std::string::npos);
}

TEST_CASE("a condition that can never hold is refused") {
  Harness h;
  const auto refusal = [&](std::string condition) {
    const Result<void> checked = check_function(h.function("g", "go", std::move(condition)));
    return checked ? std::string() : checked.error().message;
  };
  for (const char* never : {"1", "'yes'", "event", "event.data", "event.data.ok && event.name"}) {
    CHECK_MESSAGE(refusal(never).find("is never true") != std::string::npos, never);
  }
  for (const char* possible : {"true", "event.data.ok", "event.data.ok || event.name == 'x'"}) {
    CHECK_MESSAGE(refusal(possible).empty(), possible);
  }
  FunctionConfig config = h.function("old", "go", "event.data");
  CHECK(compile_function(config).ok());  // an older version may have stored it
}

TEST_CASE("TRG-09: each trigger has a condition of its own") {
  Harness h;
  FunctionConfig config = h.function("f", "go", "event.data.n > 10");
  config.triggers.push_back({"plain", ""});
  h.add_function(config);
  h.send("plain", R"({"n":1})");
  CHECK(h.calls.size() == 1);
  h.send("go", R"({"n":10})");
  CHECK(h.calls.size() == 1);
  h.send("go", R"({"n":11})");
  CHECK(h.calls.size() == 2);
}

TEST_CASE("TRG-12: copies of an event start a function once, also inside one request") {
  Harness h;
  h.add_function(h.function("f", "go"));
  AcceptEvents twice{.request = 3};
  twice.events.push_back({.event = {.name = "go", .id = "order-1"}});
  twice.events.push_back({.event = {.name = "go", .id = "order-1"}});
  CHECK(h.core.lookups_of(twice).event_ids == std::vector<std::string>{"order-1", "order-1"});
  h.apply(std::move(twice));
  CHECK(h.writes<storage::PutEvent>().size() == 2);
  CHECK(h.writes<storage::PutRun>().size() == 1);
  CHECK(h.answers.back().event_ids.size() == 2);

  SUBCASE("a later copy brings what the look-up found") {
    AcceptEvents copy;
    copy.events.push_back({.event = {.name = "go", .id = "order-1"}});
    copy.events[0].history.started.push_back({FunctionId{"f"}, 1, "go"});
    h.apply(std::move(copy));
    CHECK(h.writes<storage::PutEvent>().size() == 1);
    CHECK(h.writes<storage::PutRun>().empty());
  }
  SUBCASE("an event without an id needs no look-up") {
    AcceptEvents plain;
    plain.events.push_back({.event = {.name = "go"}});
    CHECK(h.core.lookups_of(plain).empty());
  }
}

TEST_CASE("a function that is invoked twice with one key starts once") {
  Harness h;
  h.add_function(h.function("f", ""));
  h.add_function(h.function("g", ""));
  const auto invoke = [&](std::string function, std::string key, storage::EventHistory history) {
    h.apply(InvokeDirectly{.request = 9,
                           .function = {std::move(function)},
                           .idempotency_key = std::move(key),
                           .history = std::move(history)});
    return h.answers.back();
  };
  const InvokeDirectly keyed{.function = {"f"}, .idempotency_key = "k"};
  const std::string id = invocation_id({"f"}, "k");
  CHECK(h.core.lookups_of(keyed).event_ids == std::vector<std::string>{id});
  CHECK(h.core.lookups_of(InvokeDirectly{.function = {"f"}}).empty());

  CHECK(invoke("f", "k", {}).run);
  const auto put = h.writes<storage::PutRun>();
  REQUIRE(put.size() == 1);
  CHECK(put[0].run.event_id == id);
  const auto event = h.writes<storage::PutEvent>().at(0).event;
  CHECK((event.event.id == id && event.has_user_id));

  storage::EventHistory history;
  history.started.push_back({{"f"}, put[0].run.no, std::string(kFunctionInvoked)});
  const Answer second = invoke("f", "k", history);
  REQUIRE(second.error);
  CHECK(second.error->code == ErrorCode::kConflict);
  CHECK(h.out.writes.empty());
  CHECK_FALSE(invoke("g", "k", {}).error);
  CHECK_FALSE(invoke("f", "", {}).error);
  CHECK_FALSE(h.writes<storage::PutEvent>().at(0).event.has_user_id);
}

TEST_CASE("TRG-24: an event of the past starts its run at once") {
  Harness h;
  h.add_function(h.function("f", "go"));
  AcceptEvents past;
  past.events.push_back({.event = {.name = "go", .ts = h.now - 24h}});
  h.apply(std::move(past));
  CHECK(h.writes<storage::PutRun>().at(0).run.status == RunStatus::kRunning);
  CHECK(h.calls.size() == 1);
}

TEST_CASE("an event of the future starts its run then") {
  Harness h;
  h.add_function(h.function("f", "go"));
  AcceptEvents later;
  later.events.push_back({.event = {.name = "go", .ts = h.now + 1h}});
  h.apply(std::move(later));
  CHECK(h.writes<storage::PutRun>().at(0).run.status == RunStatus::kScheduled);
  CHECK(h.calls.empty());
  h.advance(1h - 1ms);
  CHECK(h.calls.empty());
  h.advance(1ms);
  CHECK(h.calls.size() == 1);
  CHECK(h.writes<storage::UpdateRun>().at(0).run.status == RunStatus::kRunning);
}

TEST_CASE("a function that is invoked for later starts then") {
  Harness h;
  h.add_function(h.function("f", ""));
  h.apply(InvokeDirectly{.request = 9, .function = {"f"}, .event = {.ts = h.now + 1h}});
  CHECK(h.answers.back().run);
  CHECK(h.calls.empty());
  h.advance(1h - 1ms);
  CHECK(h.calls.empty());
  h.advance(1ms);
  CHECK(h.calls.size() == 1);
  h.apply(InvokeDirectly{.request = 9, .function = {"f"}, .event = {.ts = h.now - 1h}});
  CHECK(h.calls.size() == 2);
}

TEST_CASE("an event ends the waits of every run that it matches") {
  Harness h;
  h.add_function(h.function("f", "go"));
  for (int i = 0; i < 3; ++i) {
    h.send("go");
    h.reply(h.take_call(), {h.op("w", WaitForEvent{"answer", "", h.in(1h)})});
  }
  h.send("answer");
  CHECK(h.calls.size() == 3);
}

TEST_CASE("a copy of an event ends no wait of a run that the first one resumed") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.send("go");
  h.reply(h.take_call(), {h.op("one", WaitForEvent{"answer", "", h.in(1h)})});
  h.send("answer", "{}", "a-1");
  Call call = h.take_call();
  h.reply(call, {h.op("two", WaitForEvent{"answer", "", h.in(1h)})});
  AcceptEvents copy;
  copy.events.push_back({.event = {.name = "answer", .id = "a-1"}});
  copy.events[0].history.resumed.push_back({call.run->no, "answer"});
  h.apply(std::move(copy));
  CHECK(h.calls.empty());
  h.send("answer", "{}", "a-2");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("a failed run triggers whoever listens for it, and that run makes no further events") {
  Harness h;
  FunctionConfig config = h.function("f", "go");
  config.retries = 0;
  h.add_function(config);
  h.add_function(
      h.function("f-failure", std::string(kFunctionFailed), "event.data.function_id == 'f'"));
  h.send("go", R"({"n":1})");
  Call call = h.take_call();
  h.throws(call, {.error = {.name = "Oops", .message = "broken"}});
  Call failure = h.take_call();
  CHECK(failure.run->function.slug == "f-failure");
  const Event& event = failure.run->events.front();
  CHECK(event.id == call.run->id.to_string());
  JsonView data = JsonView::trusted(event.data);
  CHECK(data.find("error")->find("message")->as_string() == "broken");
  CHECK(data.find("event")->find("data")->text() == R"({"n":1})");
  CHECK(data.find("_inngest")->find("status")->as_string() == "Failed");
  h.returns(failure);
  CHECK(h.writes<storage::PutEvent>().empty());
}

TEST_CASE("a signal ends the wait of its one holder; nobody there is an error") {
  Harness h;
  h.add_function(h.function("f", "go"));
  h.apply(SendSignal{.request = 9, .signal = "s"});
  CHECK(h.answers.back().error->code == ErrorCode::kNotFound);
  h.send("go");
  h.reply(h.take_call(), {h.op("w", WaitForSignal{.signal = "s"})});
  h.send("go");
  SUBCASE("a second holder fails") {
    h.reply(h.take_call(), {h.op("w", WaitForSignal{.signal = "s"})});
    REQUIRE(h.ends.size() == 1);
    CHECK(h.ends[0].error->name == "SignalConflict");
  }
  SUBCASE("or takes over") {
    Call second = h.take_call();
    h.reply(second,
            {h.op("w", WaitForSignal{.signal = "s", .on_conflict = SignalConflict::kReplace})});
    h.apply(SendSignal{.request = 9, .signal = "s", .data = "5"});
    CHECK(h.answers.back().run == second.run->id);
    CHECK(h.take_call().memo.at(0).data == R"({"signal":"s","data":5})");
  }
}

}  // namespace stepwell::core::testing
