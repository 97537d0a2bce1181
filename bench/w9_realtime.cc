// W9: realtime over WebSocket.
#include <sys/resource.h>

#include <optional>

#include "bench/bench.h"
#include "bench/crowd.h"
#include "bench/http_load.h"
#include "bench/served.h"

namespace stepwell::bench {
namespace {

constexpr int kSubscribers = 1'000;
constexpr size_t kMessageBytes = 200;
constexpr const char* kListen = "/v1/realtime/connect?channel=bench";

struct Start {
  int messages = 0;
};
STEPWELL_FIELDS(Start, messages);
constexpr EventType<Start> kStart{"bench/publish"};

// 200 bytes that begin with the time.
std::string message() {
  std::string text = Crowd::stamp();
  return "\"" + text.append(kMessageBytes - text.size(), 'x') + "\"";
}

Task<void> publish_much(Context<Start> ctx) {
  const Topic<std::string> topic("bench", "many");
  const std::string text(kMessageBytes, 'x');
  co_await ctx.step.run("publish", [&] {
    for (int i = 0; i < ctx.event.data.messages; ++i) ctx.publish(topic, text);
  });
}

void publish(Served& served, int count) {
  core::PublishMessages input;
  for (int i = 0; i < count; ++i) {
    input.messages.push_back({.channel = "bench", .topic = "t", .data = message()});
  }
  served.engine().impl().ask(std::move(input));
}

// Published as fast as the engine answers, ten at a time, and until all have come.
Measurement fan_out(const Options& options) {
  Folder folder(options);
  Served served(folder.file("w9.db"), [](Engine&) {});
  Crowd crowd(served.port(), kListen, kSubscribers, true);
  const int rounds = options.is_quick ? 10 : 80;
  Stopwatch watch;
  const double cpu = cpu_seconds();
  for (int i = 0; i < rounds; ++i) publish(served, 10);
  const auto deliveries = static_cast<uint64_t>(rounds) * 10 * kSubscribers;
  const bool all_came = crowd.wait_for(deliveries);
  const double seconds = watch.seconds();
  Measurement result{"W9", {{"fan_out", 1}, {"subscribers", kSubscribers}}, {}};
  result.figures["deliveries_per_s"] = static_cast<double>(crowd.messages()) / seconds;
  result.figures["missing"] = all_came ? 0 : static_cast<double>(deliveries - crowd.messages());
  result.figures["cpu_s_per_1m"] =
      (cpu_seconds() - cpu) * 1e6 / static_cast<double>(crowd.messages());
  return result;
}

// 50 messages a second, so 50,000 deliveries.
Measurement paced(const Options& options) {
  Folder folder(options);
  Served served(folder.file("w9.db"), [](Engine&) {});
  Crowd crowd(served.port(), kListen, kSubscribers, true);
  const int count = options.is_quick ? 25 : 250;
  auto due = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    publish(served, 1);
    due += std::chrono::milliseconds(20);
    std::this_thread::sleep_until(due);
  }
  crowd.wait_for(static_cast<uint64_t>(count) * kSubscribers);
  const std::vector<double> millis = crowd.take_millis();
  Measurement result{"W9", {{"paced", 1}, {"subscribers", kSubscribers}}, {}};
  result.figures["p50_ms"] = percentile(millis, 0.5);
  result.figures["p99_ms"] = percentile(millis, 0.99);
  return result;
}

// Raises the limit of open files as far as it goes; what it is then.
size_t open_files_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

// Both ends of each connection are in this process: two open files and the client's few bytes too.
Measurement idle(const Options& options) {
  Folder folder(options);
  server::ServiceOptions service;
  service.limits.connections_max = 20'000;
  Served served(
      folder.file("w9.db"), [](Engine&) {}, service);
  const size_t files = open_files_limit();
  const int wanted = options.is_quick ? 1'000 : 10'000;
  const int count =
      static_cast<int>(std::min<size_t>(static_cast<size_t>(wanted), files / 2 - 100));
  const double before = resident_bytes();
  const Crowd crowd(served.port(), kListen, count, false);
  Measurement result{"W9", {{"idle", 1}, {"subscribers", static_cast<double>(count)}}, {}};
  result.figures["bytes_per_idle_subscriber"] = (resident_bytes() - before) / count;
  return result;
}

Measurement one_publisher(const Options& options) {
  Folder folder(options);
  Served served(folder.file("w9.db"), [](Engine&) {});
  const std::string body = message();
  const LoadResult load =
      run_load(served.port(), "/v1/realtime/publish?channel=bench&topic=t",
               {.connections = 32, .requests = options.is_quick ? 5'000u : 50'000u},
               [&](uint64_t) -> const std::string& { return body; });
  Measurement result{"W9", {{"publisher", 1}}, {}};
  result.figures["messages_per_s"] = static_cast<double>(load.answered) / load.seconds;
  result.figures["p99_ms"] = percentile(load.millis, 0.99);
  return result;
}

// Milliseconds from the event until the run has ended.
double run_that_publishes(Served& served) {
  std::vector<double> millis;
  for (int i = 0; i < 15; ++i) {
    Stopwatch watch;
    const uint64_t ended = static_cast<uint64_t>(i) + 1;
    served.engine().send(kStart, {.messages = 1'000});
    served.engine().impl().wait_for_ends(ended);
    millis.push_back(watch.seconds() * 1e3);
  }
  return percentile(millis, 0.5);
}

Measurement stalled(const Options& options) {
  Measurement result{"W9", {{"stalled", 1}, {"subscribers", kSubscribers}}, {}};
  const auto measure = [&](bool with_subscribers) {
    Folder folder(options);
    Served served(folder.file("w9.db"), [](Engine& engine) {
      engine.function({.id = "publish-much"}, kStart, publish_much);
    });
    std::optional<Crowd> crowd;
    if (with_subscribers) {
      crowd.emplace(served.port(), kListen, kSubscribers, false);
      publish(served, 500);  // until their buffers are full
    }
    return run_that_publishes(served);
  };
  const double alone = measure(false);
  const double with_stalled = measure(true);
  result.figures["run_ms_alone"] = alone;
  result.figures["run_ms_stalled"] = with_stalled;
  result.figures["ratio"] = with_stalled / alone;
  return result;
}

std::vector<Measurement> run_realtime(const Options& options) {
  return {fan_out(options), paced(options), idle(options), one_publisher(options),
          stalled(options)};
}

}  // namespace

Workload realtime_workload() {
  return {"W9",
          "realtime: 1,000 WebSocket subscribers, 10,000 idle ones, one publisher, stalled readers",
          run_realtime,
          {{"W9", {{"fan_out", 1}}, "deliveries_per_s", 100'000, false, false},
           {"W9", {{"paced", 1}}, "p99_ms", 50, true, true},
           {"W9", {{"idle", 1}}, "bytes_per_idle_subscriber", 20 * 1024, true, false},
           {"W9", {{"publisher", 1}}, "messages_per_s", 10'000, false, true},
           {"W9", {{"stalled", 1}}, "ratio", 1.2, true, false}}};
}

}  // namespace stepwell::bench
