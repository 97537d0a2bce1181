// What is said of a function: its open runs, and the limits that they are under.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_set>

#include "engine/core/flow_pools.h"
#include "engine/core/state.h"

namespace stepwell::core {
namespace {

constexpr size_t kLimitsShown = 100;

using Named = std::map<std::string, LimitInUse>;  // by the name of the pool

// The pools of a run under these limits, in the words of the configuration.
void name_pools(const FlowControl& flow, const flow::SlotKeys& pools, Named& named) {
  const flow::SlotLimits sizes = slot_limits(flow);
  const auto values = values_of(flow, pools);
  const auto add = [&](const std::string& pool, std::string limit, const std::string& key,
                       int64_t of) {
    if (pool.empty()) return;
    const auto value = values.find(key);
    std::string text = value == values.end() ? "" : value->second.value_or("(none)");
    named.emplace(pool, LimitInUse{.limit = std::move(limit), .key = std::move(text), .of = of});
  };
  size_t next = 0;
  for (const ConcurrencyLimit& limit : flow.step_concurrency) {
    if (limit.limit == 0 || next == pools.steps.size() || next == sizes.steps.size()) continue;
    add(pools.steps[next], fmt::format("concurrency[{}]", next), limit.key, sizes.steps[next]);
    ++next;
  }
  for (const ConcurrencyLimit& limit : flow.run_concurrency) {
    add(pools.runs, "concurrency.fn", limit.key, limit.limit);
  }
  if (flow.throttle) add(pools.throttle, "throttle", flow.throttle->key, flow.throttle->limit);
}

// The busiest, those before which most wait first.
std::vector<LimitInUse> busiest(Named named) {
  std::vector<LimitInUse> limits;
  for (auto& [pool, limit] : named) {
    if (limit.used > 0 || limit.waiting > 0) limits.push_back(std::move(limit));
  }
  std::stable_sort(limits.begin(), limits.end(), [](const LimitInUse& a, const LimitInUse& b) {
    return std::tie(a.waiting, a.used) > std::tie(b.waiting, b.used);
  });
  if (limits.size() > kLimitsShown) limits.resize(kLimitsShown);
  return limits;
}

}  // namespace

std::optional<FunctionView> State::function_view(const FunctionId& id) const {
  const Function* function = functions_.find(id.slug);
  if (function == nullptr) return std::nullopt;
  FunctionView view{.paused_at = function->paused_at, .is_available = function->is_available};
  Named named;
  std::unordered_set<const void*> seen;  // runs of the same keys share a line
  for (RunNo no : runs_.numbers()) {
    const Run& run = runs_.at(no);
    if (run.function != function) continue;
    (run.status == RunStatus::kScheduled ? view.queued : view.running) += 1;
    view.attempts += run.call != 0;
    view.attempts +=
        static_cast<size_t>(std::count_if(run.pending.begin(), run.pending.end(),
                                          [](const PendingStep& step) { return step.call != 0; }));
    if (run.line == nullptr || !seen.insert(run.line).second) continue;
    name_pools(function->config.flow, slots_.keys_of(*run.line), named);
  }
  for (const flow::Slots::Usage& usage :
       named.empty() ? std::vector<flow::Slots::Usage>() : slots_.usage()) {
    const auto found = named.find(usage.name);
    if (found == named.end()) continue;
    found->second.used = usage.in_use;
    found->second.waiting = static_cast<int64_t>(usage.waiting);
  }
  view.limits = busiest(std::move(named));
  return view;
}

}  // namespace stepwell::core
