#include "schema/cron.h"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace stepwell;

namespace {

uint64_t set_of(std::initializer_list<int> values) {
  uint64_t set = 0;
  for (const int value : values) set |= uint64_t{1} << value;
  return set;
}

uint64_t range(int first, int last) {
  uint64_t set = 0;
  for (int value = first; value <= last; ++value) set |= uint64_t{1} << value;
  return set;
}

Cron parsed(std::string_view text) {
  Result<Cron> cron = parse_cron(text);
  REQUIRE_MESSAGE(cron.ok(), (cron.ok() ? "" : cron.error().message));
  return *cron;
}

std::string fault_of(std::string_view text) {
  Result<Cron> cron = parse_cron(text);
  return cron ? "" : cron.error().message;
}

}  // namespace

TEST_CASE("a schedule's five fields are sets of values") {
  const Cron cron = parsed("0 9 1 1 5");
  CHECK(cron.minutes == set_of({0}));
  CHECK(cron.hours == set_of({9}));
  CHECK(cron.days == set_of({1}));
  CHECK(cron.months == set_of({1}));
  CHECK(cron.weekdays == set_of({5}));
  CHECK_FALSE(cron.any_day);
  CHECK_FALSE(cron.any_weekday);
  CHECK(cron.zone.empty());
}

TEST_CASE("stars, question marks, ranges, lists, steps and names") {
  const Cron all = parsed("* * ? * *");
  CHECK(all.minutes == range(0, 59));
  CHECK(all.hours == range(0, 23));
  CHECK(all.days == range(1, 31));
  CHECK(all.months == range(1, 12));
  CHECK(all.weekdays == range(0, 6));
  CHECK(all.any_day);
  CHECK(all.any_weekday);
  CHECK(parsed("*/20 * * * *").minutes == set_of({0, 20, 40}));
  CHECK(parsed("50/5 * * * *").minutes == set_of({50, 55}));
  CHECK(parsed("1-9/4,30 * * * *").minutes == set_of({1, 5, 9, 30}));
  CHECK(parsed("* * */10 * *").days == set_of({1, 11, 21, 31}));
  CHECK(parsed("* * * JAN,mar-May *").months == set_of({1, 3, 4, 5}));
  CHECK(parsed("* * * * mon-FRI").weekdays == range(1, 5));
  CHECK(parsed("  0   9 * * * ").minutes == set_of({0}));
}

TEST_CASE("a time zone may stand before a schedule") {
  CHECK(parsed("TZ=Europe/Vienna 0 9 * * *").zone == "Europe/Vienna");
  CHECK(parsed("CRON_TZ=UTC 0 9 * * *").zone == "UTC");
  CHECK(parsed("TZ=Europe/Vienna 30 9 * * *").minutes == set_of({30}));
  CHECK(fault_of("TZ= 0 9 * * *") == "the name of the time zone is missing");
  CHECK_FALSE(fault_of("TZ=Europe/Vienna").empty());
}

TEST_CASE("some schedules have a name") {
  const auto same = [](std::string_view name, std::string_view fields) {
    const Cron a = parsed(name);
    const Cron b = parsed(fields);
    return a.minutes == b.minutes && a.hours == b.hours && a.days == b.days &&
           a.months == b.months && a.weekdays == b.weekdays && a.any_day == b.any_day &&
           a.any_weekday == b.any_weekday && a.zone == b.zone;
  };
  CHECK(same("@yearly", "0 0 1 1 *"));
  CHECK(same("@annually", "0 0 1 1 *"));
  CHECK(same("@monthly", "0 0 1 * *"));
  CHECK(same("@weekly", "0 0 * * 0"));
  CHECK(same("@daily", "0 0 * * *"));
  CHECK(same("@midnight", "0 0 * * *"));
  CHECK(same("@hourly", "0 * * * *"));
  CHECK(same("TZ=Europe/Vienna @daily", "TZ=Europe/Vienna 0 0 * * *"));
}

TEST_CASE("what is no schedule is refused, and the error names the field") {
  CHECK(fault_of("60 * * * *") == "\"60\" is no minute from 0 to 59");
  CHECK(fault_of("* 24 * * *") == "\"24\" is no hour from 0 to 23");
  CHECK(fault_of("* * 0 * *") == "\"0\" is no day from 1 to 31");
  CHECK(fault_of("* * * foo *") == "\"foo\" is no month from 1 to 12");
  CHECK(fault_of("* * * * 7") == "\"7\" is no weekday from 0 to 6");
  for (const char* text : {"",
                           "* * * *",
                           "0 * * * * *",
                           "@every 1h",
                           "@",
                           "@Daily",
                           "@fortnightly",
                           "@daily 0 0 * * *",
                           "@reboot",
                           "5-1 * * * *",
                           "*/0 * * * *",
                           "*/-1 * * * *",
                           "-1 * * * *",
                           "1- * * * *",
                           "-5 * * * *",
                           "1,,2 * * * *",
                           "1/ * * * *",
                           "a * * * *",
                           "1.5 * * * *",
                           "+1 * * * *",
                           "* * * * mo",
                           "99999999999999999999 * * * *",
                           "*5 * * * *",
                           "1-2-3 * * * *"}) {
    CAPTURE(text);
    CHECK_FALSE(fault_of(text).empty());
  }
  CHECK_FALSE(fault_of(std::string(kMaxCronLength, ' ') + "* * * * *").empty());
  CHECK(parse_cron("*/2147483647 * * * *").ok());
}
