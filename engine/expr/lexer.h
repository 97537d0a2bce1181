// Turns the text of an expression into tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/ast.h"
#include "engine/expr/error.h"

namespace stepwell::expr {

enum class TokenKind : uint8_t {
  kEnd,
  kIdent,        // `text`
  kQuotedIdent,  // `text` without its backticks: a field name after a dot
  kReserved,     // a word that may only be a field or method name: for, if, while ...
  kLiteral,      // `literal`
  kPunctuation,  // `text`: one of the operators and brackets
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint32_t offset = 0;
  uint32_t end = 0;
  std::string_view text;  // a view into the source
  Literal literal;
  // The digits of 9223372036854775808, which only a minus sign makes an int.
  bool is_min_int_magnitude = false;
};

// All tokens of `source`, with a kEnd behind them. `source` must outlive the tokens.
Compiled<std::vector<Token>> tokenize(std::string_view source);

// True if `text` can be written as a plain name after a dot.
bool is_plain_field_name(std::string_view text);
// True if `text` is a word that can't name a variable.
bool is_reserved_word(std::string_view text);

}  // namespace stepwell::expr
