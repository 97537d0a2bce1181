// W10, its first half: a hundred thousand runs that wait for slots of ten thousand keys, compared
// with the same runs without limits.
#include <malloc.h>
#include <stepwell/stepwell.h>

#include <condition_variable>
#include <mutex>

#include "api/embedded/engine_impl.h"
#include "bench/bench.h"

namespace stepwell::bench {
namespace {

using namespace std::chrono_literals;

struct Job {
  std::string key;
};
STEPWELL_FIELDS(Job, key);

constexpr EventType<Job> kJob{"bench/job"};

// Closed while runs are sent: whatever has a slot holds it until then.
struct Gate {
  std::mutex mutex;
  std::condition_variable opened;
  bool is_open = false;
  void set(bool open) {
    {
      std::lock_guard lock(mutex);
      is_open = open;
    }
    opened.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex);
    opened.wait(lock, [&] { return is_open; });
  }
};
Gate gate;

Task<void> work(Context<Job>) {
  gate.pass();
  co_return;
}

using Limits = std::vector<FunctionOptions::Concurrency>;

const FunctionOptions::Concurrency kPerKey{.limit = 1, .key = "event.data.key"};

void send_jobs(Engine& engine, int count, int keys, int first_key = 0) {
  std::vector<NewEvent> events;
  for (int i = 0; i < count; ++i) {
    events.push_back(NewEvent(kJob, Job{"key " + std::to_string(first_key + i % keys)}));
    if (events.size() < 1000 && i + 1 < count) continue;
    engine.send(events);
    events.clear();
  }
}

// Seconds from the first event to the end of the last run.
double run_all(const Options& options, int runs, int keys, const Limits& limits) {
  Folder folder(options);
  Engine engine({.journal = sqlite(folder.file("w10.db")), .workers = 2});
  engine.function({.id = "work", .concurrency = limits}, kJob, work);
  engine.start();
  gate.set(false);
  Stopwatch watch;
  send_jobs(engine, runs, keys);
  gate.set(true);
  engine.impl().wait_for_ends(static_cast<uint64_t>(runs));
  const double seconds = watch.seconds();
  engine.stop();
  return seconds;
}

Measurement compare(const Options& options, int runs, int keys) {
  const double without = run_all(options, runs, keys, {});
  const double with = run_all(options, runs, keys, {kPerKey});
  Measurement result{"W10", {{"runs", runs}, {"keys", keys}}, {}};
  result.figures["ratio_to_no_limits"] = with / without;
  result.figures["us_per_run"] = with * 1e6 / runs;
  return result;
}

// All but one of the runs are queued.
const Limits kNobody{kPerKey, {.limit = 1}};

// What one costs in memory: how much the process grows by as many again, of keys of their own. The
// first ones fill what is bounded and not theirs: the events of the last minute that waits may look
// back to (16 MiB), what the engine has said of runs (16 MiB), the cache of SQLite (16 MiB).
double bytes_of_queued(const Options& options, int runs, int keys) {
  Folder folder(options);
  Engine engine({.journal = sqlite(folder.file("w10.db")), .workers = 2});
  engine.function({.id = "work", .concurrency = kNobody}, kJob, work);
  engine.start();
  gate.set(false);
  send_jobs(engine, runs, keys);
  malloc_trim(0);
  const double before = resident_bytes();
  send_jobs(engine, runs, keys, keys);
  malloc_trim(0);
  const double bytes = (resident_bytes() - before) / runs;
  gate.set(true);
  engine.stop();
  return bytes;
}

// How long a start takes that finds them.
double recovery_of_queued(const Options& options, int runs, int keys) {
  Folder folder(options);
  const std::string path = folder.file("w10.db");
  gate.set(false);
  {
    Engine engine({.journal = sqlite(path), .workers = 2});
    engine.function({.id = "work", .concurrency = kNobody}, kJob, work);
    engine.start();
    send_jobs(engine, runs, keys);
    gate.set(true);
    engine.stop();
  }
  Engine again({.journal = sqlite(path), .workers = 2});
  again.function({.id = "work", .concurrency = kNobody}, kJob, work);
  Stopwatch watch;
  again.start();
  const double seconds = watch.seconds();
  again.stop();
  return seconds;
}

Measurement keep_queued(const Options& options, int runs, int keys) {
  Measurement result{"W10", {{"queued", runs}, {"keys", keys}}, {}};
  result.figures["bytes_per_queued_run"] = bytes_of_queued(options, runs, keys);
  result.figures["recovery_s"] = recovery_of_queued(options, runs, keys);
  return result;
}

}  // namespace

Workload queued_workload() {
  return {"W10",
          "100,000 runs queued over 10,000 keys: against no limits, memory, recovery, growth",
          [](const Options& options) {
            const int scale = options.is_quick ? 10 : 1;
            return std::vector{compare(options, 1000 / scale, 100 / scale),
                               compare(options, 10'000 / scale, 1000 / scale),
                               compare(options, 100'000 / scale, 10'000 / scale),
                               keep_queued(options, 100'000 / scale, 10'000 / scale)};
          },
          {{"W10", {{"runs", 100'000}}, "ratio_to_no_limits", 2, true},
           {"W10", {{"queued", 100'000}}, "bytes_per_queued_run", 400, true},
           {"W10", {{"queued", 100'000}}, "recovery_s", 2, true, true}}};
}

}  // namespace stepwell::bench
