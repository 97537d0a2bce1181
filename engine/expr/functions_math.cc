// The math library: greatest and least, rounding, signs and bits.
#include <cmath>

#include "engine/expr/functions.h"
#include "engine/expr/operators.h"

namespace stepwell::expr {
namespace {

using Args = std::span<const Value>;

// The extreme of several arguments, or of the one list that is given.
template <Ordering kWanted>
Value extreme(Frame& frame, Args args) {
  if (args.size() == 1 && args[0].is(Kind::kList)) {
    if (!frame.spend(shallow_cost(args[0]))) return over_budget();
    args = list_items(args[0], frame.arena);
    if (args.empty()) return Value::error("an empty list has no greatest or least element");
  }
  Value best = args[0];
  for (const Value& candidate : args) {
    if (!candidate.is_numeric()) return no_overload();
    if (compare_numbers(candidate, best) == kWanted) best = candidate;
  }
  return best;
}

template <double (*kFunction)(double)>
Value of_double(Frame&, Args args) {
  return args[0].is(Kind::kDouble) ? Value::number(kFunction(args[0].as_double())) : no_overload();
}

double round_half_away(double value) {
  return std::round(value);
}
double round_up(double value) {
  return std::ceil(value);
}
double round_down(double value) {
  return std::floor(value);
}
double cut_fraction(double value) {
  return std::trunc(value);
}

template <bool (*kTest)(double)>
Value test_double(Frame&, Args args) {
  return args[0].is(Kind::kDouble) ? Value::boolean(kTest(args[0].as_double())) : no_overload();
}

bool is_nan(double value) {
  return std::isnan(value);
}
bool is_infinite(double value) {
  return std::isinf(value);
}
bool is_finite(double value) {
  return std::isfinite(value);
}

Value absolute(Frame& frame, Args args) {
  switch (args[0].kind()) {
    case Kind::kUint:
      return args[0];
    case Kind::kInt:
      return args[0].as_int() < 0 ? negate(frame, args[0]) : args[0];
    case Kind::kDouble:
      return Value::number(std::abs(args[0].as_double()));
    default:
      return no_overload();
  }
}

Value sign(Frame&, Args args) {
  switch (args[0].kind()) {
    case Kind::kUint:
      return Value::natural(args[0].as_uint() > 0 ? 1 : 0);
    case Kind::kInt:
      return Value::integer((args[0].as_int() > 0) - (args[0].as_int() < 0));
    case Kind::kDouble: {
      const double value = args[0].as_double();
      return std::isnan(value) ? args[0] : Value::number((value > 0) - (value < 0));
    }
    default:
      return no_overload();
  }
}

Value square_root(Frame&, Args args) {
  switch (args[0].kind()) {
    case Kind::kUint:
      return Value::number(std::sqrt(static_cast<double>(args[0].as_uint())));
    case Kind::kInt:
      return Value::number(std::sqrt(static_cast<double>(args[0].as_int())));
    case Kind::kDouble:
      return Value::number(std::sqrt(args[0].as_double()));
    default:
      return no_overload();
  }
}

// Two ints or two uints, computed as 64 bits.
template <typename Operation>
Value bitwise(Args args, Operation operation) {
  if (args[0].kind() != args[1].kind()) return no_overload();
  if (args[0].is(Kind::kUint)) {
    return Value::natural(operation(args[0].as_uint(), args[1].as_uint()));
  }
  if (!args[0].is(Kind::kInt)) return no_overload();
  return Value::integer(static_cast<int64_t>(
      operation(static_cast<uint64_t>(args[0].as_int()), static_cast<uint64_t>(args[1].as_int()))));
}

Value bit_and(Frame&, Args args) {
  return bitwise(args, [](uint64_t left, uint64_t right) { return left & right; });
}

Value bit_or(Frame&, Args args) {
  return bitwise(args, [](uint64_t left, uint64_t right) { return left | right; });
}

Value bit_xor(Frame&, Args args) {
  return bitwise(args, [](uint64_t left, uint64_t right) { return left ^ right; });
}

Value bit_not(Frame&, Args args) {
  if (args[0].is(Kind::kUint)) return Value::natural(~args[0].as_uint());
  return args[0].is(Kind::kInt) ? Value::integer(~args[0].as_int()) : no_overload();
}

// Shifts fill with zeros, also those of negative ints.
template <typename Operation>
Value shift(Args args, Operation operation) {
  if (!args[1].is(Kind::kInt)) return no_overload();
  if (args[1].as_int() < 0) return Value::error("a shift by a negative number of bits");
  const auto by = static_cast<uint64_t>(args[1].as_int());
  if (args[0].is(Kind::kUint)) {
    return Value::natural(by > 63 ? 0 : operation(args[0].as_uint(), by));
  }
  if (!args[0].is(Kind::kInt)) return no_overload();
  const auto bits = static_cast<uint64_t>(args[0].as_int());
  return Value::integer(by > 63 ? 0 : static_cast<int64_t>(operation(bits, by)));
}

Value shift_left(Frame&, Args args) {
  return shift(args, [](uint64_t bits, uint64_t by) { return bits << by; });
}

Value shift_right(Frame&, Args args) {
  return shift(args, [](uint64_t bits, uint64_t by) { return bits >> by; });
}

constexpr std::string_view kExtremeTypes =
    "(int...) -> int; (uint...) -> uint; (double...) -> double; (list<int>) -> int; "
    "(list<uint>) -> uint; (list<double>) -> double; (list<dyn>) -> dyn; (dyn...) -> dyn";
constexpr std::string_view kSignTypes = "(int) -> int; (uint) -> uint; (double) -> double";
constexpr std::string_view kBitTypes = "(int, int) -> int; (uint, uint) -> uint";
constexpr std::string_view kShiftTypes = "(int, int) -> int; (uint, int) -> uint";
constexpr std::string_view kRoundTypes = "(double) -> double";
constexpr std::string_view kTestTypes = "(double) -> bool";

constexpr FunctionEntry kFunctions[] = {
    {"math.greatest", false, 1, kAnyNumber, true, extreme<Ordering::kGreater>, kExtremeTypes},
    {"math.least", false, 1, kAnyNumber, true, extreme<Ordering::kLess>, kExtremeTypes},
    {"math.ceil", false, 1, 1, true, of_double<round_up>, kRoundTypes},
    {"math.floor", false, 1, 1, true, of_double<round_down>, kRoundTypes},
    {"math.round", false, 1, 1, true, of_double<round_half_away>, kRoundTypes},
    {"math.trunc", false, 1, 1, true, of_double<cut_fraction>, kRoundTypes},
    {"math.isNaN", false, 1, 1, true, test_double<is_nan>, kTestTypes},
    {"math.isInf", false, 1, 1, true, test_double<is_infinite>, kTestTypes},
    {"math.isFinite", false, 1, 1, true, test_double<is_finite>, kTestTypes},
    {"math.abs", false, 1, 1, true, absolute, kSignTypes},
    {"math.sign", false, 1, 1, true, sign, kSignTypes},
    {"math.sqrt", false, 1, 1, true, square_root,
     "(int) -> double; (uint) -> double; (double) -> double"},
    {"math.bitAnd", false, 2, 2, true, bit_and, kBitTypes},
    {"math.bitOr", false, 2, 2, true, bit_or, kBitTypes},
    {"math.bitXor", false, 2, 2, true, bit_xor, kBitTypes},
    {"math.bitNot", false, 1, 1, true, bit_not, "(int) -> int; (uint) -> uint"},
    {"math.bitShiftLeft", false, 2, 2, true, shift_left, kShiftTypes},
    {"math.bitShiftRight", false, 2, 2, true, shift_right, kShiftTypes},
};

}  // namespace

std::span<const FunctionEntry> math_functions() {
  return kFunctions;
}

}  // namespace stepwell::expr
