#include <doctest/doctest.h>
#include <stepwell/stepwell.h>

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace stepwell {
namespace {

using namespace std::chrono_literals;

struct Order {
  std::string id;
  int amount = 0;
};
STEPWELL_FIELDS(Order, id, amount);

struct Note {
  std::string text;
};
STEPWELL_FIELDS(Note, text);

constexpr EventType<Order> order_placed{"order/placed"};
constexpr EventType<Order> order_paid{"order/paid"};
constexpr EventType<Order> order_paid_again{"order/paid-again"};

Task<int> add_up(Context<Order> ctx) {
  auto& step = ctx.step;
  int sum = 0;
  for (int i = 0; i < 3; ++i)
    sum += co_await step.run("add", [&] { return ctx.event.data.amount; });
  Note note{.text = "sum of " + ctx.event.data.id};
  co_await step.publish("tell", Topic<Note>{"notes", "sums"}, note);
  co_return sum;
}

Task<std::string> wait_for_payment(Context<Order> ctx) {
  auto condition = where("id", ctx.event.data.id);
  auto paid =
      co_await ctx.step.wait_for_event("payment", order_paid, {.timeout = 1h, .if_ = condition});
  co_return paid ? std::string("paid") : std::string("forgotten");
}

class TemporaryFile {
 public:
  TemporaryFile() : folder_(std::filesystem::temp_directory_path() / unique_name()) {
    std::filesystem::create_directories(folder_);
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ / "runs.db"; }

 private:
  static std::string unique_name() {
    static std::atomic<int> number{0};
    return "stepwell-engine-test-" + std::to_string(getpid()) + "-" + std::to_string(++number);
  }
  std::filesystem::path folder_;
};

std::string only_run_of(Engine& engine, const std::string& event) {
  std::vector<RunInfo> runs = engine.runs_of(event);
  REQUIRE(runs.size() == 1);
  return runs[0].id;
}

TEST_CASE("an event becomes a run, its steps run, its result and its message are there") {
  TemporaryFile file;
  for (bool always_evict : {false, true}) {
    CAPTURE(always_evict);
    Engine engine({.journal = always_evict ? in_memory() : sqlite(file.path()),
                   .always_evict = always_evict});
    engine.function({.id = "add-up"}, order_placed, add_up);
    engine.start();
    std::mutex mutex;
    std::string heard;
    auto subscription = engine.subscribe(Topic<Note>{"notes", "sums"}, [&](const Note& note) {
      std::lock_guard lock(mutex);
      heard = note.text;
    });
    std::string event = engine.send(order_placed, {.id = "o1", .amount = 7});
    RunInfo run = engine.wait_for(only_run_of(engine, event), 30s);
    CHECK(run.state == RunState::kCompleted);
    CHECK(run.output == "21");
    subscription.reset();
    std::lock_guard lock(mutex);
    CHECK(heard == "sum of o1");
  }
}

// What a subscriber hears, across threads.
class Heard {
 public:
  void add(std::string text) {
    std::lock_guard lock(mutex_);
    texts_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::vector<std::string> wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, 30s, [&] { return texts_.size() >= count; }));
    return texts_;
  }
  std::function<void(const Message&)> callback() {
    return [this](const Message& message) {
      last_id = message.id;
      add(message.data);
    };
  }
  std::string last_id;  // read it when nothing comes any more

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

TEST_CASE("a subscriber in process goes on after a restart where the channel is durable") {
  TemporaryFile file;
  const auto options = [&] {
    return EngineOptions{.journal = sqlite(file.path()), .durable_channels = {"no*"}};
  };
  Heard before;
  {
    Engine engine(options());
    engine.function({.id = "add-up"}, order_placed, add_up);
    engine.start();
    auto subscription = engine.subscribe("notes", "", before.callback());
    engine.send(order_placed, {.id = "o1", .amount = 7});
    before.wait_for(1);
    subscription.reset();
    const std::string event = engine.send(order_placed, {.id = "o2", .amount = 7});
    engine.wait_for(only_run_of(engine, event), 30s);
  }
  Engine engine(options());
  engine.function({.id = "add-up"}, order_placed, add_up);
  engine.start();
  Heard after;
  auto subscription =
      engine.subscribe("notes", "sums", after.callback(),
                       {.after = before.last_id, .on_gap = [&](auto) { after.add("gap"); }});
  CHECK(after.wait_for(1)[0] == R"({"text":"sum of o2"})");
  // Of a channel that nobody recorded, what came before is lost and said to be.
  auto other = engine.subscribe("others", "", after.callback(),
                                {.after = before.last_id, .on_gap = [&](auto missed) {
                                   after.add(missed ? "some" : "gap");
                                 }});
  CHECK(after.wait_for(2)[1] == "gap");
  CHECK_THROWS_AS((void)engine.subscribe("notes", "", after.callback(), {.after = "x"}),
                  EngineError);
}

// Of the shape that an older program publishes.
struct OldNote {
  int text = 0;
};
STEPWELL_FIELDS(OldNote, text);

TEST_CASE("a topic that is registered with its type refuses what does not fit") {
  Engine engine({.journal = in_memory()});
  engine.topic(Topic<Note>{"n*", "sums"});
  engine.function({.id = "old"}, order_placed, [](Context<Order> ctx) -> Task<void> {
    OldNote note{.text = 7};
    co_await ctx.step.publish("tell", Topic<OldNote>{"notes", "sums"}, note);
  });
  engine.function({.id = "add-up"}, order_paid_again, add_up);
  engine.start();
  const std::string event = engine.send(order_placed, {.id = "o1", .amount = 7});
  const RunInfo failed = engine.wait_for(only_run_of(engine, event), 30s);
  CHECK(failed.state == RunState::kFailed);
  CHECK(failed.error_message.find("data.text: must be a string") != std::string::npos);
  const std::string again = engine.send(order_paid_again, {.id = "o1", .amount = 7});
  CHECK(engine.wait_for(only_run_of(engine, again), 30s).state == RunState::kCompleted);
  CHECK_THROWS_AS(engine.topic(Topic<Note>{"late", "sums"}), EngineError);
}

TEST_CASE("a run that waits goes on in the next process") {
  TemporaryFile file;
  std::string run;
  {
    Engine engine({.journal = sqlite(file.path())});
    engine.function({.id = "wait"}, order_placed, wait_for_payment);
    engine.start();
    run = only_run_of(engine, engine.send(order_placed, {.id = "o1", .amount = 7}));
  }
  Engine engine({.journal = sqlite(file.path())});
  engine.function({.id = "wait"}, order_placed, wait_for_payment);
  engine.start();
  engine.send(order_paid, {.id = "other"});
  engine.send(order_paid, {.id = "o1"});
  CHECK(engine.wait_for(run, 30s).output == "\"paid\"");
}

TEST_CASE("cancel, rerun, invoke, signals, and errors that say what is wrong") {
  Engine engine({.journal = in_memory()});
  auto summing = engine.function({.id = "add-up"}, order_placed, add_up);
  engine.function({.id = "wait"}, order_paid, wait_for_payment);
  CHECK_THROWS_WITH_AS(engine.function({.id = "wait"}, order_paid, wait_for_payment),
                       "function \"wait\" is registered twice", EngineError);
  CHECK_THROWS_AS(
      engine.function({.id = "bad", .if_ = "event.data.x ="}, order_paid, wait_for_payment),
      EngineError);
  CHECK_THROWS_AS(engine.send(order_paid, {.id = "early"}), EngineError);
  engine.start();
  CHECK_THROWS_WITH_AS(engine.function({.id = "late"}, order_paid, wait_for_payment),
                       "function \"late\" comes too late: register it before start()", EngineError);
  std::string run = engine.invoke(summing, {.id = "direct", .amount = 1});
  CHECK(engine.wait_for(run, 30s).output == "3");
  std::string again = engine.rerun(run);
  CHECK(again != run);
  CHECK(engine.wait_for(again, 30s).output == "3");
  std::string waiting = only_run_of(engine, engine.send(order_paid, {.id = "p"}));
  engine.cancel(waiting);
  CHECK(engine.wait_for(waiting, 30s).state == RunState::kCancelled);
  CHECK_THROWS_AS(engine.cancel(run), EngineError);
  CHECK_THROWS_AS(engine.cancel("nonsense"), EngineError);
  CHECK_THROWS_AS(engine.send_signal("nobody", RawJson("1")), EngineError);
  CHECK_THROWS_AS(engine.send(NewEvent("inngest/mine", RawJson("{}"))), EngineError);
  CHECK_THROWS_AS(sqlite(""), EngineError);
}

Task<int> always_fails(Context<Order>) {
  throw NonRetriableError("no way");
  co_return 0;
}

TEST_CASE("a failed run calls the plain callback and starts the function for failures") {
  Engine engine({.journal = in_memory()});
  std::mutex mutex;
  std::condition_variable told;
  std::string message;
  std::string failed_run;
  engine.function({.id = "f",
                   .on_failure =
                       [&](const Failure& failure) {
                         std::lock_guard lock(mutex);
                         message = failure.message;
                         told.notify_all();
                       }},
                  order_placed, always_fails);
  auto record = [&](Context<FunctionFailed> ctx) -> Task<void> {
    std::lock_guard lock(mutex);
    failed_run = ctx.event.data.run_id;
    told.notify_all();
    co_return;
  };
  engine.on_failure("f", record);
  engine.start();
  std::string run = only_run_of(engine, engine.send(order_placed, {.id = "o"}));
  std::unique_lock lock(mutex);
  CHECK(told.wait_for(lock, 30s, [&] { return !message.empty() && !failed_run.empty(); }));
  CHECK(message == "no way");
  CHECK(failed_run == run);
}

EngineError::Code refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const EngineError& error) {
    return error.code();
  }
  FAIL("it was not refused");
  return {};
}

