// The configuration of a function: everything about it but its code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/ids.h"
#include "schema/result.h"
#include "schema/time.h"

namespace stepwell {

// Starts a run for each event of this name. A trailing "*" behind a "/" or "." is a wildcard.
struct Trigger {
  std::string event;
  std::string expression;  // over `event`; empty: every event of the name
};

// Cancels a run when an event of this name arrives.
struct CancelOn {
  std::string event;
  std::string expression;           // over `event` (the run's trigger) and `async`; may be empty
  std::optional<Duration> timeout;  // how long after its creation the run can be cancelled so
};

enum class DriverKind : uint8_t { kNative = 1, kHttp = 2 };

// How finished parallel steps bring the function's code forward.
enum class ParallelMode : uint8_t {
  kCoalesce,  // once, when all of a group have finished (SDK request version 2)
  kRace,      // at each finished step
};

struct FunctionConfig {
  FunctionId id;
  std::string name;  // for people; empty: the id
  std::string app;
  DriverKind driver = DriverKind::kNative;
  std::vector<Trigger> triggers;  // none: only invoked
  int retries = 4;                // attempts beyond the first, of the function and of each step
  std::vector<CancelOn> cancel_on;
  std::optional<Duration> wait_lookback;  // absent: the server's setting; zero: none
};

// Limits of a function's configuration (upstream's figures).
inline constexpr int kMaxTriggers = 10;
inline constexpr int kMaxCancelOn = 5;
inline constexpr int kMaxRetries = 20;
inline constexpr size_t kMaxEventNameLength = 255;

// The stored form, one JSON object.
std::string function_config_json(const FunctionConfig& config);
Result<FunctionConfig> parse_function_config(std::string_view json);

// Checks counts, names, durations and duplicates (not expressions, which need the compiler). The
// error lists every fault. Retries above kMaxRetries are not a fault: they are clamped on use.
Result<void> validate(const FunctionConfig& config);

}  // namespace stepwell
