// Schedules as crontab writes them: "0 9 * * 1-5", with a time zone before them if they need one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace stepwell {

// Five fields, each a set of values: bit n stands for the value n.
struct Cron {
  std::string zone;  // "Europe/Vienna"; empty: UTC
  uint64_t minutes = 0;
  uint64_t hours = 0;
  uint64_t days = 0;      // of the month, from 1
  uint64_t months = 0;    // from 1
  uint64_t weekdays = 0;  // from Sunday, which is 0
  // A field that is a star counts for nothing beside one that is not: crontab's rule for days.
  bool any_day = false;
  bool any_weekday = false;
};

inline constexpr size_t kMaxCronLength = 255;

// minute hour day month weekday, each "*" or "?", numbers, names (jan, mon), ranges, lists and
// steps; or one of "@hourly", "@daily" ("@midnight"), "@weekly", "@monthly", "@yearly"
// ("@annually"). "TZ=…" or "CRON_TZ=…" may stand before them. No seconds, no "@every". The error
// names the field. Whether the zone exists, and whether a day such as February 30 ever comes, is
// not looked at: see engine/flow/schedule.h.
Result<Cron> parse_cron(std::string_view text);

}  // namespace stepwell
