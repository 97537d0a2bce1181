// Expressions: evaluation on an event. The input is an expression, a NUL byte and the event's JSON.
// Beside not crashing: slots that were read once give what bindings give, and binding the event
// first gives what is given by knowing everything at once.
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/expr/expression.h"
#include "schema/check.h"

using namespace stepwell;
using namespace stepwell::expr;

namespace {

constexpr std::string_view kDefaultEvent =
    R"({"name":"a/b","data":{"id":"x","n":3.5,"none":null,"tags":["a","b",1],"o":{"k":"v"}},"ts":1})";
constexpr int64_t kBudget = 20'000;

// Compares by text, which is the same for equal values of one kind.
void check_slots(const Expression& expression, const Bindings& bindings, JsonView event) {
  Arena direct_arena;
  const Value direct = expression.evaluate(bindings, direct_arena);
  Arena arena;
  PathTable table;
  table.intern({"async", {PathStep("unrelated")}});
  const std::vector<uint32_t> link = expression.link(table);
  std::vector<Value> slots(table.size(), Value::missing());
  table.extract("event", event, JsonNumbers::kDouble, arena, slots.data());
  table.extract("async", event, JsonNumbers::kDouble, arena, slots.data());
  Facts facts;
  facts.slots = slots.data();
  facts.budget = kBudget;
  const Value through_slots = expression.evaluate(facts, link, arena);
  CHECK_INVARIANT(describe(direct, direct_arena) == describe(through_slots, arena));
}

void check_residual(const Expression& expression, JsonView event) {
  const auto residual = expression.bind_event(event);
  if (!residual) return;
  const auto again = Expression::compile_residual(residual->text());
  CHECK_INVARIANT(again.ok(), "the text of a residual does not compile");
  CHECK_INVARIANT(same_tree(residual->root(), again->root()));
  Bindings async;
  async.set("async", event).budget(kBudget);
  CHECK_INVARIANT(residual->matches(async) == again->matches(async));
}

void evaluate_strictly(std::string_view text, JsonView event) {
  CompileOptions options;
  options.mode = Mode::kStrict;
  options.libraries = kAllStrictLibraries;
  const auto compiled = Expression::compile(text, options);
  if (!compiled) return;
  Bindings bindings;
  bindings.set("event", event).set("async", event).numbers(JsonNumbers::kTyped).budget(kBudget);
  Arena arena;
  const Value value = compiled->evaluate(bindings, arena);
  CHECK_INVARIANT(!value.is_missing());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  const std::string_view text = input.substr(0, end);
  const std::string_view json = end < input.size() ? input.substr(end + 1) : kDefaultEvent;
  const auto event = parse_json(json);
  if (!event.ok()) return 0;
  evaluate_strictly(text, *event);
  const auto compiled = Expression::compile(text, {});
  if (!compiled) return 0;
  Bindings bindings;
  bindings.set("event", *event).set("async", *event).budget(kBudget);
  check_slots(*compiled, bindings, *event);
  check_residual(*compiled, *event);
  return 0;
}
