// Runs a program against a memo, from its start, as far as the memo leads: what replay does to real
// code. The same memo in the same order gives the same ops.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/call.h"
#include "tests/simulation/program.h"

namespace stepwell::sim {

// How far the code came.
struct Progress {
  // The ops of steps that are neither in the memo nor pending, in the order in which they were met.
  // Steps with a body are planned; whoever runs the body puts its result instead.
  std::vector<StepOp> ops;
  // The statement of each met step with a body that is not in the memo.
  std::map<StepKey, const Statement*> bodies;
  size_t unresolved = 0;  // steps that were met and are not in the memo
  std::vector<Publication> publications;
  std::optional<std::string> returned;  // raw JSON
  std::optional<core::Threw> threw;
};

struct Replay {
  const Program& program;
  const std::vector<core::MemoEntry>& memo;
  const std::set<StepKey>& pending;
  int attempt = 0;         // of the function's code
  bool tells_seen = true;  // ops name the newest memo that their code had seen
  // The app itself sends events, and makes requests: those steps have a body.
  bool is_behind_http = false;
};

Progress interpret(const Replay& replay);

}  // namespace stepwell::sim
