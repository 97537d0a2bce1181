// Searching runs: conditions on a run's trigger event, its output and its error.
//
//   event.data.plan == "pro"
//   output.total > 100 || error.name == "TimeoutError"
//
// One condition a line; a run is found if all of them hold.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/expr/error.h"
#include "engine/expr/expression.h"
#include "schema/json.h"

namespace stepwell::expr {

// What is known of a run. Parts that are absent (a run without an error) are missing.
struct RunFacts {
  std::optional<JsonView> event;
  std::optional<JsonView> output;
  std::optional<JsonView> error;
};

// Immutable, from any thread.
class RunSearch {
 public:
  // Every line must be a condition in the dialect over event, output and error: comparisons, `in`,
  // the tests of text (contains, startsWith, endsWith, matches) and their combinations. Macros are
  // refused. Empty lines are skipped; a text without any condition finds every run. Nothing is
  // ever left out: what can't be searched for is an error, whose line counts from the top.
  static Compiled<RunSearch> compile(std::string_view text);

  bool matches(const RunFacts& run) const;

  // Whether `variable` ("event", "output", "error") has to be read to decide.
  bool reads(std::string_view variable) const;
  const std::vector<Expression>& conditions() const { return conditions_; }

 private:
  std::vector<Expression> conditions_;
};

}  // namespace stepwell::expr
