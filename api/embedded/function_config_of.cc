#include "api/embedded/function_config_of.h"

namespace stepwell::detail {

FunctionConfig config_of(const FunctionOptions& options, const std::string& app) {
  FunctionConfig config;
  config.id = {options.id};
  config.name = options.name;
  config.app = app;
  for (const auto& trigger : options.triggers) {
    config.triggers.push_back({trigger.event, trigger.if_});
  }
  config.retries = options.retries;
  for (const auto& cancel : options.cancel_on) {
    config.cancel_on.push_back({cancel.event, cancel.if_, cancel.timeout});
  }
  config.wait_lookback = options.wait_lookback;
  return config;
}

}  // namespace stepwell::detail
