// Regular expressions: RE2, whose time is linear in the text whatever the pattern.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/expr/code.h"

namespace re2 {
class RE2;
}

namespace stepwell::expr {

// A compiled pattern, or why it is none.
struct Pattern {
  std::unique_ptr<const re2::RE2> regex;
  std::string error;
  ~Pattern();
};
std::shared_ptr<const Pattern> compile_pattern(std::string_view pattern);

// Whether the pattern occurs in the text.
Value match_pattern(Frame& frame, std::string_view text, const Pattern& pattern);
// The same for a pattern that is only known now; compiling it costs budget.
Value match_pattern(Frame& frame, std::string_view text, std::string_view pattern);

}  // namespace stepwell::expr
