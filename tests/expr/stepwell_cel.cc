// stepwell-cel --mode strict|dialect FILE.jsonl...
//
// Runs files of expression tests, prints passed/total per file and every failing id. Exits with 1
// if a test failed, with 2 if it could not run.
#include <fmt/core.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/expr/cel_cases.h"

namespace {

int usage() {
  fmt::print(stderr, "usage: stepwell-cel --mode strict|dialect FILE.jsonl...\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace stepwell::expr;
  if (argc < 4 || std::string_view(argv[1]) != "--mode") return usage();
  const std::string_view mode = argv[2];
  if (mode != "strict" && mode != "dialect") return usage();
  size_t passed = 0;
  size_t total = 0;
  for (int i = 3; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      fmt::print(stderr, "stepwell-cel: can't read {}\n", argv[i]);
      return 2;
    }
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const FileReport report =
        run_cases(argv[i], text, mode == "strict" ? Mode::kStrict : Mode::kDialect);
    fmt::print("{}: {}/{}", report.name, report.passed, report.total);
    if (report.skipped > 0) fmt::print(", {} skipped (protobuf messages)", report.skipped);
    fmt::print("\n");
    for (const CaseFailure& failure : report.failures) {
      fmt::print("  {}: {}\n", failure.id, failure.reason);
    }
    passed += report.passed;
    total += report.total;
  }
  fmt::print("{}/{}\n", passed, total);
  return passed == total ? 0 : 1;
}
