// W4: a hundred thousand sleeping runs: how fast they start, what they cost, how late they wake.
#include <malloc.h>
#include <stepwell/stepwell.h>

#include <mutex>

#include "api/embedded/engine_impl.h"
#include "bench/bench.h"
#include "bench/journal_watch.h"

namespace stepwell::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

struct Nap {
  int64_t until_ms = 0;
  std::string filler;  // makes the event a kilobyte
};
STEPWELL_FIELDS(Nap, until_ms, filler);

constexpr EventType<Nap> kNap{"bench/nap"};

struct Lateness {
  std::mutex mutex;
  std::vector<double> millis;
};
Lateness lateness;

Task<void> nap(Context<Nap> ctx) {
  Clock::time_point until{std::chrono::milliseconds(ctx.event.data.until_ms)};
  co_await ctx.step.sleep_until("nap", until);
  double late = std::chrono::duration<double, std::milli>(Clock::now() - until).count();
  std::lock_guard lock(lateness.mutex);
  lateness.millis.push_back(late);
}

int64_t millis_from_now(std::chrono::milliseconds after) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             (Clock::now() + after).time_since_epoch())
      .count();
}

// `until(i)`: when the i-th run is due.
void start_runs(Engine& engine, int count, const std::function<int64_t(int)>& until) {
  std::vector<NewEvent> events;
  for (int i = 0; i < count; ++i) {
    events.push_back(NewEvent(kNap, Nap{until(i), std::string(900, 'x')}));
    if (events.size() < 1000 && i + 1 < count) continue;
    engine.send(events);
    events.clear();
  }
  wait_for_pending(engine, static_cast<uint64_t>(count));
}

Measurement run_many(const Options& options, bool evicted) {
  Folder folder(options);
  const int runs = options.is_quick ? 10'000 : 100'000;
  Engine engine({.journal = sqlite(folder.file("w4.db")),
                 .workers = 2,
                 .memory_budget = size_t{4} << 30,
                 .always_evict = evicted});
  engine.function({.id = "nap"}, kNap, nap);
  engine.start();
  // What grows once, however many runs there are, is not counted as theirs.
  start_runs(engine, 2000, [](int) { return millis_from_now(24h); });
  malloc_trim(0);
  double before = resident_bytes();
  Stopwatch watch;
  std::vector<NewEvent> events;
  for (int i = 0; i < runs; ++i) {
    events.push_back(NewEvent(kNap, Nap{millis_from_now(24h), std::string(900, 'x')}));
    if (events.size() < 1000 && i + 1 < runs) continue;
    engine.send(events);
    events.clear();
  }
  wait_for_pending(engine, static_cast<uint64_t>(runs) + 2000);
  double seconds = watch.seconds();
  malloc_trim(0);
  double bytes = (resident_bytes() - before) / runs;
  engine.stop();
  Measurement result{"W4", {{"evicted", evicted ? 1.0 : 0.0}}, {}};
  result.figures["started_s"] = seconds;
  result.figures[evicted ? "bytes_per_run_evicted" : "bytes_per_run_hot"] = bytes;
  return result;
}

Measurement run_lateness(const Options& options) {
  Folder folder(options);
  const int runs = options.is_quick ? 2'000 : 20'000;
  const auto spread = options.is_quick ? 5s : 60s;
  Engine engine({.journal = sqlite(folder.file("w4.db")), .workers = 2, .always_evict = true});
  engine.function({.id = "nap"}, kNap, nap);
  engine.start();
  lateness.millis.clear();
  const int64_t first = millis_from_now(options.is_quick ? 2s : 5s);
  const int64_t all = std::chrono::milliseconds(spread).count();
  start_runs(engine, runs, [&](int i) { return first + all * i / runs; });
  engine.impl().wait_for_ends(static_cast<uint64_t>(runs));
  engine.stop();
  Measurement result{"W4", {{"due", runs}}, {}};
  result.figures["lateness_p50_ms"] = percentile(lateness.millis, 0.5);
  result.figures["lateness_p99_ms"] = percentile(lateness.millis, 0.99);
  return result;
}

}  // namespace

Workload sleepers_workload() {
  return {"W4",
          "100,000 sleeping runs: start, memory, lateness",
          [](const Options& options) {
            return std::vector{run_many(options, false), run_many(options, true),
                               run_lateness(options)};
          },
          {{"W4", {{"evicted", 1}}, "started_s", 6, true, true},
           {"W4", {{"evicted", 1}}, "bytes_per_run_evicted", 1024, true},
           {"W4", {}, "lateness_p99_ms", 50, true, true}}};
}

}  // namespace stepwell::bench
