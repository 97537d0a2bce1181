// Reading bodies that are one JSON object whose members are all known. For requests that act on
// more when a member is left out: one that is misspelt, or of a wrong type, must not mean that.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "schema/json.h"
#include "schema/result.h"

namespace stepwell::server {

// That `object`, called `name` in errors, is an object and has no other members than these.
Result<void> check_members(const JsonView& object, std::string_view name,
                           std::initializer_list<std::string_view> known);

// The object that `text`, which outlives the view, is, with no other members than these.
Result<JsonView> parse_object(std::string_view text, std::initializer_list<std::string_view> known);

// The string `name` of `object`; empty if it is absent or null, an error if it is anything else.
Result<std::string> read_text(const JsonView& object, std::string_view name);

}  // namespace stepwell::server
