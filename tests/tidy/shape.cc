// The shape of files: what a reader can take in at once.
#include <algorithm>
#include <string>

#include "tests/tidy/declarations.h"
#include "tests/tidy/rules.h"

namespace stepwell::tidy {
namespace {

constexpr size_t kFileLinesMax = 600;
constexpr int kFunctionLinesMax = 70;
constexpr size_t kLineColumnsMax = 100;

class Reporter {
 public:
  Reporter(const SourceFile& file, Findings& findings) : file_(file), findings_(findings) {}
  void operator()(int line, std::string message) {
    findings_.push_back({file_.path, line, "shape", std::move(message)});
  }

 private:
  const SourceFile& file_;
  Findings& findings_;
};

// Characters, not bytes: a continuation byte of UTF-8 takes no column.
size_t columns(std::string_view line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

// Raw strings, include lines and links cannot be broken.
bool may_be_long(const SourceFile& file, size_t index) {
  std::string_view line = file.lines[index];
  return file.starts_in_raw_string[index] || line.find("R\"") != std::string_view::npos ||
         trim(line).starts_with("#include") || line.find("://") != std::string_view::npos;
}

void check_lines(const SourceFile& file, Reporter report) {
  for (size_t i = 0; i < file.lines.size(); ++i) {
    if (columns(file.lines[i]) > kLineColumnsMax && !may_be_long(file, i)) {
      report(static_cast<int>(i) + 1, "the line has more than 100 columns");
    }
  }
}

void check_functions(const SourceFile& file, Reporter report) {
  for (const Declaration& declaration : find_declarations(file)) {
    if (declaration.kind != DeclarationKind::kFunction || !declaration.has_body()) continue;
    int first = file.line_at(declaration.body_open);
    int count = file.line_at(declaration.body_close) - first + 1;
    if (count > kFunctionLinesMax) {
      report(first, "the function has " + std::to_string(count) + " lines; 70 are the limit");
    }
  }
}

// Comments may come before it, code may not.
void check_pragma_once(const SourceFile& file, Reporter report) {
  for (std::string_view line : file.code_lines) {
    if (trim(line).empty()) continue;
    if (trim(line) != "#pragma once") report(1, "a header begins with #pragma once");
    return;
  }
  report(1, "the header is empty");
}

// A process that is to end may have ended already: that failure may be hidden.
bool ends_a_process(std::string_view line) {
  return !find_word(line, "kill").empty() || !find_word(line, "wait").empty();
}

void check_shell(const SourceFile& file, Reporter report) {
  constexpr std::string_view kHidden[] = {
      "|| tr"
      "ue",
      "|| :", "set +e"};
  for (std::string_view hidden : kHidden) {
    for (size_t at : find_word(file.text, hidden)) {
      int line = file.line_at(at);
      if (!ends_a_process(file.lines[static_cast<size_t>(line) - 1])) {
        report(line, "'" + std::string(hidden) + "' hides a failure");
      }
    }
  }
  if (file.text.find("\nset -euo pipefail\n") == std::string::npos) {
    report(1, "a script says set -euo pipefail");
  }
}

}  // namespace

void check_shape(const SourceFile& file, Findings& findings) {
  if (!file.is_cpp() && !file.is_shell()) return;
  Reporter report(file, findings);
  if (file.lines.size() > kFileLinesMax) {
    report(0, "the file has " + std::to_string(file.lines.size()) + " lines; 600 are the limit");
  }
  check_lines(file, report);
  if (file.is_cpp()) check_functions(file, report);
  if (file.is_header()) check_pragma_once(file, report);
  if (file.is_shell()) check_shell(file, report);
}

}  // namespace stepwell::tidy
