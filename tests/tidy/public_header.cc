// The public headers are documentation: every function that a user can call says what it does.
#include <set>
#include <string>

#include "tests/tidy/declarations.h"
#include "tests/tidy/rules.h"

namespace stepwell::tidy {
namespace {

bool is_comment_line(std::string_view line) {
  line = trim(line);
  return line.starts_with("//") || line.starts_with("/*") || line.starts_with("*") ||
         line.ends_with("*/");
}

bool has_trailing_comment(const SourceFile& file, int line) {
  size_t index = static_cast<size_t>(line) - 1;
  return file.lines[index].find("//") != std::string_view::npos &&
         file.code_lines[index].find("//") == std::string_view::npos;
}

// What needs no words: defaulted and deleted functions, destructors, macros, and the functions that
// the language calls on what is awaited.
bool explains_itself(std::string_view head, const Declaration& declaration) {
  if (declaration.kind == DeclarationKind::kClass) return declaration.is_in_class;
  std::string_view name = trim(head.substr(0, head.find('(')));
  bool is_macro =
      !name.empty() && name.find_first_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
  bool is_friend_class = head.starts_with("friend class") || head.starts_with("friend struct");
  bool is_awaited = !find_word(head, "await_ready").empty() ||
                    !find_word(head, "await_suspend").empty() ||
                    !find_word(head, "await_resume").empty();
  return is_macro || is_friend_class || is_awaited || head.ends_with("default") ||
         head.ends_with("delete") || head.find('~') != std::string_view::npos;
}

// A comment stands above it or behind it, or above the group of functions that it belongs to.
class Documentation {
 public:
  explicit Documentation(const SourceFile& file) : file_(file) {}

  bool covers(const Declaration& declaration) {
    int first = file_.line_at(declaration.begin);
    int last = file_.line_at(declaration.has_body() ? declaration.body_close : declaration.end);
    bool is_commented = first > 1 && is_comment_line(file_.lines[static_cast<size_t>(first) - 2]);
    bool is_in_group = is_group_covered_ && first <= group_end_ + 1;
    bool covered = is_commented || is_in_group || has_trailing_comment(file_, first) ||
                   has_trailing_comment(file_, last);
    is_group_covered_ = covered && declaration.kind == DeclarationKind::kFunction;
    group_end_ = last;
    return covered;
  }

 private:
  const SourceFile& file_;
  bool is_group_covered_ = false;
  int group_end_ = 0;
};

// The name of a free function; its overloads share what the first one says.
std::string_view overload_name(std::string_view head, const Declaration& declaration) {
  if (declaration.kind != DeclarationKind::kFunction || declaration.is_in_class) return {};
  head = trim(head.substr(0, head.find('(')));
  size_t begin = head.size();
  while (begin > 0 && is_word_char(head[begin - 1])) --begin;
  return head.substr(begin);
}

void check_documentation(const SourceFile& file, Findings& findings) {
  Documentation documentation(file);
  std::set<std::string_view> known;
  for (const Declaration& declaration : find_declarations(file)) {
    std::string_view head(file.code);
    head = trim(head.substr(declaration.begin, declaration.end - declaration.begin));
    std::string_view overload = overload_name(head, declaration);
    bool is_covered = documentation.covers(declaration);
    if (is_covered && !overload.empty()) known.insert(overload);
    if (is_covered || !declaration.is_public || declaration.kind == DeclarationKind::kOther ||
        known.contains(overload) || explains_itself(head, declaration)) {
      continue;
    }
    findings.push_back({file.path, file.line_at(declaration.begin), "public",
                        "a public declaration without a comment before it"});
  }
}

void check_braced_defaults(const SourceFile& file, Findings& findings) {
  for (const Declaration& declaration : find_declarations(file)) {
    if (declaration.kind != DeclarationKind::kFunction) continue;
    std::string_view head(file.code);
    head = head.substr(0, declaration.end);
    for (size_t at = head.find('=', declaration.begin); at != std::string_view::npos;
         at = head.find('=', at + 1)) {
      std::string_view value = trim(head.substr(at + 1));
      size_t end = value.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_: ");
      if (end == std::string_view::npos || value[end] != '{') continue;
      findings.push_back({file.path, file.line_at(at), "public",
                          "a braced default argument of a step is destroyed twice by g++ 12; "
                          "write an overload"});
    }
  }
}

}  // namespace

void check_public_header(const SourceFile& file, Findings& findings) {
  if (!file.path.starts_with("api/stepwell/") || !file.is_header()) return;
  if (file.path.find("/detail/") == std::string::npos) check_documentation(file, findings);
  if (file.path.starts_with("api/stepwell/step")) check_braced_defaults(file, findings);
}

}  // namespace stepwell::tidy
