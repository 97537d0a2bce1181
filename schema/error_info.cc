#include "schema/error_info.h"

#include "schema/json.h"
#include "schema/json_grammar.h"

namespace stepwell {
namespace {

// What is nested too deeply, or holds a number beyond a double, would make every later call of the
// run one that cannot be read.
bool may_be_kept(JsonView value) {
  return parse_json(value.text()).ok();
}

}  // namespace

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
  const JsonView view = is_json(json) ? JsonView::trusted(json) : JsonView();
  if (!view.is_object()) {
    error.message = view.as_string().value_or(std::string(json));
    return error;
  }
  JsonWriter extra;
  extra.begin_object();
  bool has_extra = false;
  std::string other_message;
  for (JsonMembers it = view.members(); it.next();) {
    std::string key = it.key();
    JsonView value = it.value();
    if (key == "name") {
      error.name = value.as_string().value_or(error.name);
    } else if (key == "message") {
      error.message = value.as_string().value_or("");
    } else if (key == "stack") {
      error.stack = value.as_string().value_or("");
    } else if (key == "cause") {
      if (!value.is_null() && may_be_kept(value)) error.cause = value.text();
    } else if (key == "error") {
      other_message = value.as_string().value_or("");
    } else if (key != "__serialized" && key != "noRetry" && may_be_kept(value)) {
      extra.key(key).raw(value.text());
      has_extra = true;
    }
  }
  if (error.message.empty()) error.message = std::move(other_message);
  if (has_extra) error.extra = extra.end_object().take();
  return error;
}

}  // namespace stepwell
