// The SDK's side of the protocol, as far as programs need it: calls are read, answers are written.
// It is made from the protocol's description, and shares nothing with the engine's side.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/call.h"
#include "schema/op.h"
#include "schema/result.h"

namespace stepwell::sim {

// A call as the app understands it.
struct WireCall {
  std::string function;  // the UUID by which apps are told of their functions
  std::string name;      // comes back with checkpoints
  RunId run;
  int attempt = 0;
  bool plans_only = false;            // what is new is not to be run at once
  std::optional<StepKey> target;      // run this step alone
  std::vector<core::MemoEntry> memo;  // in the order of the stack; kinds are for the code to know
};

// The error says what an SDK would find wrong with the call.
Result<WireCall> read_wire_call(std::string_view body);

struct WireAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

// What the code met. Of a step that threw, how to go on is said by the header.
WireAnswer ops_answer(const std::vector<StepOp>& ops, bool is_race);
// The code returned. `is_told`: steps of this call were reported already.
WireAnswer output_answer(const std::string& output, bool is_told);
WireAnswer thrown_answer(const core::Threw& threw);
// The step that was asked for is not there.
WireAnswer not_found_answer(const StepKey& target);
// `answer` as a streaming app sends it.
WireAnswer streamed(const WireAnswer& answer);

// The body of a checkpoint with one result.
std::string checkpoint_body(const WireCall& call, const StepOp& op);

}  // namespace stepwell::sim
