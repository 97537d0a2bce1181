// Expressions: parsing in both modes, and printing: what is printed parses to the same tree.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/expr/expression.h"
#include "schema/check.h"

using namespace stepwell::expr;

namespace {

ParseOptions everything() {
  ParseOptions options;
  options.with_two_variable = true;
  options.with_bindings = true;
  options.with_optionals = true;
  return options;
}

void check_round_trip(std::string_view text, const ParseOptions& options) {
  const auto ast = parse(text, options);
  if (!ast) {
    CHECK_INVARIANT(!ast.error().to_string().empty());
    return;
  }
  const std::string printed = print(*ast->root);
  ParseOptions wide = options;
  wide.limits = Limits::residual();  // printing may add parentheses
  const auto again = parse(printed, wide);
  CHECK_INVARIANT(again.ok(), "printed text does not parse");
  CHECK_INVARIANT(same_tree(*ast->root, *again->root), "printed text means something else");
}

void compile_strictly(std::string_view text) {
  CompileOptions options;
  options.mode = Mode::kStrict;
  options.libraries = kAllStrictLibraries;
  const auto compiled = Expression::compile(text, options);
  CHECK_INVARIANT(compiled.ok() || compiled.error().line > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_round_trip(text, everything());
  check_round_trip(text, {});
  compile_strictly(text);
  return 0;
}
