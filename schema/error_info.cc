#include "schema/error_info.h"

#include "schema/json.h"

namespace stepwell {

std::string error_json(const ErrorInfo& error) {
  JsonWriter json;
  json.begin_object().key("name").string(error.name).key("message").string(error.message);
  if (!error.stack.empty()) json.key("stack").string(error.stack);
  if (!error.cause.empty()) json.key("cause").raw(error.cause);
  return json.end_object().take();
}

ErrorInfo parse_error_info(std::string_view json) {
  ErrorInfo error;
  Result<JsonView> view = parse_json(json);
  if (!view || !view->is_object()) {
    error.message = view && view->as_string() ? *view->as_string() : std::string(json);
    return error;
  }
  for (JsonMembers it = view->members(); it.next();) {
    std::string key = it.key();
    if (key == "name") error.name = it.value().as_string().value_or(error.name);
    if (key == "message") error.message = it.value().as_string().value_or("");
    if (key == "stack") error.stack = it.value().as_string().value_or("");
    if (key == "cause" && !it.value().is_null()) error.cause = it.value().text();
  }
  return error;
}

}  // namespace stepwell
