#include "schema/run_flow.h"

#include "schema/json.h"

namespace stepwell {
namespace {

void write_keys(JsonWriter& json, const RunFlow& flow) {
  json.key("k").begin_object();
  for (const auto& [expression, value] : flow.keys) {
    json.key(expression);
    value ? json.string(*value) : json.null();
  }
  json.end_object();
}

void write_invokers(JsonWriter& json, const RunFlow& flow) {
  json.key("i").begin_array();
  for (const InvokedBy& invoker : flow.further_invokers) {
    json.begin_array().integer(static_cast<int64_t>(invoker.run));
    json.string(invoker.step.to_string()).end_array();
  }
  json.end_array();
}

std::vector<InvokedBy> read_invokers(const JsonView& view) {
  std::vector<InvokedBy> invokers;
  for (JsonElements each = view.elements(); each.next();) {
    JsonElements pair = each.value().elements();
    if (!pair.next()) continue;
    const int64_t run = pair.value().as_int64().value_or(0);
    if (!pair.next()) continue;
    const auto key = StepKey::parse(pair.value().as_string().value_or(""));
    if (run > 0 && key) invokers.push_back({static_cast<RunNo>(run), *key});
  }
  return invokers;
}

}  // namespace

// One letter a member: every run of a function with limits has it.
std::string run_flow_json(const RunFlow& flow) {
  if (flow == RunFlow{}) return "";
  JsonWriter json;
  json.begin_object();
  if (flow.priority != 0) json.key("p").integer(flow.priority);
  if (!flow.keys.empty()) write_keys(json, flow);
  if (flow.singleton) json.key("s").string(*flow.singleton);
  if (!flow.further_invokers.empty()) write_invokers(json, flow);
  if (flow.batched_at) json.key("b").integer(to_millis(*flow.batched_at));
  if (!flow.faults.empty()) {
    json.key("f").begin_array();
    for (const std::string& fault : flow.faults) json.string(fault);
    json.end_array();
  }
  return json.end_object().take();
}

RunFlow parse_run_flow(std::string_view json) {
  RunFlow flow;
  if (json.empty()) return flow;
  for (JsonMembers it = JsonView::trusted(json).members(); it.next();) {
    const std::string_view name = it.raw_key();
    const JsonView value = it.value();
    if (name == "p") flow.priority = value.as_int64().value_or(0);
    if (name == "s") flow.singleton = value.as_string().value_or("");
    if (name == "i") flow.further_invokers = read_invokers(value);
    if (name == "b") flow.batched_at = from_millis(value.as_int64().value_or(0));
    if (name == "k") {
      for (JsonMembers key = value.members(); key.next();) {
        flow.keys.emplace(key.key(), key.value().as_string());
      }
    }
    if (name == "f") {
      for (JsonElements fault = value.elements(); fault.next();) {
        flow.faults.push_back(fault.value().as_string().value_or(""));
      }
    }
  }
  return flow;
}

}  // namespace stepwell
