// The operators of the dialect that users of the SDKs rely on: missing is like null, any value has
// a truth, and + joins text. docs/expressions.md has the table that this file implements.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/expr/operators.h"
#include "engine/expr/timestamp.h"

namespace stepwell::expr {
namespace {

// An error inside of an operation counts as missing.
bool is_absent(const Value& value) {
  return value.is_missing() || value.is_error();
}

double to_double(const Value& number) {
  if (number.is(Kind::kInt)) return static_cast<double>(number.as_int());
  if (number.is(Kind::kUint)) return static_cast<double>(number.as_uint());
  return number.as_double();
}

// Repair of the reference: numbers of two kinds are computed as doubles.
bool mixes_numbers(const Value& left, const Value& right) {
  return left.is_numeric() && right.is_numeric() && left.kind() != right.kind();
}

// Null takes part in an order as the zero of the other side's kind.
Value zero_like(const Value& other) {
  switch (other.kind()) {
    case Kind::kInt:
      return Value::integer(0);
    case Kind::kUint:
      return Value::natural(0);
    case Kind::kDouble:
      return Value::number(0);
    case Kind::kString:
      return Value::string("");
    default:
      return Value::null();
  }
}

Ordering dialect_compare(const Value& left, const Value& right) {
  if (left.is_null() && right.is_null()) return Ordering::kNoOverload;
  if (left.is_null()) return compare(zero_like(right), right);
  if (right.is_null()) return compare(left, zero_like(left));
  return compare(left, right);
}

// A missing left side is below everything, a missing right side below every left side.
template <Op kOp>
Value dialect_ordered(Frame&, const Value& left, const Value& right) {
  constexpr bool kIsLess = kOp == Op::kLess || kOp == Op::kLessEqual;
  if (is_absent(left)) return Value::boolean(kIsLess);
  if (is_absent(right)) return Value::boolean(!kIsLess);
  const Ordering ordering = dialect_compare(left, right);
  if (ordering == Ordering::kNoOverload) return no_overload();
  switch (kOp) {
    case Op::kLess:
      return Value::boolean(ordering == Ordering::kLess);
    case Op::kLessEqual:
      return Value::boolean(ordering == Ordering::kLess || ordering == Ordering::kEqual);
    case Op::kGreater:
      return Value::boolean(ordering == Ordering::kGreater);
    default:
      return Value::boolean(ordering == Ordering::kGreater || ordering == Ordering::kEqual);
  }
}

Value dialect_equal(Frame& frame, const Value& left, const Value& right) {
  if (is_absent(left)) return Value::boolean(right.is_null());
  if (is_absent(right)) return Value::boolean(left.is_null());
  return equal(frame, left, right);
}

Value dialect_not_equal(Frame& frame, const Value& left, const Value& right) {
  const Value result = dialect_equal(frame, left, right);
  return result.is_error() ? result : Value::boolean(!result.as_bool());
}

Value join_text(Frame& frame, const Value& left, const Value& right) {
  if (!frame.spend(size_cost(left) + size_cost(right))) return over_budget();
  const std::string joined = dialect_text(left, frame.arena) + dialect_text(right, frame.arena);
  return Value::string(frame.arena.copy(joined));
}

Value dialect_add(Frame& frame, const Value& left, const Value& right) {
  if (is_absent(left)) return is_absent(right) ? Value::boolean(false) : right;
  if (is_absent(right)) return left;
  if (mixes_numbers(left, right)) return Value::number(to_double(left) + to_double(right));
  if (left.kind() == right.kind() || left.is(Kind::kTimestamp) || left.is(Kind::kDuration)) {
    const Value sum = add(frame, left, right);
    if (!sum.is_error() || sum.text() != no_overload().text()) return sum;
  }
  return join_text(frame, left, right);
}

// Any other operation on something that is not there is false.
template <BinaryFunction kStandard>
Value present_only(Frame& frame, const Value& left, const Value& right) {
  if (is_absent(left) || is_absent(right)) return Value::boolean(false);
  return kStandard(frame, left, right);
}

template <BinaryFunction kStandard>
Value arithmetic(Frame& frame, const Value& left, const Value& right) {
  if (mixes_numbers(left, right)) {
    return kStandard(frame, Value::number(to_double(left)), Value::number(to_double(right)));
  }
  return present_only<kStandard>(frame, left, right);
}

// Doubles have a remainder here: every number of an event is a double.
Value dialect_modulo(Frame& frame, const Value& left, const Value& right) {
  if (is_absent(left) || is_absent(right)) return Value::boolean(false);
  if (!left.is(Kind::kDouble) && !right.is(Kind::kDouble) && !mixes_numbers(left, right)) {
    return modulo(frame, left, right);
  }
  if (!left.is_numeric() || !right.is_numeric()) return no_overload();
  if (to_double(right) == 0) return Value::error("modulus by zero");
  return Value::number(std::fmod(to_double(left), to_double(right)));
}

void append_text(std::string& out, const Value& value, Arena& arena);

// In the order of the keys' texts, so that equal maps have one text.
void append_map(std::string& out, const Value& map, Arena& arena) {
  std::vector<std::pair<std::string, const Value*>> entries;
  for (const MapEntry& entry : map_entries(map, arena).entries) {
    std::string key;
    append_text(key, entry.key, arena);
    entries.emplace_back(std::move(key), &entry.value);
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& left, const auto& right) { return left.first < right.first; });
  out += "map[";
  const char* separator = "";
  for (const auto& [key, value] : entries) {
    out += separator;
    out += key + ":";
    append_text(out, *value, arena);
    separator = " ";
  }
  out += "]";
}

void append_text(std::string& out, const Value& value, Arena& arena) {
  switch (value.kind()) {
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      out += value.text();
      return;
    case Kind::kBool:
      out += value.as_bool() ? "true" : "false";
      return;
    case Kind::kInt:
      out += std::to_string(value.as_int());
      return;
    case Kind::kUint:
      out += std::to_string(value.as_uint());
      return;
    case Kind::kDouble:
      out += std::isfinite(value.as_double()) ? json_number(value.as_double())
             : std::isnan(value.as_double())  ? "NaN"
             : value.as_double() < 0          ? "-Infinity"
                                              : "Infinity";
      return;
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kMissing:
    case Kind::kError:
      out += "false";
      return;
    case Kind::kTimestamp:
    case Kind::kDuration:
      out += time_text(value);
      return;
    case Kind::kOptional:
      if (value.optional_value()) append_text(out, *value.optional_value(), arena);
      return;
    case Kind::kList: {
      const char* separator = "[";
      for (const Value& item : list_items(value, arena)) {
        out += separator;
        append_text(out, item, arena);
        separator = " ";
      }
      out += *separator == '[' ? "[]" : "]";
      return;
    }
    case Kind::kMap:
      append_map(out, value, arena);
      return;
  }
}

}  // namespace

