// Code for values, logic, operators and calls.
#include "engine/expr/code_build.h"
#include "engine/expr/operators.h"

namespace stepwell::expr {
namespace {

class ConstantCode final : public Code {
 public:
  explicit ConstantCode(const Value& value) : value_(value) {}
  Value run(Frame&) const override { return value_; }

 private:
  Value value_;
};

class SlotCode final : public Code {
 public:
  explicit SlotCode(uint32_t path) : path_(path) {}
  Value run(Frame& frame) const override {
    return frame.slots[frame.slot_of ? frame.slot_of[path_] : path_];
  }

 private:
  uint32_t path_;
};

class StrictVariableCode final : public Code {
 public:
  explicit StrictVariableCode(uint32_t path) : path_(path) {}
  Value run(Frame& frame) const override {
    const Value value = frame.slots[frame.slot_of ? frame.slot_of[path_] : path_];
    return value.is_missing() ? Value::error("a variable has no value") : value;
  }

 private:
  uint32_t path_;
};

class LiteralSlotCode final : public Code {
 public:
  explicit LiteralSlotCode(uint32_t literal) : literal_(literal) {}
  Value run(Frame& frame) const override { return frame.literals[literal_]; }

 private:
  uint32_t literal_;
};

class LocalCode final : public Code {
 public:
  explicit LocalCode(uint32_t local) : local_(local) {}
  Value run(Frame& frame) const override { return frame.locals[local_]; }

 private:
  uint32_t local_;
};

// Standard && and ||: the absorbing value wins over errors, wherever it stands.
class StrictLogicCode final : public Code {
 public:
  StrictLogicCode(std::vector<CodePtr> operands, bool absorbing)
      : operands_(std::move(operands)), absorbing_(absorbing) {}

  Value run(Frame& frame) const override {
    Value result = Value::boolean(!absorbing_);
    for (const CodePtr& operand : operands_) {
      const Value value = operand->run(frame);
      if (value.is_bool()) {
        if (value.as_bool() == absorbing_) return value;
      } else if (!result.is_error()) {
        result = value.is_error() ? value : no_overload();
      }
    }
    return result;
  }

 private:
  std::vector<CodePtr> operands_;
  bool absorbing_;
};

// The dialect's && and ||: the first operand that decides, or the last one, as it is.
class DialectLogicCode final : public Code {
 public:
  DialectLogicCode(std::vector<CodePtr> operands, bool deciding)
      : operands_(std::move(operands)), deciding_(deciding) {}

  Value run(Frame& frame) const override {
    Value value;
    for (const CodePtr& operand : operands_) {
      value = operand->run(frame);
      if (is_truthy(value) == deciding_) break;
    }
    return value.is_error() ? Value::missing() : value;
  }

 private:
  std::vector<CodePtr> operands_;
  bool deciding_;
};

class StrictConditionalCode final : public Code {
 public:
  StrictConditionalCode(CodePtr condition, CodePtr then, CodePtr otherwise)
      : condition_(std::move(condition)),
        then_(std::move(then)),
        otherwise_(std::move(otherwise)) {}

  Value run(Frame& frame) const override {
    const Value condition = condition_->run(frame);
    if (condition.is_error()) return condition;
    if (!condition.is_bool()) return no_overload();
    return condition.as_bool() ? then_->run(frame) : otherwise_->run(frame);
  }

 private:
  CodePtr condition_;
  CodePtr then_;
  CodePtr otherwise_;
};

class DialectConditionalCode final : public Code {
 public:
  DialectConditionalCode(CodePtr condition, CodePtr then, CodePtr otherwise)
      : condition_(std::move(condition)),
        then_(std::move(then)),
        otherwise_(std::move(otherwise)) {}

  Value run(Frame& frame) const override {
    return is_truthy(condition_->run(frame)) ? then_->run(frame) : otherwise_->run(frame);
  }

 private:
  CodePtr condition_;
  CodePtr then_;
  CodePtr otherwise_;
};

Value strict_not(Frame&, const Value& operand) {
  return operand.is_bool() ? Value::boolean(!operand.as_bool()) : no_overload();
}

// In strict mode the function never sees an error; the dialect's functions take them as missing.
template <Mode kMode>
class UnaryCode final : public Code {
 public:
  UnaryCode(UnaryFunction function, CodePtr operand)
      : function_(function), operand_(std::move(operand)) {}

  Value run(Frame& frame) const override {
    const Value operand = operand_->run(frame);
    if (kMode == Mode::kStrict && operand.is_error()) return operand;
    return function_(frame, operand);
  }

 private:
  UnaryFunction function_;
  CodePtr operand_;
};

template <Mode kMode>
class BinaryCode final : public Code {
 public:
  BinaryCode(BinaryFunction function, CodePtr left, CodePtr right)
      : function_(function), left_(std::move(left)), right_(std::move(right)) {}

