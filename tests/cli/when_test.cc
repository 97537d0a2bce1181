#include "api/cli/when.h"

#include <doctest/doctest.h>

namespace stepwell::cli {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kNoon = from_millis(1'732'363'200'000);  // 2024-11-23T12:00:00Z

}  // namespace

TEST_CASE("durations have at most two units") {
  CHECK(short_duration(Duration(0)) == "0ms");
  CHECK(short_duration(Duration(-5)) == "0ms");
  CHECK(short_duration(Duration(999)) == "999ms");
  CHECK(short_duration(Duration(1000)) == "1s");
  CHECK(short_duration(Duration(1399)) == "1.3s");
  CHECK(short_duration(Duration(59'999)) == "59.9s");
  CHECK(short_duration(seconds(60)) == "1m");
  CHECK(short_duration(seconds(125)) == "2m 5s");
  CHECK(short_duration(hours(3) + minutes(12) + seconds(29)) == "3h 12m");
  CHECK(short_duration(hours(3) + minutes(12) + seconds(30)) == "3h 13m");
  CHECK(short_duration(days(1) - seconds(1)) == "1d");
  CHECK(short_duration(days(366)) == "366d");
  CHECK(short_duration(days(2) + hours(4) + minutes(29)) == "2d 4h");
  CHECK(short_duration(days(3) - seconds(40)) == "3d");
}

TEST_CASE("times are told from now") {
  CHECK(relative_time(kNoon, kNoon) == "now");
  CHECK(relative_time(kNoon - Duration(1500), kNoon) == "1s ago");
  CHECK(relative_time(kNoon - hours(30), kNoon) == "1d 6h ago");
  CHECK(relative_time(kNoon + minutes(5), kNoon) == "in 5m");
  CHECK(clock_time(kNoon + Duration(1999)) == "2024-11-23 12:00:01");
}

TEST_CASE("a moment is a time or a duration ago") {
  CHECK(parse_moment("--since", "2024-11-23T11:00:00Z", kNoon).value() == kNoon - hours(1));
  CHECK(parse_moment("--since", "90m", kNoon).value() == kNoon - minutes(90));
  CHECK(parse_moment("--since", "7d", kNoon).value() == kNoon - days(7));
  CHECK(parse_moment("--since", "0", kNoon).value() == kNoon);
  CHECK(parse_moment("--since", "2024-11-23", kNoon).value() == kNoon - hours(12));
  for (const char* wrong :
       {"2024-11-33", "yesterday", "-5m", "5 parsecs", "", "2024-13-01T00:00:00Z"}) {
    const Result<Time> moment = parse_moment("--since", wrong, kNoon);
    REQUIRE(!moment.ok());
    CHECK(moment.error().message.starts_with("--since \"" + std::string(wrong) + "\" is neither"));
  }
}

TEST_CASE("an event happens at a time, on a day, or in a while") {
  CHECK(parse_event_time("--ts", "2024-11-23T11:00:00Z", kNoon).value() == kNoon - hours(1));
  CHECK(parse_event_time("--ts", "2024-11-24", kNoon).value() == kNoon + hours(12));
  CHECK(parse_event_time("--ts", "+90m", kNoon).value() == kNoon + minutes(90));
  for (const char* wrong : {"90m", "+", "+x", "-5m", ""}) {
    CHECK(parse_event_time("--ts", wrong, kNoon).error().code == ErrorCode::kInvalid);
  }
}

}  // namespace stepwell::cli
