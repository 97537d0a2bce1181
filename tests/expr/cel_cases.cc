#include "tests/expr/cel_cases.h"

#include "tests/expr/conformance_case.h"
#include "tests/expr/dialect_case.h"

namespace stepwell::expr {

std::string run_case(JsonView row, Mode mode) {
  const bool is_dialect_row = row.find("kind").has_value();
  if (is_dialect_row != (mode == Mode::kDialect)) return "a case for the other mode";
  return is_dialect_row ? run_dialect_case(row) : run_conformance_case(row);
}

FileReport run_cases(std::string_view name, std::string_view text, Mode mode) {
  FileReport report;
  report.name = name;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.find_first_not_of(" \r\t") == std::string_view::npos) continue;
    const auto row = parse_json(line);
    if (!row.ok()) {
      ++report.total;
      report.failures.push_back({"line", row.error().message});
      continue;
    }
    if (const auto proto = row->find("proto"); proto && proto->as_bool().value_or(false)) {
      ++report.skipped;
      continue;
    }
    ++report.total;
    std::string reason = run_case(*row, mode);
    if (reason.empty()) {
      ++report.passed;
      continue;
    }
    const auto id = row->find("id");
    report.failures.push_back({id ? id->as_string().value_or("") : "", std::move(reason)});
  }
  return report;
}

}  // namespace stepwell::expr
