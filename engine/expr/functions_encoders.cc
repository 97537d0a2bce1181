// The encoders library.
#include "engine/expr/base64.h"
#include "engine/expr/functions.h"
#include "engine/expr/operators.h"
#include "schema/encoding.h"

namespace stepwell::expr {
namespace {

using Args = std::span<const Value>;

Value encode(Frame& frame, Args args) {
  if (!args[0].is(Kind::kBytes)) return no_overload();
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  return Value::string(frame.arena.copy(base64_encode(args[0].text())));
}

Value decode(Frame& frame, Args args) {
  if (!args[0].is(Kind::kString)) return no_overload();
  if (!frame.spend(size_cost(args[0]))) return over_budget();
  const LenientBase64 decoded = decode_base64_lenient(args[0].text());
  if (!decoded.is_whole) return Value::error("the text is no base64");
  return Value::bytes(frame.arena.copy(decoded.bytes));
}

constexpr FunctionEntry kFunctions[] = {
    {"base64.encode", false, 1, 1, true, encode, "(bytes) -> string"},
    {"base64.decode", false, 1, 1, true, decode, "(string) -> bytes"},
};

}  // namespace

std::span<const FunctionEntry> encoder_functions() {
  return kFunctions;
}

}  // namespace stepwell::expr
