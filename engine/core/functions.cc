#include "engine/core/functions.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/expr/expression.h"
#include "engine/flow/schedule.h"
#include "schema/cron.h"

namespace stepwell::core {
namespace {

// Collects what is wrong with one function, so that whoever wrote it learns all of it at once.
class Faults {
 public:
  void add(std::string_view field, std::string_view what) {
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : "; ", field, what);
  }
  // Several that are written out already.
  void add_all(std::string_view text) {
    if (!text.empty()) text_ += fmt::format("{}{}", text_.empty() ? "" : "; ", text);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// An expression that reads nothing but the event that came in.
void check_event_expression(Faults& faults, std::string_view field, std::string_view text) {
  if (text.empty()) return;
  const auto expression = expr::Expression::compile(text, {.variables = {"event"}});
  if (!expression) faults.add(field, expression.error().to_string());
}

// A condition that can't ever be true is a mistake that nothing else would show.
void check_may_hold(Faults& faults, std::string_view field, std::string_view text) {
  const Result<Condition> condition = Condition::compile(text);
  const std::string why = condition ? condition->why_never() : std::string();
  if (!why.empty()) faults.add(field, why);
}

void check_expressions(Faults& faults, const FunctionConfig& config) {
  for (size_t i = 0; i < config.triggers.size(); ++i) {
    const std::string field = fmt::format("triggers[{}].if", i);
    check_event_expression(faults, field, config.triggers[i].expression);
    check_may_hold(faults, field, config.triggers[i].expression);
  }
  for (size_t i = 0; i < config.cancel_on.size(); ++i) {
    const std::string field = fmt::format("cancelOn[{}].if", i);
    const Result<Condition> condition = Condition::compile(config.cancel_on[i].expression);
    if (!condition) faults.add(field, condition.error().message);
    check_may_hold(faults, field, config.cancel_on[i].expression);
  }
  for (const NamedExpression& named : expressions_of(config.flow)) {
    check_event_expression(faults, named.field, named.text);
  }
}

// What schema/cron.h cannot see: whether there is such a zone and ever such a day.
void check_schedules(Faults& faults, const FunctionConfig& config) {
  constexpr Time kAnyTime{std::chrono::hours(24 * 365 * 56)};
  for (size_t i = 0; i < config.triggers.size(); ++i) {
    Result<Cron> cron = parse_cron(config.triggers[i].cron);
    if (!cron) continue;  // an event, or a fault that is known already
    const std::string field = fmt::format("triggers[{}].cron", i);
    const Result<flow::Schedule> schedule = flow::Schedule::make(std::move(*cron));
    if (!schedule) {
      faults.add(field, schedule.error().message);
    } else if (!schedule->next(kAnyTime)) {
      faults.add(field, fmt::format("\"{}\" names days that never come", config.triggers[i].cron));
    }
  }
}

}  // namespace

int Function::max_attempts() const {
  return std::clamp(config.retries, 0, kMaxRetries) + 1;
}

StepKey cancellation_key(size_t index) {
  StepKey key;
  key.bytes.back() = static_cast<uint8_t>(index + 1);
  return key;
}

std::string faults_of_function(const FunctionConfig& config) {
  Faults faults;
  faults.add_all(faults_of(config));
  check_expressions(faults, config);
  check_schedules(faults, config);
  return faults.take();
}

Result<void> check_function(const FunctionConfig& config) {
  const std::string faults = faults_of_function(config);
  if (faults.empty()) return {};
  return Error{ErrorCode::kInvalid, fmt::format("function \"{}\": {}", config.id.slug, faults)};
}

Result<std::unique_ptr<Function>> compile_function(FunctionConfig config) {
  auto function = std::make_unique<Function>();
  for (const Trigger& trigger : config.triggers) {
    Result<Condition> condition = Condition::compile(trigger.expression);
    if (!condition) return condition.error();
    function->triggers.push_back(std::move(*condition));
  }
  for (const CancelOn& cancel : config.cancel_on) {
    Result<Condition> condition = Condition::compile(cancel.expression);
    if (!condition) return condition.error();
    function->cancel_on.push_back(std::move(*condition));
  }
  Result<FlowKeys> keys = FlowKeys::compile(config.flow);
  if (!keys) return keys.error();
  function->flow_keys = std::move(*keys);
  function->endpoint = std::make_shared<const Endpoint>(Endpoint{config.app, config.url});
  function->config = std::move(config);
  return function;
}

Function& Functions::put(std::unique_ptr<Function> function) {
  auto& slot = all_[function->config.id.slug];
  if (slot) {
    function->held_back = std::move(slot->held_back);
    function->paused_at = slot->paused_at;
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
      if (function->config.triggers[i].event.empty()) continue;
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