TEST_CASE("what is no event, no JSON or no length of time is refused where it is given") {
  constexpr auto kInvalid = EngineError::Code::kInvalid;
  Engine engine({.journal = in_memory()});
  engine.function({.id = "add-up"}, order_placed, add_up);
  engine.start();
  const auto send = [&](const NewEvent& event) { return refusal_of([&] { engine.send(event); }); };
  const RawJson object("{}");
  CHECK(send(NewEvent("inngest/mine", object)) == kInvalid);
  CHECK(send(NewEvent("a/b", object).with_user(RawJson("7"))) == kInvalid);
  CHECK(send(NewEvent("a/b", object).with_user(RawJson("{garbage"))) == kInvalid);
  CHECK(send(NewEvent("a/b", object).with_ts(std::chrono::sys_days::max())) == kInvalid);
  CHECK(send(NewEvent("a/b", object).with_ts(std::chrono::sys_days::min())) == kInvalid);
  CHECK(send(NewEvent(std::string(4u << 20, 'n'), object)) == kInvalid);
  CHECK(refusal_of([&] { engine.invoke("add-up", RawJson("{garbage")); }) == kInvalid);
  CHECK(refusal_of([&] { engine.send_signal("any", RawJson("{garbage")); }) == kInvalid);
  CHECK(refusal_of([] { Engine({.wait_lookback = -1s}); }) == kInvalid);
  CHECK(refusal_of([] { Engine({.retry_interval = -1s}); }) == kInvalid);
}

}  // namespace
}  // namespace stepwell
