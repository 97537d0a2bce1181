#include "tests/tidy/declarations.h"

#include <algorithm>
#include <array>

namespace stepwell::tidy {
namespace {

struct Scope {
  bool is_class = false;
  bool is_public = true;        // what is declared here now
  bool is_outer_public = true;  // of the scopes around
};

std::string_view first_word(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && is_word_char(text[end])) ++end;
  return text.substr(0, end);
}

// `template <typename T> void f()` without its template heads.
std::string_view without_template(std::string_view head) {
  while (first_word(head) == "template") {
    size_t open = head.find('<');
    if (open == std::string_view::npos) return head;
    head = trim(head.substr(std::min(find_close(head, open) + 1, head.size())));
  }
  return head;
}

// Calls visit(offset) for each character of `head` outside brackets; stops when it returns true.
template <typename Visit>
void visit_top_level(std::string_view head, Visit visit) {
  for (size_t at = 0; at < head.size(); ++at) {
    if (visit(at)) return;
    if (head[at] == '(' || head[at] == '[' || head[at] == '{') at = find_close(head, at);
  }
}

bool has_parameters(std::string_view head) {
  bool found = false;
  visit_top_level(head, [&](size_t at) { return found = head[at] == '('; });
  return found;
}

// `Point() : x_{1}` has come to the brace behind x_.
bool ends_in_member_initializer(std::string_view head) {
  bool has_list = false;
  bool has_seen_parameters = false;
  visit_top_level(head, [&](size_t at) {
    if (head[at] == '(') has_seen_parameters = true;
    bool is_double = head.substr(at, 2) == "::" || (at > 0 && head[at - 1] == ':');
    has_list = has_list || (has_seen_parameters && head[at] == ':' && !is_double);
    return has_list;
  });
  return has_list && (is_word_char(head.back()) || head.back() == '>');
}

// The last of these words decides; in a function's head, parameters follow it.
std::optional<std::string_view> scope_keyword(std::string_view head) {
  constexpr std::array<std::string_view, 5> kKeywords = {"namespace", "class", "struct", "union",
                                                         "enum"};
  std::optional<std::string_view> found;
  visit_top_level(head, [&](size_t at) {
    if (at > 0 && is_word_char(head[at - 1])) return false;
    std::string_view word = first_word(head.substr(at));
    bool is_keyword = std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
    bool is_enum_class = is_keyword && found == "enum" && word != "namespace";
    if (is_keyword && !is_enum_class) found = word;
    if (head[at] == '(') found.reset();
    return false;
  });
  return found;
}

class Finder {
 public:
  explicit Finder(const SourceFile& file) : code_(file.code) { scopes_.push_back({}); }

  std::vector<Declaration> run() {
    while (at_ < code_.size()) step();
    return std::move(found_);
  }

 private:
  void step() {
    char c = code_[at_];
    if (c == '#' && is_first_in_line()) return skip_directive();
    if (c == '(' || c == '[') return skip_brackets();
    if (c == ';') return end_declaration();
    if (c == ':' && is_access_label()) return begin_access_section();
    if (c == '{') return open_brace();
    if (c == '}') {
      if (scopes_.size() > 1) scopes_.pop_back();
      ++at_;
      return reset();
    }
    if (!has_head_ && !std::isspace(static_cast<unsigned char>(c))) {
      begin_ = at_;
      has_head_ = true;
    }
    ++at_;
  }

  bool is_first_in_line() const {
    size_t newline = code_.rfind('\n', at_);
    size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    return trim(code_.substr(line, at_ - line)).empty();
  }

  void skip_directive() {
    while (at_ < code_.size()) {
      size_t end = std::min(code_.find('\n', at_), code_.size());
      bool is_continued = end > at_ && code_[end - 1] == '\\';
      at_ = std::min(end + 1, code_.size());
      if (!is_continued) return;
    }
  }

  void skip_brackets() {
    if (!has_head_) {
      begin_ = at_;  // an attribute may come first
      has_head_ = true;
    }
    at_ = std::min(find_close(code_, at_) + 1, code_.size());
  }

  std::string_view head() const {
    return has_head_ ? trim(code_.substr(begin_, at_ - begin_)) : std::string_view();
  }

  bool is_access_label() const {
    std::string_view word = head();
    return word == "public" || word == "protected" || word == "private";
  }

  void begin_access_section() {
    scopes_.back().is_public = scopes_.back().is_outer_public && head() != "private";
    ++at_;
    reset();
  }

  void open_brace() {
    std::string_view declared = without_template(head());
    std::optional<std::string_view> keyword = scope_keyword(declared);
    bool is_suite = declared.starts_with("TEST_SUITE(") || first_word(declared) == "extern";
    if (keyword == "namespace" || is_suite) return enter_namespace(declared);
    if (keyword && keyword != "enum") return enter_class(*keyword);
    bool is_initializer = keyword || !has_parameters(declared) || find_assignment(declared) ||
                          ends_in_member_initializer(declared);
    if (is_initializer) return skip_brackets();
    end_function();
  }

  void enter_namespace(std::string_view declared) {
    bool is_hidden =
        declared == "namespace" || declared.ends_with("detail") || declared.ends_with("internal");
    bool is_public = scopes_.back().is_public && !is_hidden;
    scopes_.push_back({.is_public = is_public, .is_outer_public = is_public});
    ++at_;
    reset();
  }

  void enter_class(std::string_view keyword) {
    add(DeclarationKind::kClass);
    bool is_public = scopes_.back().is_public;
    scopes_.push_back({.is_class = true,
                       .is_public = is_public && keyword != "class",
                       .is_outer_public = is_public});
    ++at_;
    reset();
  }

  void end_function() {
    size_t open = at_;
    add(DeclarationKind::kFunction);
    skip_brackets();
    found_.back().body_open = open;
    found_.back().body_close = at_ - 1;
    reset();
  }

  void end_declaration() {
    std::string_view declared = without_template(head());
    if (!declared.empty()) {
      std::string_view word = first_word(declared);
      bool is_call = word == "static_assert" || word == "using" || word == "typedef";
      // `int a = f(3);` is a variable, `void f() = 0;` is none.
      bool is_variable = find_assignment(declared).value_or(declared.size()) < declared.find('(');
      bool is_function = !is_call && !is_variable && has_parameters(declared);
      add(is_function ? DeclarationKind::kFunction : DeclarationKind::kOther);
    }
    ++at_;
    reset();
  }

  void add(DeclarationKind kind) {
    found_.push_back({.kind = kind,
                      .begin = begin_,
                      .end = at_,
                      .is_in_class = scopes_.back().is_class,
                      .is_public = scopes_.back().is_public});
  }

  void reset() { has_head_ = false; }

  std::string_view code_;
  size_t at_ = 0;
  size_t begin_ = 0;
  bool has_head_ = false;
  std::vector<Scope> scopes_;
  std::vector<Declaration> found_;
};

}  // namespace

std::vector<Declaration> find_declarations(const SourceFile& file) {
  return Finder(file).run();
}

std::optional<size_t> find_assignment(std::string_view code) {
  if (!find_word(code, "operator").empty()) return std::nullopt;
  std::optional<size_t> found;
  visit_top_level(code, [&](size_t at) {
    if (code[at] != '=') return false;
    bool is_operator =
        code.substr(at, 2) == "==" ||
        (at > 0 && std::string_view("=<>!+-*/%&|^").find(code[at - 1]) != std::string_view::npos);
    if (!is_operator) found = at;
    return found.has_value();
  });
  return found;
}

}  // namespace stepwell::tidy
