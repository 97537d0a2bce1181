// W6: kill -9 with many suspended runs: how long until events are accepted again, and until all of
// them could go on and did.
#include <signal.h>
#include <stepwell/stepwell.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "api/embedded/engine_impl.h"
#include "bench/bench.h"
#include "bench/journal_watch.h"

namespace stepwell::bench {
namespace {

using namespace std::chrono_literals;

struct Go {
  int n = 0;
};
STEPWELL_FIELDS(Go, n);

constexpr EventType<Go> kStart{"bench/start"};
constexpr EventType<Go> kAll{"bench/all"};

Task<void> wait_for_all(Context<Go> ctx) {
  co_await ctx.step.wait_for_event("all", kAll, {.timeout = 24h});
}

void prepare(Engine& engine) {
  engine.function({.id = "wait-for-all"}, kStart, wait_for_all);
}

// In a process of its own, which kills itself.
[[noreturn]] void fill_and_die(const std::string& path, int runs) {
  Engine engine({.journal = sqlite(path), .workers = 2});
  prepare(engine);
  engine.start();
  for (int sent = 0; sent < runs; sent += 1000) {
    engine.send(std::vector<NewEvent>(static_cast<size_t>(std::min(1000, runs - sent)),
                                      NewEvent(kStart, Go{sent})));
  }
  wait_for_pending(engine, static_cast<uint64_t>(runs));
  kill(getpid(), SIGKILL);
  std::abort();  // not reached
}

Measurement run_recovery(const Options& options, int runs) {
  Folder folder(options);
  std::string path = folder.file("w6.db");
  pid_t child = fork();
  if (child == 0) fill_and_die(path, runs);
  int status = 0;
  waitpid(child, &status, 0);

  double before = resident_bytes();
  Engine engine({.journal = sqlite(path), .workers = 2});
  prepare(engine);
  Stopwatch watch;
  engine.start();
  double ready = watch.seconds();
  double resident = resident_bytes() - before;
  engine.send(kAll, Go{});
  engine.impl().wait_for_ends(static_cast<uint64_t>(runs));
  double all = watch.seconds();
  engine.stop();
  Measurement result{"W6", {{"runs", runs}}, {}};
  result.figures["ready_s"] = ready;
  result.figures["all_resumed_s"] = all;
  result.figures["rss_mb"] = resident / 1e6;
  return result;
}

}  // namespace

Workload recovery_workload() {
  return {"W6",
          "kill -9 with 10,000 suspended runs, then start again",
          [](const Options& options) {
            return std::vector{run_recovery(options, options.is_quick ? 1000 : 10'000)};
          },
          {{"W6", {{"runs", 10'000}}, "ready_s", 0.5, true, true}}};
}

}  // namespace stepwell::bench
