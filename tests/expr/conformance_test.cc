// The conformance suite and the facts about the dialect, where they are at hand: in the folder
// STEPWELL_SHARED, or ../shared beside the checkout.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/expr/cel_cases.h"

namespace stepwell::expr {
namespace {

std::filesystem::path cel_folder() {
  const char* shared = std::getenv("STEPWELL_SHARED");
  return std::filesystem::path(shared ? shared : "../shared") / "cel";
}

bool is_absent() {
  return !std::filesystem::exists(cel_folder() / "dialect.jsonl");
}

FileReport run_file(const std::filesystem::path& path, Mode mode) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return run_cases(path.stem().string(), text, mode);
}

}  // namespace

TEST_CASE("standard CEL passes its conformance suite" * doctest::skip(is_absent())) {
  size_t passed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(cel_folder() / "conformance")) {
    const std::string name = entry.path().stem().string();
    // Address types and the optimizer's test macros are left out on purpose: docs/expressions.md.
    if (name == "network_ext" || name == "block_ext") continue;
    const FileReport report = run_file(entry.path(), Mode::kStrict);
    for (const CaseFailure& failure : report.failures) {
      FAIL_CHECK(failure.id << ": " << failure.reason);
    }
    CHECK(report.passed == report.total);
    passed += report.passed;
  }
  CHECK(passed >= 1000);
}

TEST_CASE("the dialect holds to its facts, but for our repairs" * doctest::skip(is_absent())) {
  const FileReport report = run_file(cel_folder() / "dialect.jsonl", Mode::kDialect);
  for (const CaseFailure& failure : report.failures) {
    // Repair 4: escapes are those of CEL, so '\w' is a mistake that the error explains.
    const bool is_repaired = failure.id == "expressions/eval/041";
    if (!is_repaired) FAIL_CHECK(failure.id << ": " << failure.reason);
  }
  CHECK(report.passed + 1 == report.total);
  CHECK(report.total >= 200);
}

}  // namespace stepwell::expr
