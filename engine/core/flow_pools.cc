#include "engine/core/flow_pools.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace stepwell::core {
namespace {

// A name is what owns the pool, then, behind the last line feed but those of the value, the value:
//   "f\nSLUG\nKEY\n=VALUE" a function's, "fe\n=VALUE" the environment's, "fa\n=VALUE" the
//   account's, "r\nSLUG\nKEY\n=VALUE", "re\n=VALUE", "ra\n=VALUE" the same of runs,
//   "t\nSLUG\n=VALUE" of a throttle.
// "?" instead of "=VALUE": the key could not be evaluated; all such runs share a pool.
std::string value_part(const std::optional<std::string>& value) {
  return value ? "=" + *value : "?";
}

// What counts calls and what counts runs is never one pool: a run would wait for its own slot.
constexpr std::string_view kCalls = "f";
constexpr std::string_view kRuns = "r";

std::string owner_of(std::string_view kind, std::string_view slug, const ConcurrencyLimit& limit) {
  switch (limit.scope) {
    case ConcurrencyScope::kEnvironment:
      return fmt::format("{}e\n", kind);
    case ConcurrencyScope::kAccount:
      return fmt::format("{}a\n", kind);
    default:
      return fmt::format("{}\n{}\n{}\n", kind, slug, limit.key);
  }
}

std::vector<const ConcurrencyLimit*> in_force(const std::vector<ConcurrencyLimit>& limits) {
  std::vector<const ConcurrencyLimit*> found;
  for (const ConcurrencyLimit& limit : limits) {
    if (limit.limit > 0) found.push_back(&limit);
  }
  return found;
}

// Empty: the limit is not for this run.
std::string pool_of(std::string_view kind, std::string_view slug, const ConcurrencyLimit& limit,
                    const RunFlow& flow) {
  const std::string owner = owner_of(kind, slug, limit);
  if (limit.key.empty()) return owner + value_part("");
  auto value = flow.keys.find(limit.key);
  return value == flow.keys.end() ? std::string() : owner + value_part(value->second);
}

// What stands behind the owner.
std::optional<std::string> value_in(std::string_view pool, size_t owner_size) {
  const std::string_view part = pool.substr(owner_size);
  if (part.empty() || part.front() != '=') return std::nullopt;
  return std::string(part.substr(1));
}

// Two limits on runs at most make sense to nobody: the configuration has one.
const ConcurrencyLimit* run_limit(const FlowControl& flow) {
  const auto limits = in_force(flow.run_concurrency);
  return limits.empty() ? nullptr : limits.front();
}

std::string shape_of(const ConcurrencyLimit& limit) {
  return fmt::format("{}\n{}\n", static_cast<int>(limit.scope), limit.key);
}

}  // namespace

flow::SlotLimits slot_limits(const FlowControl& flow) {
  flow::SlotLimits limits;
  for (const ConcurrencyLimit* limit : in_force(flow.step_concurrency)) {
    limits.steps.push_back(limit->limit);
  }
  if (const ConcurrencyLimit* limit = run_limit(flow)) limits.runs = limit->limit;
  if (flow.throttle) {
    limits.throttle = flow::Rate{flow.throttle->limit, flow.throttle->period, flow.throttle->burst};
  }
  return limits;
}

flow::SlotKeys pools_of(const Function& function, const RunFlow& flow) {
  const FlowControl& config = function.config.flow;
  const std::string& slug = function.config.id.slug;
  flow::SlotKeys keys;
  for (const ConcurrencyLimit* limit : in_force(config.step_concurrency)) {
    keys.steps.push_back(pool_of(kCalls, slug, *limit, flow));
  }
  if (const ConcurrencyLimit* limit = run_limit(config)) {
    keys.runs = pool_of(kRuns, slug, *limit, flow);
  }
  if (config.throttle) {
    std::optional<std::string> value = "";
    if (!config.throttle->key.empty()) {
      auto found = flow.keys.find(config.throttle->key);
      if (found == flow.keys.end()) return keys;
      value = found->second;
    }
    keys.throttle = throttle_pools(slug) + value_part(value);
  }
  return keys;
}

