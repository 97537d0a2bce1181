// W5: events over HTTP.
#include <stepwell/stepwell.h>

#include "bench/bench.h"
#include "bench/http_load.h"
#include "bench/served.h"

namespace stepwell::bench {
namespace {

struct Data {
  std::string filler;
};
STEPWELL_FIELDS(Data, filler);

constexpr EventType<Data> kTriggering{"bench/triggers"};

Task<void> one_step(Context<Data> ctx) {
  co_await ctx.step.run("step", [] { return 1; });
}

std::string event(const std::string& name, size_t bytes) {
  return R"({"name":")" + name + R"(","data":{"filler":")" + std::string(bytes, 'x') + "\"}}";
}

std::string many(const std::string& one, int count) {
  std::string body = "[" + one;
  for (int i = 1; i < count; ++i) body += "," + one;
  return body + "]";
}

struct Mix {
  const char* name;  // the parameter that is set for it
  std::string body;
  int events_per_request = 1;
  uint64_t requests = 0;
  bool has_large = false;
};

Measurement run_mix(const Options& options, const Mix& mix) {
  Folder folder(options);
  Served served(folder.file("w5.db"),
                [](Engine& engine) { engine.function({.id = "one-step"}, kTriggering, one_step); });
  static const std::string kLarge = event("bench/large", (3u << 20) - 200);
  uint64_t requests = mix.requests / (options.is_quick ? 10 : 1);
  auto body = [&](uint64_t i) -> const std::string& {
    return mix.has_large && i % 100 == 99 ? kLarge : mix.body;
  };
  LoadResult load =
      run_load(served.port(), "/e/bench", {.connections = 256, .requests = requests}, body);
  Measurement result{"W5", {{mix.name, 1}}, {}};
  result.figures["events_per_s"] =
      static_cast<double>(load.answered) * mix.events_per_request / load.seconds;
  result.figures["refused"] = static_cast<double>(load.refused + load.wrong);
  result.figures["p50_ms"] = percentile(load.millis, 0.5);
  result.figures["p99_ms"] = percentile(load.millis, 0.99);
  result.figures["loop_lag_p99_ms"] = served.lag_p99_ms();
  return result;
}

std::vector<Measurement> run_events(const Options& options) {
  const std::string plain = event("bench/nobody", 300);
  const std::string triggering = event("bench/triggers", 300);
  std::vector<Measurement> results;
  results.push_back(run_mix(options, {"single", plain, 1, 100'000}));
  results.push_back(run_mix(options, {"hundreds", many(plain, 100), 100, 3'000}));
  results.push_back(run_mix(options, {"triggering", triggering, 1, 40'000}));
  results.push_back(run_mix(options, {"with_large", plain, 1, 5'000, true}));
  return results;
}

}  // namespace

Workload events_workload() {
  return {"W5",
          "events over HTTP, 256 connections: single, hundreds, triggering, 1 % of 3 MiB",
          run_events,
          {{"W5", {{"single", 1}}, "events_per_s", 20'000, false, true},
           {"W5", {{"with_large", 1}}, "loop_lag_p99_ms", 10, true, true}}};
}

}  // namespace stepwell::bench
