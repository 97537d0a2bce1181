// Each kind of step, hot and with its frame evicted at every suspension: the same results.
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

struct Line {
  std::string text;
};
STEPWELL_FIELDS(Line, text);

struct LogChannel {
  Topic<Line> lines{"log", "lines"};
};
struct OrderChannel {
  explicit OrderChannel(std::string_view id) : name("order:" + std::string(id)) {}
  std::string name;
  Topic<Order> changed{name, "changed"};
};

constexpr EventType<Order> order_paid{"order/paid"};
constexpr FunctionRef<Order, std::string> ship{"ship"};
const std::string kOrder = R"({"id":"order-with-a-long-name","amount":3})";

std::string label(const std::string& id, int amount) {
  return id + " x" + std::to_string(amount);
}

// -- One step after the other --------------------------------------------------------------------

Task<std::string> run_in_sequence(Context<Order> ctx) {
  auto& step = ctx.step;
  std::string text = "label of an order, long enough to be on the heap";
  int twice = co_await step.run("twice", [&] { return ctx.event.data.amount * 2; });
  std::string bound = co_await step.run("bound", label, ctx.event.data.id, twice);
  auto named = [text] { return text.size(); };
  size_t size = co_await step.run("named", named);
  co_await step.run("nothing", [] {});
  auto lazy = step.run("lazy", [&] { return text + "!"; });
  std::string later = co_await lazy;
  co_return bound + " " + std::to_string(size) + later.back();
}

Task<std::string> use_every_kind(Context<Order> ctx) {
  auto& step = ctx.step;
  co_await step.sleep("nap", 2h);
  co_await step.sleep_until("dawn", std::chrono::system_clock::time_point(100s));
  auto paid = co_await step.wait_for_event(
      "paid", order_paid, {.timeout = 15min, .if_ = where("id", ctx.event.data.id)});
  auto late = co_await step.wait_for_event("late", order_paid, {.timeout = 1s});
  auto signal = co_await step.wait_for_signal<Line>("signal", "sig-" + ctx.event.data.id, {});
  std::string shipped = co_await step.invoke("ship", ship, ctx.event.data, {.timeout = 3s});
  auto sent = co_await step.send_event("send", order_paid, ctx.event.data);
  Line line{.text = "done"};
  co_await step.publish("tell", LogChannel().lines, line);
  co_await step.publish("tell-order", OrderChannel("7").changed, ctx.event.data);
  co_return paid->data.id + (late ? " late " : " gone ") + signal->data.text + shipped +
      sent.ids.front();
}

void check_every_kind(Eviction eviction) {
  FakeCore core(use_every_kind, kOrder, eviction);
  CHECK(core.pending() == std::vector<std::string>{"nap"});
  CHECK(std::get<Sleep>(core.op("nap").body).until.after == Duration(7'200'000));
  core.resolve("nap");
  CHECK(std::get<Sleep>(core.op("dawn").body).until.at == from_millis(100'000));
  core.resolve("dawn");
  const auto& wait = std::get<WaitForEvent>(core.op("paid").body);
  CHECK(wait.event == "order/paid");
  CHECK(wait.expression == R"(async.data.id == "order-with-a-long-name")");
  CHECK(wait.timeout.after == Duration(900'000));
  CHECK(core.seen_by("paid") == "dawn");
  core.resolve("paid", R"({"data":{"id":"p","amount":1},"id":"e2","name":"order/paid","ts":5})");
  CHECK(core.seen_by("late") == "paid");
  core.resolve("late");
  CHECK(std::get<WaitForSignal>(core.op("signal").body).signal == "sig-order-with-a-long-name");
  core.resolve("signal", R"({"signal":"s","data":{"text":"hey"}})");
  const auto& invoke = std::get<InvokeFunction>(core.op("ship").body);
  CHECK(invoke.function == "ship");
  CHECK(invoke.data == kOrder);
  CHECK(invoke.timeout->after == Duration(3000));
  core.resolve("ship", "\"ok\"");
  REQUIRE(core.returned);
  CHECK(*core.returned == "\"p gone heyok01\"");
  REQUIRE(core.sent.size() == 1);
  CHECK(core.sent[0].events[0].name == "order/paid");
  CHECK(core.sent[0].events[0].data == kOrder);
  CHECK(core.published == std::vector<std::string>{R"({"text":"done"})", kOrder});
}

}  // namespace

TEST_CASE("steps run in sequence") {
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(run_in_sequence, kOrder, eviction);
    REQUIRE(core.returned);
    CHECK(*core.returned == "\"order-with-a-long-name x6 48!\"");
    CHECK(core.recorded() ==
          std::vector<std::string>{"twice", "bound", "named", "nothing", "lazy"});
  }
}

TEST_CASE("every kind of step asks for the right thing and reads its result") {
  check_every_kind(Eviction::kNever);
  check_every_kind(Eviction::kAlways);
}

TEST_CASE("a body runs once, inside the call that met it, and never again") {
  static int runs = 0;
  runs = 0;
  auto function = [](Context<Order> ctx) -> Task<int> {
    co_await ctx.step.run("a", [] { ++runs; });
    co_await ctx.step.run("b", [] { ++runs; });
    co_await ctx.step.sleep("s", 1s);
    co_return runs;
  };
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    runs = 0;
    FakeCore core(function, kOrder, eviction);
    core.resolve("s");
    CHECK(*core.returned == "2");
    CHECK(core.calls == 4);
  }
}

TEST_CASE("the same id again gets a number, and does not take one that is in use") {
  auto function = [](Context<Order> ctx) -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 3; ++i) sum += co_await ctx.step.run("a", [&] { return i; });
    sum += co_await ctx.step.run("a:2", [] { return 10; });
    sum += co_await ctx.step.run("b:1", [] { return 20; });
    sum += co_await ctx.step.run("b", [] { return 30; });
    sum += co_await ctx.step.run("b", [] { return 40; });
    co_return sum;
  };
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(function, kOrder, eviction);
    CHECK(*core.returned == "103");
    CHECK(core.recorded() ==
          std::vector<std::string>{"a", "a:1", "a:2", "a:2:1", "b:1", "b", "b:2"});
    CHECK(core.warnings.empty());
  }
}

TEST_CASE("what is published outside of steps leaves with the call's reply, inside with the step") {
  auto function = [](Context<Order> ctx) -> Task<void> {
    LogChannel log;
    ctx.publish(log.lines, Line{"before"});
    co_await ctx.step.run("a", [&] { ctx.publish(log.lines, Line{"inside"}); });
    ctx.publish(log.lines, Line{"after"});
  };
  FakeCore core(function, kOrder);
  CHECK(core.published == std::vector<std::string>{R"({"text":"before"})", R"({"text":"inside"})",
                                                   R"({"text":"after"})"});
  CHECK(*core.returned == "null");
}

TEST_CASE("three hundred thousand memoized steps and child tasks need no stack") {
  auto child = [](Step step, int i) -> Task<int> {
    co_return co_await step.run("a", [&] { return i & 1; });
  };
  auto function = [child](Context<Order> ctx) -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 150'000; ++i) {
      sum += co_await ctx.step.run("a", [&] { return i & 1; });
      sum += co_await child(ctx.step, i);
    }
    co_await ctx.step.sleep("s", 1s);
    co_return sum;
  };
  FakeCore core(function, kOrder);
  core.evict();
  core.resolve("s");
  CHECK(*core.returned == "150000");
}
