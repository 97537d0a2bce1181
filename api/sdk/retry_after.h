// When an app wants to be called again.
#pragma once

#include <optional>
#include <string_view>

#include "schema/time.h"

namespace stepwell::sdk {

// A Retry-After field: seconds, or a date as HTTP, RFC 3339 or JavaScript write it. Nothing for
// what can't be read. A date that has passed is no delay.
std::optional<Duration> parse_retry_after(std::string_view field, Time now);

}  // namespace stepwell::sdk
