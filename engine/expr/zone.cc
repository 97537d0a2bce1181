// Reads TZif files (RFC 8536): the times at which a zone's offset changes, and for the time after
// the last one a rule such as "CET-1CEST,M3.5.0,M10.5.0/3".
#include "engine/expr/zone.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/expr/timestamp.h"

namespace stepwell::expr {
namespace {

constexpr const char* kDatabase = "/usr/share/zoneinfo/";
constexpr size_t kMaxZoneFile = 64 * 1024;
constexpr size_t kMaxZones = 1024;  // kept; names come from users

// When daylight saving begins or ends: day `day` (0 is Sunday) of week `week` (5 is the last) of a
// month, at a second of the day; or a day of the year.
struct RuleDate {
  char form = 'M';  // 'M', 'J' (1 to 365, no leap day) or 'N' (0 to 365)
  int month = 1;
  int week = 1;
  int day = 0;
  int32_t second = 7200;
};

struct Zone {
  std::vector<int64_t> changes;  // rising
  std::vector<int32_t> offsets;  // from changes[i] on
  int32_t first_offset = 0;
  bool has_rule = false;
  bool has_daylight = false;
  int32_t standard = 0;
  int32_t daylight = 0;
  RuleDate begin;
  RuleDate end;
};

// --- The rule behind the table
// -----------------------------------------------------------------------

class RuleParser {
 public:
  explicit RuleParser(std::string_view text) : rest_(text) {}

  bool parse(Zone& zone) {
    if (!skip_name() || !parse_time(zone.standard)) return false;
    zone.standard = -zone.standard;  // POSIX counts westward
    zone.has_rule = true;
    if (rest_.empty()) return true;
    if (!skip_name()) return false;
    zone.daylight = zone.standard + 3600;
    if (!rest_.empty() && rest_.front() != ',') {
      if (!parse_time(zone.daylight)) return false;
      zone.daylight = -zone.daylight;
    }
    zone.has_daylight = parse_date(zone.begin) && parse_date(zone.end) && rest_.empty();
    return zone.has_daylight;
  }

 private:
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool skip_name() {
    if (accept('<')) {
      const size_t close = rest_.find('>');
      if (close == std::string_view::npos) return false;
      rest_.remove_prefix(close + 1);
      return true;
    }
    size_t length = 0;
    while (length < rest_.size() &&
           ((rest_[length] | 0x20) >= 'a' && (rest_[length] | 0x20) <= 'z')) {
      ++length;
    }
    rest_.remove_prefix(length);
    return length > 0;
  }

  bool parse_number(int& value) {
    value = 0;
    size_t digits = 0;
    for (; !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9' && digits < 4; ++digits) {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return digits > 0;
  }

  // [+-]hh[:mm[:ss]]
  bool parse_time(int32_t& seconds) {
    const bool negative = accept('-');
    if (!negative) accept('+');
    int hours = 0;
    int minutes = 0;
    int rest = 0;
    if (!parse_number(hours)) return false;
    if (accept(':') && !parse_number(minutes)) return false;
    if (accept(':') && !parse_number(rest)) return false;
    seconds = (negative ? -1 : 1) * (hours * 3600 + minutes * 60 + rest);
    return true;
  }

  bool parse_date(RuleDate& date) {
    if (!accept(',')) return false;
    if (accept('M')) {
      if (!parse_number(date.month) || !accept('.') || !parse_number(date.week) || !accept('.') ||
          !parse_number(date.day)) {
        return false;
      }
      if (date.month < 1 || date.month > 12) return false;
    } else {
      date.form = accept('J') ? 'J' : 'N';
      if (!parse_number(date.day)) return false;
    }
    return !accept('/') || parse_time(date.second);
  }

  std::string_view rest_;
};

bool is_leap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Seconds from the beginning of the year, by the clock that is in force before the change.
int64_t second_of_year(const RuleDate& date, int64_t year) {
  const int64_t new_year = days_from_civil(year, 1, 1);
  int64_t days = 0;
  if (date.form == 'M') {
    const int64_t first = days_from_civil(year, date.month, 1);
    const int64_t weekday = ((first + 4) % 7 + 7) % 7;
    int64_t day = first + (date.day - weekday + 7) % 7 + 7 * (date.week - 1);
    const int64_t next = date.month == 12 ? days_from_civil(year + 1, 1, 1)
                                          : days_from_civil(year, date.month + 1, 1);
    if (day >= next) day -= 7;
    days = day - new_year;
  } else if (date.form == 'J') {
    days = date.day - 1 + (is_leap(year) && date.day >= 60 ? 1 : 0);
  } else {
    days = date.day;
  }
  return days * 86400 + date.second;
}

int32_t offset_by_rule(const Zone& zone, int64_t unix_seconds) {
  if (!zone.has_daylight) return zone.standard;
  const int64_t year = civil_from_seconds(unix_seconds + zone.standard).year;
  const int64_t new_year = days_from_civil(year, 1, 1) * 86400;
  const int64_t begin = new_year + second_of_year(zone.begin, year) - zone.standard;
  const int64_t end = new_year + second_of_year(zone.end, year) - zone.daylight;
  // South of the equator summer spans the new year.
  const bool in_daylight = begin < end ? unix_seconds >= begin && unix_seconds < end
                                       : unix_seconds >= begin || unix_seconds < end;
  return in_daylight ? zone.daylight : zone.standard;
}

// --- The file
// ----------------------------------------------------------------------------------------

uint64_t read_big_endian(std::string_view data, size_t at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(data[at + i]);
  return value;
}

struct Header {
  size_t utc_flags, standard_flags, leaps, times, types, chars;
  static constexpr size_t kSize = 44;

