// An `if` expression as the core uses it: compiled once, asked often.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/expr/expression.h"
#include "schema/event.h"
#include "schema/result.h"

namespace stepwell::core {

class Condition {
 public:
  Condition() = default;  // always true

  // Compiles; empty text is always true. The error's message has line, column and a caret.
  static Result<Condition> compile(std::string_view text);
  // Why it can't ever hold, as far as its form says so: it is a number, a text, a whole event.
  // Empty if it may hold.
  std::string why_never() const;
  // Compiles the text() of what bind() returned; such a text may be longer than users may write.
  static Result<Condition> compile_residual(std::string_view text);

  // A trigger's condition on the event that came in. An error at run time is no match.
  bool matches_trigger(std::string_view event_json, Time now) const;

  // A wait's residual condition on the incoming event, which it reads as `async`.
  bool matches_wait(std::string_view event_json, Time now) const;

  // Folds in what is known of `event`, the run's trigger; the rest reads `async` only.
  Result<Condition> bind(std::string_view trigger_json) const;

  bool is_always() const { return !expression_; }
  bool is_never() const { return expression_ && expression_->is_constant_false(); }

  // compile_residual() reads it back with the same meaning; empty when always true.
  std::string text() const { return expression_ ? expression_->text() : std::string(); }

 private:
  std::optional<expr::Expression> expression_;
};

}  // namespace stepwell::core
