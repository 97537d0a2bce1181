// An app says which functions it has: new ones are added, changed ones replaced, missing ones
// archived. Any fault refuses the whole of it, and what was registered before stays live.
#include <algorithm>
#include <set>

#include "engine/core/state.h"

namespace stepwell::core {

void State::register_functions(RegisterFunctions input) {
  std::vector<std::unique_ptr<Function>> compiled;
  std::string faults;
  std::set<std::string> ids;
  for (FunctionConfig& config : input.functions) {
    config.app = input.app;
    if (!ids.insert(config.id.slug).second) {
      faults += "function \"" + config.id.slug + "\" is registered twice\n";
    }
    Result<std::unique_ptr<Function>> function = compile_function(std::move(config));
    if (function) {
      compiled.push_back(std::move(*function));
    } else {
      faults += function.error().message + "\n";
    }
  }
  if (!faults.empty()) {
    faults.pop_back();
    return refuse(input.request, ErrorCode::kInvalid, std::move(faults));
  }
  for (const auto& [slug, known] : functions_.all()) {
    if (known->config.app != input.app || known->is_archived || ids.contains(slug)) continue;
    write(storage::PutFunction{known->config, true, next_pos()});
    functions_.archive(*known);
  }
  std::vector<RunNo> held_back;
  for (std::unique_ptr<Function>& function : compiled) {
    Function& adopted = adopt_function(std::move(function));
    held_back.insert(held_back.end(), adopted.held_back.begin(), adopted.held_back.end());
    adopted.held_back.clear();
  }
  pump_all(std::move(held_back));
  answer(Answer{.request = input.request});
}

Function& State::adopt_function(std::unique_ptr<Function> function) {
  const Function* known = functions_.find(function->config.id.slug);
  bool is_changed = known == nullptr || known->is_archived ||
                    function_config_json(known->config) != function_config_json(function->config);
  if (is_changed) write(storage::PutFunction{function->config, false, next_pos()});
  function->is_available = true;
  return functions_.put(std::move(function));
}

// Runs that were held back go on: suspects first, so that they find themselves alone.
void State::pump_all(std::vector<RunNo> runs) {
  std::vector<Run*> held;
  for (RunNo no : runs) {
    if (Run* run = find_run(no)) held.push_back(run);
  }
  std::stable_partition(held.begin(), held.end(), [](Run* run) { return run->is_suspect; });
  for (Run* run : held) {
    run->is_held_back = false;
    pump(*run);
  }
}

}  // namespace stepwell::core
