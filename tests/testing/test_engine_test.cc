// The kit with which users test their functions, on the real core.
#include <doctest/doctest.h>

#include <stdexcept>
#include <utility>

#include "stepwell/stepwell.h"
#include "stepwell/testing.h"

using namespace stepwell;
using namespace std::chrono_literals;

namespace {

struct Question {
  std::string text;
};
STEPWELL_FIELDS(Question, text);
struct Answer {
  std::string uuid;
  bool yes = false;
};
STEPWELL_FIELDS(Answer, uuid, yes);

constexpr EventType<Question> asked{"question/asked"};
constexpr EventType<Answer> answered{"question/answered"};

struct Approvals {
  Topic<Question> questions{"approvals", "questions"};
};

std::string make_uuid() {
  throw std::runtime_error("no randomness in tests");
}

Task<std::string> approve(Context<Question> ctx) {
  auto& step = ctx.step;
  std::string uuid = co_await step.run("uuid", make_uuid);
  co_await step.publish("ask", Approvals().questions, ctx.event.data);
  auto answer = co_await step.wait_for_event("answer", answered,
                                             {.timeout = 15min, .if_ = where("uuid", uuid)});
  if (!answer) co_return "timed out";
  if (!answer->data.yes) throw NonRetriableError("rejected");
  auto [left, right] = co_await when_all(step.run("left", [] { return 1; }),
                                         step.run("right", [] { return std::string("two"); }));
  co_return "done " + std::to_string(left) + right;
}

struct Kit : TestEngine {
  explicit Kit(const TestOptions& options) : TestEngine(options) {
    function({.id = "approve"}, asked, approve);
    stub_step("uuid", std::string("u-1"));
  }
};

// With and without eviction, and with work in other orders: all the same.
std::vector<TestOptions> all_options() {
  return {{}, {.always_evict = true}, {.seed = 2}, {.always_evict = true, .seed = 3}};
}

}  // namespace

TEST_CASE("an answer that fits lets the run go on; one that does not changes nothing") {
  for (const TestOptions& options : all_options()) {
    Kit t(options);
    TestRun run = t.start(asked, {"deploy?"});
    REQUIRE(run.is_waiting_at("answer"));
    CHECK(run.published(Approvals().questions).at(0).text == "deploy?");
    t.send(answered, {.uuid = "u-2", .yes = true});
    CHECK(run.is_waiting_at("answer"));
    t.send(answered, {.uuid = "u-1", .yes = true});
    CHECK(run.result<std::string>() == "done 1two");
    CHECK(run.step<int>("left") == 1);
    CHECK(run.steps().size() == 4);
    CHECK(t.warnings().empty());
  }
}

TEST_CASE("time is virtual, and nothing fires early") {
  for (const TestOptions& options : all_options()) {
    Kit t(options);
    TestRun run = t.start(asked, {"deploy?"});
    t.advance(15min - 1ms);
    CHECK_FALSE(run.has_ended());
    t.advance(1ms);
    CHECK(run.result<std::string>() == "timed out");
    CHECK(t.now() == options.start + 15min);
  }
}

TEST_CASE("time does not go back, and however long a test lets pass is not too long") {
  TestEngine t;
  t.function({.id = "nap"}, asked, [](Context<Question> ctx) -> Task<std::string> {
    co_await ctx.step.sleep("nap", 24h * 365);
    co_return "rested";
  });
  const auto start = t.now();
  TestRun run = t.start(asked, {"x"});
  CHECK_THROWS_AS(t.advance(-5s), std::logic_error);
  CHECK_THROWS_AS(t.advance(std::chrono::hours::min()), std::logic_error);
  CHECK(t.now() == start);
  CHECK_FALSE(run.has_ended());
  t.advance(std::chrono::hours::max());
  CHECK(run.result<std::string>() == "rested");
  const auto last = t.now();
  CHECK(last > start + 24h * 365 * 1000);
  t.advance(std::chrono::milliseconds::max());
  CHECK(t.now() == last);
}

TEST_CASE("what lasts for longer than can be counted is not over at once") {
  static constexpr auto kHours = std::chrono::hours::max();
  static constexpr auto kDays = std::chrono::duration<double, std::ratio<86400>>(1e300);
  const auto error_of = [](auto code) {
    TestEngine t;
    t.function({.id = "long"}, asked, code);
    const RunInfo run = t.start(asked, {"x"}).info();
    return run.has_ended() ? run.error_name : "goes on";
  };
  CHECK(error_of([](Context<Question> ctx) -> Task<void> {
          co_await ctx.step.sleep("nap", kHours);
        }) == "InngestErrTimeoutTooLong");
  CHECK(error_of([](Context<Question> ctx) -> Task<void> {
          co_await ctx.step.sleep("nap", kDays);
        }) == "InngestErrTimeoutTooLong");
  CHECK(error_of([](Context<Question> ctx) -> Task<void> {
          co_await ctx.step.sleep_until("nap", std::chrono::sys_time<std::chrono::hours>::max());
        }) == "InngestErrTimeoutTooLong");
  CHECK(error_of([](Context<Question> ctx) -> Task<void> {
          co_await ctx.step.wait_for_event("answer", answered, {.timeout = kHours});
        }) == "InngestErrTimeoutTooLong");
  CHECK(error_of([](Context<Question> ctx) -> Task<void> {
          co_await ctx.step.wait_for_signal("answer", "yes", {.timeout = kHours});
        }) == "goes on");
  // As long below zero is over.
  CHECK(error_of([](Context<Question> ctx) -> Task<void> {
          co_await ctx.step.sleep("nap", -kHours);
          co_await ctx.step.sleep("nap", std::chrono::seconds::min());
        }) == "");
}

