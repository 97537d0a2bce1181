// when_all, when_any and tasks inside of tasks.
#include <string>

#include "tests/native/fake_core.h"

using namespace stepwell;
using namespace stepwell::native;
using namespace std::chrono_literals;

namespace {

using Ids = std::vector<std::string>;
constexpr EventType<RawJson> pinged{"ping"};

Task<std::string> fetch(Step step, std::string name) {
  co_await step.sleep(name + "-sleep", 1s);
  co_return co_await step.run(name + "-run", [&] { return name + "!"; });
}

Task<std::string> run_three(Context<RawJson> ctx) {
  auto [a, b, c] = co_await when_all(ctx.step.run("a", [] { return 1; }), ctx.step.sleep("s", 1s),
                                     fetch(ctx.step, "f"));
  static_assert(std::is_same_v<decltype(b), std::monostate>);
  co_return std::to_string(a) + c;
}

Task<std::string> run_many(Context<RawJson> ctx) {
  std::vector<Task<std::string>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(fetch(ctx.step, std::string(1, char('a' + i))));
  std::string all;
  for (const std::string& each : co_await when_all(std::move(tasks))) all += each;
  std::vector<LazyStep<int>> steps;
  for (int i = 0; i < 2; ++i) steps.push_back(ctx.step.run("n", [i] { return i; }));
  for (int each : co_await when_all(std::move(steps))) all += std::to_string(each);
  co_return all;
}

Task<std::string> race(Context<RawJson> ctx) {
  auto first = co_await when_any(ctx.step.wait_for_event("ping", pinged, {.timeout = 1h}),
                                 ctx.step.sleep("limit", 2h), fetch(ctx.step, "f"));
  std::string text = std::to_string(first.index());
  if (first.index() == 2) text += std::get<2>(first);
  co_await ctx.step.sleep("after", 1s);
  co_return text;
}

}  // namespace

TEST_CASE("parallel steps are planned together and give a tuple") {
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(run_three, "{}", eviction);
    CHECK(core.pending() == Ids{"a", "s", "f-sleep"});
    CHECK(std::holds_alternative<StepPlanned>(core.op("a").body));
    core.resolve("f-sleep");
    CHECK(core.pending() == Ids{"a", "s", "f-run"});
    core.run_steps();
    core.call_function();
    CHECK_FALSE(core.returned);
    core.resolve("s");
    REQUIRE(core.returned);
    CHECK(*core.returned == "\"1f!\"");
  }
}

TEST_CASE("a vector of tasks or steps is awaited in order") {
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(run_many, "{}", eviction);
    for (const char* id : {"b-sleep", "c-sleep", "a-sleep"}) core.resolve(id);
    while (!core.is_over()) {
      core.run_steps();
      core.call_function();
    }
    CHECK(*core.returned == "\"a!b!c!01\"");
    CHECK(core.recorded().back() == "n:1");
  }
}

TEST_CASE("awaiting nothing gives nothing") {
  auto function = [](Context<RawJson>) -> Task<size_t> {
    std::tuple<> none = co_await when_all();
    static_cast<void>(none);
    co_return (co_await when_all(std::vector<Task<int>>())).size();
  };
  FakeCore core(function, "{}");
  CHECK(*core.returned == "0");
}

TEST_CASE("the first by the order of the journal wins a race, also in a replay") {
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(race, "{}", eviction);
    CHECK(core.pending() == Ids{"ping", "limit", "f-sleep"});
    // Both are known before the code is called again; the later argument was resolved first.
    core.record("limit", {.data = "null"});
    core.record("ping", {.data = R"({"name":"ping","data":{}})"});
    core.call_function();
    CHECK(core.pending() == Ids{"f-sleep", "after"});
    core.evict();
    core.resolve("after");
    REQUIRE(core.returned);
    CHECK(*core.returned == "\"1\"");
    CHECK(core.warnings.empty());
  }
}

