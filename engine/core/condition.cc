#include "engine/core/condition.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "schema/json.h"

namespace stepwell::core {
namespace {

// event, event.data, event.name …: what is never the boolean true, whatever was sent.
bool is_fixed_part_of_event(const expr::Node& node) {
  constexpr std::array<std::string_view, 6> kFixed = {"data", "id", "name", "ts", "user", "v"};
  const auto is_event = [](const expr::Node& part) {
    return part.kind == expr::NodeKind::kIdent && (part.name == "event" || part.name == "async");
  };
  if (is_event(node)) return true;
  return node.kind == expr::NodeKind::kSelect && node.target != nullptr && is_event(*node.target) &&
         std::find(kFixed.begin(), kFixed.end(), node.name) != kFixed.end();
}

// The part of a condition because of which it can't be true; null if it may be.
const expr::Node* never_true(const expr::Node& node) {
  if (node.kind == expr::NodeKind::kLiteral) {
    return std::holds_alternative<bool>(node.literal) ? nullptr : &node;
  }
  if (is_fixed_part_of_event(node)) return &node;
  // What && yields when it is true is its last operand.
  if (node.kind == expr::NodeKind::kCall && node.op == expr::Op::kAnd) {
    return never_true(*node.args.back());
  }
  return nullptr;
}

}  // namespace

Result<Condition> Condition::compile(std::string_view text) {
  Condition condition;
  if (text.empty()) return condition;
  auto expression = expr::Expression::compile(text, {});
  if (!expression) return Error{ErrorCode::kInvalid, expression.error().to_string()};
  condition.expression_ = std::move(*expression);
  return condition;
}

std::string Condition::why_never() const {
  if (!expression_) return "";
  const expr::Node* node = never_true(expression_->root());
  if (node == nullptr) return "";
  const std::string text = expr::print(*node);
  return fmt::format("'{}' is never true: a condition compares, as in {} == \"...\"", text,
                     node->kind == expr::NodeKind::kLiteral ? "event.data.id" : text);
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
