// The reference model: a naive sequential reading of a program that knows what may come of it. It
// knows nothing of the engine but what a run recorded and returned.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/history.h"
#include "tests/simulation/host.h"
#include "tests/simulation/program.h"

namespace stepwell::sim {

struct ModelOptions {
  bool has_lossy_calls = false;  // calls of endpoints may fail by themselves
  std::optional<Duration> retry_interval;
  bool has_limits = false;  // of concurrency, throttles: runs wait for each other
  Duration pauses{};  // of functions, all together
};

class Model {
 public:
  // `functions` must outlive it.
  Model(const std::vector<AppFunction>& functions, const ModelOptions& options);

  // Whether the run may have ended as it did; what is wrong if not.
  std::optional<std::string> judge(const RunRecord& run, const History& history) const;

  // How long a run of the function takes at most, once nothing goes wrong any more.
  Duration bound(const FunctionId& function) const;

 private:
  const AppFunction& function_of(const FunctionId& id) const;
  std::optional<std::string> judge_failure(const RunRecord& run, const AppFunction& function,
                                           const History& history) const;

  const std::vector<AppFunction>& functions_;
  ModelOptions options_;
};

// Judges each run at its end with the model, and that it ends in time.
std::unique_ptr<Checker> check_model(const Host& host, const std::vector<AppFunction>& functions,
                                     const ModelOptions& options, Time calm_since);

}  // namespace stepwell::sim
