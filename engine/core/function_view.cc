// What is said of a function: its open runs, the limits that they are under, and what its flow
// control counts or gathers before there is a run.
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

constexpr const char* kNoKey = "(none)";  // it could not be evaluated

std::string shown(const std::string& key) {
  return key == failed_key() ? kNoKey : key;
}

using Named = std::map<std::string, LimitInUse>;  // by the name of the pool

// The pools of a run under these limits, in the words of the configuration.
void name_pools(const FlowControl& flow, const flow::SlotKeys& pools, Named& named) {
  const flow::SlotLimits sizes = slot_limits(flow);
  const auto values = values_of(flow, pools);
  const auto add = [&](const std::string& pool, std::string limit, const std::string& key,
                       int64_t of) {
    if (pool.empty()) return;
    const auto value = values.find(key);
    std::string text = value == values.end() ? "" : value->second.value_or(kNoKey);
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

// What counts against a rate limit.
void add_starts(const Function& function, const flow::RateBook& rates, Time now,
                std::vector<LimitInUse>& limits) {
  // Of idempotency all keys of a day count, and each as the others.
  const std::optional<RateLimit>& limit = function.config.flow.rate_limit;
  if (!limit) return;
  for (const auto& each : rates.usage(function.config.id.slug, limit->period, now)) {
    limits.push_back({"rateLimit", shown(each.key), each.used, limit->limit, 0, {}});
  }
}

// Events that are being gathered, also where the configuration no longer says so: they will start.
void add_gathered(const Function& function, const flow::DebounceBook& debounces,
                  const flow::BatchBook& batches, std::vector<LimitInUse>& limits) {
  const std::string& slug = function.config.id.slug;
  const std::optional<Batching>& batching = function.config.flow.batching;
  for (const auto& [no, window] : debounces.all()) {
    if (window.is_closed || window.place.function != slug) continue;
    limits.push_back({"debounce", shown(window.place.key), window.events, 0, 0, window.due});
  }
  for (const auto& [no, batch] : batches.all()) {
    if (batch.is_closed || batch.place.function != slug) continue;
    const auto events = static_cast<int64_t>(batch.events.size());
    const int64_t of = batching ? batching->max_size : 0;
    limits.push_back({"batchEvents", shown(batch.place.key), events, of, 0, batch.due});
  }
}

// Those before which most wait first, then the busiest.
void sort_and_cut(std::vector<LimitInUse>& limits) {
  std::erase_if(limits, [](const LimitInUse& each) { return each.used == 0 && each.waiting == 0; });
  std::stable_sort(limits.begin(), limits.end(), [](const LimitInUse& a, const LimitInUse& b) {
    return std::tie(a.waiting, a.used) > std::tie(b.waiting, b.used);
  });
  if (limits.size() > kLimitsShown) limits.resize(kLimitsShown);
}

}  // namespace

std::optional<FunctionView> State::function_view(const FunctionId& id, Time now) const {
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
  for (auto& [pool, limit] : named) view.limits.push_back(std::move(limit));
  const std::string singletons = id.slug + "\n";
  for (auto it = singletons_.lower_bound(singletons);
       it != singletons_.end() && it->first.starts_with(singletons); ++it) {
    view.limits.push_back({"singleton", it->first.substr(singletons.size()), 1, 1, 0, {}});
  }
  add_starts(*function, rates_, now, view.limits);
  add_gathered(*function, debounces_, batches_, view.limits);
  sort_and_cut(view.limits);
  return view;
}

}  // namespace stepwell::core
