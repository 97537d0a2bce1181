#include "engine/expr/string_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/expr/operators.h"
#include "engine/expr/timestamp.h"

namespace stepwell::expr {
namespace {

constexpr int kDefaultPrecision = 6;
constexpr int kMaxPrecision = 100;
constexpr size_t kBytesPerUnit = 16;

std::string_view infinite_text(double value) {
  if (std::isnan(value)) return "NaN";
  return value < 0 ? "-Infinity" : "Infinity";
}

std::string double_text(double value) {
  if (!std::isfinite(value)) return std::string(infinite_text(value));
  char buffer[400];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, result.ptr};
}

std::optional<std::string> plain_text(const Value& value, Arena& arena);

std::optional<std::string> list_text(const Value& list, Arena& arena) {
  std::string out = "[";
  for (const Value& item : list_items(list, arena)) {
    const auto text = plain_text(item, arena);
    if (!text) return std::nullopt;
    if (out.size() > 1) out += ", ";
    out += *text;
  }
  return out + "]";
}

// In the order of the keys' texts.
std::optional<std::string> map_text(const Value& map, Arena& arena) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const MapEntry& entry : map_entries(map, arena).entries) {
    auto key = plain_text(entry.key, arena);
    auto value = plain_text(entry.value, arena);
    if (!key || !value) return std::nullopt;
    entries.emplace_back(std::move(*key), std::move(*value));
  }
  std::sort(entries.begin(), entries.end());
  std::string out = "{";
  for (const auto& [key, value] : entries) {
    if (out.size() > 1) out += ", ";
    out += key + ": " + value;
  }
  return out + "}";
}

// %s of any value.
std::optional<std::string> plain_text(const Value& value, Arena& arena) {
  switch (value.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.as_bool() ? "true" : "false";
    case Kind::kInt:
      return std::to_string(value.as_int());
    case Kind::kUint:
      return std::to_string(value.as_uint());
    case Kind::kDouble:
      return double_text(value.as_double());
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      return std::string(value.text());
    case Kind::kTimestamp:
    case Kind::kDuration:
      return time_text(value);
    case Kind::kList:
      return list_text(value, arena);
    case Kind::kMap:
      return map_text(value, arena);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> decimal_text(const Value& value) {
  if (value.is(Kind::kInt)) return std::to_string(value.as_int());
  if (value.is(Kind::kUint)) return std::to_string(value.as_uint());
  if (value.is(Kind::kDouble) && !std::isfinite(value.as_double())) {
    return std::string(infinite_text(value.as_double()));
  }
  return std::nullopt;
}

std::optional<std::string> rounded_text(const Value& value, std::chars_format form, int precision) {
  double number = 0;
  if (value.is(Kind::kDouble)) {
    number = value.as_double();
  } else if (value.is(Kind::kInt)) {
    number = static_cast<double>(value.as_int());
  } else if (value.is(Kind::kUint)) {
    number = static_cast<double>(value.as_uint());
  } else {
    return std::nullopt;
  }
  if (!std::isfinite(number)) return std::string(infinite_text(number));
  char buffer[512];  // 309 digits, the point and the longest precision
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, number, form, precision);
  return std::string(buffer, result.ptr);
}

std::string digits_text(uint64_t magnitude, int base, bool is_negative) {
  char buffer[72];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base);
  return (is_negative ? "-" : "") + std::string(buffer, result.ptr);
}

std::optional<std::string> based_text(const Value& value, int base) {
  if (value.is(Kind::kUint)) return digits_text(value.as_uint(), base, false);
  if (!value.is(Kind::kInt)) return std::nullopt;
  const bool is_negative = value.as_int() < 0;
  const auto bits = static_cast<uint64_t>(value.as_int());
  return digits_text(is_negative ? ~bits + 1 : bits, base, is_negative);
}

std::optional<std::string> hex_text(const Value& value, bool upper) {
  std::optional<std::string> text = based_text(value, 16);
  if (value.is(Kind::kString) || value.is(Kind::kBytes)) {
    static constexpr char kDigits[] = "0123456789abcdef";
    text.emplace();
    for (const char c : value.text()) {
      *text += kDigits[static_cast<unsigned char>(c) >> 4];
      *text += kDigits[static_cast<unsigned char>(c) & 15];
    }
  }
  if (text && upper) {
    for (char& c : *text) {
      if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 0x20);
    }
  }
  return text;
}

std::optional<std::string> clause_text(char clause, int precision, const Value& value,
                                       Arena& arena) {
  switch (clause) {
    case 's':
      return plain_text(value, arena);
    case 'd':
      return decimal_text(value);
    case 'f':
      return rounded_text(value, std::chars_format::fixed, precision);
    case 'e':
      return rounded_text(value, std::chars_format::scientific, precision);
    case 'b':
      if (value.is_bool()) return value.as_bool() ? "1" : "0";
      return based_text(value, 2);
    case 'o':
      return based_text(value, 8);
    case 'x':
    case 'X':
      return hex_text(value, clause == 'X');
    default:
      return std::nullopt;
  }
}

// Reads ".3" at pattern[at]; nothing if it is malformed.
std::optional<int> read_precision(std::string_view pattern, size_t& at) {
  if (at >= pattern.size() || pattern[at] != '.') return kDefaultPrecision;
  int precision = 0;
  const char* first = pattern.data() + at + 1;
  const auto [end, problem] = std::from_chars(first, pattern.data() + pattern.size(), precision);
  if (problem != std::errc() || precision < 0 || precision > kMaxPrecision) return std::nullopt;
  at = static_cast<size_t>(end - pattern.data());
  return precision;
}

}  // namespace

Value format_string(Frame& frame, std::string_view pattern, std::span<const Value> args) {
  std::string out;
  size_t used = 0;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') {
      out += pattern[at];
      continue;
    }
    ++at;
    if (at < pattern.size() && pattern[at] == '%') {
      out += '%';
      continue;
    }
    const auto precision = read_precision(pattern, at);
    if (!precision || at >= pattern.size()) return Value::error("a malformed clause in a format");
    if (used >= args.size()) return Value::error("a format has more clauses than arguments");
    if (!frame.spend(size_cost(args[used]))) return over_budget();
    const auto text = clause_text(pattern[at], *precision, args[used++], frame.arena);
    if (!text) return Value::error("a format's clause does not fit its argument");
    if (!frame.spend(1 + text->size() / kBytesPerUnit)) return over_budget();
    out += *text;
  }
  return Value::string(frame.arena.copy(out));
}

}  // namespace stepwell::expr
