// The driver on real threads: many runs at once, parallel bodies, runs dropped in the middle.
#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "engine/native/driver.h"
#include "stepwell/stepwell.h"

using namespace stepwell;
using namespace stepwell::native;
using namespace std::chrono_literals;

namespace {

// Resolves everything at once, for many runs: planned steps are called for, sleeps are over.
class Loop {
 public:
  explicit Loop(size_t threads)
      : pool_(threads), driver_(pool_, [this](core::Reply reply) { post(std::move(reply)); }, {}) {}
  ~Loop() { pool_.stop(); }

  template <class F>
  void add(F function) {
    driver_.add(FunctionId{"test"}, {.code = detail::make_code(std::move(function))});
  }

  void start(RunNo no) {
    auto context = std::make_shared<core::RunContext>();
    context->no = no;
    context->function = FunctionId{"test"};
    context->events.push_back({.name = "test", .data = std::to_string(no)});
    runs_[no].context = std::move(context);
    call(no, core::CallKind::kFunction, {});
  }
  void drop(RunNo no) {
    runs_.erase(no);
    driver_.drop(no);
  }

  // Takes replies until no run is open.
  void run() {
    while (!runs_.empty()) take(wait());
  }
  core::Reply wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !replies_.empty(); });
    core::Reply reply = std::move(replies_.front());
    replies_.erase(replies_.begin());
    return reply;
  }
  void take(core::Reply reply) {
    auto found = runs_.find(reply.run);
    if (found == runs_.end()) return;
    Run& run = found->second;
    run.is_called = run.is_called && reply.call.number != run.function_call;
    if (auto* end = std::get_if<core::Returned>(&reply.outcome)) {
      results[reply.run] = end->output;
      return drop(reply.run);
    }
    REQUIRE(std::holds_alternative<core::Yielded>(reply.outcome));
    for (StepOp& op : std::get<core::Yielded>(reply.outcome).ops) take_op(reply.run, run, op);
    if (!run.is_called && !run.memo.empty()) call(reply.run, core::CallKind::kFunction, {});
  }

  std::map<RunNo, std::string> results;

 private:
  struct Run {
    std::shared_ptr<const core::RunContext> context;
    std::vector<core::MemoEntry> memo;  // that the code has not got
    Position last = 0;
    bool is_hot = false;
    bool is_called = false;
    uint64_t function_call = 0;
  };

  void post(core::Reply reply) {
    {
      std::lock_guard lock(mutex_);
      replies_.push_back(std::move(reply));
    }
    wake_.notify_one();
  }

  void call(RunNo no, core::CallKind kind, StepKey target) {
    Run& run = runs_.at(no);
    core::Call call;
    call.id = {1, ++last_call_};
    call.kind = kind;
    call.run = run.context;
    call.target = target;
    call.is_cold = !std::exchange(run.is_hot, true);
    if (kind == core::CallKind::kFunction) {
      call.memo = std::exchange(run.memo, {});
      run.is_called = true;
      run.function_call = last_call_;
    }
    driver_.start(std::move(call));
  }

  void take_op(RunNo no, Run& run, StepOp& op) {
    if (std::holds_alternative<StepPlanned>(op.body)) {
      return call(no, core::CallKind::kStep, op.key);
    }
    core::MemoEntry entry{.key = op.key, .id = op.id, .kind = step_kind(op), .data = "null"};
    entry.resolved_pos = ++run.last;
    if (auto* done = std::get_if<StepReturned>(&op.body)) entry.data = done->data;
    run.memo.push_back(std::move(entry));
  }

  WorkerPool pool_;
  NativeDriver driver_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<core::Reply> replies_;
  std::map<RunNo, Run> runs_;
  uint64_t last_call_ = 0;
};

Task<int> branch(Step step, const int& base, int i) {
  int half = co_await step.run("half", [&] { return base * i; });
  co_return half + co_await step.run("half", [&] { return base * i; });
}

Task<int> fan_out(Context<int> ctx) {
  int base = co_await ctx.step.run("base", [&] { return ctx.event.data; });
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 8; ++i) tasks.push_back(branch(ctx.step, base, i));
  int sum = 0;
  for (int each : co_await when_all(std::move(tasks))) sum += each;
  for (int i = 0; i < 10; ++i) sum += co_await ctx.step.run("tail", [] { return 1; });
  co_return sum;
}

}  // namespace

TEST_CASE("many runs with parallel bodies on several threads") {
  Loop loop(3);
  loop.add(fan_out);
  for (RunNo no = 1; no <= 40; ++no) loop.start(no);
  loop.run();
  REQUIRE(loop.results.size() == 40);
  for (int no = 1; no <= 40; ++no) {
    CHECK(loop.results[static_cast<RunNo>(no)] == std::to_string(2 * no * 28 + 10));
  }
}

TEST_CASE("a running body keeps the locals that it refers to, and is told to stop") {
  static std::atomic<int> inside{0};
  static std::atomic<int> alive{0};
  inside = 0;
  alive = 0;
  struct Local {
    Local() { ++alive; }
    ~Local() { --alive; }
    Local(const Local&) = delete;
    Local& operator=(const Local&) = delete;
    std::atomic<int> value{0};
  };
  auto wait_for_stop = [](const std::stop_token& stop, Local& local) {
    ++inside;
    while (!stop.stop_requested()) std::this_thread::yield();
    local.value = alive.load();
  };
  {
    Loop loop(2);
    SUBCASE("when the run is dropped") {
      loop.add([wait_for_stop](Context<int> ctx) -> Task<void> {
        Local local;
        co_await when_all(ctx.step.run("a", wait_for_stop, std::ref(local)),
                          ctx.step.run("b", wait_for_stop, std::ref(local)));
      });
      loop.start(1);
      loop.take(loop.wait());
      while (inside < 2) std::this_thread::yield();
      loop.drop(1);
      loop.wait();
      loop.wait();
    }
    SUBCASE("when it has lost a race") {
      loop.add([wait_for_stop](Context<int> ctx) -> Task<int> {
        int seen = 0;
        {
          Local local;
          auto first = co_await when_any(ctx.step.run("slow", wait_for_stop, std::ref(local)),
                                         ctx.step.run("fast", [] {
                                           while (inside == 0) std::this_thread::yield();
                                         }));
          seen = static_cast<int>(first.index()) + local.value.load();
        }
        co_await ctx.step.run("after", [] {});
        co_return seen;
      });
      loop.start(1);
      loop.run();
      CHECK(loop.results[1] == "2");
    }
  }
  CHECK(alive == 0);
}

TEST_CASE("a pool that stops runs what it has begun and forgets the rest") {
  static std::atomic<int> begun{0};
  begun = 0;
  struct Slow final : Job {
    void run() override {
      ++begun;
      while (begun < 2) std::this_thread::yield();
    }
  };
  WorkerPool pool(2);
  for (int i = 0; i < 2; ++i) pool.submit(std::make_shared<Slow>());
  while (begun < 2) std::this_thread::yield();
  pool.stop();
  pool.submit(std::make_shared<Slow>());
  CHECK(begun == 2);
}
