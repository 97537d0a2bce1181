#include "engine/flow/schedule.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/expr/timestamp.h"
#include "engine/expr/zone.h"

using namespace stepwell;
using flow::Schedule;

namespace {

Time at(std::string_view text) {
  const Result<Time> time = parse_rfc3339(text);
  REQUIRE(time.ok());
  return *time;
}

Schedule parsed(std::string_view text) {
  Result<Schedule> schedule = Schedule::parse(text);
  REQUIRE_MESSAGE(schedule.ok(), (schedule.ok() ? "" : schedule.error().message));
  return *schedule;
}

std::string next_of(std::string_view text, std::string_view after) {
  const std::optional<Time> next = parsed(text).next(at(after));
  return next ? format_rfc3339(*next) : "never";
}

// All that is due from `from` on, before `until`, in UTC.
std::vector<std::string> all_of(std::string_view text, std::string_view from,
                                std::string_view until) {
  std::vector<std::string> all;
  const Schedule schedule = parsed(text);
  for (auto due = schedule.next(at(from) - Duration(1)); due && *due < at(until);
       due = schedule.next(*due)) {
    all.push_back(format_rfc3339(*due));
  }
  return all;
}

bool matches(const Cron& cron, int64_t local) {
  const auto has = [](uint64_t set, int64_t value) { return (set >> value & 1) != 0; };
  const expr::CivilTime civil = expr::civil_from_seconds(local);
  const int64_t weekday = (local / 86400 + 4) % 7;
  const bool day = has(cron.days, civil.day);
  const bool any = cron.any_day || cron.any_weekday;
  const bool is_day = any ? day && has(cron.weekdays, weekday) : day || has(cron.weekdays, weekday);
  return is_day && has(cron.months, civil.month) && has(cron.hours, civil.hour) &&
         has(cron.minutes, civil.minute) && civil.second == 0;
}

// The same by looking at each minute, and remembering which local times there were.
std::vector<std::string> by_hand(std::string_view text, std::string_view from,
                                 std::string_view until) {
  std::vector<std::string> all;
  const Cron cron = *parse_cron(text);
  const int64_t first = to_millis(at(from)) / 1000;
  std::map<int64_t, int> seen;
  for (int64_t second = first - 2 * 86400; second < to_millis(at(until)) / 1000; second += 60) {
    const int64_t local = second + expr::zone_offset(cron.zone, second).value();
    const bool again = ++seen[local] > 1 && cron.hours != (1 << 24) - 1;
    if (second < first || again || !matches(cron, local)) continue;
    all.push_back(format_rfc3339(from_millis(second * 1000)));
  }
  return all;
}

}  // namespace

TEST_CASE("CRN-07: a schedule is due by the clocks of its zone") {
  const char* nine = "TZ=Europe/Paris 0 9 * * *";
  CHECK(next_of(nine, "2026-01-10T00:00:00Z") == "2026-01-10T08:00:00Z");
  CHECK(next_of(nine, "2026-01-10T08:00:00Z") == "2026-01-11T08:00:00Z");
  CHECK(next_of(nine, "2026-01-10T07:59:59.999Z") == "2026-01-10T08:00:00Z");
  CHECK(next_of(nine, "2026-07-10T00:00:00Z") == "2026-07-10T07:00:00Z");
  CHECK(next_of(nine, "2026-03-28T12:00:00Z") == "2026-03-29T07:00:00Z");
  CHECK(next_of(nine, "2026-10-24T12:00:00Z") == "2026-10-25T08:00:00Z");
  CHECK(next_of("CRON_TZ=Asia/Kathmandu 0 0 * * *", "2026-01-10T00:00:00Z") ==
        "2026-01-10T18:15:00Z");
  CHECK(next_of("0 9 * * *", "2026-07-10T00:00:00Z") == "2026-07-10T09:00:00Z");
}

TEST_CASE("days match by month, day of the month and weekday") {
  const char* start = "2026-11-26T10:30:00Z";  // a Thursday
  CHECK(next_of("* * * * *", start) == "2026-11-26T10:31:00Z");
  CHECK(next_of("*/20 * * * *", start) == "2026-11-26T10:40:00Z");
  CHECK(next_of("15 10 * * *", start) == "2026-11-27T10:15:00Z");
  CHECK(next_of("0 9 * * 1-5", "2026-11-27T09:00:00Z") == "2026-11-30T09:00:00Z");
  CHECK(next_of("0 0 31 * *", start) == "2026-12-31T00:00:00Z");
  CHECK(next_of("0 0 31 2-4 *", start) == "2027-03-31T00:00:00Z");
  CHECK(next_of("0 0 29 2 *", start) == "2028-02-29T00:00:00Z");
  // On a Sunday, Wednesday or Saturday; and on a Sunday, of which there is none for 40 years.
  CHECK(next_of("0 0 29 2 */3", start) == "2032-02-29T00:00:00Z");
  CHECK(next_of("0 0 29 2 */7", "2088-03-01T00:00:00Z") == "2128-02-29T00:00:00Z");
  CHECK(next_of("59 23 31 12 *", start) == "2026-12-31T23:59:00Z");
  CHECK(next_of("@weekly", start) == "2026-11-29T00:00:00Z");
  CHECK(next_of("@yearly", start) == "2027-01-01T00:00:00Z");
  // Two fields: either is enough, unless one begins with a star.
  CHECK(next_of("0 0 13 * 5", start) == "2026-11-27T00:00:00Z");
  CHECK(next_of("0 0 13 * 5", "2026-12-11T00:00:00Z") == "2026-12-13T00:00:00Z");
  CHECK(next_of("0 0 */2 * 1", start) == "2026-12-07T00:00:00Z");
}