TEST_CASE("a task can win a race; what its rivals asked for stays recorded and changes nothing") {
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(race, "{}", eviction);
    core.resolve("f-sleep");
    core.run_step("f-run");
    core.call_function();
    CHECK(core.pending() == Ids{"ping", "limit", "after"});
    core.resolve("limit");
    core.resolve("after");
    REQUIRE(core.returned);
    CHECK(*core.returned == "\"2f!\"");
  }
}

TEST_CASE("when_all throws the first failure at once and abandons the rest") {
  auto function = [](Context<RawJson> ctx) -> Task<std::string> {
    std::string failure;
    try {
      co_await when_all(ctx.step.sleep("day", 24h),
                        ctx.step.run("a", []() -> int { throw NonRetriableError("no"); }),
                        ctx.step.run("b", [] {}));
    } catch (const StepError& error) {
      failure = error.step_id() + ": " + error.what();
    }
    co_await ctx.step.sleep("after", 1s);
    co_return failure;
  };
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(function, "{}", eviction);
    core.run_step("a");
    core.call_function();
    CHECK(core.pending() == Ids{"day", "b", "after"});
    // The engine calls for a step that nobody wants any more: it ends without a body.
    core.run_step("b");
    CHECK(core.pending() == Ids{"day", "after"});
    core.resolve("after");
    REQUIRE(core.returned);
    CHECK(*core.returned == "\"a: no\"");
  }
}

TEST_CASE("an awaitable of a race that has a name does not go on behind its back") {
  auto function = [](Context<RawJson> ctx) -> Task<std::string> {
    auto any = when_any(ctx.step.sleep("short", 1s), fetch(ctx.step, "f"));
    auto first = co_await any;
    co_await ctx.step.sleep("after", 1s);
    co_return std::to_string(first.index());
  };
  FakeCore core(function, "{}");
  core.record("short", {});
  core.record("f-sleep", {});
  core.call_function();
  CHECK(core.pending() == Ids{"after"});
  core.resolve("after");
  CHECK(*core.returned == "\"0\"");
}

TEST_CASE("a wait knows the newest result that its own branch has seen") {
  auto branch = [](Step step, std::string name) -> Task<void> {
    co_await step.sleep(name + "1", 1s);
    co_await step.wait_for_event(name + "2", pinged, {.timeout = 1h});
  };
  auto function = [branch](Context<RawJson> ctx) -> Task<void> {
    co_await ctx.step.run("first", [] {});
    co_await when_all(branch(ctx.step, "l"), branch(ctx.step, "r"));
    co_await ctx.step.wait_for_event("last", pinged, {.timeout = 1h});
  };
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(function, "{}", eviction);
    CHECK(core.seen_by("l1") == "first");
    core.resolve("l1");
    CHECK(core.seen_by("l2") == "l1");
    core.resolve("r1");
    CHECK(core.seen_by("r2") == "r1");
    core.resolve("r2");
    core.resolve("l2");
    CHECK(core.seen_by("last") == "l2");
  }
}

TEST_CASE("tasks nest, and destructors run when the frame goes") {
  static int alive = 0;
  struct Guard {
    Guard() { ++alive; }
    ~Guard() { --alive; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
  };
  auto inner = [](Step step) -> Task<int> {
    Guard guard;
    co_await step.sleep("deep", 1s);
    co_return 4;
  };
  auto middle = [inner](Step step) -> Task<int> {
    Guard guard;
    co_return 1 + co_await inner(step);
  };
  auto function = [middle](Context<RawJson> ctx) -> Task<int> {
    Guard guard;
    auto [left, right] = co_await when_all(middle(ctx.step), middle(ctx.step));
    co_return left + right;
  };
  FakeCore core(function, "{}");
  CHECK(alive == 5);
  core.evict();
  CHECK(alive == 0);
  core.resolve("deep");
  CHECK(alive == 3);
  core.resolve("deep:1");
  CHECK(*core.returned == "10");
  CHECK(alive == 0);
}
