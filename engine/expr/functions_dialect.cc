// The dialect's own functions.
#include <string>

#include "engine/expr/base64.h"
#include "engine/expr/date_text.h"
#include "engine/expr/functions.h"
#include "engine/expr/operators.h"
#include "engine/expr/timestamp.h"
#include "engine/expr/unicode.h"
#include "schema/utf8.h"

namespace stepwell::expr {
namespace {

using Args = std::span<const Value>;

Value map_case(Frame& frame, const Value& value, std::string (*mapping)(std::string_view)) {
  if (!value.is(Kind::kString)) return Value::string("");
  if (!frame.spend(size_cost(value))) return over_budget();
  return Value::string(frame.arena.copy(mapping(value.text())));
}

Value lowercase(Frame& frame, Args args) {
  return map_case(frame, args[0], to_lower);
}
Value uppercase(Frame& frame, Args args) {
  return map_case(frame, args[0], to_upper);
}

// What decodes, up to the first mistake. Strings of the language are UTF-8: other bytes become
// U+FFFD.
Value b64decode(Frame& frame, Args args) {
  if (!args[0].is(Kind::kString)) return Value::string("");
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  const std::string bytes = decode_base64_lenient(args[0].text()).bytes;
  if (is_valid_utf8(bytes)) return Value::string(frame.arena.copy(bytes));
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const Utf8Decoded decoded = decode_utf8(bytes, at);
    append_utf8(text, decoded.code_point);
    at += decoded.length;
  }
  return Value::string(frame.arena.copy(text));
}

// An object; anything else gives an empty map.
Value json_parse(Frame& frame, Args args) {
  static const MapData kEmpty{};
  if (!args[0].is(Kind::kString)) return Value::map(&kEmpty);
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  const auto parsed = parse_json(args[0].text());
  if (!parsed.ok() || !parsed->is_object()) return Value::map(&kEmpty);
  // The text of a literal or of the event lives long enough, and so does text in the arena.
  return Value::json(*parsed, JsonNumbers::kDouble);
}

// Seconds, milliseconds or nanoseconds since 1970, told apart by their size.
Value date_of_number(double number) {
  constexpr double kYear2000 = 946'684'800;
  constexpr double kLastSecond = 9'999'999'999;
  constexpr double kLastMilli = 9'999'999'999'999;
  constexpr double kMaxNanos = 9.2e18;
  if (!(number >= kYear2000 && number < kMaxNanos)) return Value::missing();
  const auto whole = static_cast<int64_t>(number);
  if (number < kLastSecond) {
    const double fraction = number - static_cast<double>(whole);
    return make_timestamp(whole, static_cast<int64_t>(fraction * 1e9));
  }
  if (number < kLastMilli) return make_timestamp(whole / 1000, whole % 1000 * 1'000'000);
  return make_timestamp(whole / kNanosPerSecond, whole % kNanosPerSecond);
}

Value date(Frame&, Args args) {
  const Value& value = args[0];
  switch (value.kind()) {
    case Kind::kTimestamp:
      return value;
    case Kind::kInt:
      return date_of_number(static_cast<double>(value.as_int()));
    case Kind::kDouble:
      return date_of_number(value.as_double());
    case Kind::kString:
      return parse_date_text(value.text()).value_or(Value::missing());
    default:
      return Value::missing();
  }
}

Value now_value(const Frame& frame) {
  const int64_t millis = to_millis(frame.now);
  return make_timestamp(millis / 1000, millis % 1000 * 1'000'000);
}

Value now(Frame& frame, Args) {
  return now_value(frame);
}

template <BinaryFunction kShift>
Value shifted_now(Frame& frame, const Value& text) {
  if (!text.is(Kind::kString)) return Value::missing();
  const auto duration = parse_duration_value(text.text(), true);
  return duration ? kShift(frame, now_value(frame), *duration) : Value::missing();
}

Value now_plus(Frame& frame, Args args) {
  return shifted_now<add>(frame, args[0]);
}
Value now_minus(Frame& frame, Args args) {
  return shifted_now<subtract>(frame, args[0]);
}

constexpr FunctionEntry kFunctions[] = {
    {"lowercase", false, 1, 1, true, lowercase, "(string) -> string"},
    {"uppercase", false, 1, 1, true, uppercase, "(string) -> string"},
    {"b64decode", false, 1, 1, true, b64decode, "(string) -> string"},
    {"json_parse", false, 1, 1, true, json_parse, "(string) -> dyn"},
    {"date", false, 1, 1, true, date, "(dyn) -> timestamp"},
    {"now", false, 0, 0, false, now, "() -> timestamp"},
    {"now_plus", false, 1, 1, false, now_plus, "(string) -> timestamp"},
    {"now_minus", false, 1, 1, false, now_minus, "(string) -> timestamp"},
};

}  // namespace

std::span<const FunctionEntry> dialect_functions() {
  return kFunctions;
}

}  // namespace stepwell::expr
