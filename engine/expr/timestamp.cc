#include "engine/expr/timestamp.h"

#include <array>

namespace stepwell::expr {
namespace {

constexpr int64_t kSecondsPerDay = 86400;

// Wide enough for sums and products of nanoseconds before they are checked.
__extension__ typedef __int128 Int128;

int64_t floor_divide(int64_t value, int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads text from front to back; every method leaves `ok` false at the first mismatch.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int number(size_t digits) {
    if (rest_.size() < digits) ok_ = false;
    int value = 0;
    for (size_t i = 0; ok_ && i < digits; ++i) {
      if (!is_digit(rest_[i])) ok_ = false;
      value = value * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(digits);
    return ok_ ? value : 0;
  }

  void expect(char c) {
    if (!accept(c)) ok_ = false;
  }

  bool accept(char c) {
    if (!ok_ || rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // The digits of a fraction as nanoseconds; those beyond the ninth are dropped.
  int64_t fraction() {
    int64_t nanos = 0;
    int64_t unit = kNanosPerSecond / 10;
    if (rest_.empty() || !is_digit(rest_.front())) ok_ = false;
    while (ok_ && !rest_.empty() && is_digit(rest_.front())) {
      nanos += (rest_.front() - '0') * unit;
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return nanos;
  }

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  char front() const { return rest_.empty() ? '\0' : rest_.front(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

Value duration_in_range(Int128 nanos) {
  constexpr Int128 kLimit = static_cast<Int128>(INT64_MAX);
  if (nanos > kLimit || nanos < -kLimit - 1) return Value::error("duration out of range");
  return Value::duration(static_cast<int64_t>(nanos));
}

struct Unit {
  std::string_view name;
  int64_t nanos;
  bool is_extended;
};

// Longer names first: "ms" before "m".
constexpr std::array<Unit, 10> kUnits = {{
    {"ns", 1, false},
    {"us", 1000, false},
    {"\xC2\xB5s", 1000, false},  // µs, micro sign
    {"\xCE\xBCs", 1000, false},  // μs, Greek mu
    {"ms", 1'000'000, false},
    {"s", kNanosPerSecond, false},
    {"m", 60 * kNanosPerSecond, false},
    {"h", 3600 * kNanosPerSecond, false},
    {"d", kSecondsPerDay* kNanosPerSecond, true},
    {"w", 7 * kSecondsPerDay* kNanosPerSecond, true},
}};

// Two digits, padded: the only numbers that RFC 3339 has beside the year.
void append_two(std::string& out, int value) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

void append_fraction(std::string& out, int64_t nanos) {
  if (nanos == 0) return;
  std::string digits = std::to_string(nanos + kNanosPerSecond).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  out += '.' + digits;
}

std::string timestamp_text(int64_t seconds, int64_t nanos) {
  const CivilTime civil = civil_from_seconds(seconds);
  std::string out = std::to_string(civil.year + 10000).substr(1);
  out += '-';
  append_two(out, civil.month);
  out += '-';
  append_two(out, civil.day);
  out += 'T';
  append_two(out, civil.hour);
  out += ':';
  append_two(out, civil.minute);
  out += ':';
  append_two(out, civil.second);
  append_fraction(out, nanos);
  return out + 'Z';
}

std::string duration_text(int64_t nanos) {
  const bool negative = nanos < 0;
  const uint64_t magnitude =
      negative ? ~static_cast<uint64_t>(nanos) + 1 : static_cast<uint64_t>(nanos);
  std::string out = negative ? "-" : "";
  out += std::to_string(magnitude / kNanosPerSecond);
  append_fraction(out, static_cast<int64_t>(magnitude % kNanosPerSecond));
  return out + 's';
}

}  // namespace

// Days are counted in eras of 400 years that begin on 1 March, so that leap days come last.
int64_t days_from_civil(int64_t year, int month, int day) {
  const int64_t shifted = month <= 2 ? year - 1 : year;
  const int64_t era = floor_divide(shifted, 400);
  const int64_t year_of_era = shifted - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

CivilTime civil_from_seconds(int64_t seconds) {
  const int64_t days = floor_divide(seconds, kSecondsPerDay);
  const int64_t of_day = seconds - days * kSecondsPerDay;
  const int64_t shifted = days + 719468;
  const int64_t era = floor_divide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  civil.month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  civil.hour = static_cast<int>(of_day / 3600);
  civil.minute = static_cast<int>(of_day / 60 % 60);
  civil.second = static_cast<int>(of_day % 60);
  return civil;
}

int64_t seconds_from_civil(const CivilTime& civil) {
  return days_from_civil(civil.year, civil.month, civil.day) * kSecondsPerDay + civil.hour * 3600 +
         civil.minute * 60 + civil.second;
}

bool is_valid_civil(const CivilTime& civil) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (civil.month < 1 || civil.month > 12 || civil.day < 1) return false;
  const bool is_leap = civil.year % 4 == 0 && (civil.year % 100 != 0 || civil.year % 400 == 0);
  const int days =
      kDays[static_cast<size_t>(civil.month - 1)] + (civil.month == 2 && is_leap ? 1 : 0);
  return civil.day <= days && civil.hour <= 23 && civil.minute <= 59 && civil.second <= 59;
}

Value make_timestamp(int64_t seconds, int64_t nanos) {
  const int64_t carry = floor_divide(nanos, kNanosPerSecond);
  int64_t total = 0;
  if (__builtin_add_overflow(seconds, carry, &total) || total < kMinTimestampSeconds ||
      total > kMaxTimestampSeconds) {
    return Value::error("timestamp out of range");
  }
  return Value::timestamp(total, static_cast<uint32_t>(nanos - carry * kNanosPerSecond));
}

std::optional<Value> parse_timestamp(std::string_view text) {
  Scanner scanner(text);
  CivilTime civil;
  civil.year = scanner.number(4);
  scanner.expect('-');
  civil.month = scanner.number(2);
  scanner.expect('-');
  civil.day = scanner.number(2);
  if (!scanner.accept('T') && !scanner.accept('t')) return std::nullopt;
  civil.hour = scanner.number(2);
  scanner.expect(':');
  civil.minute = scanner.number(2);
  scanner.expect(':');
  civil.second = scanner.number(2);
  const int64_t nanos = scanner.accept('.') ? scanner.fraction() : 0;
  int64_t offset = 0;
  if (!scanner.accept('Z') && !scanner.accept('z')) {
    const bool is_west = scanner.front() == '-';
    if (!is_west && scanner.front() != '+') return std::nullopt;
    scanner.expect(is_west ? '-' : '+');
    const int hours = scanner.number(2);
    scanner.expect(':');
    const int minutes = scanner.number(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
  }
  if (!scanner.done() || !is_valid_civil(civil)) return std::nullopt;
  const Value result = make_timestamp(seconds_from_civil(civil) - offset, nanos);
  if (result.is_error()) return std::nullopt;
  return result;
}

std::optional<Value> parse_duration_value(std::string_view text, bool extended) {
  const bool negative = text.starts_with('-');
  std::string_view rest = text;
  if (negative || text.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Value::duration(0);
  if (rest.empty()) return std::nullopt;
  Int128 total = 0;
  while (!rest.empty()) {
    Int128 whole = 0;
    Int128 fraction = 0;
    Int128 scale = 1;
    size_t digits = 0;
    for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), ++digits) {
      whole = whole * 10 + (rest.front() - '0');
      if (whole > INT64_MAX) return std::nullopt;
    }
    if (!rest.empty() && rest.front() == '.') {
      rest.remove_prefix(1);
      for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), ++digits) {
        if (scale >= kNanosPerSecond * kNanosPerSecond) continue;  // beyond a nanosecond of a week
        fraction = fraction * 10 + (rest.front() - '0');
        scale *= 10;
      }
    }
    if (digits == 0) return std::nullopt;
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (!unit && rest.starts_with(candidate.name) && (extended || !candidate.is_extended)) {
        unit = &candidate;
      }
    }
    if (!unit) return std::nullopt;
    rest.remove_prefix(unit->name.size());
    total += whole * unit->nanos + fraction * unit->nanos / scale;
    if (total > static_cast<Int128>(INT64_MAX) + 1) return std::nullopt;
  }
  const Value result = duration_in_range(negative ? -total : total);
  if (result.is_error()) return std::nullopt;
  return result;
}

std::string time_text(const Value& value) {
  return value.is(Kind::kTimestamp) ? timestamp_text(value.seconds(), value.nanos())
                                    : duration_text(value.as_int());
}

Value add_time(const Value& left, const Value& right) {
  if (left.is(Kind::kDuration) && right.is(Kind::kDuration)) {
    return duration_in_range(static_cast<Int128>(left.as_int()) + right.as_int());
  }
  if (left.is(Kind::kDuration) && right.is(Kind::kTimestamp)) return add_time(right, left);
  if (!left.is(Kind::kTimestamp) || !right.is(Kind::kDuration)) {
    return Value::error("no matching overload");
  }
  const int64_t seconds = right.as_int() / kNanosPerSecond;
  return make_timestamp(left.seconds() + seconds, left.nanos() + right.as_int() % kNanosPerSecond);
}

Value subtract_time(const Value& left, const Value& right) {
  if (left.is(Kind::kDuration) && right.is(Kind::kDuration)) {
    return duration_in_range(static_cast<Int128>(left.as_int()) - right.as_int());
  }
  if (left.is(Kind::kTimestamp) && right.is(Kind::kTimestamp)) {
    const Int128 seconds = left.seconds() - right.seconds();
    const int64_t nanos = static_cast<int64_t>(left.nanos()) - static_cast<int64_t>(right.nanos());
    return duration_in_range(seconds * kNanosPerSecond + nanos);
  }
  if (!left.is(Kind::kTimestamp) || !right.is(Kind::kDuration)) {
    return Value::error("no matching overload");
  }
  const int64_t seconds = right.as_int() / kNanosPerSecond;
  return make_timestamp(left.seconds() - seconds, left.nanos() - right.as_int() % kNanosPerSecond);
}

}  // namespace stepwell::expr