TEST_CASE("a retry that is asked for in more than a day waits a day") {
  TestEngine t;
  t.function({.id = "later"}, asked, [](Context<Question>) -> Task<void> {
    throw RetryAfterError("not yet", std::chrono::hours::max());
    co_return;
  });
  const auto start = t.now();
  t.start(asked, {"x"});
  REQUIRE(t.advance_to_next());
  CHECK(t.now() - start == 24h);
}

TEST_CASE("a rejected run says why") {
  Kit t({});
  TestRun run = t.start(asked, {"deploy?"});
  t.send(answered, {.uuid = "u-1", .yes = false});
  CHECK(run.info().state == RunState::kFailed);
  CHECK(run.info().error_message == "rejected");
  CHECK_THROWS_WITH_AS(run.output(), "the run failed: NonRetriableError: rejected",
                       std::logic_error);
}

TEST_CASE("code that throws on its way to a step that is tried again costs the step nothing") {
  static int bodies = 0;
  static bool is_down = false;
  for (const TestOptions& options : all_options()) {
    bodies = 0;
    TestEngine t(options);
    t.function({.id = "f", .retries = 1}, asked, [](Context<Question> ctx) -> Task<int> {
      co_await ctx.step.run("a", [] { return 1; });
      if (std::exchange(is_down, false)) throw std::runtime_error("no config yet");
      co_return co_await ctx.step.run("b", [] {
        if (++bodies == 1) throw std::runtime_error("busy");
        return bodies;
      });
    });
    TestRun run = t.start(asked, {"x"});
    REQUIRE(run.is_waiting_at("b"));
    t.crash_and_restart();
    is_down = true;
    while (!run.has_ended()) REQUIRE(t.advance_to_next());
    CHECK(run.result<int>() == 2);
  }
}

TEST_CASE("a run survives a crash at each of its suspensions") {
  for (const TestOptions& options : all_options()) {
    Kit t(options);
    TestRun run = t.start(asked, {"deploy?"});
    t.crash_and_restart();
    REQUIRE(run.is_waiting_at("answer"));
    t.send(answered, {.uuid = "u-1", .yes = true});
    t.crash_and_restart();
    CHECK(run.result<std::string>() == "done 1two");
  }
}

TEST_CASE("steps are tried again as time passes, and a stubbed failure is final") {
  static int tries = 0;
  tries = 0;
  TestEngine t;
  t.function({.id = "flaky", .retries = 2}, asked, [](Context<Question> ctx) -> Task<int> {
    co_return co_await ctx.step.run("try", [] {
      if (++tries < 3) throw std::runtime_error("not yet");
      return tries;
    });
  });
  TestRun run = t.start(asked, {"x"});
  CHECK(run.is_waiting_at("try"));
  while (!run.has_ended()) REQUIRE(t.advance_to_next());
  CHECK(run.result<int>() == 3);

  t.stub_step_error("try", NamedError("CardDeclined", "no money"));
  TestRun failed = t.start(asked, {"y"});
  CHECK(failed.info().error_name == "CardDeclined");
  CHECK(tries == 3);
}

TEST_CASE("failures reach their function and their callback") {
  TestEngine t;
  std::vector<std::string> told;
  t.function({.id = "doomed",
              .retries = 0,
              .on_failure = [&](const Failure& f) { told.push_back(f.message); }},
             asked, [](Context<Question>) -> Task<void> {
               throw std::runtime_error("doom");
               co_return;
             });
  t.on_failure("doomed", [](Context<FunctionFailed> ctx) -> Task<std::string> {
    co_return co_await ctx.step.run(
        "tell", [&] { return ctx.event.data.function_id + ": " + ctx.event.data.error.message; });
  });
  t.start(asked, {"x"});
  CHECK(told == std::vector<std::string>{"doom"});
  REQUIRE(t.runs().size() == 2);
  CHECK(t.runs()[1].info().function_id == "doomed-failure");
  CHECK(t.runs()[1].result<std::string>() == "doomed: doom");
}

