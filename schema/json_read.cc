// Walking through JSON text that is known to be valid. The scanner does not check the grammar
// again, but it stays inside the text whatever stands there, and looks at each byte once per pass.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "schema/json.h"
#include "schema/json_escape.h"
#include "schema/utf8.h"

namespace stepwell {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

const char* skip_space(const char* at, const char* end) {
  while (at != end && is_space(*at)) ++at;
  return at;
}

// From the opening quote to behind the closing one. Each quote found ends one run of backslashes;
// an odd run escapes it. The runs are disjoint, so the whole is linear.
const char* skip_string(const char* open, const char* end) {
  const char* from = open + 1;
  while (from < end) {
    const auto* quote =
        static_cast<const char*>(std::memchr(from, '"', static_cast<size_t>(end - from)));
    if (quote == nullptr) return end;
    const char* run = quote;
    while (run > from && run[-1] == '\\') --run;
    if ((quote - run) % 2 == 0) return quote + 1;
    from = quote + 1;
  }
  return end;
}

constexpr std::array<bool, 256> kEndsPlainRun = [] {
  std::array<bool, 256> table{};
  for (const char c : {'"', '{', '}', '[', ']'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// From the opening bracket to behind the one that closes it.
const char* skip_container(const char* at, const char* end) {
  size_t depth = 0;
  while (at < end) {
    const char c = *at;
    if (!kEndsPlainRun[static_cast<unsigned char>(c)]) {
      ++at;
    } else if (c == '"') {
      at = skip_string(at, end);
    } else {
      ++at;
      if (c == '{' || c == '[') {
        ++depth;
      } else if (--depth == 0) {
        return at;
      }
    }
  }
  return end;
}

const char* skip_value(const char* at, const char* end) {
  if (at == end) return end;
  if (*at == '"') return skip_string(at, end);
  if (*at == '{' || *at == '[') return skip_container(at, end);
  while (at != end && !is_space(*at) && *at != ',' && *at != ']' && *at != '}') ++at;
  return at;
}

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

uint32_t hex_value(char c) {
  if (is_digit(c)) return static_cast<uint32_t>(c - '0');
  return static_cast<uint32_t>((c | 0x20) - 'a' + 10) & 0xF;
}

// The four digits of a \u escape that starts at raw[at]; nothing if none starts there.
std::optional<char32_t> unicode_escape(std::string_view raw, size_t at) {
  if (at + 6 > raw.size() || raw[at] != '\\' || raw[at + 1] != 'u') return std::nullopt;
  char32_t unit = 0;
  for (size_t i = at + 2; i < at + 6; ++i) unit = (unit << 4) | hex_value(raw[i]);
  return unit;
}

// `raw` is what stands between the quotes.
std::string unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  size_t at = 0;
  while (at < raw.size()) {
    const size_t escape = std::min(raw.find('\\', at), raw.size());
    out.append(raw, at, escape - at);
    at = escape;
    if (at < raw.size()) append_utf8(out, read_json_escape(raw, at));
  }
  return out;
}

// A JSON number taken apart: its value is 0.D1 D2 D3 ... times ten to the power of `exponent`, with
// D1 not zero. The digits are those of `text` from `first` on, without the point.
struct Decimal {
  bool is_negative = false;
  bool is_zero = true;
  std::string_view digits;  // of the mantissa; may hold one point
  int64_t exponent = 0;
};

// Keeps sums of exponents far from overflow; no text in memory has this many digits.
constexpr int64_t kExponentBound = int64_t{1} << 60;

Decimal take_apart(std::string_view text) {
  Decimal decimal;
  decimal.is_negative = text.starts_with('-');
  if (decimal.is_negative) text.remove_prefix(1);
  const size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, exponent_at);
  const size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return decimal;
  decimal.is_zero = false;
  decimal.digits = mantissa.substr(first);
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  const auto whole_digits = static_cast<int64_t>(point) - static_cast<int64_t>(first);
  decimal.exponent = whole_digits < 0 ? whole_digits + 1 : whole_digits;
  if (exponent_at == text.size()) return decimal;
  std::string_view power = text.substr(exponent_at + 1);
  const bool is_negative_power = power.starts_with('-');
  if (is_negative_power || power.starts_with('+')) power.remove_prefix(1);
  int64_t written = 0;
  const auto [_, status] = std::from_chars(power.data(), power.data() + power.size(), written);
  if (status != std::errc() || written > kExponentBound) written = kExponentBound;
  decimal.exponent += is_negative_power ? -written : written;
  return decimal;
}

// Appends one digit to a magnitude; false if it would pass 2^63.
bool append_digit(uint64_t& magnitude, uint64_t digit) {
  constexpr uint64_t kMost = uint64_t{1} << 63;
  if (magnitude > (kMost - digit) / 10) return false;
  magnitude = magnitude * 10 + digit;
  return true;
}

std::optional<int64_t> whole_value(const Decimal& decimal) {
  if (decimal.is_zero) return 0;
  constexpr int64_t kMostDigits = 19;
  if (decimal.exponent < 1 || decimal.exponent > kMostDigits) return std::nullopt;
  uint64_t magnitude = 0;
  int64_t places = decimal.exponent;
  for (const char c : decimal.digits) {
    if (c == '.') continue;
    if (places == 0 && c != '0') return std::nullopt;
    if (places == 0) continue;
    if (!append_digit(magnitude, static_cast<uint64_t>(c - '0'))) return std::nullopt;
    --places;
  }
  for (; places > 0; --places) {
    if (!append_digit(magnitude, 0)) return std::nullopt;
  }
  if (decimal.is_negative) return static_cast<int64_t>(-magnitude);
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (magnitude > kMax) return std::nullopt;
  return static_cast<int64_t>(magnitude);
}

}  // namespace

char32_t read_json_escape(std::string_view raw, size_t& at) {
  const char kind = at + 1 < raw.size() ? raw[at + 1] : '\\';
  if (const auto unit = unicode_escape(raw, at)) {
    at += 6;
    if (!is_high_surrogate(*unit)) return *unit;
    const auto low = unicode_escape(raw, at);
    if (!low || !is_low_surrogate(*low)) return *unit;
    at += 6;
    return join_surrogates(*unit, *low);
  }
  at = std::min(at + 2, raw.size());
  switch (kind) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return static_cast<unsigned char>(kind);
  }
}

