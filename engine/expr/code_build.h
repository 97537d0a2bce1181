// Makes the pieces of compiled code. Which of two variants is made depends on the mode.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/expr/code.h"
#include "engine/expr/expression.h"
#include "engine/expr/regex.h"

namespace stepwell::expr {

CodePtr make_constant(const Value& value);
CodePtr make_slot(uint32_t path, Mode mode);
CodePtr make_literal_slot(uint32_t literal);
CodePtr make_local(uint32_t local);

CodePtr make_and(std::vector<CodePtr> operands, Mode mode);
CodePtr make_or(std::vector<CodePtr> operands, Mode mode);
CodePtr make_conditional(CodePtr condition, CodePtr then, CodePtr otherwise, Mode mode);
CodePtr make_not(CodePtr operand, Mode mode);
CodePtr make_negate(CodePtr operand, Mode mode);
CodePtr make_binary(Op op, CodePtr left, CodePtr right, Mode mode);
CodePtr make_call(const FunctionEntry& function, std::vector<CodePtr> args, Mode mode);
CodePtr make_match(CodePtr text, std::shared_ptr<const Pattern> pattern, Mode mode);

// Fields borrow their name from the tree.
CodePtr make_select(CodePtr target, std::string_view field, Mode mode);
CodePtr make_optional_select(CodePtr target, std::string_view field);
CodePtr make_optional_index(CodePtr target, CodePtr key);
CodePtr make_has(CodePtr target, std::string_view field, Mode mode);
CodePtr make_has_optional(CodePtr optional);  // has(a.?b)
CodePtr make_presence(CodePtr path);          // dialect: has() of a path

struct ElementCode {
  CodePtr value;
  bool is_optional = false;
};
struct EntryCode {
  CodePtr key;
  CodePtr value;
  bool is_optional = false;
};
CodePtr make_list(std::vector<ElementCode> elements, Mode mode);
CodePtr make_map(std::vector<EntryCode> entries, Mode mode);

struct MacroCode {
  Macro macro = Macro::kAll;
  CodePtr range;       // bind: the value
  uint32_t local = 0;  // the first variable; a second one is the next
  bool has_two_variables = false;
  CodePtr filter;  // may be empty; also the predicate of all, exists, exists_one, filter
  CodePtr result;  // what map and its kind make of an item
  size_t body_cost = 1;
};
CodePtr make_macro(MacroCode parts, Mode mode);

}  // namespace stepwell::expr
