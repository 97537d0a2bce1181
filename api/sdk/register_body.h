// What an app says about itself when it registers: the body of POST /fn/register, or the answer to
// a PUT that asks for it ("in band").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/function_config.h"

namespace stepwell::sdk {

struct Registration {
  std::string app;
  std::string url;        // as the app sees itself
  std::string sdk;        // "js:v4.24.0"
  std::string framework;  // may be empty
  std::vector<FunctionConfig> functions;
};

// Why an app cannot be registered, in upstream's shape.
struct RegistrationFault {
  std::string code;                  // "config_invalid"
  std::string message;               // names everything that is wrong
  std::vector<std::string> details;  // one for each function, when functions are wrong
};

struct ParsedRegistration {
  Registration registration;
  std::optional<RegistrationFault> fault;
};

enum class BodyKind { kRegister, kInBand };

// Reads the body and checks all of it, expressions too: takes milliseconds, so off the loop.
ParsedRegistration parse_registration(std::string_view body, BodyKind kind);

}  // namespace stepwell::sdk
