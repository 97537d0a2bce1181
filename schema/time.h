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

inline int64_t to_millis(Time time) {
  return time.time_since_epoch().count();
}
inline Time from_millis(int64_t millis) {
  return Time(Duration(millis));
}

// Parses the SDKs' duration grammar: a sequence of number and unit (ns us µs ms s m h d w),
// decimals and a leading sign allowed, "0" alone allowed. Rounded toward zero to a millisecond. Too
// long for 64 bits of milliseconds is an error.
Result<Duration> parse_duration(std::string_view text);

// "1h30m", "250ms", "2d", "0s": days to milliseconds, without the parts that are zero.
// parse_duration reads it back.
std::string format_duration(Duration duration);

// Parses an RFC 3339 timestamp, with or without fraction, "Z" or an offset. What is finer than a
// millisecond is cut off. There are no leap seconds (:60) in our count of time.
Result<Time> parse_rfc3339(std::string_view text);

// "2026-08-22T10:00:00.123Z"; the fraction is left out when it is zero. Times outside the
// years 0 to 9999, which the format cannot write, are shown as the nearest that it can.
std::string format_rfc3339(Time time);

}  // namespace stepwell
