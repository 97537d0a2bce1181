// The standard functions: sizes, text predicates and conversions.
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "engine/expr/functions.h"
#include "engine/expr/operators.h"
#include "engine/expr/regex.h"
#include "engine/expr/timestamp.h"
#include "engine/expr/unicode.h"

namespace stepwell::expr {
namespace {

using Args = std::span<const Value>;

Value conversion_range() {
  return Value::error("value is out of the range of the type");
}
Value bad_text() {
  return Value::error("the text can't be converted");
}

Value size_of(Frame& frame, Args args) {
  const Value& value = args[0];
  if (!frame.spend(shallow_cost(value))) return over_budget();
  switch (value.kind()) {
    case Kind::kString:
      return Value::integer(static_cast<int64_t>(count_code_points(value.text())));
    case Kind::kBytes:
      return Value::integer(static_cast<int64_t>(value.text().size()));
    case Kind::kList:
      return Value::integer(static_cast<int64_t>(list_items(value, frame.arena).size()));
    case Kind::kMap:
      return Value::integer(static_cast<int64_t>(map_entries(value, frame.arena).entries.size()));
    default:
      return no_overload();
  }
}

bool are_strings(Args args) {
  return args[0].is(Kind::kString) && args[1].is(Kind::kString);
}

template <typename Predicate>
Value text_predicate(Frame& frame, Args args, Predicate predicate) {
  if (!are_strings(args)) return no_overload();
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  return Value::boolean(predicate(args[0].text(), args[1].text()));
}

Value contains(Frame& frame, Args args) {
  return text_predicate(frame, args, [](std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
  });
}

Value starts_with(Frame& frame, Args args) {
  return text_predicate(frame, args, [](std::string_view text, std::string_view part) {
    return text.starts_with(part);
  });
}

Value ends_with(Frame& frame, Args args) {
  return text_predicate(frame, args, [](std::string_view text, std::string_view part) {
    return text.ends_with(part);
  });
}

Value matches(Frame& frame, Args args) {
  if (!are_strings(args)) return no_overload();
  return match_pattern(frame, args[0].text(), args[1].text());
}

Value to_bool(Frame&, Args args) {
  if (args[0].is_bool()) return args[0];
  if (!args[0].is(Kind::kString)) return no_overload();
  static constexpr std::array<std::string_view, 5> kTrue = {"1", "t", "true", "TRUE", "True"};
  static constexpr std::array<std::string_view, 5> kFalse = {"0", "f", "false", "FALSE", "False"};
  for (size_t i = 0; i < kTrue.size(); ++i) {
    if (args[0].text() == kTrue[i]) return Value::boolean(true);
    if (args[0].text() == kFalse[i]) return Value::boolean(false);
  }
  return bad_text();
}

Value to_bytes(Frame&, Args args) {
  if (args[0].is(Kind::kBytes)) return args[0];
  if (!args[0].is(Kind::kString)) return no_overload();
  return Value::bytes(args[0].text());
}

template <typename T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const char* first = text.data();
  const char* last = first + text.size();
  const auto [end, problem] = std::from_chars(first, last, value);
  if (problem != std::errc() || end != last) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.starts_with('+')) return std::nullopt;
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, value);
  if (end != last || problem == std::errc::invalid_argument) return std::nullopt;
  if (problem == std::errc::result_out_of_range) {
    // Too small becomes zero, too large infinity, as text is read elsewhere.
    const bool negative = text.front() == '-';
    const size_t exponent = text.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos
                          ? text.substr(exponent).find('-') != std::string_view::npos
                          : text.substr(negative ? 1 : 0).starts_with("0.");
    value = tiny ? 0.0 : HUGE_VAL;
    return negative ? -value : value;
  }
  return value;
}

Value to_double(Frame&, Args args) {
  switch (args[0].kind()) {
    case Kind::kDouble:
      return args[0];
    case Kind::kInt:
      return Value::number(static_cast<double>(args[0].as_int()));
    case Kind::kUint:
      return Value::number(static_cast<double>(args[0].as_uint()));
    case Kind::kString:
      if (const auto value = parse_double(args[0].text())) return Value::number(*value);
      return bad_text();
    default:
      return no_overload();
  }
}

Value to_int(Frame&, Args args) {
  switch (args[0].kind()) {
    case Kind::kInt:
      return args[0];
    case Kind::kUint:
      if (args[0].as_uint() > static_cast<uint64_t>(INT64_MAX)) return conversion_range();
      return Value::integer(static_cast<int64_t>(args[0].as_uint()));
    case Kind::kDouble:
      // The open interval: the largest doubles inside of it are safe to convert.
      if (!(args[0].as_double() > -9223372036854775808.0 &&
            args[0].as_double() < 9223372036854775808.0)) {
        return conversion_range();
      }
      return Value::integer(static_cast<int64_t>(args[0].as_double()));
    case Kind::kString:
      if (const auto value = parse_whole<int64_t>(args[0].text())) return Value::integer(*value);
      return bad_text();
    case Kind::kTimestamp:
      return Value::integer(args[0].seconds());
    case Kind::kDuration:
      return Value::integer(args[0].as_int() / kNanosPerSecond);
    default:
      return no_overload();
  }
}

