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

// What runs of one function of the Node app took.
struct Through {
  uint64_t runs = 0;
  double seconds = 0;
  double cpu = 0;  // of the server

  void add(SdkBench& bench, const SdkServer& server, const std::string& event, uint64_t count) {
    const double before = server.cpu_seconds();
    seconds += bench.run(server, event, kOpen, count);
    cpu += server.cpu_seconds() - before;
    runs += count;
  }
  double steps_per_s() const { return static_cast<double>(runs * kStepsOfRun) / seconds; }
  double cpu_per_1k() const { return cpu * 1000 / static_cast<double>(runs * kCallsOfRun); }
};

// What is compared takes turns: the machine is not alike all the time, and Node gets warmer.
void run_node(const Options& options, int version, std::vector<Measurement>& results) {
  Folder folder(options);
  SdkServer server(folder.file("w7.db"), SdkServer::Mode::kDev);
  SdkBench bench;
  NodeApp app(bench, server, version);
  const bool checkpoints = version >= 4;
  const uint64_t runs = scaled(options, 100);
  Through plain;
  Through told;
  double direct_seconds = 0;
  constexpr int kTurns = 5;
  for (int turn = 0; turn < kTurns; ++turn) {
    if (turn == 1) {  // warm from here on
      plain = told = Through();
      direct_seconds = 0;
    }
    direct_seconds +=
        bench.call(kOpen, runs * kCallsOfRun, [&](uint64_t i) { return app.ready_made(i); });
    plain.add(bench, server, "ten/plain", runs);
    if (checkpoints) told.add(bench, server, "ten/checkpointed", runs);
  }
  const double direct = static_cast<double>(plain.runs * kStepsOfRun) / direct_seconds;
  const auto node = static_cast<double>(version);
  Measurement result{"W7", {{"node", node}, {"checkpointing", 0}}, {}};
  result.figures["steps_per_s"] = plain.steps_per_s();
  result.figures["direct_steps_per_s"] = direct;
  result.figures["ratio_to_direct"] = plain.steps_per_s() / direct;
  result.figures["server_cpu_s_per_1k_calls"] = plain.cpu_per_1k();
  results.push_back(result);
  if (!checkpoints) return;
  Measurement gain{"W7", {{"node", node}, {"checkpointing", 1}}, {}};
  gain.figures["steps_per_s"] = told.steps_per_s();
  gain.figures["ratio_to_plain"] = told.steps_per_s() / plain.steps_per_s();
  // One call and ten checkpoints are as many requests.
  gain.figures["server_cpu_s_per_1k_requests"] = told.cpu_per_1k();
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
