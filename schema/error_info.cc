#include "schema/error_info.h"

#include "schema/json.h"

namespace stepwell {

std::string error_json(const ErrorInfo& error) {
  JsonWriter json;
  json.begin_object().key("name").string(error.name).key("message").string(error.message);
  if (!error.stack.empty()) json.key("stack").string(error.stack);
  if (!error.cause.empty()) json.key("cause").raw(error.cause);
  if (!error.extra.empty()) {
    for (JsonMembers it = JsonView::trusted(error.extra).members(); it.next();) {
      json.key(it.key()).raw(it.value().text());
    }
  }
  return json.end_object().take();
}

ErrorInfo parse_error_info(std::string_view json) {
  ErrorInfo error;
  Result<JsonView> view = parse_json(json);
  if (!view || !view->is_object()) {
    error.message = view && view->as_string() ? *view->as_string() : std::string(json);
    return error;
  }
  JsonWriter extra;
  extra.begin_object();
  bool has_extra = false;
  std::string other_message;
  for (JsonMembers it = view->members(); it.next();) {
    std::string key = it.key();
    JsonView value = it.value();
    if (key == "name") {
      error.name = value.as_string().value_or(error.name);
    } else if (key == "message") {
      error.message = value.as_string().value_or("");
    } else if (key == "stack") {
      error.stack = value.as_string().value_or("");
    } else if (key == "cause") {
      if (!value.is_null()) error.cause = value.text();
    } else if (key == "error") {
      other_message = value.as_string().value_or("");
    } else if (key != "__serialized" && key != "noRetry") {
      extra.key(key).raw(value.text());
      has_extra = true;
    }
  }
  if (error.message.empty()) error.message = std::move(other_message);
  if (has_extra) error.extra = extra.end_object().take();
  return error;
}

}  // namespace stepwell
