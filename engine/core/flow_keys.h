// The expressions of a function's flow control, compiled, and what they say about an event.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/condition.h"
#include "engine/expr/expression.h"
#include "schema/flow_control.h"
#include "schema/result.h"

namespace stepwell::core {

// Keys are kept in memory and with every run: longer ones count by their digest.
inline constexpr size_t kKeyBytesMax = 128;

// All events whose key cannot be evaluated share this one, which is too long to be the value of
// another.
const std::string& failed_key();

// The key of a limit. Empty text: one key for all.
class KeyExpression {
 public:
  KeyExpression() = default;
  static Result<KeyExpression> compile(std::string_view text);

  struct Value {
    std::string text;       // short: a long value is replaced by its digest
    bool is_false = false;  // the literal false, a missing field
  };
  // Empty without an expression. The error says why there is none, for people.
  Result<Value> evaluate(std::string_view event_json, Time now) const;

  // As it was written; names the key in RunFlow::keys.
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
  std::optional<expr::Expression> expression_;
};

// As FlowControl, compiled.
struct FlowKeys {
  std::vector<KeyExpression> step_concurrency;  // one for each limit
  std::vector<KeyExpression> run_concurrency;
  KeyExpression throttle;
  KeyExpression rate_limit;
  KeyExpression debounce;
  KeyExpression batching;
  KeyExpression singleton;
  KeyExpression idempotency;
  Condition batch_condition;
  std::optional<expr::Expression> priority;

  static Result<FlowKeys> compile(const FlowControl& flow);
};

}  // namespace stepwell::core