bool is_truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::kMissing:
    case Kind::kError:
    case Kind::kNull:
      return false;
    case Kind::kBool:
      return value.as_bool();
    case Kind::kInt:
      return value.as_int() != 0;
    case Kind::kUint:
      return value.as_uint() != 0;
    case Kind::kDouble:
      return value.as_double() != 0;
    case Kind::kString:
      return !value.text().empty();
    default:
      return true;
  }
}

std::string dialect_text(const Value& value, Arena& arena) {
  std::string out;
  append_text(out, value, arena);
  return out;
}

Value dialect_negate(Frame& frame, const Value& operand) {
  if (is_absent(operand)) return Value::boolean(false);
  return negate(frame, operand);
}

Value dialect_not(Frame&, const Value& operand) {
  if (is_absent(operand)) return Value::boolean(false);
  if (!operand.is_bool()) return no_overload();
  return Value::boolean(!operand.as_bool());
}

Value dialect_select_field(Frame& frame, const Value& target, std::string_view field) {
  if (!target.is(Kind::kMap)) return Value::missing();
  const Value found = select_field(frame, target, field);
  if (found.is_error() && frame.budget >= 0) return Value::missing();
  return found;
}

BinaryFunction dialect_operator(Op op) {
  switch (op) {
    case Op::kEqual:
      return dialect_equal;
    case Op::kNotEqual:
      return dialect_not_equal;
    case Op::kLess:
      return dialect_ordered<Op::kLess>;
    case Op::kLessEqual:
      return dialect_ordered<Op::kLessEqual>;
    case Op::kGreater:
      return dialect_ordered<Op::kGreater>;
    case Op::kGreaterEqual:
      return dialect_ordered<Op::kGreaterEqual>;
    case Op::kIn:
      return present_only<contained_in>;
    case Op::kAdd:
      return dialect_add;
    case Op::kSubtract:
      return arithmetic<subtract>;
    case Op::kMultiply:
      return arithmetic<multiply>;
    case Op::kDivide:
      return arithmetic<divide>;
    case Op::kModulo:
      return dialect_modulo;
    case Op::kIndex:
      return present_only<index>;
    default:
      return nullptr;
  }
}

}  // namespace stepwell::expr
