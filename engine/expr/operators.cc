#include "engine/expr/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/expr/timestamp.h"

namespace stepwell::expr {
namespace {

constexpr size_t kBytesPerUnit = 16;  // of text that is copied, compared or read again

constexpr std::string_view kNoSuchKey = "no such key";
constexpr std::string_view kOutOfRange = "index out of range";

Value overflow() {
  return Value::error("integer overflow");
}

Value concatenate(Frame& frame, const Value& left, const Value& right, bool is_bytes) {
  const size_t size = left.text().size() + right.text().size();
  if (!frame.spend(size / kBytesPerUnit)) return over_budget();
  char* room = frame.arena.allocate<char>(size);
  const size_t copied = left.text().copy(room, std::string_view::npos);
  right.text().copy(room + copied, std::string_view::npos);
  return is_bytes ? Value::bytes({room, size}) : Value::string({room, size});
}

Value append_lists(Frame& frame, const Value& left, const Value& right) {
  if (!frame.spend(shallow_cost(left) + shallow_cost(right))) return over_budget();
  const auto left_items = list_items(left, frame.arena);
  const auto right_items = list_items(right, frame.arena);
  Value* items = frame.arena.allocate<Value>(left_items.size() + right_items.size());
  Value* end = std::copy(left_items.begin(), left_items.end(), items);
  end = std::copy(right_items.begin(), right_items.end(), end);
  return Value::list({items, static_cast<size_t>(end - items)});
}

// What a builtin with overflow check says, as a Value.
template <typename T, typename Operation>
Value checked(const T& left, const T& right, Operation operation) {
  T result{};
  if (operation(left, right, &result)) return overflow();
  if constexpr (std::is_signed_v<T>) {
    return Value::integer(result);
  } else {
    return Value::natural(result);
  }
}

template <Ordering... kWanted>
Value ordered(Frame&, const Value& left, const Value& right) {
  const Ordering ordering = compare(left, right);
  if (ordering == Ordering::kNoOverload) return no_overload();
  return Value::boolean(((ordering == kWanted) || ...));
}

Value not_equal(Frame& frame, const Value& left, const Value& right) {
  const Value result = equal(frame, left, right);
  return result.is_error() ? result : Value::boolean(!result.as_bool());
}

// The whole number that an index stands for: an int, a uint, or a double without a fraction.
std::optional<uint64_t> whole_index(const Value& key) {
  if (key.is(Kind::kInt) && key.as_int() >= 0) return static_cast<uint64_t>(key.as_int());
  if (key.is(Kind::kUint)) return key.as_uint();
  if (key.is(Kind::kDouble) && key.as_double() >= 0 && key.as_double() < 4e9 &&
      key.as_double() == std::floor(key.as_double())) {
    return static_cast<uint64_t>(key.as_double());
  }
  return std::nullopt;
}

Value index_list(Frame& frame, const Value& list, const Value& key) {
  if (!key.is_numeric()) return no_overload();
  if (list.is_json() && !frame.spend(size_cost(list))) return over_budget();
  const auto items = list_items(list, frame.arena);
  const auto position = whole_index(key);
  if (!position || *position >= items.size()) return Value::error(kOutOfRange);
  return items[*position];
}

// Parts may be shared: a small list of lists of lists can be huge to walk through.
constexpr size_t kMaxCost = size_t{1} << 24;

void add_cost(const Value& value, size_t& cost) {
  cost += shallow_cost(value);
  if (value.is_json() || cost > kMaxCost) return;
  if (value.is(Kind::kList)) {
    for (const Value& item : value.items()) {
      if (cost > kMaxCost) return;
      add_cost(item, cost);
    }
  } else if (value.is(Kind::kMap)) {
    for (const MapEntry& entry : value.map_data().entries) {
      if (cost > kMaxCost) return;
      add_cost(entry.value, cost);
    }
  } else if (value.is(Kind::kOptional) && value.optional_value()) {
    add_cost(*value.optional_value(), cost);
  }
}

// What an index finds in an optional is an optional again.
Value strict_index(Frame& frame, const Value& target, const Value& key) {
  if (!target.is(Kind::kOptional)) return index(frame, target, key);
  if (!target.optional_value()) return target;
  const Value found = index(frame, *target.optional_value(), key);
  return found.is_error() ? absent_or_error(found) : make_optional(frame, found);
}

}  // namespace

size_t size_cost(const Value& value) {
  size_t cost = 0;
  add_cost(value, cost);
  return cost;
}

size_t shallow_cost(const Value& value) {
  if (value.is_json()) return 1 + value.text().size() / kBytesPerUnit;
  switch (value.kind()) {
    case Kind::kString:
    case Kind::kBytes:
      return 1 + value.text().size() / kBytesPerUnit;
    case Kind::kList:
      return 1 + value.items().size();
    case Kind::kMap:
      return 1 + value.map_data().entries.size();
    default:
      return 1;
  }
}

Value add(Frame& frame, const Value& left, const Value& right) {
  if (left.is(Kind::kTimestamp) || right.is(Kind::kTimestamp)) return add_time(left, right);
  if (left.kind() != right.kind()) return no_overload();
  switch (left.kind()) {
    case Kind::kInt:
      return checked(left.as_int(), right.as_int(),
                     [](auto a, auto b, auto* sum) { return __builtin_add_overflow(a, b, sum); });
    case Kind::kUint:
      return checked(left.as_uint(), right.as_uint(),
                     [](auto a, auto b, auto* sum) { return __builtin_add_overflow(a, b, sum); });
    case Kind::kDouble:
      return Value::number(left.as_double() + right.as_double());
    case Kind::kString:
    case Kind::kBytes:
      return concatenate(frame, left, right, left.is(Kind::kBytes));
    case Kind::kList:
      return append_lists(frame, left, right);
    case Kind::kDuration:
      return add_time(left, right);
    default:
      return no_overload();
  }
}

Value subtract(Frame&, const Value& left, const Value& right) {
  if (left.is(Kind::kTimestamp) || left.is(Kind::kDuration)) return subtract_time(left, right);
  if (left.kind() != right.kind()) return no_overload();
  switch (left.kind()) {
    case Kind::kInt:
      return checked(left.as_int(), right.as_int(),
                     [](auto a, auto b, auto* rest) { return __builtin_sub_overflow(a, b, rest); });
    case Kind::kUint:
      return checked(left.as_uint(), right.as_uint(),
                     [](auto a, auto b, auto* rest) { return __builtin_sub_overflow(a, b, rest); });
    case Kind::kDouble:
      return Value::number(left.as_double() - right.as_double());
    default:
      return no_overload();
  }
}

Value multiply(Frame&, const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return no_overload();
  switch (left.kind()) {
    case Kind::kInt:
      return checked(left.as_int(), right.as_int(),
                     [](auto a, auto b, auto* out) { return __builtin_mul_overflow(a, b, out); });
    case Kind::kUint:
      return checked(left.as_uint(), right.as_uint(),
                     [](auto a, auto b, auto* out) { return __builtin_mul_overflow(a, b, out); });
    case Kind::kDouble:
      return Value::number(left.as_double() * right.as_double());
    default:
      return no_overload();
  }
}

Value divide(Frame&, const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return no_overload();
  switch (left.kind()) {
    case Kind::kInt:
      if (right.as_int() == 0) return Value::error("division by zero");
      if (left.as_int() == std::numeric_limits<int64_t>::min() && right.as_int() == -1) {
        return overflow();
      }
      return Value::integer(left.as_int() / right.as_int());
    case Kind::kUint:
      if (right.as_uint() == 0) return Value::error("division by zero");
      return Value::natural(left.as_uint() / right.as_uint());
    case Kind::kDouble:
      return Value::number(left.as_double() / right.as_double());
    default:
      return no_overload();
  }
}

Value modulo(Frame&, const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return no_overload();
  if (left.is(Kind::kInt)) {
    if (right.as_int() == 0) return Value::error("modulus by zero");
    if (right.as_int() == -1) {
      // The processor traps on INT64_MIN % -1.
      return left.as_int() == std::numeric_limits<int64_t>::min() ? overflow() : Value::integer(0);
    }
    return Value::integer(left.as_int() % right.as_int());
  }
  if (left.is(Kind::kUint)) {
    if (right.as_uint() == 0) return Value::error("modulus by zero");
    return Value::natural(left.as_uint() % right.as_uint());
  }
  return no_overload();
}

Value negate(Frame&, const Value& operand) {
  if (operand.is(Kind::kDouble)) return Value::number(-operand.as_double());
  if (!operand.is(Kind::kInt)) return no_overload();
  if (operand.as_int() == std::numeric_limits<int64_t>::min()) return overflow();
  return Value::integer(-operand.as_int());
}

Value equal(Frame& frame, const Value& left, const Value& right) {
  const bool is_large = left.is(Kind::kList) || left.is(Kind::kMap) || left.is(Kind::kOptional);
  if (is_large && left.kind() == right.kind()) {
    if (!frame.spend(size_cost(left) + size_cost(right))) return over_budget();
  }
  return Value::boolean(equals(left, right, frame.arena));
}

Value contained_in(Frame& frame, const Value& left, const Value& right) {
  if (right.is(Kind::kMap)) {
    if (right.is_json() && !frame.spend(size_cost(right))) return over_budget();
    return Value::boolean(map_find(right, left, frame.arena).has_value());
  }
  if (!right.is(Kind::kList)) return no_overload();
  if (!frame.spend(size_cost(right))) return over_budget();
  for (const Value& item : list_items(right, frame.arena)) {
    if (equals(left, item, frame.arena)) return Value::boolean(true);
  }
  return Value::boolean(false);
}

Value index(Frame& frame, const Value& target, const Value& key) {
  if (target.is(Kind::kList)) return index_list(frame, target, key);
  if (!target.is(Kind::kMap)) return no_overload();
  if (target.is_json() && !frame.spend(size_cost(target))) return over_budget();
  const auto found = map_find(target, key, frame.arena);
  return found ? *found : Value::error(kNoSuchKey);
}

Value select_field(Frame& frame, const Value& target, std::string_view field) {
  if (!target.is(Kind::kMap)) return no_overload();
  if (target.is_json() && !frame.spend(size_cost(target))) return over_budget();
  const auto found = map_find_field(target, field, frame.arena);
  return found ? *found : Value::error(kNoSuchKey);
}

Value make_optional(Frame& frame, const Value& value) {
  Value* stored = frame.arena.allocate<Value>(1);
  *stored = value;
  return Value::optional(stored);
}

Value absent_or_error(const Value& problem) {
  const bool is_absence = problem.text() == kNoSuchKey || problem.text() == kOutOfRange;
  return is_absence ? Value::optional(nullptr) : problem;
}

BinaryFunction strict_operator(Op op) {
  switch (op) {
    case Op::kEqual:
      return equal;
    case Op::kNotEqual:
      return not_equal;
    case Op::kLess:
      return ordered<Ordering::kLess>;
    case Op::kLessEqual:
      return ordered<Ordering::kLess, Ordering::kEqual>;
    case Op::kGreater:
      return ordered<Ordering::kGreater>;
    case Op::kGreaterEqual:
      return ordered<Ordering::kGreater, Ordering::kEqual>;
    case Op::kIn:
      return contained_in;
    case Op::kAdd:
      return add;
    case Op::kSubtract:
      return subtract;
    case Op::kMultiply:
      return multiply;
    case Op::kDivide:
      return divide;
    case Op::kModulo:
      return modulo;
    case Op::kIndex:
      return strict_index;
    default:
      return nullptr;
  }
}

}  // namespace stepwell::expr
