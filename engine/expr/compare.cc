// Equality and order of values.
#include <cmath>

#include "engine/expr/value.h"

namespace stepwell::expr {
namespace {

template <typename T>
Ordering order(const T& left, const T& right) {
  if (left < right) return Ordering::kLess;
  if (right < left) return Ordering::kGreater;
  return Ordering::kEqual;
}

Ordering reverse(Ordering ordering) {
  if (ordering == Ordering::kLess) return Ordering::kGreater;
  if (ordering == Ordering::kGreater) return Ordering::kLess;
  return ordering;
}

Ordering order_doubles(double left, double right) {
  if (std::isnan(left) || std::isnan(right)) return Ordering::kUnordered;
  return order(left, right);
}

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

Ordering compare_int_double(int64_t left, double right) {
  if (right < -kTwoTo63) return Ordering::kGreater;
  if (right > kTwoTo63) return Ordering::kLess;
  return order_doubles(static_cast<double>(left), right);
}

Ordering compare_uint_double(uint64_t left, double right) {
  if (right < 0) return Ordering::kGreater;
  if (right > kTwoTo64) return Ordering::kLess;
  return order_doubles(static_cast<double>(left), right);
}

Ordering compare_int_uint(int64_t left, uint64_t right) {
  if (left < 0) return Ordering::kLess;
  return order(static_cast<uint64_t>(left), right);
}

bool equal_lists(const Value& left, const Value& right, Arena& arena) {
  const auto left_items = list_items(left, arena);
  const auto right_items = list_items(right, arena);
  if (left_items.size() != right_items.size()) return false;
  for (size_t i = 0; i < left_items.size(); ++i) {
    if (!equals(left_items[i], right_items[i], arena)) return false;
  }
  return true;
}

bool equal_maps(const Value& left, const Value& right, Arena& arena) {
  const MapData& left_map = map_entries(left, arena);
  const MapData& right_map = map_entries(right, arena);
  if (left_map.entries.size() != right_map.entries.size()) return false;
  const Value right_value = Value::map(&right_map);
  for (const MapEntry& entry : left_map.entries) {
    const auto found = map_find(right_value, entry.key, arena);
    if (!found || !equals(entry.value, *found, arena)) return false;
  }
  return true;
}

bool equal_optionals(const Value& left, const Value& right, Arena& arena) {
  const Value* left_value = left.optional_value();
  const Value* right_value = right.optional_value();
  if (!left_value || !right_value) return !left_value && !right_value;
  return equals(*left_value, *right_value, arena);
}

}  // namespace

Ordering compare_numbers(const Value& left, const Value& right) {
  switch (left.kind()) {
    case Kind::kInt:
      if (right.is(Kind::kInt)) return order(left.as_int(), right.as_int());
      if (right.is(Kind::kUint)) return compare_int_uint(left.as_int(), right.as_uint());
      return compare_int_double(left.as_int(), right.as_double());
    case Kind::kUint:
      if (right.is(Kind::kUint)) return order(left.as_uint(), right.as_uint());
      if (right.is(Kind::kInt)) return reverse(compare_int_uint(right.as_int(), left.as_uint()));
      return compare_uint_double(left.as_uint(), right.as_double());
    default:
      if (right.is(Kind::kDouble)) return order_doubles(left.as_double(), right.as_double());
      return reverse(compare_numbers(right, left));
  }
}

Ordering compare(const Value& left, const Value& right) {
  if (left.is_numeric() && right.is_numeric()) return compare_numbers(left, right);
  if (left.kind() != right.kind()) return Ordering::kNoOverload;
  switch (left.kind()) {
    case Kind::kBool:
      return order(left.as_bool(), right.as_bool());
    case Kind::kString:
    case Kind::kBytes: {
      // UTF-8 in byte order is code point order; string_view compares bytes as unsigned.
      const int by_bytes = left.text().compare(right.text());
      return by_bytes < 0 ? Ordering::kLess : by_bytes > 0 ? Ordering::kGreater : Ordering::kEqual;
    }
    case Kind::kTimestamp:
      if (left.seconds() != right.seconds()) return order(left.seconds(), right.seconds());
      return order(left.nanos(), right.nanos());
    case Kind::kDuration:
      return order(left.as_int(), right.as_int());
    default:
      return Ordering::kNoOverload;
  }
}

bool equals(const Value& left, const Value& right, Arena& arena) {
  if (left.is_numeric() && right.is_numeric()) {
    return compare_numbers(left, right) == Ordering::kEqual;
  }
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::kMissing:
    case Kind::kError:
      return false;
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return left.as_bool() == right.as_bool();
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kType:
      return left.text() == right.text();
    case Kind::kTimestamp:
      return left.seconds() == right.seconds() && left.nanos() == right.nanos();
    case Kind::kDuration:
      return left.as_int() == right.as_int();
    case Kind::kOptional:
      return equal_optionals(left, right, arena);
    case Kind::kList:
      return equal_lists(left, right, arena);
    case Kind::kMap:
      return equal_maps(left, right, arena);
    default:
      return false;
  }
}

}  // namespace stepwell::expr
