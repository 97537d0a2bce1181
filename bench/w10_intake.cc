// W10, the half of what comes in: a million events into debounces or batches of ten thousand keys.
#include <malloc.h>
#include <stepwell/stepwell.h>

#include "api/embedded/engine_impl.h"
#include "bench/bench.h"

namespace stepwell::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kKeys = 10'000;
constexpr int kEventsPerRequest = 1000;

struct Reading {
  int key = 0;
  int number = 0;
};
STEPWELL_FIELDS(Reading, key, number);

constexpr EventType<Reading> kReading{"bench/reading"};

Task<int> count(Context<Reading> ctx) {
  co_return static_cast<int>(ctx.events().size());
}

// Sends them all, those of one key far apart.
void send_all(Engine& engine, int events) {
  std::vector<NewEvent> request;
  for (int i = 0; i < events; ++i) {
    request.push_back(NewEvent(kReading, Reading{i % kKeys, i}));
    if (request.size() < kEventsPerRequest) continue;
    engine.send(request);
    request.clear();
  }
}

Measurement run_intake(const Options& options, const char* what, FunctionOptions function,
                       uint64_t runs) {
  Folder folder(options);
  const int events = options.is_quick ? 100'000 : 1'000'000;
  Engine engine({.journal = sqlite(folder.file("w10.db")), .workers = 2});
  engine.function(std::move(function), kReading, count);
  engine.start();
  malloc_trim(0);
  const double before = resident_bytes();
  Stopwatch watch;
  send_all(engine, events);
  const double accepted = watch.seconds();
  if (runs > 0) engine.impl().wait_for_ends(runs);
  Measurement result{"W10", {{what, 1}}, {}};
  result.figures["events_per_s"] = events / accepted;
  result.figures["all_done_s"] = watch.seconds();
  malloc_trim(0);
  result.figures["bytes_per_key"] = (resident_bytes() - before) / kKeys;
  engine.stop();
  Stopwatch start;
  engine.start();
  result.figures["recovery_s"] = start.seconds();
  engine.stop();
  return result;
}

std::vector<Measurement> run_all(const Options& options) {
  FunctionOptions debounced{.id = "debounced"};
  debounced.debounce = {.period = 24h, .key = "event.data.key"};
  FunctionOptions batched{.id = "batched"};
  // Each key fills one batch; a quick run, which sends a tenth, one of a tenth.
  batched.batch_events = {
      .max_size = options.is_quick ? 10 : 100, .timeout = 24h, .key = "event.data.key"};
  FunctionOptions gathering{.id = "gathering"};
  gathering.batch_events = {.max_size = 1000, .timeout = 24h, .key = "event.data.key"};
  return {run_intake(options, "debounce", std::move(debounced), 0),
          run_intake(options, "batch", std::move(batched), kKeys),
          run_intake(options, "open_batch", std::move(gathering), 0)};
}

}  // namespace

Workload intake_workload() {
  return {"W10I",
          "1,000,000 events into debounces or batches of 10,000 keys",
          run_all,
          {{"W10", {{"debounce", 1}}, "events_per_s", 30'000, false, true},
           {"W10", {{"batch", 1}}, "events_per_s", 30'000, false, true}}};
}

}  // namespace stepwell::bench
