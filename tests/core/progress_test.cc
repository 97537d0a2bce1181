// Code that lives behind an endpoint: what calls carry, progress while a call is under way,
// requests that the engine makes itself.
#include <doctest/doctest.h>

#include "tests/core/harness.h"

namespace stepwell::core::testing {
namespace {

FunctionConfig endpoint(std::string id, std::string event) {
  FunctionConfig config = Harness::function(std::move(id), std::move(event));
  config.driver = DriverKind::kHttp;
  config.url = "http://h/api?fnId=f";
  return config;
}

void add_endpoint(Harness& harness, FunctionConfig config) {
  harness.apply(RegisterFunctions{
      .request = 1, .app = "app", .functions = {std::move(config)}, .driver = DriverKind::kHttp});
}

RecordProgress progress(const Call& call, std::vector<StepOp> ops) {
  return {.request = 9, .run = call.run->id, .call = call.id, .ops = std::move(ops)};
}

TEST_CASE("a call says where the code is now, and brings the whole memo each time") {
  Harness harness;
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  const Call first = harness.take_call();
  REQUIRE(first.endpoint != nullptr);
  CHECK(first.endpoint->app == "app");
  CHECK(first.endpoint->url == "http://h/api?fnId=f");
  CHECK(first.is_cold);
  CHECK(first.dialect == 0);

  FunctionConfig moved = endpoint("f", "go");
  moved.url = "http://other/api?fnId=f";
  add_endpoint(harness, moved);
  harness.apply(CallReplied{.reply = {.call = first.id,
                                      .run = first.run->no,
                                      .outcome = Yielded{{Harness::returned("a", "1")}},
                                      .dialect = 2}});
  const auto updates = harness.writes<storage::UpdateRun>();
  REQUIRE(updates.size() == 1);
  CHECK(updates[0].run.dialect == 2);
  const Call second = harness.take_call();
  CHECK(second.endpoint->url == "http://other/api?fnId=f");
  CHECK(second.is_cold);
  CHECK(second.dialect == 2);
  REQUIRE(second.memo.size() == 1);
}

TEST_CASE("progress is recorded while the call goes on, and is no news to the code") {
  Harness harness;
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  const Call call = harness.take_call();
  harness.apply(progress(call, {Harness::returned("a", "1")}));
  CHECK(!harness.answers.back().error);
  CHECK(harness.writes<storage::PutStep>().size() == 1);
  CHECK(harness.calls.empty());
  harness.apply(progress(call, {Harness::returned("b", "2")}));
  CHECK(harness.calls.empty());

  // The code stops at a sleep; when that is over it is called again with everything.
  harness.reply(call, {Harness::op("nap", Sleep{Harness::in(Duration(1000))})});
  CHECK(harness.calls.empty());
  harness.advance(Duration(1000));
  const Call next = harness.take_call();
  REQUIRE(next.memo.size() == 3);
  CHECK(next.memo[0].data == "1");
  CHECK(next.memo[1].data == "2");
}

TEST_CASE("the first result of a step stays, whoever tells it again") {
  Harness harness;
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  const Call call = harness.take_call();
  harness.apply(progress(call, {Harness::returned("a", "1")}));
  harness.apply(progress(call, {Harness::returned("a", "2")}));
  CHECK(!harness.answers.back().error);
  CHECK(harness.out.writes.empty());
  harness.apply(CallReplied{
      .reply = {.call = call.id,
                .run = call.run->no,
                .outcome = Returned{"\"end\"",
                                    {Harness::returned("a", "3"), Harness::returned("b", "4")}}}});
  const auto steps = harness.writes<storage::PutStep>();
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].step.data == "4");
  REQUIRE(harness.ends.size() == 1);
  CHECK(harness.ends[0].output == "\"end\"");
}

