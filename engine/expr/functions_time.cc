// Getters of timestamps and durations.
#include "engine/expr/functions.h"
#include "engine/expr/timestamp.h"
#include "engine/expr/zone.h"

namespace stepwell::expr {
namespace {

using Args = std::span<const Value>;

constexpr size_t kZoneCost = 100;  // the first use of a zone reads a file

// The calendar at a timestamp, in the zone of the second argument or in UTC.
std::optional<CivilTime> civil_of(Frame& frame, Args args, Value& problem) {
  if (!args[0].is(Kind::kTimestamp) || (args.size() > 1 && !args[1].is(Kind::kString))) {
    problem = no_overload();
    return std::nullopt;
  }
  int64_t seconds = args[0].seconds();
  if (args.size() > 1) {
    if (!frame.spend(kZoneCost)) {
      problem = over_budget();
      return std::nullopt;
    }
    const auto offset = zone_offset(args[1].text(), seconds);
    if (!offset) {
      problem = Value::error("unknown time zone");
      return std::nullopt;
    }
    seconds += *offset;
  }
  return civil_from_seconds(seconds);
}

template <typename Getter>
Value calendar(Frame& frame, Args args, Getter getter) {
  Value problem;
  const auto civil = civil_of(frame, args, problem);
  return civil ? Value::integer(getter(*civil)) : problem;
}

Value full_year(Frame& frame, Args args) {
  return calendar(frame, args, [](const CivilTime& civil) { return civil.year; });
}

Value month(Frame& frame, Args args) {
  return calendar(frame, args, [](const CivilTime& civil) { return civil.month - 1; });
}

Value date_of_month(Frame& frame, Args args) {
  return calendar(frame, args, [](const CivilTime& civil) { return civil.day; });
}

Value day_of_month(Frame& frame, Args args) {
  return calendar(frame, args, [](const CivilTime& civil) { return civil.day - 1; });
}

Value day_of_week(Frame& frame, Args args) {
  return calendar(frame, args, [](const CivilTime& civil) {
    const int64_t days = days_from_civil(civil.year, civil.month, civil.day);
    return ((days + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
  });
}

Value day_of_year(Frame& frame, Args args) {
  return calendar(frame, args, [](const CivilTime& civil) {
    return days_from_civil(civil.year, civil.month, civil.day) - days_from_civil(civil.year, 1, 1);
  });
}

// Of a duration these are totals.
template <typename Getter>
Value clock_part(Frame& frame, Args args, int64_t nanos_per_unit, Getter getter) {
  if (args[0].is(Kind::kDuration) && args.size() == 1) {
    return Value::integer(args[0].as_int() / nanos_per_unit);
  }
  return calendar(frame, args, getter);
}

Value hours(Frame& frame, Args args) {
  return clock_part(frame, args, 3600 * kNanosPerSecond,
                    [](const CivilTime& civil) { return civil.hour; });
}

Value minutes(Frame& frame, Args args) {
  return clock_part(frame, args, 60 * kNanosPerSecond,
                    [](const CivilTime& civil) { return civil.minute; });
}

Value seconds(Frame& frame, Args args) {
  return clock_part(frame, args, kNanosPerSecond,
                    [](const CivilTime& civil) { return civil.second; });
}

// The part below a second, also of a duration.
Value milliseconds(Frame& frame, Args args) {
  constexpr int64_t kNanosPerMillisecond = 1'000'000;
  if (args[0].is(Kind::kDuration) && args.size() == 1) {
    return Value::integer(args[0].as_int() % kNanosPerSecond / kNanosPerMillisecond);
  }
  Value problem;
  if (!civil_of(frame, args, problem)) return problem;
  return Value::integer(args[0].nanos() / kNanosPerMillisecond);
}

constexpr std::string_view kCalendarTypes = "(timestamp) -> int; (timestamp, string) -> int";
constexpr std::string_view kClockTypes =
    "(timestamp) -> int; (timestamp, string) -> int; (duration) -> int";

constexpr FunctionEntry kFunctions[] = {
    {"getFullYear", true, 1, 2, true, full_year, kCalendarTypes},
    {"getMonth", true, 1, 2, true, month, kCalendarTypes},
    {"getDate", true, 1, 2, true, date_of_month, kCalendarTypes},
    {"getDayOfMonth", true, 1, 2, true, day_of_month, kCalendarTypes},
    {"getDayOfWeek", true, 1, 2, true, day_of_week, kCalendarTypes},
    {"getDayOfYear", true, 1, 2, true, day_of_year, kCalendarTypes},
    {"getHours", true, 1, 2, true, hours, kClockTypes},
    {"getMinutes", true, 1, 2, true, minutes, kClockTypes},
    {"getSeconds", true, 1, 2, true, seconds, kClockTypes},
    {"getMilliseconds", true, 1, 2, true, milliseconds, kClockTypes},
};

}  // namespace

std::span<const FunctionEntry> time_functions() {
  return kFunctions;
}

}  // namespace stepwell::expr
