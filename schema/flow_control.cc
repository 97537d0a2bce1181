#include "schema/flow_control.h"

#include <fmt/core.h>

#include <utility>

namespace stepwell {
namespace {

constexpr std::pair<ConcurrencyScope, std::string_view> kScopes[] = {
    {ConcurrencyScope::kFunction, "fn"},
    {ConcurrencyScope::kEnvironment, "env"},
    {ConcurrencyScope::kAccount, "account"}};

// -- Writing --------------------------------------------------------------------------------------

void write_text(JsonWriter& json, std::string_view key, const std::string& text) {
  if (!text.empty()) json.key(key).string(text);
}

void write_millis(JsonWriter& json, std::string_view key, const std::optional<Duration>& duration) {
  if (duration) json.key(key).integer(duration->count());
}

void write_concurrency(JsonWriter& json, std::string_view name,
                       const std::vector<ConcurrencyLimit>& limits) {
  if (limits.empty()) return;
  json.key(name).begin_array();
  for (const ConcurrencyLimit& limit : limits) {
    json.begin_object().key("limit").integer(limit.limit);
    write_text(json, "key", limit.key);
    for (const auto& [scope, word] : kScopes) {
      if (scope == limit.scope) json.key("scope").string(word);
    }
    json.end_object();
  }
  json.end_array();
}

// -- Reading --------------------------------------------------------------------------------------

std::string text_of(const JsonView& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_string().value_or("") : std::string();
}

int64_t integer_of(const JsonView& object, std::string_view key) {
  const auto value = object.find(key);
  return value ? value->as_int64().value_or(0) : 0;
}

std::optional<Duration> duration_of(const JsonView& object, std::string_view key) {
  const auto value = object.find(key);
  const auto millis = value ? value->as_int64() : std::nullopt;
  return millis ? std::optional(Duration(*millis)) : std::nullopt;
}

Duration period_of(const JsonView& object, std::string_view key) {
  return duration_of(object, key).value_or(Duration::zero());
}

std::vector<ConcurrencyLimit> concurrency_of(const JsonView& config, std::string_view name) {
  std::vector<ConcurrencyLimit> limits;
  const auto list = config.find(name);
  if (!list) return limits;
  for (JsonElements it = list->elements(); it.next();) {
    ConcurrencyLimit limit{integer_of(it.value(), "limit"), text_of(it.value(), "key")};
    const std::string word = text_of(it.value(), "scope");
    for (const auto& [scope, name_of_scope] : kScopes) {
      if (name_of_scope == word) limit.scope = scope;
    }
    limits.push_back(std::move(limit));
  }
  return limits;
}

// -- Checking -------------------------------------------------------------------------------------

void check_concurrency(std::string& faults, std::string_view name,
                       const std::vector<ConcurrencyLimit>& limits, size_t most, int64_t least) {
  if (limits.size() > most) {
    faults += fmt::format("{}: {} limits, at most {} are allowed; ", name, limits.size(), most);
  }
  for (size_t i = 0; i < limits.size(); ++i) {
    if (limits[i].limit < least) {
      faults += fmt::format("{}[{}]: the limit must be at least {}; ", name, i, least);
    }
    if (limits[i].limit == 0 && least == 0 && !limits[i].key.empty()) {
      faults += fmt::format("{}[{}]: a limit of 0 with a key would let nothing run; ", name, i);
    }
    if (limits[i].scope != ConcurrencyScope::kFunction && limits[i].key.empty()) {
      faults += fmt::format("{}[{}]: a limit for more than the function needs a key; ", name, i);
    }
  }
}

void check_rates(std::string& faults, const FlowControl& flow) {
  if (flow.throttle) {
    if (flow.throttle->limit < 1) faults += "throttle: the limit must be at least 1; ";
    if (flow.throttle->period <= Duration::zero()) faults += "throttle: it needs a period; ";
    if (flow.throttle->burst < 0) faults += "throttle: the burst cannot be negative; ";
  }
  if (flow.rate_limit) {
    if (flow.rate_limit->limit < 1) faults += "rateLimit: the limit must be at least 1; ";
    if (flow.rate_limit->period <= Duration::zero() ||
        flow.rate_limit->period > kMaxRateLimitPeriod) {
      faults += "rateLimit: the period must be longer than nothing and at most 24h; ";
    }
  }
  if (flow.debounce) {
    if (flow.debounce->period < kMinDebouncePeriod || flow.debounce->period > kMaxDebouncePeriod) {
      faults += "debounce: the period must be from 1s to 7d; ";
    }
    if (flow.debounce->timeout.value_or(Duration(1)) <= Duration::zero()) {
      faults += "debounce: the timeout must be longer than nothing; ";
    }
  }
}

void check_batching(std::string& faults, const FlowControl& flow) {
  if (!flow.batching) return;
  if (flow.batching->max_size < kMinBatchSize) {
    faults += fmt::format("batchEvents: maxSize must be at least {}; ", kMinBatchSize);
  }
  if (flow.batching->timeout < kMinBatchTimeout) {
    faults += "batchEvents: the timeout must be at least 1s; ";
  }
  const auto exclude = [&](bool is_used, std::string_view name) {
    if (is_used) faults += fmt::format("batchEvents: it does not go together with {}; ", name);
  };
  exclude(flow.debounce.has_value(), "debounce");
  exclude(flow.singleton.has_value(), "singleton");
  exclude(!flow.priority.empty(), "priority");
}

}  // namespace

void write_flow_control(JsonWriter& json, const FlowControl& flow) {
  write_concurrency(json, "concurrency", flow.step_concurrency);
  write_concurrency(json, "runConcurrency", flow.run_concurrency);
  if (flow.throttle) {
    json.key("throttle").begin_object().key("limit").integer(flow.throttle->limit);
    write_millis(json, "periodMs", flow.throttle->period);
    json.key("burst").integer(flow.throttle->burst);
    write_text(json, "key", flow.throttle->key);
    json.end_object();
  }
  if (flow.rate_limit) {
    json.key("rateLimit").begin_object().key("limit").integer(flow.rate_limit->limit);
    write_millis(json, "periodMs", flow.rate_limit->period);
    write_text(json, "key", flow.rate_limit->key);
    json.end_object();
  }
  if (flow.debounce) {
    json.key("debounce").begin_object();
    write_millis(json, "periodMs", flow.debounce->period);
    write_millis(json, "timeoutMs", flow.debounce->timeout);
    write_text(json, "key", flow.debounce->key);
    json.end_object();
  }
  if (flow.batching) {
    json.key("batchEvents").begin_object().key("maxSize").integer(flow.batching->max_size);
    write_millis(json, "timeoutMs", flow.batching->timeout);
    write_text(json, "key", flow.batching->key);
    write_text(json, "if", flow.batching->condition);
    json.end_object();
  }
  if (flow.singleton) {
    json.key("singleton").begin_object().key("mode");
    json.string(flow.singleton->mode == SingletonMode::kSkip ? "skip" : "cancel");
    write_text(json, "key", flow.singleton->key);
    json.end_object();
  }
  write_text(json, "priority", flow.priority);
  write_text(json, "idempotency", flow.idempotency);
  write_millis(json, "startTimeoutMs", flow.start_timeout);
  write_millis(json, "finishTimeoutMs", flow.finish_timeout);
}

FlowControl read_flow_control(const JsonView& config) {
  FlowControl flow;
  flow.step_concurrency = concurrency_of(config, "concurrency");
  flow.run_concurrency = concurrency_of(config, "runConcurrency");
  if (const auto from = config.find("throttle")) {
    flow.throttle = {integer_of(*from, "limit"), period_of(*from, "periodMs"),
                     integer_of(*from, "burst"), text_of(*from, "key")};
  }
  if (const auto from = config.find("rateLimit")) {
    flow.rate_limit = {integer_of(*from, "limit"), period_of(*from, "periodMs"),
                       text_of(*from, "key")};
  }
  if (const auto from = config.find("debounce")) {
    flow.debounce = {period_of(*from, "periodMs"), text_of(*from, "key"),
                     duration_of(*from, "timeoutMs")};
  }
  if (const auto from = config.find("batchEvents")) {
    flow.batching = {integer_of(*from, "maxSize"), period_of(*from, "timeoutMs"),
                     text_of(*from, "key"), text_of(*from, "if")};
  }
  if (const auto from = config.find("singleton")) {
    const bool skips = text_of(*from, "mode") == "skip";
    flow.singleton = {skips ? SingletonMode::kSkip : SingletonMode::kCancel, text_of(*from, "key")};
  }
  flow.priority = text_of(config, "priority");
  flow.idempotency = text_of(config, "idempotency");
  flow.start_timeout = duration_of(config, "startTimeoutMs");
  flow.finish_timeout = duration_of(config, "finishTimeoutMs");
  return flow;
}

void check_flow_control(std::string& faults, const FlowControl& flow) {
  check_concurrency(faults, "concurrency", flow.step_concurrency, kMaxStepConcurrency, 0);
  check_concurrency(faults, "concurrency.fn", flow.run_concurrency, 1, 1);
  check_rates(faults, flow);
  check_batching(faults, flow);
  if (flow.start_timeout.value_or(Duration(1)) <= Duration::zero()) {
    faults += "timeouts.start: it must be longer than nothing; ";
  }
  if (flow.finish_timeout.value_or(Duration(1)) <= Duration::zero()) {
    faults += "timeouts.finish: it must be longer than nothing; ";
  }
}

std::vector<NamedExpression> expressions_of(const FlowControl& flow) {
  std::vector<NamedExpression> all;
  const auto add = [&](std::string field, const std::string& text) {
    if (!text.empty()) all.push_back({std::move(field), text});
  };
  for (size_t i = 0; i < flow.step_concurrency.size(); ++i) {
    add(fmt::format("concurrency[{}].key", i), flow.step_concurrency[i].key);
  }
  for (size_t i = 0; i < flow.run_concurrency.size(); ++i) {
    add(fmt::format("concurrency.fn[{}].key", i), flow.run_concurrency[i].key);
  }
  if (flow.throttle) add("throttle.key", flow.throttle->key);
  if (flow.rate_limit) add("rateLimit.key", flow.rate_limit->key);
  if (flow.debounce) add("debounce.key", flow.debounce->key);
  if (flow.batching) {
    add("batchEvents.key", flow.batching->key);
    add("batchEvents.if", flow.batching->condition);
  }
  if (flow.singleton) add("singleton.key", flow.singleton->key);
  add("priority.run", flow.priority);
  add("idempotency", flow.idempotency);
  return all;
}

}  // namespace stepwell
