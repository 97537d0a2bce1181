#include "api/sdk/function_body.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "api/sdk/field_reader.h"

namespace stepwell::sdk {
namespace {

// "Charge card!" → "charge-card": the id of a function that has only a name.
std::string slug_of(std::string_view name) {
  std::string slug;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_upper || is_plain) {
      slug += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  if (slug.ends_with('-')) slug.pop_back();
  return slug;
}

void read_triggers(const FieldReader& from, FunctionConfig& config) {
  const std::vector<JsonView> list = from.list("triggers");
  for (size_t i = 0; i < list.size(); ++i) {
    const FieldReader trigger = from.element("triggers", i, list[i]);
    config.triggers.push_back({.event = trigger.text("event"),
                               .expression = trigger.text("expression"),
                               .cron = trigger.text("cron"),
                               .jitter = trigger.duration("jitter")});
  }
}

// SDKs send one step: where the function is called, and how often it is tried again.
void read_step(const FieldReader& from, FunctionConfig& config) {
  if (const auto retries = from.integer("retries")) {
    config.retries = static_cast<int>(std::clamp<int64_t>(*retries, -1, kMaxRetries));
  }
  const std::optional<JsonView> steps = from.find("steps");
  size_t count = 0;
  if (steps) {
    for (JsonMembers it = steps->members(); it.next();) ++count;
  }
  if (count != 1) return from.fault("steps", "it must be an object with one step");
  JsonMembers only = steps->members();
  only.next();
  const std::optional<FieldReader> all = from.object("steps");
  const std::optional<FieldReader> step = all->object(only.key());
  if (!step) return from.fault("steps", "the step must be an object");
  if (const auto runtime = step->object("runtime")) {
    config.url = runtime->text("url");
    if (const std::string type = runtime->text("type"); !type.empty() && type != "http") {
      runtime->fault("type", fmt::format("\"{}\" is not supported, only \"http\" is", type));
    }
  }
  const auto retries = step->object("retries");
  if (const auto attempts = retries ? retries->integer("attempts") : std::nullopt) {
    config.retries = static_cast<int>(std::clamp<int64_t>(*attempts, -1, kMaxRetries));
  }
}

void read_cancellations(const FieldReader& from, FunctionConfig& config) {
  const std::vector<JsonView> list = from.list("cancel");
  for (size_t i = 0; i < list.size(); ++i) {
    const FieldReader cancel = from.element("cancelOn", i, list[i]);
    config.cancel_on.push_back({.event = cancel.text("event"),
                                .expression = cancel.text("if"),
                                .timeout = {},
                                .until = cancel.time("timeout")});
    CancelOn& read = config.cancel_on.back();
    if (!read.until) read.timeout = cancel.duration("timeout");
  }
}

// -- Flow control ---------------------------------------------------------------------------------

void add_limit(const FieldReader& from, std::vector<ConcurrencyLimit>& limits) {
  ConcurrencyLimit limit{.limit = from.integer("limit").value_or(0), .key = from.text("key")};
  std::string scope = from.text("scope");
  for (char& c : scope) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (scope == "env") {
    limit.scope = ConcurrencyScope::kEnvironment;
  } else if (scope == "account") {
    limit.scope = ConcurrencyScope::kAccount;
  } else if (!scope.empty() && scope != "fn") {
    from.fault("scope", fmt::format("\"{}\" is none of fn, env and account", scope));
  }
  limits.push_back(std::move(limit));
}

// Upstream's way to say: no limit.
bool is_no_limit(const ConcurrencyLimit& limit) {
  return limit.limit == 0 && limit.key.empty() && limit.scope == ConcurrencyScope::kFunction;
}

void add_limits(const FieldReader& from, std::string_view name,
                std::vector<ConcurrencyLimit>& limits) {
  const std::vector<JsonView> list = from.list(name);
  for (size_t i = 0; i < list.size(); ++i) add_limit(from.element(name, i, list[i]), limits);
}

// A number, a limit, a list of limits, or {"fn":[…],"step":[…]}.
void read_concurrency(const FieldReader& from, FlowControl& flow) {
  constexpr std::string_view kName = "concurrency";
  const std::optional<JsonView> value = from.find(kName);
  if (!value) return;
  std::vector<ConcurrencyLimit>& steps = flow.step_concurrency;
  if (value->type() == JsonType::kNumber) {
    steps.push_back({.limit = from.integer(kName).value_or(0)});
  } else if (value->is_array()) {
    add_limits(from, kName, steps);
  } else if (const auto object = from.object(kName)) {
    if (object->find("fn") || object->find("step")) {
      for (const std::string_view name : {"limit", "key", "scope"}) {
        if (!object->find(name)) continue;
        object->fault(name, "beside fn or step it says nothing: put it there");
      }
      add_limits(*object, "fn", flow.run_concurrency);
      add_limits(*object, "step", steps);
      std::erase_if(flow.run_concurrency, is_no_limit);
    } else {
      add_limit(*object, steps);
    }
  }
}

void read_rates(const FieldReader& from, FlowControl& flow) {
  if (const auto throttle = from.object("throttle")) {
    const int64_t limit = throttle->integer("limit").value_or(0);
    flow.throttle = {.limit = limit == 0 ? 1 : limit,
                     .period = throttle->duration("period").value_or(Duration::zero()),
                     .burst = throttle->integer("burst").value_or(0),
                     .key = throttle->text("key")};
  }
  if (const auto rate = from.object("rateLimit")) {
    flow.rate_limit = {.limit = rate->integer("limit").value_or(0),
                       .period = rate->duration("period").value_or(Duration::zero()),
                       .key = rate->text("key")};
  }
  flow.idempotency = from.text("idempotency");
  if (!flow.idempotency.empty()) flow.rate_limit.reset();  // upstream's order of precedence
  if (const auto debounce = from.object("debounce")) {
    flow.debounce = {.period = debounce->duration("period").value_or(Duration::zero()),
                     .key = debounce->text("key"),
                     .timeout = debounce->duration("timeout")};
  }
}

void read_batching(const FieldReader& from, FlowControl& flow) {
  const auto batch = from.object("batchEvents");
  if (!batch) return;
  flow.batching = {.max_size = batch->integer("maxSize").value_or(0),
                   .timeout = batch->duration("timeout").value_or(Duration::zero()),
                   .key = batch->text("key"),
                   .condition = batch->text("if")};
}

void read_singleton(const FieldReader& from, FlowControl& flow) {
  const auto singleton = from.object("singleton");
  if (!singleton) return;
  const std::string mode = singleton->text("mode");
  const std::optional<JsonView> given = singleton->find("mode");
  const bool is_text = !given || given->as_string();  // else it is a fault already
  if (is_text && mode != "skip" && mode != "cancel") {
    singleton->fault("mode", fmt::format("\"{}\" is neither skip nor cancel", mode));
  }
  flow.singleton = {.mode = mode == "cancel" ? SingletonMode::kCancel : SingletonMode::kSkip,
                    .key = singleton->text("key")};
}

void read_flow_control(const FieldReader& from, FlowControl& flow) {
  read_concurrency(from, flow);
  read_rates(from, flow);
  read_batching(from, flow);
  read_singleton(from, flow);
  if (const auto priority = from.object("priority")) flow.priority = priority->text("run");
  if (const auto timeouts = from.object("timeouts")) {
    flow.start_timeout = timeouts->duration("start");
    flow.finish_timeout = timeouts->duration("finish");
  }
}

}  // namespace

FunctionBody read_function_body(const JsonView& json) {
  FunctionBody body;
  const FieldReader from(json, "", body.faults);
  body.config.driver = DriverKind::kHttp;
  body.config.name = from.text("name");
  body.config.id.slug = from.text("id");
  if (body.config.id.slug.empty()) body.config.id.slug = slug_of(body.config.name);
  if (body.config.name.empty()) from.fault("name", "it is missing");
  read_triggers(from, body.config);
  read_step(from, body.config);
  read_cancellations(from, body.config);
  read_flow_control(from, body.config.flow);
  return body;
}

void settle_limits(FlowControl& flow) {
  std::vector<ConcurrencyLimit>& steps = flow.step_concurrency;
  std::erase_if(steps, is_no_limit);
  std::stable_sort(steps.begin(), steps.end(),
                   [](const auto& a, const auto& b) { return a.limit < b.limit; });
}

}  // namespace stepwell::sdk
