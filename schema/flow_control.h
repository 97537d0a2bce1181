// What a function says about when its runs may start and how many may be under way.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/json.h"
#include "schema/time.h"

namespace stepwell {

// Keys are expressions over `event`: each value of a key has a limit of its own. Empty: one for
// all.

enum class ConcurrencyScope : uint8_t { kFunction, kEnvironment, kAccount };

struct ConcurrencyLimit {
  int64_t limit = 0;
  std::string key = {};  // needed beyond the function's own scope, as the limit's name there
  ConcurrencyScope scope = ConcurrencyScope::kFunction;
};

// Delays starts that are too many.
struct Throttle {
  int64_t limit = 1;
  Duration period{};
  int64_t burst = 0;  // allowed at once, beside the limit
  std::string key = {};
};

// Drops starts that are too many.
struct RateLimit {
  int64_t limit = 1;
  Duration period{};
  std::string key = {};
};

// Starts a run when no event has come for the period.
struct Debounce {
  Duration period{};
  std::string key = {};
  std::optional<Duration> timeout = {};  // the longest wait since the first event
};

// Starts one run with many events.
struct Batching {
  int64_t max_size = 0;
  Duration timeout{};
  std::string key = {};
  std::string condition = {};  // over `event`; where it is not true, the event is not batched
};

// One run at a time: what happens to a second one.
enum class SingletonMode : uint8_t { kSkip, kCancel };

struct Singleton {
  SingletonMode mode = SingletonMode::kSkip;
  std::string key = {};
};

struct FlowControl {
  std::vector<ConcurrencyLimit> step_concurrency;  // attempts under way
  std::vector<ConcurrencyLimit> run_concurrency;   // runs from start to end
  std::optional<Throttle> throttle;
  std::optional<RateLimit> rate_limit;
  std::optional<Debounce> debounce;
  std::optional<Batching> batching;
  std::optional<Singleton> singleton;
  std::string priority;     // expression over `event`: seconds by which a run may overtake
  std::string idempotency;  // expression over `event`: one run a day for each value
  std::optional<Duration> start_timeout;   // a run that has not started by then is cancelled
  std::optional<Duration> finish_timeout;  // one that has not ended so long after its start as well
};

// Limits (upstream's figures).
inline constexpr size_t kMaxStepConcurrency = 2;
inline constexpr Duration kMaxRateLimitPeriod = std::chrono::hours(24);
inline constexpr Duration kMinDebouncePeriod = std::chrono::seconds(1);
inline constexpr Duration kMaxDebouncePeriod = std::chrono::days(7);
inline constexpr int64_t kMinBatchSize = 2;
inline constexpr Duration kMinBatchTimeout = std::chrono::seconds(1);

// The stored form: members of a function's configuration; what is absent is not written.
void write_flow_control(JsonWriter& json, const FlowControl& flow);
FlowControl read_flow_control(const JsonView& config);

// Adds to `faults` what is wrong with it, each as "field: what; ".
void check_flow_control(std::string& faults, const FlowControl& flow);

// All expressions, with the names of their fields.
struct NamedExpression {
  std::string field;  // "throttle.key"
  std::string text;
};
std::vector<NamedExpression> expressions_of(const FlowControl& flow);

}  // namespace stepwell
