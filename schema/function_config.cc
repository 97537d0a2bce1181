#include "schema/function_config.h"

#include <fmt/core.h>

#include <set>
#include <tuple>

#include "schema/cron.h"
#include "schema/event.h"
#include "schema/json.h"

namespace stepwell {
namespace {

std::optional<Duration> read_duration(const JsonView& object, std::string_view key) {
  auto value = object.find(key);
  auto millis = value ? value->as_int64() : std::nullopt;
  return millis ? std::optional<Duration>(Duration(*millis)) : std::nullopt;
}

std::optional<Time> read_time(const JsonView& object, std::string_view key) {
  const std::optional<Duration> since_1970 = read_duration(object, key);
  return since_1970 ? std::optional(Time(*since_1970)) : std::nullopt;
}

std::string read_string(const JsonView& object, std::string_view key) {
  auto value = object.find(key);
  return value ? value->as_string().value_or("") : std::string();
}

void read_triggers(const JsonView& root, FunctionConfig& config) {
  auto triggers = root.find("triggers");
  if (!triggers) return;
  for (JsonElements it = triggers->elements(); it.next();) {
    config.triggers.push_back({read_string(it.value(), "event"), read_string(it.value(), "if"),
                               read_string(it.value(), "cron"),
                               read_duration(it.value(), "jitterMs")});
  }
}

void read_cancel_on(const JsonView& root, FunctionConfig& config) {
  auto cancels = root.find("cancelOn");
  if (!cancels) return;
  for (JsonElements it = cancels->elements(); it.next();) {
    config.cancel_on.push_back({read_string(it.value(), "event"), read_string(it.value(), "if"),
                                read_duration(it.value(), "timeoutMs"),
                                read_time(it.value(), "untilMs")});
  }
}

// Upstream's rule (protocol.md, "Matching of triggers"): a star stands last, behind "/" or ".".
bool is_valid_pattern(std::string_view name) {
  size_t star = name.find('*');
  if (star == std::string_view::npos) return true;
  return star + 1 == name.size() && star > 0 && (name[star - 1] == '/' || name[star - 1] == '.');
}

void check_name(std::string& faults, std::string_view where, std::string_view name) {
  if (name.empty()) faults += fmt::format("{}: an event name is missing; ", where);
  if (name.size() > kMaxEventNameLength) {
    faults +=
        fmt::format("{}: an event name has at most {} characters; ", where, kMaxEventNameLength);
  }
}

void check_schedule(std::string& faults, std::string_view where, const Trigger& trigger) {
  if (const Result<Cron> cron = parse_cron(trigger.cron); !cron) {
    faults += fmt::format("{}.cron: {}; ", where, cron.error().message);
  }
  if (!trigger.event.empty()) faults += fmt::format("{}: either event or cron; ", where);
  if (!trigger.expression.empty()) {
    faults += fmt::format("{}: a schedule has no expression; ", where);
  }
  const Duration jitter = trigger.jitter.value_or(Duration::zero());
  if (jitter != Duration::zero() && (jitter < kMinCronJitter || jitter > kMaxCronJitter)) {
    faults += fmt::format("{}: the jitter must be from 1s to 5m; ", where);
  }
}

void check_event_trigger(std::string& faults, std::string_view where, const Trigger& trigger) {
  check_name(faults, where, trigger.event);
  if (!is_valid_pattern(trigger.event)) {
    faults += fmt::format("{}: \"{}\": a * stands last, behind / or .; ", where, trigger.event);
  }
  if (trigger.event == kFunctionInvoked) {
    faults += fmt::format(
        "{}: \"{}\" starts the function that it names and no other; inngest/function.finished "
        "tells "
        "of every run; ",
        where, trigger.event);
  }
  if (trigger.jitter) faults += fmt::format("{}: only a schedule has a jitter; ", where);
}

void check_triggers(std::string& faults, const FunctionConfig& config) {
  if (config.triggers.size() > kMaxTriggers) {
    faults += fmt::format("triggers: {} of them, at most {} are allowed; ", config.triggers.size(),
                          kMaxTriggers);
  }
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (size_t i = 0; i < config.triggers.size(); ++i) {
    const Trigger& trigger = config.triggers[i];
    std::string where = fmt::format("triggers[{}]", i);
    if (trigger.cron.empty()) {
      check_event_trigger(faults, where, trigger);
    } else {
      check_schedule(faults, where, trigger);
    }
    if (!seen.insert({trigger.event, trigger.expression, trigger.cron}).second) {
      faults += fmt::format("{}: the same trigger as an earlier one; ", where);
    }
  }
}

void check_cancel_on(std::string& faults, const FunctionConfig& config) {
  if (config.cancel_on.size() > kMaxCancelOn) {
    faults += fmt::format("cancelOn: {} of them, at most {} are allowed; ", config.cancel_on.size(),
                          kMaxCancelOn);
  }
  for (size_t i = 0; i < config.cancel_on.size(); ++i) {
    std::string where = fmt::format("cancelOn[{}]", i);
    const std::string& event = config.cancel_on[i].event;
    check_name(faults, where, event);
    if (event.find('*') != std::string::npos) {
      faults += fmt::format("{}: \"{}\": it names one event, a * stands for nothing here; ", where,
                            event);
    }
    if (config.cancel_on[i].timeout.value_or(Duration(1)) <= Duration::zero()) {
      faults += fmt::format("{}: the timeout must be longer than nothing; ", where);
    }
    if (config.cancel_on[i].timeout && config.cancel_on[i].until) {
      faults += fmt::format("{}: either a timeout or a time until which it counts; ", where);
    }
  }
}

void check_url(std::string& faults, const FunctionConfig& config) {
  if (config.driver != DriverKind::kHttp) {
    if (!config.url.empty()) faults += "url: only code behind HTTP has one; ";
    return;
  }
  if (!config.url.starts_with("http://") && !config.url.starts_with("https://")) {
    faults += fmt::format("url: \"{}\" must begin with http:// or https://; ", config.url);
  }
  if (config.url.size() > kMaxUrlLength) {
    faults += fmt::format("url: it has at most {} characters; ", kMaxUrlLength);
  }
}

}  // namespace

std::string function_config_json(const FunctionConfig& config) {
  JsonWriter json;
  json.begin_object().key("id").string(config.id.slug).key("name").string(config.name);
  json.key("app").string(config.app);
  json.key("driver").string(config.driver == DriverKind::kNative ? "native" : "http");
  if (!config.url.empty()) json.key("url").string(config.url);
  json.key("triggers").begin_array();
  for (const Trigger& trigger : config.triggers) {
    json.begin_object();
    if (trigger.cron.empty()) {
      json.key("event").string(trigger.event);
    } else {
      json.key("cron").string(trigger.cron);
    }
    if (!trigger.expression.empty()) json.key("if").string(trigger.expression);
    if (trigger.jitter) json.key("jitterMs").integer(trigger.jitter->count());
    json.end_object();
  }
  json.end_array().key("retries").integer(config.retries).key("cancelOn").begin_array();
  for (const CancelOn& cancel : config.cancel_on) {
    json.begin_object().key("event").string(cancel.event);
    if (!cancel.expression.empty()) json.key("if").string(cancel.expression);
    if (cancel.until) json.key("untilMs").integer(to_millis(*cancel.until));
    if (cancel.timeout) json.key("timeoutMs").integer(cancel.timeout->count());
    json.end_object();
  }
  json.end_array();
  if (config.wait_lookback) json.key("waitLookbackMs").integer(config.wait_lookback->count());
  write_flow_control(json, config.flow);
  return json.end_object().take();
}

Result<FunctionConfig> parse_function_config(std::string_view text) {
  Result<JsonView> root = parse_json(text);
  if (!root) return root.error();
  if (!root->is_object())
    return Error{ErrorCode::kInvalid, "a function's configuration is an object"};
  FunctionConfig config;
  config.id.slug = read_string(*root, "id");
  config.name = read_string(*root, "name");
  config.app = read_string(*root, "app");
  config.driver = read_string(*root, "driver") == "http" ? DriverKind::kHttp : DriverKind::kNative;
  read_triggers(*root, config);
  if (auto retries = root->find("retries")) {
    config.retries = static_cast<int>(retries->as_int64().value_or(config.retries));
  }
  read_cancel_on(*root, config);
  config.wait_lookback = read_duration(*root, "waitLookbackMs");
  config.url = read_string(*root, "url");
  config.flow = read_flow_control(*root);
  return config;
}

std::string faults_of(const FunctionConfig& config) {
  std::string faults;
  if (config.id.slug.empty()) faults += "id: it is missing; ";
  if (config.retries < 0) faults += "retries: it cannot be negative; ";
  check_url(faults, config);
  check_triggers(faults, config);
  check_cancel_on(faults, config);
  check_flow_control(faults, config.flow);
  if (config.flow.batching && !config.cancel_on.empty()) {
    faults += "batchEvents: it does not go together with cancelOn; ";
  }
  if (config.wait_lookback.value_or(Duration::zero()) < Duration::zero()) {
    faults += "waitLookback: it cannot be negative; ";
  }
  if (!faults.empty()) faults.resize(faults.size() - 2);  // the last separator
  return faults;
}

Result<void> validate(const FunctionConfig& config) {
  const std::string faults = faults_of(config);
  if (faults.empty()) return {};
  return Error{ErrorCode::kInvalid, fmt::format("function \"{}\": {}", config.id.slug, faults)};
}

}  // namespace stepwell
