// W7: W1 through apps behind the SDK protocol: one that costs nothing, and a Node process with the
// official TypeScript SDK.
#include <cstdio>

#include "bench/bench.h"
#include "bench/sdk_run.h"

namespace stepwell::bench {
namespace {

constexpr int kOpen = 64;
constexpr uint64_t kCallsOfRun = kStepsOfRun + 1;

uint64_t scaled(const Options& options, uint64_t count) {
  return options.is_quick ? count / 10 : count;
}

Measurement run_instant(const Options& options, bool is_signed) {
  Folder folder(options);
  SdkServer server(folder.file("w7.db"),
                   is_signed ? SdkServer::Mode::kServe : SdkServer::Mode::kDev);
  SdkBench bench;
  InstantApp app(bench, server);
  const uint64_t runs = scaled(options, 4'000);
  bench.run(server, InstantApp::kEvent, kOpen, runs / 10);  // to get warm
  const double cpu = server.cpu_seconds();
  const uint64_t calls = app.calls();
  const double seconds = bench.run(server, InstantApp::kEvent, kOpen, runs);
  const auto made = static_cast<double>(app.calls() - calls);
  Measurement result{"W7", {{"instant", 1}, {"signed", is_signed}}, {}};
  result.figures["calls_per_s"] = made / seconds;
  result.figures["server_cpu_s_per_1k_calls"] = (server.cpu_seconds() - cpu) * 1000 / made;
  return result;
}

// Runs one function of the Node app, and tells what it came to.
struct Through {
  double steps_per_s = 0;
  double server_cpu_s_per_1k_calls = 0;
};

Through run_through(SdkBench& bench, const SdkServer& server, const std::string& event,
                    uint64_t runs, uint64_t calls_of_run) {
  const double cpu = server.cpu_seconds();
  const double seconds = bench.run(server, event, kOpen, runs);
  const auto calls = static_cast<double>(runs * calls_of_run);
  return {.steps_per_s = static_cast<double>(runs * kStepsOfRun) / seconds,
          .server_cpu_s_per_1k_calls = (server.cpu_seconds() - cpu) * 1000 / calls};
}

// The direct calls before and after: the process gets warmer all the time.
void run_node(const Options& options, int version, std::vector<Measurement>& results) {
  Folder folder(options);
  SdkServer server(folder.file("w7.db"), SdkServer::Mode::kDev);
  SdkBench bench;
  NodeApp app(bench, server, version);
  const uint64_t runs = scaled(options, 400);
  const auto direct = [&] {
    return bench.call(kOpen, runs / 2 * kCallsOfRun, [&](uint64_t i) { return app.ready_made(i); });
  };
  bench.run(server, "ten/plain", kOpen, runs / 4);  // to get warm
  const double before = direct();
  const Through plain = run_through(bench, server, "ten/plain", runs, kCallsOfRun);
  const double directly = static_cast<double>(runs / 2 * 2 * kStepsOfRun) / (before + direct());
  const auto node = static_cast<double>(version);
  Measurement result{"W7", {{"node", node}, {"checkpointing", 0}}, {}};
  result.figures["steps_per_s"] = plain.steps_per_s;
  result.figures["direct_steps_per_s"] = directly;
  result.figures["ratio_to_direct"] = plain.steps_per_s / directly;
  result.figures["server_cpu_s_per_1k_calls"] = plain.server_cpu_s_per_1k_calls;
  results.push_back(result);
  if (version < 4) return;

  bench.run(server, "ten/checkpointed", kOpen, runs / 4);
  // One call and ten checkpoints.
  const Through told = run_through(bench, server, "ten/checkpointed", runs, kCallsOfRun);
  Measurement gain{"W7", {{"node", node}, {"checkpointing", 1}}, {}};
  gain.figures["steps_per_s"] = told.steps_per_s;
  gain.figures["ratio_to_plain"] = told.steps_per_s / plain.steps_per_s;
  gain.figures["server_cpu_s_per_1k_requests"] = told.server_cpu_s_per_1k_calls;
  results.push_back(gain);
}

std::vector<Measurement> run_sdk(const Options& options) {
  std::vector<Measurement> results = {run_instant(options, false), run_instant(options, true)};
  for (const int version : {3, 4}) {
    const std::string missing = NodeApp::missing(version);
    if (missing.empty()) {
      run_node(options, version, results);
    } else {
      std::fprintf(stderr, "W7 without Node and SDK %d: %s\n", version, missing.c_str());
    }
  }
  return results;
}

// Of what can be measured here.
std::vector<Target> targets() {
  std::vector<Target> all = {
      {"W7", {{"instant", 1}, {"signed", 0}}, "calls_per_s", 8'000, false, true}};
  if (NodeApp::missing(3).empty()) all.push_back({"W7", {{"node", 3}}, "ratio_to_direct", 0.85});
  if (!NodeApp::missing(4).empty()) return all;
  all.push_back({"W7", {{"node", 4}, {"checkpointing", 0}}, "ratio_to_direct", 0.85});
  all.push_back(
      {"W7", {{"node", 4}, {"checkpointing", 0}}, "server_cpu_s_per_1k_calls", 0.12, true});
  all.push_back({"W7", {{"node", 4}, {"checkpointing", 1}}, "ratio_to_plain", 2.2});
  return all;
}

}  // namespace

Workload sdk_workload() {
  return {"W7", "ten steps through apps over HTTP, 64 open: an instant one, and Node with the SDK",
          run_sdk, targets()};
}

}  // namespace stepwell::bench
