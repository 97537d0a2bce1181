// W1: how many steps a second, with many runs open.
// W2: how long one short run takes, with nothing else to do.
#include <stepwell/stepwell.h>

#include "api/embedded/engine_impl.h"
#include "bench/bench.h"

namespace stepwell::bench {
namespace {

struct Go {
  int n = 0;
};
STEPWELL_FIELDS(Go, n);
struct Result {
  int n = 0;
};
STEPWELL_FIELDS(Result, n);

constexpr EventType<Go> kGo{"bench/go"};
constexpr int kSteps = 10;

Task<void> ten_steps(Context<Go> ctx) {
  for (int i = 0; i < kSteps; ++i) co_await ctx.step.run("step", [&] { return Result{i}; });
}

Task<void> three_steps(Context<Go> ctx) {
  for (int i = 0; i < 3; ++i) co_await ctx.step.run("step", [&] { return Result{i}; });
}

void send(Engine& engine, int count) {
  engine.send(std::vector<NewEvent>(static_cast<size_t>(count), NewEvent(kGo, Go{})));
}

Measurement run_steps(const Options& options, int concurrency) {
  Folder folder(options);
  const int runs = (concurrency > 64 ? 8000 : 4000) / (options.is_quick ? 10 : 1);
  Engine engine({.journal = sqlite(folder.file("w1.db")), .workers = 2});
  engine.function({.id = "ten-steps"}, kGo, ten_steps);
  engine.start();
  double cpu = cpu_seconds();
  Stopwatch watch;
  int sent = std::min(concurrency, runs);
  send(engine, sent);
  // As many as ended are sent again, a handful at a time, so that the sender is not the limit.
  const int handful = std::max(1, concurrency / 8);
  while (sent < runs) {
    engine.impl().wait_for_ends(static_cast<uint64_t>(sent - concurrency + handful));
    int more = std::min(handful, runs - sent);
    send(engine, more);
    sent += more;
  }
  engine.impl().wait_for_ends(static_cast<uint64_t>(runs));
  double seconds = watch.seconds();
  cpu = cpu_seconds() - cpu;
  engine.stop();
  double steps = static_cast<double>(runs) * kSteps;
  Measurement result{"W1", {{"concurrency", concurrency}}, {}};
  result.figures["runs_per_s"] = runs / seconds;
  result.figures["steps_per_s"] = steps / seconds;
  result.figures["cpu_s_per_1k_steps"] = cpu / steps * 1000;
  double raw = measure_raw(options, concurrency).rows_per_s;
  result.figures["ratio_to_raw_sqlite"] = steps / seconds / raw;
  return result;
}

Measurement run_latency(const Options& options) {
  Folder folder(options);
  const int runs = options.is_quick ? 100 : 1000;
  Engine engine({.journal = sqlite(folder.file("w2.db")), .workers = 2});
  engine.function({.id = "three-steps"}, kGo, three_steps);
  engine.start();
  std::vector<double> millis;
  for (int i = 0; i < runs; ++i) {
    Stopwatch watch;
    send(engine, 1);
    engine.impl().wait_for_ends(static_cast<uint64_t>(i + 1));
    millis.push_back(watch.seconds() * 1000);
  }
  engine.stop();
  Measurement result{"W2", {}, {}};
  result.figures["p50_ms"] = percentile(millis, 0.5);
  result.figures["p99_ms"] = percentile(millis, 0.99);
  double commit = measure_raw(options, 1).commit_p50_us;
  result.figures["ratio_to_single_commit"] = percentile(millis, 0.5) * 1000 / commit;
  return result;
}

}  // namespace

Workload steps_workload() {
  return {"W1",
          "runs of ten steps, 64 and 1,024 open at once",
          [](const Options& options) {
            return std::vector{run_steps(options, 64), run_steps(options, 1024)};
          },
          {{"W1", {{"concurrency", 64}}, "ratio_to_raw_sqlite", 0.35},
           {"W1", {{"concurrency", 1024}}, "ratio_to_raw_sqlite", 0.25}}};
}

Workload latency_workload() {
  return {"W2",
          "one run of three steps at a time, from send to finished",
          [](const Options& options) { return std::vector{run_latency(options)}; },
          {{"W2", {}, "ratio_to_single_commit", 8, true}}};
}

}  // namespace stepwell::bench