std::map<std::string, std::optional<std::string>> values_of(const FlowControl& flow,
                                                            const flow::SlotKeys& pools) {
  std::map<std::string, std::optional<std::string>> values;
  const auto add = [&](std::string_view kind, const ConcurrencyLimit& limit,
                       const std::string& pool) {
    if (limit.key.empty() || pool.empty()) return;
    const bool is_shared = limit.scope != ConcurrencyScope::kFunction;
    // The owner ends with the key and a line feed; its slug has none.
    const size_t owner = is_shared ? owner_of(kind, "", limit).size()
                                   : pool.find('\n', 2) + 1 + limit.key.size() + 1;
    values.emplace(limit.key, value_in(pool, owner));
  };
  const auto steps = in_force(flow.step_concurrency);
  for (size_t i = 0; i < steps.size() && i < pools.steps.size(); ++i)
    add(kCalls, *steps[i], pools.steps[i]);
  if (const ConcurrencyLimit* limit = run_limit(flow)) add(kRuns, *limit, pools.runs);
  if (flow.throttle && !flow.throttle->key.empty() && !pools.throttle.empty()) {
    values.emplace(flow.throttle->key, value_in(pools.throttle, pools.throttle.find('\n', 2) + 1));
  }
  return values;
}

std::string limits_shape(const FlowControl& flow) {
  std::string shape;
  for (const ConcurrencyLimit* limit : in_force(flow.step_concurrency)) shape += shape_of(*limit);
  shape += "runs\n";
  if (const ConcurrencyLimit* limit = run_limit(flow)) shape += shape_of(*limit);
  if (flow.throttle) shape += "throttle\n" + flow.throttle->key;
  return shape;
}

storage::FlowStateKey throttle_key(std::string_view pool) {
  const size_t end = pool.find('\n', kThrottlePool.size());
  return {.function = std::string(pool.substr(kThrottlePool.size(), end - kThrottlePool.size())),
          .kind = storage::FlowKind::kThrottle,
          .key = std::string(pool.substr(end + 1))};
}

std::string throttle_pool(const storage::FlowStateKey& key) {
  return throttle_pools(key.function) + key.key;
}

std::string throttle_pools(std::string_view slug) {
  return fmt::format("{}{}\n", kThrottlePool, slug);
}

std::string describe_place(const FlowControl& flow, const flow::SlotKeys& pools,
                           const flow::Slots::Place& place) {
  using Limit = flow::Slots::Place::Limit;
  const auto values = values_of(flow, pools);
  const auto of_key = [&](const std::string& key) -> std::string {
    if (key.empty()) return "";
    auto value = values.find(key);
    if (value == values.end()) return "";
    if (!value->second) return fmt::format(" for runs of which {} cannot be read", key);
    return fmt::format(" for {} = \"{}\"", key, *value->second);
  };
  std::string what;
  if (place.limit == Limit::kThrottle) {
    what = fmt::format("waits for the throttle of {} in {}{}", place.size,
                       format_duration(flow.throttle->period), of_key(flow.throttle->key));
  } else {
    const bool is_of_runs = place.limit == Limit::kRuns;
    const ConcurrencyLimit& limit =
        is_of_runs ? *run_limit(flow) : *in_force(flow.step_concurrency)[place.index];
    what = fmt::format("waits for a slot: {} of {} {} in use{}", place.in_use, place.size,
                       is_of_runs ? "of the limit on runs are" : "are", of_key(limit.key));
  }
  what += fmt::format("; place {} of {}", place.place, place.queued);
  if (place.queues > 1) what += fmt::format(", taking turns with {} more", place.queues - 1);
  if (place.earliest)
    what += fmt::format("; starts at {} at the earliest", format_rfc3339(*place.earliest));
  return what;
}

}  // namespace stepwell::core
