// Bodies of POST /fn/register and answers in band: what is accepted can be registered as it is, and
// its functions come back from the journal as they went in.
#include <cstdint>
#include <string_view>

#include "api/sdk/register_body.h"
#include "engine/core/functions.h"
#include "schema/check.h"

using namespace stepwell;
using namespace stepwell::sdk;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const BodyKind kind : {BodyKind::kRegister, BodyKind::kInBand}) {
    const ParsedRegistration parsed = parse_registration(text, kind);
    if (parsed.fault) {
      CHECK_INVARIANT(!parsed.fault->code.empty() && !parsed.fault->message.empty(),
                      "a refusal says why");
    }
    for (const FunctionConfig& config : parsed.registration.functions) {
      const std::string json = function_config_json(config);
      const Result<FunctionConfig> read = parse_function_config(json);
      CHECK_INVARIANT(read.ok() && function_config_json(*read) == json,
                      "a configuration does not come back");
      if (parsed.fault) continue;
      CHECK_INVARIANT(core::check_function(config).ok(), "what was accepted is refused later");
      CHECK_INVARIANT(core::compile_function(config).ok(), "what was accepted does not compile");
    }
  }
  return 0;
}
