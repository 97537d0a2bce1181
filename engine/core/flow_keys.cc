#include "engine/core/flow_keys.h"

#include <fmt/core.h>

#include "schema/encoding.h"

namespace stepwell::core {
namespace {

std::string shortened(std::string text) {
  if (text.size() <= kKeyBytesMax) return text;
  return "sha256:" + sha256_hex(text);
}

Result<void> compile_all(const std::vector<ConcurrencyLimit>& limits,
                         std::vector<KeyExpression>& keys) {
  for (const ConcurrencyLimit& limit : limits) {
    Result<KeyExpression> key = KeyExpression::compile(limit.key);
    if (!key) return key.error();
    keys.push_back(std::move(*key));
  }
  return {};
}

}  // namespace

const std::string& failed_key() {
  static const std::string key(kKeyBytesMax + 1, '!');
  return key;
}

Result<KeyExpression> KeyExpression::compile(std::string_view text) {
  KeyExpression key;
  if (text.empty()) return key;
  auto expression = expr::Expression::compile(text, {.variables = {"event"}});
  if (!expression) return Error{ErrorCode::kInvalid, expression.error().to_string()};
  key.text_ = text;
  key.expression_ = std::move(*expression);
  return key;
}

Result<KeyExpression::Value> KeyExpression::evaluate(std::string_view event_json, Time now) const {
  if (!expression_) return Value{};
  Result<expr::Key> key =
      expression_->key(expr::Bindings().set("event", JsonView::trusted(event_json)).at(now));
  if (!key) return key.error();
  return Value{shortened(std::move(key->text)), key->is_false};
}

Result<FlowKeys> FlowKeys::compile(const FlowControl& flow) {
  FlowKeys keys;
  if (auto done = compile_all(flow.step_concurrency, keys.step_concurrency); !done) {
    return done.error();
  }
  if (auto done = compile_all(flow.run_concurrency, keys.run_concurrency); !done) {
    return done.error();
  }
  struct Wanted {
    KeyExpression& key;
    std::string_view text;
  };
  const Wanted wanted[] = {
      {keys.throttle, flow.throttle ? std::string_view(flow.throttle->key) : ""},
      {keys.rate_limit, flow.rate_limit ? std::string_view(flow.rate_limit->key) : ""},
      {keys.debounce, flow.debounce ? std::string_view(flow.debounce->key) : ""},
      {keys.batching, flow.batching ? std::string_view(flow.batching->key) : ""},
      {keys.singleton, flow.singleton ? std::string_view(flow.singleton->key) : ""},
      {keys.idempotency, flow.idempotency},
  };
  for (const Wanted& each : wanted) {
    Result<KeyExpression> key = KeyExpression::compile(each.text);
    if (!key) return key.error();
    each.key = std::move(*key);
  }
  if (flow.batching) {
    Result<Condition> condition = Condition::compile(flow.batching->condition);
    if (!condition) return condition.error();
    keys.batch_condition = std::move(*condition);
  }
  if (!flow.priority.empty()) {
    auto priority = expr::Expression::compile(flow.priority, {.variables = {"event"}});
    if (!priority) return Error{ErrorCode::kInvalid, priority.error().to_string()};
    keys.priority = std::move(*priority);
  }
  return keys;
}

}  // namespace stepwell::core
