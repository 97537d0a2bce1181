// The forms of dates that the dialect's date() reads.
#pragma once

#include <optional>
#include <string_view>

#include "engine/expr/value.h"

namespace stepwell::expr {

// RFC 3339, "2006-01-02T15:04:05", RFC 1123, RFC 822, RFC 850, the dates of Ruby, Unix, ANSI C and
// Go, and "2006-01-02". UTC where no zone is given; zone names such as CET count as UTC, for
// nothing says which zone they mean. A timestamp, or nothing.
std::optional<Value> parse_date_text(std::string_view text);

}  // namespace stepwell::expr
