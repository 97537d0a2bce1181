#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "schema/time.h"

using stepwell::Duration;
using stepwell::format_duration;
using stepwell::format_rfc3339;
using stepwell::from_millis;
using stepwell::parse_duration;
using stepwell::parse_rfc3339;
using stepwell::to_millis;

namespace {

int64_t millis_of(std::string_view text) {
  const auto duration = parse_duration(text);
  REQUIRE_MESSAGE(duration.ok(), text);
  return duration->count();
}

int64_t instant_of(std::string_view text) {
  const auto time = parse_rfc3339(text);
  REQUIRE_MESSAGE(time.ok(), text);
  return to_millis(*time);
}

}  // namespace

TEST_CASE("durations of each unit") {
  CHECK(millis_of("2500000ns") == 2);
  CHECK(millis_of("2500us") == 2);
  CHECK(millis_of("2500\u00B5s") == 2);
  CHECK(millis_of("2500\u03BCs") == 2);
  CHECK(millis_of("250ms") == 250);
  CHECK(millis_of("3s") == 3'000);
  CHECK(millis_of("4m") == 240'000);
  CHECK(millis_of("5h") == 18'000'000);
  CHECK(millis_of("6d") == 518'400'000);
  CHECK(millis_of("2w") == 1'209'600'000);
}

TEST_CASE("durations of several parts, with signs and decimals") {
  CHECK(millis_of("0") == 0);
  CHECK(millis_of("+0") == 0);
  CHECK(millis_of("-0") == 0);
  CHECK(millis_of("0s") == 0);
  CHECK(millis_of("1h30m") == 5'400'000);
  CHECK(millis_of("30m1h") == 5'400'000);
  CHECK(millis_of("1.5h") == 5'400'000);
  CHECK(millis_of(".5s") == 500);
  CHECK(millis_of("1.s") == 1'000);
  CHECK(millis_of("-1.5s") == -1'500);
  CHECK(millis_of("+2d12h") == 216'000'000);
  CHECK(millis_of("1w2d3h4m5s6ms") == 788'645'006);
  CHECK(millis_of("1.5s.5s") == 2'000);
}

TEST_CASE("durations are rounded toward zero, after the parts are summed up") {
  CHECK(millis_of("1.9999ms") == 1);
  CHECK(millis_of("-1.9999ms") == -1);
  CHECK(millis_of("999us") == 0);
  CHECK(millis_of("0.6ms0.6ms") == 1);
  CHECK(millis_of("0.6ms0.6ms0.1ms") == 1);
  CHECK(millis_of("600us400us") == 1);
  CHECK(millis_of("999999ns1ns") == 1);
  CHECK(millis_of("0." + std::string(5'000, '9') + "s") == 999);
  CHECK(millis_of("0.1" + std::string(5'000, '0') + "w") == 60'480'000);
}

TEST_CASE("the longest durations") {
  CHECK(millis_of("9223372036854775807ms") == std::numeric_limits<int64_t>::max());
  CHECK(millis_of("-9223372036854775807ms") == -std::numeric_limits<int64_t>::max());
  CHECK(millis_of("18446744073709551615ns") == 18'446'744'073'709);
  for (const char* text : {"9223372036854775808ms", "9223372036854775807ms1ms",
                           "9223372036854775807ms1000us", "18446744073709551616ns",
                           "99999999999999999999999w", "15250284453w", "9223372036854775806.9s"}) {
    CAPTURE(text);
    const auto duration = parse_duration(text);
    REQUIRE_FALSE(duration.ok());
    CHECK(duration.error().message.find("too long") != std::string::npos);
  }
}

TEST_CASE("what is no duration is refused with the reason") {
  for (const char* text :
       {"",      "-",      "+",          "--1s",   "1",     "1.5",  "s",    ".s",   "1 s",
        " 1s",   "1s ",    "1x",         "1S",     "1sec",  "1h30", "1,5s", "1e3s", "0x1s",
        "1..5s", "1.5.5s", "one second", "1\xC2s", "1s-1s", "00",   "\xFF"}) {
    CAPTURE(text);
    const auto duration = parse_duration(text);
    REQUIRE_FALSE(duration.ok());
    CHECK(duration.error().code == stepwell::ErrorCode::kInvalid);
  }
  CHECK(
      parse_duration("1 day").error().message ==
      "\"1 day\" is not a duration: expected one of the units ns us ms s m h d w behind a number");
}

TEST_CASE("durations are written in their largest units and read back") {
  CHECK(format_duration(Duration(0)) == "0s");
  CHECK(format_duration(Duration(250)) == "250ms");
  CHECK(format_duration(Duration(5'400'000)) == "1h30m");
  CHECK(format_duration(Duration(172'800'000)) == "2d");
  CHECK(format_duration(Duration(-1'500)) == "-1s500ms");
  CHECK(format_duration(Duration(93'784'005)) == "1d2h3m4s5ms");
  CHECK(format_duration(Duration::min()) == "-106751991167d7h12m55s808ms");
  for (int64_t millis = 1; millis > 0 && millis < std::numeric_limits<int64_t>::max() / 7;
       millis = millis * 7 + 3) {
    CHECK(millis_of(format_duration(Duration(millis))) == millis);
    CHECK(millis_of(format_duration(Duration(-millis))) == -millis);
  }
}

TEST_CASE("timestamps") {
  CHECK(instant_of("1970-01-01T00:00:00Z") == 0);
  CHECK(instant_of("2026-08-22T10:00:00.123Z") == 1'787'392'800'123);
  CHECK(instant_of("2026-08-22t10:00:00z") == 1'787'392'800'000);
  CHECK(instant_of("2026-08-22T12:30:00+02:30") == 1'787'392'800'000);
  CHECK(instant_of("2026-08-21T23:00:00-11:00") == 1'787'392'800'000);
  CHECK(instant_of("2026-08-22T10:00:00.5Z") == 1'787'392'800'500);
  CHECK(instant_of("2026-08-22T10:00:00.123999999999Z") == 1'787'392'800'123);
  CHECK(instant_of("1969-12-31T23:59:59.999Z") == -1);
  CHECK(instant_of("2000-02-29T00:00:00Z") == 951'782'400'000);
  CHECK(instant_of("0000-01-01T00:00:00Z") == -62'167'219'200'000);
  CHECK(instant_of("9999-12-31T23:59:59.999Z") == 253'402'300'799'999);
}

TEST_CASE("what is no timestamp is refused") {
  for (const char* text : {"",
                           "2026",
                           "2026-08-22",
                           "2026-08-22T10:00:00",
                           "2026-08-22 10:00:00Z",
                           "2026-8-22T10:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-08-22T24:00:00Z",
                           "2026-08-22T10:60:00Z",
                           "2026-08-22T10:00:60Z",
                           "2026-08-22T10:00:00.Z",
                           "2026-08-22T10:00:00,5Z",
                           "2026-08-22T10:00Z",
                           "2026-08-22T10:00:00+0200",
                           "2026-08-22T10:00:00+24:00",
                           "2026-08-22T10:00:00+02:60",
                           "2026-08-22T10:00:00Z ",
                           " 2026-08-22T10:00:00Z",
                           "+026-08-22T10:00:00Z",
                           "2026-08-22T10:00:00-2:00",
                           "not a time"}) {
    CAPTURE(text);
    const auto time = parse_rfc3339(text);
    REQUIRE_FALSE(time.ok());
    CHECK(time.error().code == stepwell::ErrorCode::kInvalid);
  }
}

TEST_CASE("timestamps are written in UTC and read back") {
  CHECK(format_rfc3339(from_millis(0)) == "1970-01-01T00:00:00Z");
  CHECK(format_rfc3339(from_millis(1'787'392'800'123)) == "2026-08-22T10:00:00.123Z");
  CHECK(format_rfc3339(from_millis(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(format_rfc3339(from_millis(5)) == "1970-01-01T00:00:00.005Z");
  CHECK(format_rfc3339(from_millis(std::numeric_limits<int64_t>::max())) ==
        "9999-12-31T23:59:59.999Z");
  CHECK(format_rfc3339(from_millis(std::numeric_limits<int64_t>::min())) == "0000-01-01T00:00:00Z");
  for (int64_t millis = -62'167'219'200'000; millis < 253'402'300'800'000;
       millis += 99'999'999'977) {
    CHECK(instant_of(format_rfc3339(from_millis(millis))) == millis);
  }
}
