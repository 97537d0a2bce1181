// Times and durations as people read them.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::cli {

// At most two units: "340ms", "1.3s", "2m 5s", "3h 12m", "2d 4h"; rounded from an hour on. Negative
// ones count as zero.
std::string short_duration(Duration duration);

// "2m 5s ago", "in 3h 12m", "now".
std::string relative_time(Time time, Time now);

// "2026-11-23 21:30:05", UTC.
std::string clock_time(Time time);

// A moment as options name it: RFC 3339, a date, or a duration before `now` ("24h"). `option` is
// named in the error.
Result<Time> parse_moment(std::string_view option, std::string_view text, Time now);

// When an event happens: RFC 3339, a date, or a duration from `now` ("+90m").
Result<Time> parse_event_time(std::string_view option, std::string_view text, Time now);

}  // namespace stepwell::cli
