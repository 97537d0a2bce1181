// The functions of optional values. Their macros (optMap) and operators (a.?b) are part of the
// language itself.
#include "engine/expr/functions.h"
#include "engine/expr/operators.h"

namespace stepwell::expr {
namespace {

using Args = std::span<const Value>;

bool is_zero(const Value& value, Arena& arena) {
  switch (value.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return !value.as_bool();
    case Kind::kInt:
    case Kind::kDuration:
      return value.as_int() == 0;
    case Kind::kUint:
      return value.as_uint() == 0;
    case Kind::kDouble:
      return value.as_double() == 0;
    case Kind::kString:
    case Kind::kBytes:
      return value.text().empty();
    case Kind::kList:
      return list_items(value, arena).empty();
    case Kind::kMap:
      return map_entries(value, arena).entries.empty();
    case Kind::kTimestamp:
      return value.seconds() == 0 && value.nanos() == 0;
    case Kind::kOptional:
      return !value.optional_value();
    default:
      return false;
  }
}

Value none(Frame&, Args) {
  return Value::optional(nullptr);
}
Value of(Frame& frame, Args args) {
  return make_optional(frame, args[0]);
}

Value of_non_zero(Frame& frame, Args args) {
  if (is_zero(args[0], frame.arena)) return Value::optional(nullptr);
  return make_optional(frame, args[0]);
}

Value has_value(Frame&, Args args) {
  if (!args[0].is(Kind::kOptional)) return no_overload();
  return Value::boolean(args[0].optional_value() != nullptr);
}

Value value_of(Frame&, Args args) {
  if (!args[0].is(Kind::kOptional)) return no_overload();
  if (!args[0].optional_value()) return Value::error("optional.none() has no value");
  return *args[0].optional_value();
}

Value first_of(Frame&, Args args) {
  if (!args[0].is(Kind::kOptional) || !args[1].is(Kind::kOptional)) return no_overload();
  return args[0].optional_value() ? args[0] : args[1];
}

Value value_or(Frame&, Args args) {
  if (!args[0].is(Kind::kOptional)) return no_overload();
  return args[0].optional_value() ? *args[0].optional_value() : args[1];
}

constexpr FunctionEntry kFunctions[] = {
    {"optional.none", false, 0, 0, true, none, "() -> optional_type<A>"},
    {"optional.of", false, 1, 1, true, of, "(A) -> optional_type<A>"},
    {"optional.ofNonZeroValue", false, 1, 1, true, of_non_zero, "(A) -> optional_type<A>"},
    {"hasValue", true, 1, 1, true, has_value, "(optional_type<A>) -> bool"},
    {"value", true, 1, 1, true, value_of, "(optional_type<A>) -> A"},
    {"or", true, 2, 2, true, first_of, "(optional_type<A>, optional_type<A>) -> optional_type<A>"},
    {"orValue", true, 2, 2, true, value_or, "(optional_type<A>, A) -> A"},
};

}  // namespace

std::span<const FunctionEntry> optional_functions() {
  return kFunctions;
}

}  // namespace stepwell::expr