  size_t body(size_t time_size) const {
    return times * time_size + times + types * 6 + chars + leaps * (time_size + 4) +
           standard_flags + utc_flags;
  }
};

std::optional<Header> read_header(std::string_view data) {
  if (data.size() < Header::kSize || !data.starts_with("TZif")) return std::nullopt;
  const auto count = [data](size_t i) { return read_big_endian(data, 20 + 4 * i, 4); };
  return Header{count(0), count(1), count(2), count(3), count(4), count(5)};
}

std::optional<Zone> parse_zone(std::string_view data) {
  const auto old_header = read_header(data);
  if (!old_header || data.size() > kMaxZoneFile || data[4] < '2') return std::nullopt;
  const size_t skip = Header::kSize + old_header->body(4);
  if (skip > data.size()) return std::nullopt;
  data.remove_prefix(skip);
  const auto header = read_header(data);
  if (!header || header->types == 0 || Header::kSize + header->body(8) > data.size()) {
    return std::nullopt;
  }
  Zone zone;
  const size_t indexes = Header::kSize + header->times * 8;
  const size_t types = indexes + header->times;
  const auto offset_of_type = [&](size_t type) {
    return static_cast<int32_t>(read_big_endian(data, types + 6 * type, 4));
  };
  for (size_t i = 0; i < header->times; ++i) {
    const auto type = static_cast<unsigned char>(data[indexes + i]);
    if (type >= header->types) return std::nullopt;
    zone.changes.push_back(static_cast<int64_t>(read_big_endian(data, Header::kSize + 8 * i, 8)));
    zone.offsets.push_back(offset_of_type(type));
  }
  zone.first_offset = offset_of_type(0);
  std::string_view footer = data.substr(Header::kSize + header->body(8));
  if (footer.size() >= 2 && footer.front() == '\n' && footer.back() == '\n') {
    footer = footer.substr(1, footer.size() - 2);
    if (!footer.empty() && !RuleParser(footer).parse(zone)) zone.has_rule = false;
  }
  return zone;
}

// Letters, digits, '_', '+', '-' and single slashes: no way out of the database's folder.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  });
}

std::optional<Zone> load_zone(std::string_view name) {
  if (!is_zone_name(name)) return std::nullopt;
  const std::string path = kDatabase + std::string(name);
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return std::nullopt;
  std::string data(kMaxZoneFile + 1, '\0');
  data.resize(std::fread(data.data(), 1, data.size(), file.get()));
  return parse_zone(data);
}

// Zones that were read, also those that don't exist. A zone never changes while the process runs,
// so that one expression means the same today and in a replay.
std::shared_ptr<const std::optional<Zone>> find_zone(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const std::optional<Zone>>, std::less<>> zones;
  const std::lock_guard lock(mutex);
  const auto known = zones.find(name);
  if (known != zones.end()) return known->second;
  auto zone = std::make_shared<const std::optional<Zone>>(load_zone(name));
  if (zones.size() < kMaxZones) zones.emplace(std::string(name), zone);
  return zone;
}

// "+01:00", "-08:00", "05:30".
std::optional<int32_t> fixed_offset(std::string_view zone) {
  const bool negative = zone.starts_with('-');
  if (negative || zone.starts_with('+')) zone.remove_prefix(1);
  if (zone.size() != 5 || zone[2] != ':') return std::nullopt;
  int digits[4] = {};
  for (size_t i = 0, at = 0; i < 4; ++i, ++at) {
    if (at == 2) ++at;
    if (zone[at] < '0' || zone[at] > '9') return std::nullopt;
    digits[i] = zone[at] - '0';
  }
  const int hours = digits[0] * 10 + digits[1];
  const int minutes = digits[2] * 10 + digits[3];
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (negative ? -1 : 1) * (hours * 3600 + minutes * 60);
}

}  // namespace

std::optional<int32_t> zone_offset(std::string_view zone, int64_t unix_seconds) {
  if (zone == "UTC" || zone == "Z" || zone.empty()) return 0;
  if (const auto offset = fixed_offset(zone)) return offset;
  const auto found = find_zone(zone);
  if (!*found) return std::nullopt;
  const Zone& table = **found;
  const auto next = std::upper_bound(table.changes.begin(), table.changes.end(), unix_seconds);
  if (next == table.changes.end() && table.has_rule) return offset_by_rule(table, unix_seconds);
  if (next == table.changes.begin()) return table.first_offset;
  return table.offsets[static_cast<size_t>(next - table.changes.begin() - 1)];
}

}  // namespace stepwell::expr
