#include "api/server/json_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace stepwell::server {

Result<void> check_members(const JsonView& object, std::string_view name,
                           std::initializer_list<std::string_view> known) {
  if (!object.is_object()) {
    return Error{ErrorCode::kInvalid, fmt::format("{} must be a JSON object", name)};
  }
  for (JsonMembers it = object.members(); it.next();) {
    const std::string key = it.key();
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return Error{ErrorCode::kInvalid, fmt::format("{} has no member \"{}\"; there are {}", name,
                                                  key, fmt::join(known, ", "))};
  }
  return {};
}

Result<JsonView> parse_object(std::string_view text,
                              std::initializer_list<std::string_view> known) {
  const Result<JsonView> body = parse_json(text);
  if (!body) return body.error();
  const Result<void> checked = check_members(*body, "the body", known);
  if (!checked) return checked.error();
  return *body;
}

Result<std::string> read_text(const JsonView& object, std::string_view name) {
  const std::optional<JsonView> value = object.find(name);
  if (!value || value->is_null()) return std::string();
  std::optional<std::string> text = value->as_string();
  if (!text) return Error{ErrorCode::kInvalid, fmt::format("\"{}\" must be a string", name)};
  return std::move(*text);
}

}  // namespace stepwell::server
