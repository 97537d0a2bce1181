// When a schedule (schema/cron.h) is due.
//
// A day matches if its month does and, of the day of the month and the weekday, both do; but when
// neither of these two fields begins with a star, one of them is enough: crontab's rule.
//
// Where the clocks of its zone are changed:
//   - local times that are skipped are skipped: at 2:30 nothing is due on the day on which 2:00 is
//     followed by 3:00;
//   - local times that come twice are due the first time only, unless the schedule is for every
//     hour ("*/10 * * * *"): that goes on as the minutes pass.
#pragma once

#include <optional>
#include <string_view>

#include "schema/cron.h"
#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::flow {

class Schedule {
 public:
  // Nothing but the zone can be wrong: there must be one of this name.
  static Result<Schedule> make(Cron cron);
  // The same of text.
  static Result<Schedule> parse(std::string_view text);

  // The first instant after `after` at which it is due; nothing if there is none within 41 years.
  std::optional<Time> next(Time after) const;

  // The last instant at which it is due that is later than `after` and not later than `until`.
  std::optional<Time> latest(Time after, Time until) const;

  // Whether it is due at exactly this instant.
  bool is_due_at(Time time) const;

 private:
  explicit Schedule(Cron cron) : cron_(std::move(cron)) {}

  int64_t offset_at(int64_t second) const;
  bool is_every_hour() const;
  bool is_day(int64_t day) const;
  std::optional<int64_t> next_local(int64_t local, int64_t until) const;
  std::optional<int64_t> due_at_local(int64_t local, int64_t after) const;
  std::optional<int64_t> search(int64_t local, int64_t until, int64_t after) const;

  Cron cron_;
};

}  // namespace stepwell::flow
