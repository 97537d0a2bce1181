#include "api/cli/when.h"

#include <fmt/core.h>

#include <algorithm>

namespace stepwell::cli {
namespace {

using std::chrono::seconds;

// "2m 5s", or "2m" when nothing is left.
std::string two_units(int64_t high, char high_unit, int64_t low, char low_unit) {
  if (low == 0) return fmt::format("{}{}", high, high_unit);
  return fmt::format("{}{} {}{}", high, high_unit, low, low_unit);
}

// A time, or a day, which begins at midnight UTC.
std::optional<Time> parse_time(std::string_view text) {
  if (const Result<Time> time = parse_rfc3339(text)) return *time;
  constexpr size_t kDateSize = 10;
  if (text.size() != kDateSize) return std::nullopt;
  const Result<Time> midnight = parse_rfc3339(std::string(text) + "T00:00:00Z");
  return midnight ? std::optional(*midnight) : std::nullopt;
}

}  // namespace

std::string short_duration(Duration duration) {
  const int64_t ms = std::max<int64_t>(duration.count(), 0);
  if (ms < 1000) return fmt::format("{}ms", ms);
  int64_t s = ms / 1000;
  if (s < 60) {
    const int64_t tenth = ms % 1000 / 100;
    return tenth == 0 ? fmt::format("{}s", s) : fmt::format("{}.{}s", s, tenth);
  }
  if (s < 3600) return two_units(s / 60, 'm', s % 60, 's');
  // Rounded to the unit that is shown, so that almost three days are not "2d 23h".
  s = (s + 30) / 60 * 60;
  if (s < 86400) return two_units(s / 3600, 'h', s % 3600 / 60, 'm');
  s = (s + 1800) / 3600 * 3600;
  return two_units(s / 86400, 'd', s % 86400 / 3600, 'h');
}

std::string relative_time(Time time, Time now) {
  if (time > now) return "in " + short_duration(time - now);
  if (now - time < seconds(1)) return "now";
  return short_duration(std::chrono::floor<seconds>(now - time)) + " ago";
}

std::string clock_time(Time time) {
  std::string text = format_rfc3339(std::chrono::floor<seconds>(time));
  std::replace(text.begin(), text.end(), 'T', ' ');
  text.pop_back();
  return text;
}

Result<Time> parse_event_time(std::string_view option, std::string_view text, Time now) {
  if (const std::optional<Time> time = parse_time(text)) return *time;
  if (text.starts_with('+')) {
    const Result<Duration> ahead = parse_duration(text.substr(1));
    if (ahead && *ahead >= Duration::zero()) return now + *ahead;
  }
  return Error{ErrorCode::kInvalid,
               fmt::format("{} \"{}\" is neither a time such as 2026-08-22T10:00:00Z, nor a date, "
                           "nor +90m for 90 minutes from now",
                           option, text)};
}

Result<Time> parse_moment(std::string_view option, std::string_view text, Time now) {
  if (const std::optional<Time> time = parse_time(text)) return *time;
  const Result<Duration> ago = parse_duration(text);
  if (ago && *ago >= Duration::zero()) return now - *ago;
  return Error{ErrorCode::kInvalid,
               fmt::format("{} \"{}\" is neither a time such as 2026-08-22T10:00:00Z, nor a date, "
                           "nor a duration such as 24h or 7d",
                           option, text)};
}

}  // namespace stepwell::cli
