// Runs tests of the expression language that are written as JSON lines: the conformance suite of
// CEL (strict mode) and facts about the dialect. tests/expr/README.md describes the formats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/expr/expression.h"
#include "schema/json.h"

namespace stepwell::expr {

struct CaseFailure {
  std::string id;
  std::string reason;
};

struct FileReport {
  std::string name;
  size_t passed = 0;
  size_t total = 0;    // without the skipped ones
  size_t skipped = 0;  // need protobuf messages
  std::vector<CaseFailure> failures;
};

// One test case. Empty if it passed, else what came instead.
std::string run_case(JsonView row, Mode mode);

// All cases of a file's text.
FileReport run_cases(std::string_view name, std::string_view text, Mode mode);

}  // namespace stepwell::expr
