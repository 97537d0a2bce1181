// What user code throws, and what becomes of it; and code that does not fit its journal.
#include <stdexcept>
#include <string>

#include "tests/native/fake_core.h"

using namespace stepwell;
using namespace stepwell::native;
using namespace std::chrono_literals;

namespace {

struct Order {
  std::string id;
  int amount = 0;
};
STEPWELL_FIELDS(Order, id, amount);

struct CardDeclined : NamedError {
  CardDeclined() : NamedError("CardDeclined", "no money", R"({"code":51})") {}
};

template <class Throw>
auto thrower(Throw what) {
  return [what](Context<RawJson>) -> Task<void> {
    what();
    co_return;
  };
}

Task<int> sleep_then_run(Context<RawJson> ctx) {
  co_await ctx.step.sleep("a", 1s);
  co_return co_await ctx.step.run("b", [] { return 1; });
}

}  // namespace

TEST_CASE("errors of the function travel under their names") {
  FakeCore named(thrower([] { throw CardDeclined(); }), "{}");
  CHECK(named.threw->error.name == "CardDeclined");
  CHECK(named.threw->error.message == "no money");
  CHECK(named.threw->error.cause == R"({"code":51})");
  CHECK(named.threw->retriable);

  FakeCore standard(thrower([] { throw std::out_of_range("far"); }), "{}");
  CHECK(standard.threw->error.name == "std::out_of_range");
  CHECK(standard.threw->retriable);

  FakeCore final(thrower([] { throw NonRetriableError("stop"); }), "{}");
  CHECK(final.threw->error.name == "NonRetriableError");
  CHECK_FALSE(final.threw->retriable);

  FakeCore later(thrower([] { throw RetryAfterError("wait", 30s); }), "{}");
  CHECK(later.threw->retriable);
  CHECK(later.threw->retry_after == Duration(30'000));

  FakeCore odd(thrower([] { throw 7; }), "{}");
  CHECK(odd.threw->error.message == "something was thrown that is not a std::exception");
}

TEST_CASE("an event that is not what the function takes ends the run at once") {
  auto function = [](Context<Order> ctx) -> Task<std::string> { co_return ctx.event.data.id; };
  FakeCore core(function, R"({"id":"o","amount":"many"})");
  REQUIRE(core.threw);
  CHECK_FALSE(core.threw->retriable);
  CHECK(core.threw->error.message ==
        "the event is not what the function takes: data: amount: expected a whole number, found "
        "\"many\"");
}

TEST_CASE("a step is tried again until its attempts are spent, then the function may catch it") {
  static int tries = 0;
  auto function = [](Context<RawJson> ctx) -> Task<std::string> {
    std::optional<StepError> failure;
    try {
      co_await ctx.step.run("pay", []() -> int {
        ++tries;
        throw CardDeclined();
      });
    } catch (const StepError& error) {
      failure = error;
    }
    if (!failure) co_return "paid";
    std::string name = failure->name();
    co_return co_await ctx.step.run("apologise", [&] { return name + failure->cause(); });
  };
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    tries = 0;
    FakeCore core(function, "{}", eviction);
    CHECK(core.pending() == std::vector<std::string>{"pay"});
    core.run_steps();
    core.call_function();
    REQUIRE(core.returned);
    CHECK(*core.returned == R"("CardDeclined{\"code\":51}")");
    CHECK(tries == 3);
  }
}

TEST_CASE("a step that throws NonRetriableError is not tried again; uncaught it fails the run") {
  auto function = [](Context<RawJson> ctx) -> Task<void> {
    co_await ctx.step.run("pay", [] { throw NonRetriableError("never"); });
  };
  FakeCore core(function, "{}");
  REQUIRE(core.threw);
  CHECK(core.threw->error.message == "never");
  CHECK_FALSE(core.threw->retriable);
}

TEST_CASE("an invoke that took too long throws TimeoutError") {
  auto function = [](Context<RawJson> ctx) -> Task<std::string> {
    constexpr FunctionRef<RawJson, int> other{"other"};
    try {
      co_await ctx.step.invoke("call", other, ctx.event.data);
    } catch (const TimeoutError& error) {
      co_return error.step_id() + " " + error.what();
    }
    co_return "done";
  };
  FakeCore core(function, "{}");
  core.fail("call", {.name = "InngestInvokeTimeoutError", .message = "Timed out"});
  CHECK(*core.returned == "\"call Timed out\"");
}

TEST_CASE("a step inside of a step's body is refused") {
  auto function = [](Context<RawJson> ctx) -> Task<void> {
    co_await ctx.step.run("outer", [&] { auto inner = ctx.step.sleep("inner", 1s); });
  };
  FakeCore core(function, "{}");
  REQUIRE(core.threw);
  CHECK(core.threw->error.name == "NestedStepError");
  CHECK_FALSE(core.threw->retriable);
}

TEST_CASE("a step of another kind than the recorded one fails the run and names both kinds") {
  auto changed = [](Context<RawJson> ctx) -> Task<int> {
    try {
      co_await ctx.step.run("a", [] {});
    } catch (...) {
      co_return 1;  // code that catches everything does not hide it
    }
    co_return 2;
  };
  SUBCASE("when it is resolved") {
    FakeCore core(sleep_then_run, "{}");
    core.record("a", {});
    core.replace(changed);
    core.call_function();
    REQUIRE(core.threw);
    CHECK(core.threw->error.name == "NonDeterminismError");
    CHECK(core.threw->error.message ==
          "step \"a\" was recorded as Sleep, the function now asks for StepRun: restore the code "
          "or rerun");
    CHECK_FALSE(core.threw->retriable);
  }
  SUBCASE("when it is pending") {
    FakeCore core(sleep_then_run, "{}");
    core.replace(changed);
    core.call_function();
    REQUIRE(core.threw);
    CHECK(core.threw->error.name == "NonDeterminismError");
  }
}

TEST_CASE("steps may come and go when code changes; strict functions do not allow it") {
  auto shorter = [](Context<RawJson> ctx) -> Task<int> {
    co_return co_await ctx.step.run("new", [] { return 5; });
  };
  FakeCore lenient(sleep_then_run, "{}");
  lenient.record("a", {});
  lenient.replace(shorter);
  lenient.call_function();
  CHECK(*lenient.returned == "5");
  CHECK(lenient.warnings ==
        std::vector<std::string>{"step \"a\" is recorded, but the function returned without it"});

  FakeCore strict(sleep_then_run, "{}");
  strict.record("a", {});
  strict.replace(shorter, Determinism::kStrict);
  strict.call_function();
  REQUIRE(strict.threw);
  CHECK(strict.threw->error.name == "NonDeterminismError");
}

TEST_CASE("the same id in parallel branches is a warning") {
  auto function = [](Context<RawJson> ctx) -> Task<void> {
    co_await when_all(ctx.step.sleep("s", 1s), ctx.step.sleep("s", 2s));
  };
  FakeCore core(function, "{}");
  REQUIRE(core.warnings.size() == 1);
  CHECK(core.warnings[0].find("\"s\" is used by parallel code") != std::string::npos);
}

TEST_CASE("a planned step that the code does not come to any more fails its attempt") {
  auto two = [](Context<RawJson> ctx) -> Task<void> {
    co_await when_all(ctx.step.run("a", [] {}), ctx.step.run("b", [] {}));
  };
  auto one = [](Context<RawJson> ctx) -> Task<void> { co_await ctx.step.sleep("z", 1s); };
  FakeCore core(two, "{}");
  core.attempts_max = 1;
  core.replace(one);
  core.run_step("a");
  CHECK(core.recorded() == std::vector<std::string>{"a"});
  CHECK(core.pending() == std::vector<std::string>{"b", "z"});
}

TEST_CASE("what is recorded and does not fit its type is not read again; what a body reads is") {
  FakeCore waited(
      [](Context<RawJson> ctx) -> Task<void> {
        const EventType<Order> paid{"order/paid"};
        co_await ctx.step.wait_for_event("paid", paid, {.timeout = 1h});
      },
      "{}");
  waited.resolve("paid", R"({"data":{"id":"o1","amount":"abc"},"id":"e","name":"order/paid"})");
  REQUIRE(waited.threw);
  CHECK(waited.threw->error.name == "DecodeError");
  CHECK_FALSE(waited.threw->retriable);

  FakeCore read(
      [](Context<RawJson> ctx) -> Task<void> {
        co_await ctx.step.run("read", [] { return from_json_text<int>("\"abc\""); });
      },
      "{}");
  CHECK_FALSE(read.threw);
  CHECK(read.pending() == std::vector<std::string>{"read"});
}
