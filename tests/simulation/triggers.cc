#include "tests/simulation/triggers.h"

namespace stepwell::sim {
namespace {

bool names_match(const std::string& trigger, const std::string& event) {
  if (!trigger.ends_with('*')) return trigger == event;
  std::string_view prefix(trigger.data(), trigger.size() - 1);
  return event.starts_with(prefix) && (prefix.ends_with('/') || prefix.ends_with('.'));
}

}  // namespace

Triggers::Triggers(const storage::PutFunction& put)
    : config_(put.config), is_archived_(put.archived) {
  for (const Trigger& trigger : config_.triggers) {
    conditions_.push_back(core::Condition::compile(trigger.expression).value());
  }
}

bool Triggers::match(const Event& event, const std::string& json, Time now) const {
  if (is_archived_) return false;
  for (size_t i = 0; i < conditions_.size(); ++i) {
    if (!names_match(config_.triggers[i].event, event.name)) continue;
    if (conditions_[i].matches_trigger(json, now)) return true;
  }
  return false;
}

bool Triggers::gathers() const {
  const FlowControl& flow = config_.flow;
  return flow.rate_limit || flow.debounce || flow.batching || !flow.idempotency.empty();
}

}  // namespace stepwell::sim