TEST_CASE("progress of a call that is over, of another run and of an earlier owner is refused") {
  Harness harness;
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  harness.send("go");
  const Call call = harness.take_call();
  const Call other = harness.take_call();
  const auto is_refused = [&](RecordProgress input) {
    harness.apply(std::move(input));
    const auto& error = harness.answers.back().error;
    return error && error->code == ErrorCode::kConflict && harness.out.writes.empty();
  };
  RecordProgress foreign = progress(call, {Harness::returned("a", "1")});
  foreign.run = other.run->id;
  CHECK(is_refused(foreign));
  RecordProgress earlier = progress(call, {Harness::returned("a", "1")});
  --earlier.call.epoch;
  CHECK(is_refused(earlier));
  harness.throws(call, {.error = {.message = "lost"}});
  CHECK(is_refused(progress(call, {Harness::returned("a", "1")})));
  harness.advance(std::chrono::minutes(1));
  const Call again = harness.take_call();
  CHECK(again.attempt == 1);
  CHECK(is_refused(progress(call, {Harness::returned("a", "1")})));

  // The new call's progress counts, and its attempts begin anew.
  harness.apply(progress(again, {Harness::returned("a", "1")}));
  CHECK(!harness.answers.back().error);
  harness.throws(again, {.error = {.message = "lost"}});
  const auto attempts = harness.writes<storage::PutAttempt>();
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].attempt.attempt == 0);
}

TEST_CASE("a wait behind checkpointed steps looks back to where the last of them began") {
  for (const bool is_late : {false, true}) {
    Harness harness;
    add_endpoint(harness, endpoint("f", "go"));
    harness.send("go");
    const Call call = harness.take_call();
    if (!is_late) harness.send("answer");
    harness.apply(progress(call, {Harness::returned("a", "1")}));
    if (is_late) harness.send("answer");
    harness.apply(progress(call, {Harness::returned("b", "2")}));
    harness.reply(call, {Harness::op("w", WaitForEvent{.event = "answer",
                                                       .timeout = Harness::in(Duration(1000))})});
    // Seen if it came after "a" was recorded, which is when "b" began.
    CHECK(harness.calls.size() == (is_late ? 1 : 0));
  }
}

