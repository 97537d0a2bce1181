// A scenario: functions, what clients and fate do, and what must have come of it at the end, with
// or without crashes.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/checkers.h"
#include "tests/simulation/host.h"

namespace stepwell::sim {

// Looks at the end of a scenario; what is not as expected breaks S-5.
class Expect {
 public:
  Expect(const Host& host, std::vector<std::string>& failures) : host_(host), failures_(failures) {}

  // The function had `count` runs, each ended so, with one of these outputs (any if none is named).
  void runs(const std::string& function, size_t count, RunStatus status,
            const std::set<std::string>& outputs = {});
  // Of the runs of the function so many ended so.
  void some(const std::string& function, RunStatus status, size_t count);
  // The run failed with an error of this name.
  void error(const std::string& function, const std::string& name);
  // A message was published to the channel at least `count` times.
  void messages(const std::string& channel, size_t count);
  void that(bool holds, const std::string& what);

  const Host& host() const { return host_; }

 private:
  std::vector<RunRecord> runs_of(const std::string& function) const;

  const Host& host_;
  std::vector<std::string>& failures_;
};

struct Scenario {
  std::string name;
  std::vector<AppFunction> functions;
  std::function<void(Host&)> script;
  std::function<void(Expect&)> expect;
  HostOptions options;
  CheckOptions checks;
  bool has_killer = false;  // a step of it kills its process
  // What it expects holds for an engine that serves on time, which one on a failing disk may not:
  // there only the promises are judged.
  bool expects_service = false;
};

// All fixed scenarios; each also as "name/evict", where runs leave memory whenever they can.
std::vector<Scenario> all_scenarios();

std::vector<Scenario> step_scenarios();
std::vector<Scenario> wait_scenarios();
std::vector<Scenario> lookback_scenarios();
std::vector<Scenario> run_scenarios();
std::vector<Scenario> fault_scenarios();
std::vector<Scenario> wire_scenarios();
std::vector<Scenario> intake_scenarios();
std::vector<Scenario> flow_scenarios();
std::vector<Scenario> clock_scenarios();

// What came of one play of a scenario.
struct Verdict {
  std::vector<Violation> violations;
  uint64_t hash = 0;
  int lives = 0;
  std::vector<std::vector<int>> effects;  // as Host::effects
  std::vector<int> pages;
  std::vector<std::string> trace;
  std::vector<std::string> open_runs;  // why each still waits, when something is wrong
  size_t runs = 0;
  size_t steps = 0;
  uint64_t batches = 0;
  Duration elapsed{};  // simulated
};

Verdict play(const Scenario& scenario, uint64_t seed, std::vector<CrashPoint> crashes, Log log,
             std::shared_ptr<Medium> medium = nullptr);

// What a host that has played amounts to.
Verdict verdict_of(const Host& host);

// A function triggered by an event of the name; empty: none.
AppFunction function(std::string id, std::string event, Program program);

}  // namespace stepwell::sim
