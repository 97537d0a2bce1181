#include "api/sdk/register_body.h"

#include <fmt/core.h>

#include <optional>
#include <set>
#include <utility>

#include "api/sdk/field_reader.h"
#include "api/sdk/function_body.h"
#include "api/sdk/url.h"
#include "engine/core/functions.h"
#include "schema/json.h"

namespace stepwell::sdk {
namespace {

// Takes the last separator off.
std::string joined(std::string faults) {
  if (faults.ends_with("; ")) faults.resize(faults.size() - 2);
  return faults;
}

std::string faults_of_body(FunctionBody& body) {
  const std::string checked = core::faults_of_function(body.config);
  return checked.empty() ? joined(std::move(body.faults)) : body.faults + checked;
}

void read_functions(const FieldReader& from, ParsedRegistration& parsed) {
  std::set<std::string> ids;
  std::vector<std::string> details;
  const std::vector<JsonView> list = from.list("functions");
  for (size_t i = 0; i < list.size(); ++i) {
    FunctionBody body = read_function_body(list[i]);
    const std::string& slug = body.config.id.slug;
    const std::string name =
        slug.empty() ? fmt::format("functions[{}]", i) : fmt::format("function \"{}\"", slug);
    if (const std::string faults = faults_of_body(body); !faults.empty()) {
      details.push_back(fmt::format("{}: {}", name, faults));
    }
    settle_limits(body.config.flow);
    if (!slug.empty() && !ids.insert(slug).second) details.push_back(name + " is registered twice");
    parsed.registration.functions.push_back(std::move(body.config));
  }
  if (details.empty()) return;
  std::string message = "At least one function is invalid";
  for (const std::string& detail : details) message += "\n" + detail;
  parsed.fault = {"config_invalid", std::move(message), std::move(details)};
}

}  // namespace

ParsedRegistration parse_registration(std::string_view body, BodyKind kind) {
  ParsedRegistration parsed;
  const Result<JsonView> json = parse_json(body);
  if (!json) {
    parsed.fault = {"invalid_json", "the body is no JSON: " + json.error().message, {}};
    return parsed;
  }
  if (!json->is_object()) {
    parsed.fault = {"invalid_json", "the body must be one JSON object", {}};
    return parsed;
  }
  std::string faults;
  const FieldReader from(*json, "", faults);
  parsed.registration.app = from.text(kind == BodyKind::kRegister ? "appName" : "app_id");
  parsed.registration.url = from.text("url");
  parsed.registration.sdk = from.text("sdk");
  parsed.registration.framework = from.text("framework");
  if (parsed.registration.app.empty()) from.fault("appName", "the app's id is missing");
  if (parsed.registration.url.empty()) {
    from.fault("url", "it is missing");
  } else if (const Result<Url> url = Url::parse(parsed.registration.url); !url) {
    from.fault("url", url.error().message);
  }
  if (const std::string type = from.text("deployType"); !type.empty() && type != "ping") {
    from.fault("deployType", fmt::format("\"{}\" is not supported, only \"ping\" is", type));
  }
  read_functions(from, parsed);
  if (faults.empty()) return parsed;
  faults = joined(std::move(faults));
  if (!parsed.fault) {
    parsed.fault = {"config_invalid", std::move(faults), {}};
  } else {
    parsed.fault->message = faults + "\n" + parsed.fault->message;
  }
  return parsed;
}

}  // namespace stepwell::sdk
