#include "engine/expr/date_text.h"

#include <array>

#include "engine/expr/timestamp.h"

namespace stepwell::expr {
namespace {

// %Y year, %y its last two digits, %m month, %b its short name, %d day (one or two digits, blank
// padded), %a weekday (any letters), %H %M %S clock, with a fraction behind %S, %z +0100, %Z
// letters.
constexpr std::array<std::string_view, 12> kLayouts = {
    "%Y-%m-%dT%H:%M:%S",         // ISO 8601 without a zone
    "%a, %d %b %Y %H:%M:%S %Z",  // RFC 1123
    "%a, %d %b %Y %H:%M:%S %z",
    "%d %b %y %H:%M %Z",  // RFC 822
    "%d %b %y %H:%M %z",
    "%a, %d-%b-%y %H:%M:%S %Z",  // RFC 850
    "%a %b %d %H:%M:%S %z %Y",   // Ruby
    "%a %b %d %H:%M:%S %Z %Y",   // Unix
    "%a %b %d %H:%M:%S %Y",      // ANSI C
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S %z %Z",  // Go
    "%Y-%m-%d %H:%M:%S",
};

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  std::optional<Value> read(std::string_view layout) {
    for (size_t i = 0; i < layout.size(); ++i) {
      const bool fits = layout[i] == '%' ? field(layout[++i]) : accept(layout[i]);
      if (!fits) return std::nullopt;
    }
    if (!rest_.empty() || !is_valid_civil(civil_)) return std::nullopt;
    const Value value = make_timestamp(seconds_from_civil(civil_) - offset_, nanos_);
    if (value.is_error()) return std::nullopt;
    return value;
  }

 private:
  bool field(char name) {
    switch (name) {
      case 'Y':
        return number(4, 4, civil_.year);
      case 'y':
        return short_year();
      case 'm':
        return number(2, 2, civil_.month);
      case 'b':
        return month_name();
      case 'd':
        static_cast<void>(accept(' '));  // blank padding is optional
        return number(1, 2, civil_.day);
      case 'a':
        return letters(3);
      case 'H':
        return number(2, 2, civil_.hour);
      case 'M':
        return number(2, 2, civil_.minute);
      case 'S':
        return number(2, 2, civil_.second) && fraction();
      case 'z':
        return offset();
      default:
        return letters(1);
    }
  }

  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  template <typename T>
  bool number(size_t min_digits, size_t max_digits, T& value) {
    value = 0;
    size_t digits = 0;
    for (; digits < max_digits && !rest_.empty() && is_digit(rest_.front()); ++digits) {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return digits >= min_digits;
  }

  bool short_year() {
    if (!number(2, 2, civil_.year)) return false;
    civil_.year += civil_.year >= 69 ? 1900 : 2000;
    return true;
  }

  bool month_name() {
    if (rest_.size() < 3) return false;
    const size_t at = kMonths.find(rest_.substr(0, 3));
    if (at == std::string_view::npos || at % 3 != 0) return false;
    civil_.month = static_cast<int>(at / 3) + 1;
    rest_.remove_prefix(3);
    return true;
  }

  bool letters(size_t at_least) {
    size_t count = 0;
    for (; !rest_.empty() && is_letter(rest_.front()); ++count) rest_.remove_prefix(1);
    return count >= at_least;
  }

  bool fraction() {
    if (!accept('.')) return true;
    int64_t unit = kNanosPerSecond / 10;
    size_t digits = 0;
    for (; !rest_.empty() && is_digit(rest_.front()); ++digits, unit /= 10) {
      nanos_ += (rest_.front() - '0') * unit;
      rest_.remove_prefix(1);
    }
    return digits > 0;
  }

  bool offset() {
    const bool is_west = !rest_.empty() && rest_.front() == '-';
    if (!accept(is_west ? '-' : '+')) return false;
    int hours = 0;
    int minutes = 0;
    if (!number(2, 2, hours) || !number(2, 2, minutes)) return false;
    offset_ = (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
  }

  std::string_view rest_;
  CivilTime civil_;
  int64_t nanos_ = 0;
  int64_t offset_ = 0;
};

}  // namespace

std::optional<Value> parse_date_text(std::string_view text) {
  if (auto value = parse_timestamp(text)) return value;
  for (const std::string_view layout : kLayouts) {
    if (auto value = DateReader(text).read(layout)) return value;
  }
  return std::nullopt;
}

}  // namespace stepwell::expr
