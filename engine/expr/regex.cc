#include "engine/expr/regex.h"

#include <re2/re2.h>

namespace stepwell::expr {
namespace {

constexpr int64_t kMaxPatternMemory = 256 * 1024;  // of one compiled pattern
constexpr size_t kCompileCost = 5000;              // about what it takes, in units of the budget
constexpr size_t kBytesPerUnit = 4;                // of text; some patterns are slow to run
constexpr size_t kMaxPatternBytes = 8 * 1024;      // as long as an expression may be

}  // namespace

Pattern::~Pattern() = default;

std::shared_ptr<const Pattern> compile_pattern(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxPatternMemory);
  auto compiled = std::make_shared<Pattern>();
  auto regex = std::make_unique<RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (regex->ok()) {
    compiled->regex = std::move(regex);
  } else {
    compiled->error = "invalid regular expression: " + regex->error();
  }
  return compiled;
}

Value match_pattern(Frame& frame, std::string_view text, const Pattern& pattern) {
  if (!pattern.regex) return Value::error(frame.arena.copy(pattern.error));
  if (!frame.spend(1 + text.size() / kBytesPerUnit)) return over_budget();
  return Value::boolean(
      RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *pattern.regex));
}

Value match_pattern(Frame& frame, std::string_view text, std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes) return Value::error("the regular expression is too long");
  if (!frame.spend(kCompileCost + pattern.size())) return over_budget();
  return match_pattern(frame, text, *compile_pattern(pattern));
}

}  // namespace stepwell::expr
