#include "schema/cron.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <vector>

namespace stepwell {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  int lowest;
  int highest;
  std::span<const std::string_view> names = {};  // of the values from `lowest`
};

// Schedules that have a name.
struct Named {
  std::string_view name;
  std::string_view fields;
};
constexpr std::array<Named, 7> kNamed = {{{"@yearly", "0 0 1 1 *"},
                                          {"@annually", "0 0 1 1 *"},
                                          {"@monthly", "0 0 1 * *"},
                                          {"@weekly", "0 0 * * 0"},
                                          {"@daily", "0 0 * * *"},
                                          {"@midnight", "0 0 * * *"},
                                          {"@hourly", "0 * * * *"}}};

constexpr std::array<Field, 5> kFields = {{{"minute", 0, 59},
                                           {"hour", 0, 23},
                                           {"day", 1, 31},
                                           {"month", 1, 12, kMonths},
                                           {"weekday", 0, 6, kWeekdays}}};

Error fault(const Field& field, std::string_view text) {
  return {ErrorCode::kInvalid, fmt::format("\"{}\" is no {} from {} to {}", text, field.name,
                                           field.lowest, field.highest)};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(text, ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

std::optional<int> read_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole && text.front() != '-' ? std::optional(number) : std::nullopt;
}

std::optional<int> read_value(const Field& field, std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (size_t i = 0; i < field.names.size(); ++i) {
    if (field.names[i] == lower) return field.lowest + static_cast<int>(i);
  }
  const std::optional<int> number = read_number(text);
  if (!number || *number < field.lowest || *number > field.highest) return std::nullopt;
  return number;
}

bool is_star(std::string_view text) {
  return text == "*" || text == "?";
}

// "*", "5", "1-5", each with "/2" behind it or not; "5/2" goes on to the highest value.
Result<uint64_t> read_part(const Field& field, std::string_view part) {
  const size_t slash = part.find('/');
  const std::string_view range = part.substr(0, slash);
  int step = 1;
  if (slash != std::string_view::npos) {
    const std::optional<int> read = read_number(part.substr(slash + 1));
    if (!read || *read == 0) return fault(field, part);
    step = *read;
  }
  int first = field.lowest;
  int last = field.highest;
  if (!is_star(range)) {
    const size_t dash = range.find('-');
    const std::optional<int> low = read_value(field, range.substr(0, dash));
    if (!low) return fault(field, part);
    first = *low;
    if (dash != std::string_view::npos) {
      const std::optional<int> high = read_value(field, range.substr(dash + 1));
      if (!high || *high < first) return fault(field, part);
      last = *high;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  uint64_t set = 0;
  for (int64_t value = first; value <= last; value += step) set |= uint64_t{1} << value;
  return set;
}

Result<uint64_t> read_field(const Field& field, std::string_view text) {
  uint64_t set = 0;
  for (const std::string_view part : split(text, ',')) {
    const Result<uint64_t> read = read_part(field, part);
    if (!read) return read.error();
    set |= *read;
  }
  return set;
}

// Takes the zone off; false if one is begun and empty.
bool take_zone(std::string_view& text, std::string& zone) {
  for (const std::string_view prefix : {"CRON_TZ=", "TZ="}) {
    if (!text.starts_with(prefix)) continue;
    const size_t end = std::min(text.find(' '), text.size());
    zone = std::string(text.substr(prefix.size(), end - prefix.size()));
    text.remove_prefix(end);
    return !zone.empty();
  }
  return true;
}

}  // namespace

Result<Cron> parse_cron(std::string_view text) {
  if (text.size() > kMaxCronLength) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("a schedule has at most {} characters", kMaxCronLength)};
  }
  Cron cron;
  std::string_view rest = text;
  if (!take_zone(rest, cron.zone)) {
    return Error{ErrorCode::kInvalid, "the name of the time zone is missing"};
  }
  std::vector<std::string_view> words = words_of(rest);
  for (const Named& named : kNamed) {
    if (words.size() == 1 && words.front() == named.name) words = words_of(named.fields);
  }
  if (words.size() != kFields.size()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("\"{}\" has {} fields, not the five minute, hour, day, month, weekday",
                             text, words.size())};
  }
  const std::array<uint64_t*, kFields.size()> sets = {&cron.minutes, &cron.hours, &cron.days,
                                                      &cron.months, &cron.weekdays};
  for (size_t i = 0; i < kFields.size(); ++i) {
    const Result<uint64_t> set = read_field(kFields[i], words[i]);
    if (!set) return set.error();
    *sets[i] = *set;
  }
  cron.any_day = is_star(words[2].substr(0, 1));
  cron.any_weekday = is_star(words[4].substr(0, 1));
  return cron;
}

}  // namespace stepwell