Value to_uint(Frame&, Args args) {
  switch (args[0].kind()) {
    case Kind::kUint:
      return args[0];
    case Kind::kInt:
      if (args[0].as_int() < 0) return conversion_range();
      return Value::natural(static_cast<uint64_t>(args[0].as_int()));
    case Kind::kDouble:
      if (!(args[0].as_double() >= 0 && args[0].as_double() < 18446744073709551616.0)) {
        return conversion_range();
      }
      return Value::natural(static_cast<uint64_t>(args[0].as_double()));
    case Kind::kString:
      if (const auto value = parse_whole<uint64_t>(args[0].text())) return Value::natural(*value);
      return bad_text();
    default:
      return no_overload();
  }
}

std::string_view double_text(Frame& frame, double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char buffer[40];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return frame.arena.copy({buffer, static_cast<size_t>(result.ptr - buffer)});
}

Value to_string(Frame& frame, Args args) {
  const Value& value = args[0];
  switch (value.kind()) {
    case Kind::kString:
      return value;
    case Kind::kBool:
      return Value::string(value.as_bool() ? "true" : "false");
    case Kind::kInt:
      return Value::string(frame.arena.copy(std::to_string(value.as_int())));
    case Kind::kUint:
      return Value::string(frame.arena.copy(std::to_string(value.as_uint())));
    case Kind::kDouble:
      return Value::string(double_text(frame, value.as_double()));
    case Kind::kBytes:
      if (!frame.spend(size_cost(value))) return over_budget();
      return is_valid_utf8(value.text()) ? Value::string(value.text())
                                         : Value::error("the bytes are not valid UTF-8");
    case Kind::kTimestamp:
    case Kind::kDuration:
      return Value::string(frame.arena.copy(time_text(value)));
    default:
      return no_overload();
  }
}

Value to_timestamp(Frame&, Args args) {
  switch (args[0].kind()) {
    case Kind::kTimestamp:
      return args[0];
    case Kind::kInt:
      return make_timestamp(args[0].as_int(), 0);
    case Kind::kString:
      if (const auto value = parse_timestamp(args[0].text())) return *value;
      return bad_text();
    default:
      return no_overload();
  }
}

Value to_duration(Frame&, Args args) {
  if (args[0].is(Kind::kDuration)) return args[0];
  if (!args[0].is(Kind::kString)) return no_overload();
  if (const auto value = parse_duration_value(args[0].text(), false)) return *value;
  return bad_text();
}

Value to_dyn(Frame&, Args args) {
  return args[0];
}

Value type_of(Frame&, Args args) {
  return Value::type(type_name(args[0].kind()));
}

constexpr std::string_view kSizeTypes =
    "(string) -> int; (bytes) -> int; (list<A>) -> int; (map<A, B>) -> int";

constexpr FunctionEntry kFunctions[] = {
    {"size", false, 1, 1, true, size_of, kSizeTypes},
    {"size", true, 1, 1, true, size_of, kSizeTypes},
    {"contains", true, 2, 2, true, contains, "(string, string) -> bool"},
    {"startsWith", true, 2, 2, true, starts_with, "(string, string) -> bool"},
    {"endsWith", true, 2, 2, true, ends_with, "(string, string) -> bool"},
    {"matches", true, 2, 2, true, matches, "(string, string) -> bool"},
    {"matches", false, 2, 2, true, matches, "(string, string) -> bool"},
    {"bool", false, 1, 1, true, to_bool, "(bool) -> bool; (string) -> bool"},
    {"bytes", false, 1, 1, true, to_bytes, "(bytes) -> bytes; (string) -> bytes"},
    {"double", false, 1, 1, true, to_double,
     "(double) -> double; (int) -> double; (uint) -> double; (string) -> double"},
    {"int", false, 1, 1, true, to_int,
     "(int) -> int; (uint) -> int; (double) -> int; (string) -> int; (timestamp) -> int; "
     "(duration) -> int"},
    {"uint", false, 1, 1, true, to_uint,
     "(uint) -> uint; (int) -> uint; (double) -> uint; (string) -> uint"},
    {"string", false, 1, 1, true, to_string,
     "(string) -> string; (bool) -> string; (int) -> string; (uint) -> string; (double) -> "
     "string; (bytes) -> string; (timestamp) -> string; (duration) -> string"},
    {"timestamp", false, 1, 1, true, to_timestamp,
     "(timestamp) -> timestamp; (int) -> timestamp; (string) -> timestamp"},
    {"duration", false, 1, 1, true, to_duration, "(duration) -> duration; (string) -> duration"},
    {"dyn", false, 1, 1, true, to_dyn, "(A) -> dyn"},
    {"type", false, 1, 1, true, type_of, "(A) -> type<A>"},
};

}  // namespace

std::span<const FunctionEntry> standard_functions() {
  return kFunctions;
}

}  // namespace stepwell::expr
