// W3: ten thousand runs that each wait for an event of their own.
#include <stepwell/stepwell.h>

#include <thread>

#include "api/embedded/engine_impl.h"
#include "bench/bench.h"
#include "bench/journal_watch.h"

namespace stepwell::bench {
namespace {

using namespace std::chrono_literals;

struct Keyed {
  int key = 0;
};
STEPWELL_FIELDS(Keyed, key);

constexpr EventType<Keyed> kStart{"bench/start"};
constexpr EventType<Keyed> kReply{"bench/reply"};

Task<bool> wait_for_key(Context<Keyed> ctx) {
  auto condition = where("key", ctx.event.data.key);
  auto reply = co_await ctx.step.wait_for_event("reply", kReply, {.timeout = 1h, .if_ = condition});
  co_return reply.has_value();
}

void send_keys(Engine& engine, const EventType<Keyed>& type, int from, int to) {
  std::vector<NewEvent> events;
  for (int key = from; key < to; ++key) {
    events.push_back(NewEvent(type, Keyed{key}));
    if (events.size() < 500 && key + 1 < to) continue;
    engine.send(events);
    events.clear();
  }
}

Measurement run_waits(const Options& options) {
  Folder folder(options);
  const int runs = options.is_quick ? 1000 : 10'000;
  const int probes = 200;
  Engine engine({.journal = sqlite(folder.file("w3.db")), .workers = 2});
  engine.function({.id = "wait-for-key"}, kStart, wait_for_key);
  engine.start();
  send_keys(engine, kStart, 0, runs + probes);
  wait_for_pending(engine, static_cast<uint64_t>(runs + probes));
  Stopwatch watch;
  send_keys(engine, kReply, 0, runs);
  engine.impl().wait_for_ends(static_cast<uint64_t>(runs));
  double all = watch.seconds();
  std::vector<double> millis;
  for (int i = 0; i < probes; ++i) {
    std::this_thread::sleep_for(5ms);  // a low rate is what is measured here
    Stopwatch one;
    engine.send(kReply, Keyed{runs + i});
    engine.impl().wait_for_ends(static_cast<uint64_t>(runs + i + 1));
    millis.push_back(one.seconds() * 1000);
  }
  engine.stop();
  Measurement result{"W3", {{"runs", runs}}, {}};
  result.figures["all_resumed_s"] = all;
  result.figures["resume_p50_ms"] = percentile(millis, 0.5);
  result.figures["resume_p99_ms"] = percentile(millis, 0.99);
  return result;
}

}  // namespace

Workload waits_workload() {
  return {"W3",
          "10,000 runs that wait for an event with a key each, then 10,000 events",
          [](const Options& options) { return std::vector{run_waits(options)}; },
          {{"W3", {{"runs", 10'000}}, "all_resumed_s", 1.5, true, true}}};
}

}  // namespace stepwell::bench