TEST_CASE("functions invoke one another, signals and cancellations arrive") {
  for (const TestOptions& options : all_options()) {
    TestEngine t(options);
    auto inner = t.function({.id = "inner"}, [](Context<Question> ctx) -> Task<std::string> {
      auto signal = co_await ctx.step.wait_for_signal<int>("go", "go", {});
      co_return ctx.event.data.text + std::to_string(signal->data);
    });
    t.function({.id = "outer", .cancel_on = {{.event = "question/answered"}}}, asked,
               [inner](Context<Question> ctx) -> Task<std::string> {
                 co_return co_await ctx.step.invoke("call", inner, ctx.event.data) + "!";
               });
    TestRun first = t.start(asked, {"a"});
    t.send_signal("go", 7);
    CHECK(first.result<std::string>() == "a7!");
    TestRun second = t.start(asked, {"b"});
    t.send(answered, {.uuid = "", .yes = true});
    CHECK(second.info().state == RunState::kCancelled);
    CHECK_THROWS_AS(t.send_signal("nobody", 1), std::logic_error);
  }
}

TEST_CASE("schedules start functions, and runs that take too long are cancelled") {
  using namespace std::chrono;
  for (TestOptions options : all_options()) {
    options.start = sys_days{2026y / November / 26} + 8h + 30min;
    TestEngine t(options);
    t.function({.id = "report",
                .schedules = {{.cron = "TZ=Europe/Vienna 0 10 * * 1-5"}},
                .timeouts = {.finish = 30min}},
               [](Context<RawJson> ctx) -> Task<std::string> {
                 co_await ctx.step.sleep("nap", 1h);
                 co_return "done";
               });
    CHECK(t.runs().empty());
    t.advance(29min);
    CHECK(t.runs().empty());
    t.advance(1min);
    REQUIRE(t.runs().size() == 1);
    CHECK(t.runs()[0].is_waiting_at("nap"));
    t.crash_and_restart();
    CHECK(t.runs().size() == 1);
    t.advance(29min);
    CHECK_FALSE(t.runs()[0].has_ended());
    t.advance(1min);
    CHECK(t.runs()[0].info().state == RunState::kCancelled);
    t.advance(24h);
    CHECK(t.runs().size() == 2);
  }
}

TEST_CASE("the first of a race by the journal stays the first after a crash") {
  auto race = [](Context<Question> ctx) -> Task<std::string> {
    auto first = co_await when_any(ctx.step.wait_for_event("yes", answered, {.timeout = 1h}),
                                   ctx.step.sleep("limit", 10min));
    co_await ctx.step.sleep("after", 1s);
    co_return first.index() == 0 ? "answered" : "too late";
  };
  for (const TestOptions& options : all_options()) {
    TestEngine t(options);
    t.function({.id = "race"}, asked, race);
    TestRun late = t.start(asked, {"a"});
    t.advance(10min);
    t.send(answered, {.uuid = "", .yes = true});
    t.crash_and_restart();
    t.advance(1s);
    CHECK(late.result<std::string>() == "too late");
    TestRun early = t.start(asked, {"b"});
    t.send(answered, {.uuid = "", .yes = true});
    t.advance(1s);
    CHECK(early.result<std::string>() == "answered");
  }
}

TEST_CASE("old journals are held against new code") {
  Kit t({});
  TestRun open = t.start(asked, {"deploy?"});
  std::string waiting = open.journal_text();
  t.send(answered, {.uuid = "u-1", .yes = true});
  std::string finished = open.journal_text();
  CHECK(t.check_replay("approve", waiting).empty());
  CHECK(t.check_replay("approve", finished).empty());

  TestEngine changed;
  changed.function({.id = "approve"}, asked, [](Context<Question> ctx) -> Task<std::string> {
    co_await ctx.step.publish("ask", Approvals().questions, ctx.event.data);
    co_await ctx.step.sleep("answer", 1s);
    co_return "done";
  });
  std::vector<std::string> differences = changed.check_replay("approve", waiting);
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].find("was recorded as WaitForEvent, the function now asks for Sleep") !=
        std::string::npos);

  TestEngine shorter;
  shorter.function({.id = "approve"}, asked, [](Context<Question> ctx) -> Task<std::string> {
    co_await ctx.step.sleep("nap", 1s);
    co_return "done";
  });
  CHECK(shorter.check_replay("approve", waiting).size() == 2);
  CHECK_THROWS_AS(shorter.check_replay("approve", "[1]"), std::logic_error);
  CHECK_THROWS_AS(shorter.check_replay("nobody", waiting), std::logic_error);
}

TEST_CASE("misuse is told") {
  TestEngine t;
  t.function({.id = "a"}, asked, approve);
  CHECK_THROWS_AS(t.function({.id = "a"}, asked, approve), EngineError);
  CHECK_THROWS_AS(t.function({.id = "b", .if_ = "event.data.("}, asked, approve), EngineError);
  CHECK_THROWS_AS(t.start(answered, {}), std::logic_error);
  CHECK_THROWS_AS(t.function({.id = "late"}, asked, approve), EngineError);
  // What an Engine refuses to send.
  CHECK_THROWS_AS(t.send(NewEvent("a/b", RawJson("[1]"))), EngineError);
  CHECK_THROWS_AS(t.send(NewEvent("", RawJson("{}"))), EngineError);
  CHECK_THROWS_AS(t.start(NewEvent("inngest/mine", RawJson("{}"))), EngineError);
  CHECK_THROWS_AS(t.send_signal("any", RawJson("{garbage")), EngineError);
}