TEST_CASE("a schedule for a day that never comes is never due") {
  for (const char* text : {"0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 30,31 2 *"}) {
    CAPTURE(text);
    CHECK(next_of(text, "2026-11-26T10:30:00Z") == "never");
  }
  CHECK(next_of("0 0 30 2 1", "2026-11-26T10:30:00Z") == "2027-02-01T00:00:00Z");
}

TEST_CASE("local times that are skipped are skipped") {
  // In Vienna 2:00 is followed by 3:00 on March 29.
  const char* half_past = "TZ=Europe/Vienna 30 2 * * *";
  CHECK(next_of(half_past, "2026-03-28T12:00:00Z") == "2026-03-30T00:30:00Z");
  CHECK(all_of("TZ=Europe/Vienna 0 * * * *", "2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z") ==
        std::vector<std::string>{"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z",
                                 "2026-03-29T02:00:00Z"});
}

TEST_CASE("local times that come twice are due once, unless the schedule is for every hour") {
  // In Vienna 2:59 is followed by 2:00 on October 25.
  const char* half_past = "TZ=Europe/Vienna 30 2 * * *";
  CHECK(next_of(half_past, "2026-10-24T12:00:00Z") == "2026-10-25T00:30:00Z");
  CHECK(next_of(half_past, "2026-10-25T00:30:00Z") == "2026-10-26T01:30:00Z");
  CHECK(next_of(half_past, "2026-10-25T01:10:00Z") == "2026-10-26T01:30:00Z");
  CHECK(all_of("TZ=Europe/Vienna 30 * * * *", "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z") ==
        std::vector<std::string>{"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z",
                                 "2026-10-25T02:30:00Z"});
}

TEST_CASE("a schedule agrees with a look at each minute, wherever clocks are changed") {
  const char* zones[] = {"UTC",
                         "Europe/Vienna",
                         "America/New_York",
                         "America/St_Johns",
                         "Australia/Lord_Howe",  // half an hour
                         "America/Santiago",     // at midnight
                         "Africa/Casablanca",
                         "Asia/Kathmandu",
                         "-08:00"};
  const char* fields[] = {"* * * * *",     "*/7 * * * *", "15,45 1-3 * * *", "30 2 * * *",
                          "0 0 * * *",     "59 23 * * 6", "0 */2 8,25 * *",  "5 0-22 * 3,4,10,11 *",
                          "0,30 1 1-7 * 0"};
  const std::pair<const char*, const char*> spans[] = {
      {"2026-03-06T00:00:00Z", "2026-03-10T00:00:00Z"},
      {"2026-03-27T22:00:00Z", "2026-04-07T00:00:00Z"},
      {"2026-09-04T00:00:00Z", "2026-09-08T00:00:00Z"},
      {"2026-10-02T00:00:00Z", "2026-10-06T00:00:00Z"},
      {"2026-10-24T00:00:00Z", "2026-11-03T00:00:00Z"}};
  for (const char* zone : zones) {
    for (const char* field : fields) {
      const std::string text = std::string("TZ=") + zone + " " + field;
      for (const auto& [from, until] : spans) {
        CAPTURE(text);
        CAPTURE(from);
        CHECK(all_of(text, from, until) == by_hand(text, from, until));
      }
    }
  }
}

TEST_CASE("the latest that is due is found over any time") {
  const Schedule minutely = parsed("* * * * *");
  const Time now = at("2026-11-26T10:30:30Z");
  CHECK(minutely.latest(now - std::chrono::hours(24 * 400), now) == at("2026-11-26T10:30:00Z"));
  CHECK(minutely.latest(at("2026-11-26T10:30:00Z"), now) == std::nullopt);
  CHECK(minutely.latest(now, now - std::chrono::hours(1)) == std::nullopt);
  const Schedule yearly = parsed("@yearly");
  CHECK(yearly.latest(at("2021-06-01T00:00:00Z"), now) == at("2026-01-01T00:00:00Z"));
  CHECK(yearly.latest(at("2026-01-01T00:00:00Z"), now) == std::nullopt);
  CHECK(yearly.latest(at("2025-12-31T23:59:59Z"), at("2026-01-01T00:00:00Z")) ==
        at("2026-01-01T00:00:00Z"));
  const Schedule nights = parsed("* 3 * * *");
  CHECK(nights.latest(now - std::chrono::hours(48), now) == at("2026-11-26T03:59:00Z"));
}

TEST_CASE("a schedule knows whether it is due at an instant") {
  const Schedule schedule = parsed("TZ=Europe/Vienna 30 2 * * *");
  CHECK(schedule.is_due_at(at("2026-10-25T00:30:00Z")));
  CHECK_FALSE(schedule.is_due_at(at("2026-10-25T01:30:00Z")));
  CHECK_FALSE(schedule.is_due_at(at("2026-10-25T00:30:00Z") + Duration(1)));
}

TEST_CASE("a schedule in a zone that there is not is refused") {
  const Result<Schedule> schedule = Schedule::parse("TZ=Europe/Atlantis 0 9 * * *");
  REQUIRE_FALSE(schedule.ok());
  CHECK(schedule.error().message == "there is no time zone \"Europe/Atlantis\"");
}
