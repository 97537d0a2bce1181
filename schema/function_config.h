// The configuration of a function: everything about it but its code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/flow_control.h"
#include "schema/ids.h"
#include "schema/result.h"
#include "schema/time.h"

namespace stepwell {

// Starts a run for each event of this name, or at each time of a schedule. A trailing "*" behind a
// "/" or "." of the name is a wildcard.
struct Trigger {
  std::string event = {};
  std::string expression = {};          // over `event`; empty: every event of the name
  std::string cron = {};                // see parse_cron; either this or an event
  std::optional<Duration> jitter = {};  // of a schedule: up to so much later
};

// Cancels a run when an event of this name arrives.
struct CancelOn {
  std::string event;
  std::string expression;           // over `event` (the run's trigger) and `async`; may be empty
  std::optional<Duration> timeout;  // how long after its creation the run can be cancelled so
  std::optional<Time> until = {};   // or until when: either this or a timeout
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
  std::string url;                // kHttp: where its code is called
  std::vector<Trigger> triggers;  // none: only invoked
  int retries = 4;                // attempts beyond the first, of the function and of each step
  std::vector<CancelOn> cancel_on;
  std::optional<Duration> wait_lookback;  // absent: the server's setting; zero: none
  FlowControl flow;
};

// Limits of a function's configuration (upstream's figures).
inline constexpr int kMaxTriggers = 10;
inline constexpr int kMaxCancelOn = 5;
inline constexpr int kMaxRetries = 20;
inline constexpr size_t kMaxEventNameLength = 255;
inline constexpr size_t kMaxUrlLength = 4096;
inline constexpr Duration kMinCronJitter = std::chrono::seconds(1);
inline constexpr Duration kMaxCronJitter = std::chrono::minutes(5);

// The stored form, one JSON object.
std::string function_config_json(const FunctionConfig& config);
Result<FunctionConfig> parse_function_config(std::string_view json);

// What is wrong with counts, names, durations, schedules, and what is there twice (not expressions,
// which need the compiler, nor whether a time zone exists): each "field: what", with "; " between
// them; empty if nothing. Retries above kMaxRetries are not a fault: they are clamped on use.
std::string faults_of(const FunctionConfig& config);

// The same as a result; the error names the function.
Result<void> validate(const FunctionConfig& config);

}  // namespace stepwell