TEST_CASE("a request of the engine is called for like a body, and tried again") {
  Harness harness;
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  const StepOp fetch = Harness::op("get", CallOut{StepKind::kFetch, R"({"url":"http://x/"})"});
  harness.reply(harness.take_call(), {fetch});
  const Call first = harness.take_call();
  CHECK(first.kind == CallKind::kStep);
  CHECK(first.target_kind == StepKind::kFetch);
  CHECK(first.request == R"({"url":"http://x/"})");
  harness.reply(first, {Harness::op("get", StepThrew{.error = {.message = "no"}})});
  CHECK(harness.calls.empty());
  harness.advance(std::chrono::minutes(1));
  const Call second = harness.take_call();
  CHECK(second.attempt == 1);
  CHECK(second.request == first.request);
  harness.reply(second, {Harness::returned("get", R"({"status_code":200})")});
  const Call next = harness.take_call();
  REQUIRE(next.memo.size() == 1);
  CHECK(next.memo[0].kind == StepKind::kFetch);
  CHECK(next.memo[0].data == R"({"status_code":200})");
  // The code names it again: nothing happens.
  harness.reply(next, {fetch, Harness::returned("after", "1")});
  CHECK(harness.writes<storage::PutStep>().size() == 1);
}

TEST_CASE("the request of a run that left memory is there again when it is tried again") {
  Settings settings;
  settings.always_evict = true;
  Harness harness(settings);
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  harness.reply(harness.take_call(), {Harness::op("get", CallOut{StepKind::kInfer, "{}"})});
  std::vector<storage::PutStep> put = harness.writes<storage::PutStep>();
  REQUIRE(put.size() == 1);
  const Call first = harness.take_call();
  harness.reply(first, {Harness::op("get", StepThrew{.error = {.message = "no"}})});
  harness.advance(std::chrono::minutes(1));
  CHECK(harness.calls.empty());
  storage::RunSnapshot snapshot;
  snapshot.as_of_seq = 1000;
  snapshot.events.push_back({.event = {.name = "go"}});
  snapshot.steps.push_back(put[0].step);
  SUBCASE("") {}
  SUBCASE("as an earlier version stored it") {
    std::swap(snapshot.steps[0].data, snapshot.steps[0].expression);
  }
  harness.apply(RunLoaded{.run = first.run->no, .snapshot = std::move(snapshot)});
  CHECK(harness.take_call().request == "{}");
}

TEST_CASE("code that asks for another call gets it, but not for ever") {
  Harness harness;
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  int calls = 0;
  while (!harness.calls.empty()) {
    REQUIRE(++calls < 100);
    const Call call = harness.take_call();
    harness.apply(CallReplied{.reply = {.call = call.id,
                                        .run = call.run->no,
                                        .outcome = Yielded{.ops = {}, .wants_call = true}}});
  }
  CHECK(calls == 10);
  const auto attempts = harness.writes<storage::PutAttempt>();
  REQUIRE(attempts.size() == 1);
  CHECK(attempts[0].attempt.error.name == "NothingToWaitFor");
}

TEST_CASE("code that only asks for calls is out of attempts one day") {
  Harness harness;
  FunctionConfig config = endpoint("f", "go");
  config.retries = 2;
  add_endpoint(harness, config);
  harness.send("go");
  // Each attempt asks for another call; the second half of them then fails.
  int attempts = 0;
  while (harness.ends.empty()) {
    REQUIRE(++attempts <= 3);
    for (int asked = 0; !harness.calls.empty(); ++asked) {
      const Call call = harness.take_call();
      CHECK(call.attempt == attempts - 1);
      Reply reply{.call = call.id, .run = call.run->no};
      reply.outcome = Yielded{.ops = {}, .wants_call = true};
      if (attempts == 2 && asked == 1) reply.outcome = Threw{.error = {.message = "no"}};
      harness.apply(CallReplied{.reply = std::move(reply)});
    }
    harness.advance(std::chrono::minutes(5));
  }
  CHECK(attempts == 3);
  CHECK(harness.ends[0].status == RunStatus::kFailed);
}

TEST_CASE("asking for a call takes no attempt from code that gets further") {
  Harness harness;
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  const auto answer = [&](decltype(Reply::outcome) outcome) {
    const Call call = harness.take_call();
    harness.apply(CallReplied{
        .reply = {.call = call.id, .run = call.run->no, .outcome = std::move(outcome)}});
    return call.attempt;
  };
  CHECK(answer(Threw{.error = {.message = "no"}}) == 0);
  harness.advance(std::chrono::minutes(5));
  CHECK(answer(Yielded{.ops = {}, .wants_call = true}) == 1);
  CHECK(answer(Yielded{.ops = {Harness::returned("a", "1")}, .wants_call = true}) == 1);
  CHECK(harness.take_call().attempt == 0);
}

TEST_CASE("a step's own answer leaves the way its group comes forward as it is") {
  Harness harness;
  add_endpoint(harness, endpoint("f", "go"));
  harness.send("go");
  harness.reply(harness.take_call(),
                {Harness::op("a", StepPlanned{}), Harness::op("b", StepPlanned{})},
                ParallelMode::kCoalesce);
  const Call a = harness.take_call();
  const Call b = harness.take_call();
  CHECK(a.pending.size() == 2);
  harness.reply(a, {Harness::returned("a", "1")}, ParallelMode::kRace);
  CHECK(harness.calls.empty());
  harness.reply(b, {Harness::returned("b", "2")}, ParallelMode::kRace);
  CHECK(harness.take_call().memo.size() == 2);
}

}  // namespace
}  // namespace stepwell::core::testing