  Value run(Frame& frame) const override {
    const Value left = left_->run(frame);
    if (kMode == Mode::kStrict && left.is_error()) return left;
    const Value right = right_->run(frame);
    if (kMode == Mode::kStrict && right.is_error()) return right;
    return function_(frame, left, right);
  }

 private:
  BinaryFunction function_;
  CodePtr left_;
  CodePtr right_;
};

class CallCode final : public Code {
 public:
  CallCode(Function function, std::vector<CodePtr> args, Mode mode, bool is_size)
      : function_(function),
        args_(std::move(args)),
        on_absent_(is_size ? Value::integer(0) : Value::boolean(false)),
        is_strict_(mode == Mode::kStrict) {}

  Value run(Frame& frame) const override {
    constexpr size_t kMaxInline = 4;
    Value inline_values[kMaxInline];
    Value* values =
        args_.size() <= kMaxInline ? inline_values : frame.arena.allocate<Value>(args_.size());
    for (size_t i = 0; i < args_.size(); ++i) {
      values[i] = args_[i]->run(frame);
      if (values[i].is_error()) return is_strict_ ? values[i] : on_absent_;
      if (values[i].is_missing()) return on_absent_;
    }
    return function_(frame, {values, args_.size()});
  }

 private:
  Function function_;
  std::vector<CodePtr> args_;
  Value on_absent_;
  bool is_strict_;
};

class MatchCode final : public Code {
 public:
  MatchCode(CodePtr text, std::shared_ptr<const Pattern> pattern, Mode mode)
      : text_(std::move(text)), pattern_(std::move(pattern)), mode_(mode) {}

  Value run(Frame& frame) const override {
    const Value text = text_->run(frame);
    if (text.is_error()) return mode_ == Mode::kStrict ? text : Value::boolean(false);
    if (text.is_missing()) return Value::boolean(false);
    if (!text.is(Kind::kString)) return no_overload();
    return match_pattern(frame, text.text(), *pattern_);
  }

 private:
  CodePtr text_;
  std::shared_ptr<const Pattern> pattern_;
  Mode mode_;
};

}  // namespace

CodePtr make_constant(const Value& value) {
  return std::make_unique<ConstantCode>(value);
}

CodePtr make_slot(uint32_t path, Mode mode) {
  if (mode == Mode::kStrict) return std::make_unique<StrictVariableCode>(path);
  return std::make_unique<SlotCode>(path);
}

CodePtr make_literal_slot(uint32_t literal) {
  return std::make_unique<LiteralSlotCode>(literal);
}
CodePtr make_local(uint32_t local) {
  return std::make_unique<LocalCode>(local);
}

CodePtr make_and(std::vector<CodePtr> operands, Mode mode) {
  if (mode == Mode::kStrict) return std::make_unique<StrictLogicCode>(std::move(operands), false);
  return std::make_unique<DialectLogicCode>(std::move(operands), false);
}

CodePtr make_or(std::vector<CodePtr> operands, Mode mode) {
  if (mode == Mode::kStrict) return std::make_unique<StrictLogicCode>(std::move(operands), true);
  return std::make_unique<DialectLogicCode>(std::move(operands), true);
}

CodePtr make_conditional(CodePtr condition, CodePtr then, CodePtr otherwise, Mode mode) {
  if (mode == Mode::kStrict) {
    return std::make_unique<StrictConditionalCode>(std::move(condition), std::move(then),
                                                   std::move(otherwise));
  }
  return std::make_unique<DialectConditionalCode>(std::move(condition), std::move(then),
                                                  std::move(otherwise));
}

CodePtr make_not(CodePtr operand, Mode mode) {
  if (mode == Mode::kStrict) {
    return std::make_unique<UnaryCode<Mode::kStrict>>(strict_not, std::move(operand));
  }
  return std::make_unique<UnaryCode<Mode::kDialect>>(dialect_not, std::move(operand));
}

CodePtr make_negate(CodePtr operand, Mode mode) {
  if (mode == Mode::kStrict) {
    return std::make_unique<UnaryCode<Mode::kStrict>>(negate, std::move(operand));
  }
  return std::make_unique<UnaryCode<Mode::kDialect>>(dialect_negate, std::move(operand));
}

CodePtr make_binary(Op op, CodePtr left, CodePtr right, Mode mode) {
  if (mode == Mode::kStrict) {
    return std::make_unique<BinaryCode<Mode::kStrict>>(strict_operator(op), std::move(left),
                                                       std::move(right));
  }
  return std::make_unique<BinaryCode<Mode::kDialect>>(dialect_operator(op), std::move(left),
                                                      std::move(right));
}

CodePtr make_call(const FunctionEntry& function, std::vector<CodePtr> args, Mode mode) {
  return std::make_unique<CallCode>(function.function, std::move(args), mode,
                                    function.name == "size");
}

CodePtr make_match(CodePtr text, std::shared_ptr<const Pattern> pattern, Mode mode) {
  return std::make_unique<MatchCode>(std::move(text), std::move(pattern), mode);
}

}  // namespace stepwell::expr
