// The ops of the SDK protocol, read into what the engine understands.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/json.h"
#include "schema/op.h"
#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::sdk {

inline constexpr size_t kStepBytesMax = 4u << 20;  // of a step's output, and of its input

// What the answer around the ops says of those that failed.
struct OpHints {
  bool no_retry = false;
  std::optional<Duration> retry_after;
};

struct ParsedOps {
  std::vector<StepOp> ops;
  std::optional<std::string> output;  // the run is complete, with this result (raw JSON)
  bool wants_call = false;            // DiscoveryRequest, None, or no op at all
  bool has_race = false;              // one of them is of a race
};

// Reads one op or an array of them. The error says which is wrong and how; what this version can't
// do is an error too.
Result<ParsedOps> parse_ops(std::string_view body, const OpHints& hints);

// Reads the "steps" of a checkpoint: results alone. Ops that only tell of plans are left out.
Result<std::vector<StepOp>> parse_checkpoint_ops(JsonView steps);

}  // namespace stepwell::sdk
