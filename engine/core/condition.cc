#include "engine/core/condition.h"

#include "schema/json.h"

namespace stepwell::core {

Result<Condition> Condition::compile(std::string_view text) {
  Condition condition;
  if (text.empty()) return condition;
  auto expression = expr::Expression::compile(text, {});
  if (!expression) return Error{ErrorCode::kInvalid, expression.error().to_string()};
  condition.expression_ = std::move(*expression);
  return condition;
}

Result<Condition> Condition::compile_residual(std::string_view text) {
  Condition condition;
  if (text.empty()) return condition;
  auto expression = expr::Expression::compile_residual(text);
  if (!expression) return Error{ErrorCode::kInvalid, expression.error().to_string()};
  condition.expression_ = std::move(*expression);
  return condition;
}

bool Condition::matches_trigger(std::string_view event_json, Time now) const {
  if (!expression_) return true;
  return expression_->matches(expr::Bindings().set("event", JsonView::trusted(event_json)).at(now));
}

bool Condition::matches_wait(std::string_view event_json, Time now) const {
  if (!expression_) return true;
  return expression_->matches(expr::Bindings().set("async", JsonView::trusted(event_json)).at(now));
}

Result<Condition> Condition::bind(std::string_view trigger_json) const {
  Condition bound;
  if (!expression_) return bound;
  auto residual = expression_->bind_event(JsonView::trusted(trigger_json));
  if (!residual) return Error{ErrorCode::kInvalid, residual.error().to_string()};
  bound.expression_ = std::move(*residual);
  return bound;
}

}  // namespace stepwell::core
