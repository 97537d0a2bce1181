#include "api/embedded/function_config_of.h"

namespace stepwell::detail {
namespace {

ConcurrencyLimit limit_of(const FunctionOptions::Concurrency& limit) {
  using Scope = FunctionOptions::Concurrency::Scope;
  ConcurrencyScope scope = ConcurrencyScope::kFunction;
  if (limit.scope == Scope::kEnvironment) scope = ConcurrencyScope::kEnvironment;
  if (limit.scope == Scope::kAccount) scope = ConcurrencyScope::kAccount;
  return {limit.limit, limit.key, scope};
}

FlowControl flow_of(const FunctionOptions& options) {
  FlowControl flow;
  for (const auto& limit : options.concurrency) flow.step_concurrency.push_back(limit_of(limit));
  if (options.run_concurrency) flow.run_concurrency = {limit_of(*options.run_concurrency)};
  if (const auto& throttle = options.throttle) {
    flow.throttle = Throttle{throttle->limit, throttle->period, throttle->burst, throttle->key};
  }
  if (const auto& singleton = options.singleton) {
    const bool skips = singleton->mode == FunctionOptions::Singleton::Mode::kSkip;
    flow.singleton =
        Singleton{skips ? SingletonMode::kSkip : SingletonMode::kCancel, singleton->key};
  }
  flow.priority = options.priority;
  flow.idempotency = options.idempotency;
  if (const auto& rate = options.rate_limit) {
    flow.rate_limit = RateLimit{rate->limit, rate->period, rate->key};
  }
  if (const auto& debounce = options.debounce) {
    flow.debounce = Debounce{debounce->period, debounce->key, debounce->timeout};
  }
  if (const auto& batch = options.batch_events) {
    flow.batching = Batching{batch->max_size, batch->timeout, batch->key, batch->if_};
  }
  flow.start_timeout = options.timeouts.start;
  flow.finish_timeout = options.timeouts.finish;
  return flow;
}

}  // namespace

FunctionConfig config_of(const FunctionOptions& options, const std::string& app) {
  FunctionConfig config;
  config.id = {options.id};
  config.name = options.name;
  config.app = app;
  for (const auto& trigger : options.triggers) {
    config.triggers.push_back({trigger.event, trigger.if_});
  }
  for (const auto& schedule : options.schedules) {
    config.triggers.push_back({.cron = schedule.cron, .jitter = schedule.jitter});
  }
  config.retries = options.retries;
  for (const auto& cancel : options.cancel_on) {
    CancelOn cancel_on{cancel.event, cancel.if_, cancel.timeout};
    if (cancel.until) cancel_on.until = std::chrono::floor<Duration>(*cancel.until);
    config.cancel_on.push_back(std::move(cancel_on));
  }
  config.wait_lookback = options.wait_lookback;
  config.flow = flow_of(options);
  return config;
}

}  // namespace stepwell::detail
