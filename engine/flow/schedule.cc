#include "engine/flow/schedule.h"

#include <fmt/core.h>

#include <bit>

#include "engine/expr/timestamp.h"
#include "engine/expr/zone.h"
#include "schema/mutant.h"

namespace stepwell::flow {
namespace {

// All times here are whole seconds since 1970: of UTC, or as local clocks show them ("local").
constexpr int64_t kMinute = 60;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
// A certain weekday of 29 February comes again within 40 years, also across 2100.
constexpr int64_t kHorizon = 41 * 366 * kDay;
constexpr uint64_t kAllHours = (uint64_t{1} << 24) - 1;

int64_t floor_divide(int64_t value, int64_t by) {
  return value / by - (value % by < 0);
}

int64_t seconds_of(Time time) {
  return floor_divide(to_millis(time), 1000);
}

// The lowest member of `set` that is at least `from`; 64 if there is none.
int next_member(uint64_t set, int64_t from) {
  return from > 63 ? 64 : std::countr_zero(set >> from << from);
}

bool has(uint64_t set, int64_t value) {
  return (set >> value & 1) != 0;
}

}  // namespace

Result<Schedule> Schedule::make(Cron cron) {
  if (!expr::zone_offset(cron.zone, 0)) {
    return Error{ErrorCode::kInvalid, fmt::format("there is no time zone \"{}\"", cron.zone)};
  }
  return Schedule(std::move(cron));
}

Result<Schedule> Schedule::parse(std::string_view text) {
  Result<Cron> cron = parse_cron(text);
  if (!cron) return cron.error();
  return make(std::move(*cron));
}

int64_t Schedule::offset_at(int64_t second) const {
  return expr::zone_offset(cron_.zone, second).value_or(0);
}

bool Schedule::is_every_hour() const {
  return cron_.hours == kAllHours || mutant("cron-twice-at-a-fold");
}

bool Schedule::is_day(int64_t day) const {
  const expr::CivilTime date = expr::civil_from_seconds(day * kDay);
  if (!has(cron_.months, date.month)) return false;
  const bool is_day_of_month = has(cron_.days, date.day);
  const bool is_weekday = has(cron_.weekdays, ((day + 4) % 7 + 7) % 7);
  if (cron_.any_day || cron_.any_weekday) return is_day_of_month && is_weekday;
  return is_day_of_month || is_weekday;
}

// The first matching minute after `local`, as far as the local clock's face goes.
std::optional<int64_t> Schedule::next_local(int64_t local, int64_t until) const {
  const int64_t from = (floor_divide(local, kMinute) + 1) * kMinute;
  int64_t day = floor_divide(from, kDay);
  int64_t hour = (from - day * kDay) / kHour;
  int64_t minute = (from - day * kDay) % kHour / kMinute;
  for (; day * kDay <= until; ++day, hour = 0, minute = 0) {
    if (!is_day(day)) continue;
    int found_hour = next_member(cron_.hours, hour);
    int found_minute = found_hour == hour ? next_member(cron_.minutes, minute) : 64;
    if (found_minute == 64) {
      if (found_hour == hour) found_hour = next_member(cron_.hours, hour + 1);
      found_minute = next_member(cron_.minutes, 0);
    }
    if (found_hour == 64) continue;
    const int64_t found = day * kDay + found_hour * kHour + found_minute * kMinute;
    return found <= until ? std::optional(found) : std::nullopt;
  }
  return std::nullopt;
}

// When local clocks show `local` and the schedule is due: never, once, or, if it is for every hour,
// maybe twice. The first of these that is later than `after`.
std::optional<int64_t> Schedule::due_at_local(int64_t local, int64_t after) const {
  // The clocks are not changed twice within two days. Going forward by the offset before the change
  // gives the first time that `local` comes, by the one behind it the second or only one.
  for (const int64_t offset : {offset_at(local - kDay), offset_at(local + kDay)}) {
    const int64_t second = local - offset;
    if (offset_at(second) != offset) continue;
    if (second > after) return second;
    if (!is_every_hour()) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<int64_t> Schedule::search(int64_t local, int64_t until, int64_t after) const {
  std::optional<int64_t> next = next_local(local, until);
  for (; next; next = next_local(*next, until)) {
    if (const auto due = due_at_local(*next, after)) return due;
  }
  return std::nullopt;
}

std::optional<Time> Schedule::next(Time after) const {
  const int64_t second = seconds_of(after);
  const int64_t local = second + offset_at(second);
  std::optional<int64_t> due = search(local, local + kHorizon, second);
  if (due && is_every_hour()) {
    // The clocks may have been put back before that: then times that they showed already are next.
    const int64_t back = offset_at(second) - offset_at(*due);
    const auto again = back > 0 ? search(local - back, local, second) : std::nullopt;
    if (again && *again < *due) due = again;
  }
  if (!due) return std::nullopt;
  return from_millis(*due * 1000);
}

// Looks back twice as far each time, so that years without a look cost no more than a few.
std::optional<Time> Schedule::latest(Time after, Time until) const {
  for (Duration back = std::chrono::minutes(1);; back *= 2) {
    const Time from = std::max(after, until - back);
    std::optional<Time> found;
    for (auto due = next(from); due && *due <= until; due = next(*due)) found = due;
    if (found || from == after) return found;
  }
}

bool Schedule::is_due_at(Time time) const {
  const std::optional<Time> due = next(time - Duration(1));
  return due && *due == time;
}

}  // namespace stepwell::flow
