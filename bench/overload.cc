// OVERLOAD: senders that are ten times faster than the engine, for minutes. What it can't take it
// must refuse (429 or 503, with Retry-After), within bounded memory, and what it takes it must
// answer soon.
//
// The server is a process of its own, so that its memory is its own. Each request brings a hundred
// events that start a run of one step each. What is sustainable is measured first, with as many
// senders as keep the disk busy; then a crowd of senders repeats at once whatever is refused.
#include <signal.h>
#include <stepwell/stepwell.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "bench/bench.h"
#include "bench/http_load.h"
#include "bench/served.h"

namespace stepwell::bench {
namespace {

constexpr int kEventsPerRequest = 100;
constexpr int kSteadySenders = 4;
constexpr int kCrowd = 2'000;

struct Data {
  std::string filler;
};
STEPWELL_FIELDS(Data, filler);

constexpr EventType<Data> kOverload{"bench/overload"};

Task<void> one_step(Context<Data> ctx) {
  co_await ctx.step.run("step", [] { return 1; });
}

// The server in a process of its own, until the object goes.
class ServerProcess {
 public:
  explicit ServerProcess(const std::string& path) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) serve(path, ends[1]);
    close(ends[1]);
    bool is_ready = read(ends[0], &port_, sizeof(port_)) == sizeof(port_);
    close(ends[0]);
    if (!is_ready) throw std::runtime_error("the server did not start");
  }
  ~ServerProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }

 private:
  [[noreturn]] static void serve(const std::string& path, int ready) {
    Served served(path,
                  [](Engine& engine) { engine.function({.id = "one-step"}, kOverload, one_step); });
    uint16_t port = served.port();
    if (write(ready, &port, sizeof(port)) != sizeof(port)) std::abort();
    while (true) pause();
  }

  pid_t pid_ = 0;
  uint16_t port_ = 0;
};

std::string hundred_events() {
  std::string body;
  for (int i = 0; i < kEventsPerRequest; ++i) {
    body += (i == 0 ? "[" : ",") + std::string(R"({"name":"bench/overload","data":{"filler":")") +
            std::string(300, 'x') + "\"}}";
  }
  return body + "]";
}

std::vector<Measurement> run_overload(const Options& options) {
  Folder folder(options);
  ServerProcess server(folder.file("overload.db"));
  const std::string body = hundred_events();
  auto same = [&](uint64_t) -> const std::string& { return body; };
  auto load = [&](int connections, double seconds, std::function<void()> on_second) {
    return run_load(server.port(), "/e/bench",
                    {.connections = connections, .seconds = seconds, .on_second = on_second}, same);
  };
  LoadResult steady = load(kSteadySenders, options.is_quick ? 3 : 20, [] {});
  double sustainable = static_cast<double>(steady.answered) / steady.seconds;

  double resident = 0;
  LoadResult crowd = load(kCrowd, options.is_quick ? 20 : 300,
                          [&] { resident = std::max(resident, resident_bytes(server.pid())); });
  double offered =
      static_cast<double>(crowd.answered + crowd.refused + crowd.wrong) / crowd.seconds;
  Measurement result{"OVERLOAD", {{"senders", kCrowd}}, {}};
  result.figures["sustainable_events_per_s"] = sustainable * kEventsPerRequest;
  result.figures["offered_to_sustainable"] = offered / sustainable;
  result.figures["accepted_events_per_s"] =
      static_cast<double>(crowd.answered) * kEventsPerRequest / crowd.seconds;
  result.figures["accepted_p50_ms"] = percentile(crowd.millis, 0.5);
  result.figures["accepted_p99_ms"] = percentile(crowd.millis, 0.99);
  result.figures["wrong_answers"] = static_cast<double>(steady.wrong + crowd.wrong);
  result.figures["rss_mb_max"] = resident / (1 << 20);
  return {result};
}

}  // namespace

Workload overload_workload() {
  return {.name = "OVERLOAD",
          .what = "2,000 senders that do not wait, for five minutes: memory, latency, refusals",
          .run = run_overload,
          .targets = {{"OVERLOAD", {}, "rss_mb_max", 512, true, false},
                      {"OVERLOAD", {}, "offered_to_sustainable", 10, false, false},
                      {"OVERLOAD", {}, "accepted_p99_ms", 4'000, true, true},
                      {"OVERLOAD", {}, "wrong_answers", 0, true, false}},
          .is_by_hand = true};
}

}  // namespace stepwell::bench
