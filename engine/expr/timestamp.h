// Points in time and durations as CEL has them: nanoseconds, years 1 to 9999, and a duration that
// fits 64 bits of nanoseconds (about 290 years).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/expr/value.h"

namespace stepwell::expr {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kMinTimestampSeconds = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kMaxTimestampSeconds = 253402300799;  // 9999-12-31T23:59:59Z

// A date of the proleptic Gregorian calendar with a time of day.
struct CivilTime {
  int64_t year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
  int hour = 0;
  int minute = 0;
  int second = 0;
};

int64_t days_from_civil(int64_t year, int month, int day);  // since 1970-01-01
CivilTime civil_from_seconds(int64_t seconds);
int64_t seconds_from_civil(const CivilTime& civil);
bool is_valid_civil(const CivilTime& civil);

// A timestamp, or an error value if it is out of CEL's range. Any nanos are brought into range.
Value make_timestamp(int64_t seconds, int64_t nanos);

// RFC 3339 with any number of fraction digits (nine count).
std::optional<Value> parse_timestamp(std::string_view text);
// Numbers with the units h m s ms us µs ns in a row, or "0"; `extended` adds d (24 h) and w (7 d).
std::optional<Value> parse_duration_value(std::string_view text, bool extended);

// RFC 3339 in UTC, or seconds with up to nine decimals and an "s".
std::string time_text(const Value& value);

// + and - where a timestamp or a duration takes part; an error value for other operands.
Value add_time(const Value& left, const Value& right);
Value subtract_time(const Value& left, const Value& right);

}  // namespace stepwell::expr
