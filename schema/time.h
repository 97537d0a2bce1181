// Points in time and lengths of time, as the whole engine counts them: milliseconds, UTC.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace stepwell {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

inline int64_t to_millis(Time time) { return time.time_since_epoch().count(); }
inline Time from_millis(int64_t millis) { return Time(Duration(millis)); }

// Parses the SDKs' duration grammar: a sequence of number and unit (ns us µs ms s m h d w), decimals
// and a leading sign allowed, "0" alone allowed. Rounded toward zero to a millisecond.
Result<Duration> parse_duration(std::string_view text);

// "1h30m", "250ms", "2d": the shortest text that parse_duration reads back.
std::string format_duration(Duration duration);

// Parses an RFC 3339 timestamp, with or without fraction, "Z" or an offset.
Result<Time> parse_rfc3339(std::string_view text);

// "2026-08-22T10:00:00.123Z"; the fraction is left out when it is zero.
std::string format_rfc3339(Time time);

}  // namespace stepwell
