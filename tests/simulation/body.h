// The body of a step, as the user's code would be: it takes its time, sends events, fails as its
// statement says, and may kill the process.
#pragma once

#include <functional>

#include "tests/simulation/host.h"

namespace stepwell::sim {

// What a body takes longer that fate makes slow.
inline constexpr Duration kSlowBody = std::chrono::minutes(7);

struct BodyCall {
  RunId run;
  const Statement* statement;
  StepOp op;  // of the step; its result is put into it
  int attempt = 0;
  core::CallId call;  // in which it runs
};

class BodyRunner {
 public:
  using Later = std::function<void(Duration delay, std::function<void()> thing)>;
  using Done = std::function<void(StepOp ended)>;

  explicit BodyRunner(Host& host) : host_(host) {}

  // Starts it; `done` gets the op with its result, unless what `later` is of dies before.
  void start(BodyCall call, const Later& later, Done done);

 private:
  StepOp ended(const Statement& statement, StepOp op, int attempt);

  Host& host_;
};

}  // namespace stepwell::sim
