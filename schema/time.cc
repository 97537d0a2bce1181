#include "schema/time.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <optional>

namespace stepwell {
namespace {

constexpr uint64_t kNanosPerMilli = 1'000'000;

struct Unit {
  std::string_view name;
  uint64_t nanos;
};

// The micro sign and the Greek letter mu both stand for "micro".
constexpr std::array<Unit, 10> kUnits = {{{"ns", 1},
                                          {"us", 1'000},
                                          {"\u00B5s", 1'000},
                                          {"\u03BCs", 1'000},
                                          {"ms", kNanosPerMilli},
                                          {"s", 1'000 * kNanosPerMilli},
                                          {"m", 60'000 * kNanosPerMilli},
                                          {"h", 3'600'000 * kNanosPerMilli},
                                          {"d", 86'400'000 * kNanosPerMilli},
                                          {"w", 604'800'000 * kNanosPerMilli}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& rest) {
  size_t count = 0;
  while (count < rest.size() && is_digit(rest[count])) ++count;
  const std::string_view digits = rest.substr(0, count);
  rest.remove_prefix(count);
  return digits;
}

std::optional<uint64_t> whole_number(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits) {
    const auto digit = static_cast<uint64_t>(c - '0');
    if (value > (std::numeric_limits<uint64_t>::max() - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

// A length that is being summed up. The two parts together keep nanoseconds exact over the whole
// range of milliseconds.
struct Sum {
  uint64_t millis = 0;
  uint64_t nanos = 0;  // below one millisecond

  // Adds `count` units and the decimal `fraction` of one; false on overflow.
  bool add(uint64_t count, std::string_view fraction, uint64_t unit_nanos) {
    // From the last digit to the first: the division at each step loses nothing that the next one
    // could need, so the sum is exact to the nanosecond however many digits there are.
    uint64_t part = 0;
    for (size_t i = fraction.size(); i-- > 0;) {
      part = (static_cast<uint64_t>(fraction[i] - '0') * unit_nanos + part) / 10;
    }
    nanos += part % kNanosPerMilli;
    uint64_t more = part / kNanosPerMilli;
    if (unit_nanos < kNanosPerMilli) {
      const uint64_t units_per_milli = kNanosPerMilli / unit_nanos;
      more += count / units_per_milli;
      nanos += count % units_per_milli * unit_nanos;
    } else if (!add_product(count, unit_nanos / kNanosPerMilli)) {
      return false;
    }
    more += nanos / kNanosPerMilli;
    nanos %= kNanosPerMilli;
    return add_product(more, 1);
  }

 private:
  bool add_product(uint64_t count, uint64_t unit_millis) {
    constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (count > (kMost - millis) / unit_millis) return false;
    millis += count * unit_millis;
    return true;
  }
};

Error duration_error(std::string_view text, std::string_view problem) {
  return {ErrorCode::kInvalid,
          "\"" + std::string(text.substr(0, 64)) + "\" is not a duration: " + std::string(problem)};
}

// Reads digits of exactly this many characters, as in "2026" or "08".
std::optional<int> take_number(std::string_view& rest, size_t width) {
  if (rest.size() < width) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < width; ++i) {
    if (!is_digit(rest[i])) return std::nullopt;
    value = value * 10 + (rest[i] - '0');
  }
  rest.remove_prefix(width);
  return value;
}

bool take_one_of(std::string_view& rest, std::string_view characters) {
  if (rest.empty() || characters.find(rest.front()) == std::string_view::npos) return false;
  rest.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& rest) {
  const auto year = take_number(rest, 4);
  if (!year || !take_one_of(rest, "-")) return std::nullopt;
  const auto month = take_number(rest, 2);
  if (!month || !take_one_of(rest, "-")) return std::nullopt;
  const auto day = take_number(rest, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<Duration> take_time_of_day(std::string_view& rest) {
  const auto hour = take_number(rest, 2);
  if (!hour || *hour > 23 || !take_one_of(rest, ":")) return std::nullopt;
  const auto minute = take_number(rest, 2);
  if (!minute || *minute > 59 || !take_one_of(rest, ":")) return std::nullopt;
  const auto second = take_number(rest, 2);
  if (!second || *second > 59) return std::nullopt;
  int millis = 0;
  if (take_one_of(rest, ".")) {
    const std::string_view fraction = take_digits(rest);
    if (fraction.empty()) return std::nullopt;
    for (size_t i = 0; i < 3; ++i) {
      millis = millis * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    }
  }
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
         Duration(millis);
}

// How far the written time is ahead of UTC.
std::optional<std::chrono::minutes> take_offset(std::string_view& rest) {
  if (take_one_of(rest, "Zz")) return std::chrono::minutes(0);
  const bool is_behind = rest.starts_with('-');
  if (!take_one_of(rest, "+-")) return std::nullopt;
  const auto hours = take_number(rest, 2);
  if (!hours || *hours > 23 || !take_one_of(rest, ":")) return std::nullopt;
  const auto minutes = take_number(rest, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return is_behind ? -offset : offset;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  const bool is_negative = rest.starts_with('-');
  if (is_negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Duration(0);
  if (rest.empty()) return duration_error(text, "there is no number");
  Sum sum;
  while (!rest.empty()) {
    const std::string_view whole = take_digits(rest);
    const bool has_point = take_one_of(rest, ".");
    const std::string_view fraction = has_point ? take_digits(rest) : std::string_view();
    if (whole.empty() && fraction.empty()) {
      return duration_error(text, "expected a number such as 30 or 1.5");
    }
    const std::string_view name =
        rest.substr(0, std::min(rest.find_first_of(".0123456789"), rest.size()));
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const Unit& known) { return known.name == name; });
    if (unit == kUnits.end()) {
      return duration_error(text, "expected one of the units ns us ms s m h d w behind a number");
    }
    rest.remove_prefix(name.size());
    const std::optional<uint64_t> count = whole_number(whole);
    if (!count || !sum.add(*count, fraction, unit->nanos)) {
      return duration_error(text, "it is too long");
    }
  }
  const auto millis = static_cast<int64_t>(sum.millis);
  return Duration(is_negative ? -millis : millis);
}

std::string format_duration(Duration duration) {
  struct Part {
    uint64_t millis;
    std::string_view unit;
  };
  constexpr std::array<Part, 5> kParts = {
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}}};
  if (duration.count() == 0) return "0s";
  std::string text;
  auto rest = static_cast<uint64_t>(duration.count());
  if (duration.count() < 0) {
    text = "-";
    rest = -rest;
  }
  for (const Part& part : kParts) {
    const uint64_t count = rest / part.millis;
    rest %= part.millis;
    if (count > 0) text.append(std::to_string(count)).append(part.unit);
  }
  return text;
}

Result<Time> parse_rfc3339(std::string_view text) {
  std::string_view rest = text;
  const auto date = take_date(rest);
  const bool has_separator = date && take_one_of(rest, "Tt");
  const auto time_of_day = has_separator ? take_time_of_day(rest) : std::nullopt;
  const auto offset = time_of_day ? take_offset(rest) : std::nullopt;
  if (!offset || !rest.empty()) {
    return Error{ErrorCode::kInvalid, "\"" + std::string(text.substr(0, 64)) +
                                          "\" is not a timestamp such as 2026-08-22T10:00:00Z"};
  }
  return Time(*date) + *time_of_day - *offset;
}

std::string format_rfc3339(Time time) {
  using std::chrono::sys_days;
  constexpr Time kFirst = sys_days(std::chrono::year(0) / 1 / 1);
  constexpr Time kLast = sys_days(std::chrono::year(10000) / 1 / 1) - Duration(1);
  time = std::clamp(time, kFirst, kLast);
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss<Duration> clock(time - midnight);
  std::array<char, 80> text;
  int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  std::string result(text.data(), static_cast<size_t>(length));
  const auto millis = static_cast<int>(clock.subseconds().count());
  if (millis != 0) {
    length = std::snprintf(text.data(), text.size(), ".%03d", millis);
    result.append(text.data(), static_cast<size_t>(length));
  }
  return result + "Z";
}

}  // namespace stepwell