JsonView JsonView::trusted(std::string_view text) {
  const char* end = text.data() + text.size();
  const char* begin = skip_space(text.data(), end);
  while (end != begin && is_space(end[-1])) --end;
  return JsonView(between(begin, end));
}

JsonType JsonView::type() const {
  switch (text_.empty() ? 'n' : text_.front()) {
    case 'n':
      return JsonType::kNull;
    case 't':
    case 'f':
      return JsonType::kBool;
    case '"':
      return JsonType::kString;
    case '[':
      return JsonType::kArray;
    case '{':
      return JsonType::kObject;
    default:
      return JsonType::kNumber;
  }
}

std::optional<JsonView> JsonView::find(std::string_view key) const {
  std::optional<JsonView> found;
  for (JsonMembers it = members(); it.next();) {
    const std::string_view raw = it.raw_key();
    // Unescaping never makes a key longer.
    if (raw.size() < key.size()) continue;
    const bool has_escape = raw.find('\\') != std::string_view::npos;
    if (has_escape ? it.key() == key : raw == key) found = it.value();
  }
  return found;
}

JsonMembers JsonView::members() const {
  return JsonMembers(is_object() ? text_.substr(1) : std::string_view());
}

JsonElements JsonView::elements() const {
  return JsonElements(is_array() ? text_.substr(1) : std::string_view());
}

std::optional<std::string> JsonView::as_string() const {
  if (type() != JsonType::kString || text_.size() < 2) return std::nullopt;
  return unescape(text_.substr(1, text_.size() - 2));
}

std::optional<bool> JsonView::as_bool() const {
  if (type() != JsonType::kBool) return std::nullopt;
  return text_.front() == 't';
}

std::optional<double> JsonView::as_double() const {
  if (type() != JsonType::kNumber) return std::nullopt;
  double value = 0;
  const auto [_, status] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (status != std::errc::result_out_of_range) return value;
  // Too large or too small for a double: infinity or zero, as JavaScript reads it.
  const Decimal decimal = take_apart(text_);
  const double limit = decimal.exponent > 0 ? std::numeric_limits<double>::infinity() : 0.0;
  return decimal.is_negative ? -limit : limit;
}

std::optional<int64_t> JsonView::as_int64() const {
  if (type() != JsonType::kNumber) return std::nullopt;
  int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto [stop, status] = std::from_chars(text_.data(), end, value);
  if (status == std::errc() && stop == end) return value;
  return whole_value(take_apart(text_));
}

bool JsonMembers::next() {
  const char* end = rest_.data() + rest_.size();
  const char* at = skip_space(rest_.data(), end);
  if (at != end && *at == ',') at = skip_space(at + 1, end);
  if (at == end || *at != '"') {
    rest_ = {};
    return false;
  }
  const char* key_end = skip_string(at, end);
  raw_key_ = key_end - at < 2 ? std::string_view() : between(at + 1, key_end - 1);
  at = skip_space(key_end, end);
  if (at != end && *at == ':') at = skip_space(at + 1, end);
  const char* value_end = skip_value(at, end);
  value_ = JsonView::trusted(between(at, value_end));
  rest_ = between(value_end, end);
  return true;
}

std::string JsonMembers::key() const {
  return unescape(raw_key_);
}

bool JsonElements::next() {
  const char* end = rest_.data() + rest_.size();
  const char* at = skip_space(rest_.data(), end);
  if (at != end && *at == ',') at = skip_space(at + 1, end);
  const char* value_end = skip_value(at, end);
  if (value_end == at) {  // at the bracket, or at nothing that could be an element
    rest_ = {};
    return false;
  }
  value_ = JsonView::trusted(between(at, value_end));
  rest_ = between(value_end, end);
  return true;
}

}  // namespace stepwell
