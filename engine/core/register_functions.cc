// An app says which functions it has: new ones are added, changed ones replaced, missing ones
// archived. Any fault refuses the whole of it, and what was registered before stays live.
#include <set>

#include "engine/core/flow_pools.h"
#include "engine/core/owner.h"
#include "engine/core/state.h"

namespace stepwell::core {
namespace {

bool is_home(const Function& function, const RegisterFunctions& input) {
  return is_owner(function.config, input.app, input.driver);
}

}  // namespace

void State::register_functions(RegisterFunctions input) {
  auto compiled = compile_functions(input);
  if (!compiled) return refuse(input.request, ErrorCode::kInvalid, compiled.error().message);
  std::set<std::string_view> ids;
  for (const auto& function : *compiled) ids.insert(function->config.id.slug);
  bool is_modified = false;
  for (const auto& [slug, known] : functions_.all()) {
    if (!is_home(*known, input) || known->is_archived || ids.contains(slug)) continue;
    write(storage::PutFunction{known->config, true, next_pos()});
    functions_.archive(*known);
    set_schedules(*known);
    is_modified = true;
  }
  std::vector<RunNo> held_back;
  for (std::unique_ptr<Function>& function : *compiled) {
    is_modified |= is_change(*function);
    Function& adopted = adopt_function(std::move(function));
    held_back.insert(held_back.end(), adopted.held_back.begin(), adopted.held_back.end());
    adopted.held_back.clear();
  }
  pump_all(held_back);
  answer(Answer{.request = input.request, .is_modified = is_modified});
}

Result<std::vector<std::unique_ptr<Function>>> State::compile_functions(
    RegisterFunctions& input) const {
  std::vector<std::unique_ptr<Function>> compiled;
  std::string faults;
  std::set<std::string> ids;
  for (FunctionConfig& config : input.functions) {
    config.app = input.app;
    config.driver = input.driver;
    if (!ids.insert(config.id.slug).second) {
      faults += "function \"" + config.id.slug + "\" is registered twice\n";
    }
    const Function* known = functions_.find(config.id.slug);
    if (known != nullptr && !known->is_archived && !is_home(*known, input)) {
      faults += fault_of_owner(known->config) + "\n";
    }
    if (const Result<void> checked = check_function(config); !checked) {
      faults += checked.error().message + "\n";
      continue;
    }
    Result<std::unique_ptr<Function>> function = compile_function(std::move(config));
    if (!function) return function.error();
    compiled.push_back(std::move(*function));
  }
  if (faults.empty()) return compiled;
  faults.pop_back();
  return Error{ErrorCode::kInvalid, std::move(faults)};
}

bool State::is_change(const Function& function) const {
  const Function* known = functions_.find(function.config.id.slug);
  return known == nullptr || known->is_archived ||
         function_config_json(known->config) != function_config_json(function.config);
}

Function& State::adopt_function(std::unique_ptr<Function> function) {
  if (is_change(*function)) write(storage::PutFunction{function->config, false, next_pos()});
  function->is_available = true;
  const Function* known = functions_.find(function->config.id.slug);
  const std::optional<FlowControl> before =
      known == nullptr ? std::nullopt : std::optional(known->config.flow);
  Function& adopted = functions_.put(std::move(function));
  if (before) {
    change_limits(adopted, *before);
  } else {
    slots_.set_limits(adopted.config.id.slug, slot_limits(adopted.config.flow));
  }
  set_schedules(adopted);
  if (before && (before->start_timeout != adopted.config.flow.start_timeout ||
                 before->finish_timeout != adopted.config.flow.finish_timeout)) {
    timeouts_changed(adopted);
  }
  return adopted;
}

}  // namespace stepwell::core
