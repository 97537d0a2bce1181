#include "engine/core/functions.h"

#include <fmt/core.h>

#include <algorithm>

namespace stepwell::core {
namespace {

Result<std::vector<Condition>> compile_all(const FunctionConfig& config, std::string_view field,
                                           const std::vector<std::string>& texts) {
  std::vector<Condition> conditions;
  for (size_t i = 0; i < texts.size(); ++i) {
    Result<Condition> condition = Condition::compile(texts[i]);
    if (!condition) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("function \"{}\", {}[{}].if: {}", config.id.slug, field, i,
                               condition.error().message)};
    }
    conditions.push_back(std::move(*condition));
  }
  return conditions;
}

}  // namespace

int Function::max_attempts() const {
  return std::clamp(config.retries, 0, kMaxRetries) + 1;
}

Result<std::unique_ptr<Function>> compile_function(FunctionConfig config) {
  if (Result<void> valid = validate(config); !valid) return valid.error();
  std::vector<std::string> triggers;
  for (const Trigger& trigger : config.triggers) triggers.push_back(trigger.expression);
  std::vector<std::string> cancels;
  for (const CancelOn& cancel : config.cancel_on) cancels.push_back(cancel.expression);

  auto function = std::make_unique<Function>();
  auto compiled_triggers = compile_all(config, "triggers", triggers);
  if (!compiled_triggers) return compiled_triggers.error();
  auto compiled_cancels = compile_all(config, "cancelOn", cancels);
  if (!compiled_cancels) return compiled_cancels.error();
  function->triggers = std::move(*compiled_triggers);
  function->cancel_on = std::move(*compiled_cancels);
  function->config = std::move(config);
  return function;
}

Function& Functions::put(std::unique_ptr<Function> function) {
  auto& slot = all_[function->config.id.slug];
  if (slot) {
    function->held_back = std::move(slot->held_back);
    *slot = std::move(*function);
  } else {
    slot = std::move(function);
  }
  Function& result = *slot;
  index();
  return result;
}

void Functions::archive(Function& function) {
  function.is_archived = true;
  index();
}

Function* Functions::find(std::string_view slug) {
  auto found = all_.find(slug);
  return found == all_.end() ? nullptr : found->second.get();
}

const Function* Functions::find(std::string_view slug) const {
  auto found = all_.find(slug);
  return found == all_.end() ? nullptr : found->second.get();
}

void Functions::index() {
  by_trigger_.clear();
  for (auto& [slug, function] : all_) {
    if (function->is_archived) continue;
    for (size_t i = 0; i < function->config.triggers.size(); ++i) {
      by_trigger_[function->config.triggers[i].event].push_back({function.get(), i});
    }
  }
}

std::vector<Functions::Candidate> Functions::triggered_by(std::string_view event_name) const {
  std::vector<Candidate> candidates;
  if (by_trigger_.empty()) return candidates;
  for (const std::string& name : trigger_names(event_name)) {
    auto found = by_trigger_.find(name);
    if (found == by_trigger_.end()) continue;
    candidates.insert(candidates.end(), found->second.begin(), found->second.end());
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.function->config.id < b.function->config.id;
  });
  return candidates;
}

bool Functions::is_trigger(std::string_view event_name) const {
  return !triggered_by(event_name).empty();
}

std::vector<std::string> trigger_names(std::string_view event_name) {
  std::vector<std::string> names{std::string(event_name)};
  for (size_t i = 0; i < event_name.size(); ++i) {
    if (event_name[i] != '/' && event_name[i] != '.') continue;
    names.push_back(std::string(event_name.substr(0, i + 1)) + "*");
  }
  return names;
}

}  // namespace stepwell::core
