#include "tests/tidy/declarations.h"

#include <doctest/doctest.h>

namespace stepwell::tidy {
namespace {

// Each declaration in a line of its own: kind, first line, whether it has a body, is public.
std::string describe(std::string text) {
  SourceFile file = SourceFile::parse("api/stepwell/sample.h", std::move(text));
  std::string out;
  for (const Declaration& declaration : find_declarations(file)) {
    const char* kinds[] = {"function", "class", "other"};
    out += kinds[static_cast<int>(declaration.kind)];
    out += " " + std::to_string(file.line_at(declaration.begin));
    if (declaration.has_body()) out += " body";
    if (!declaration.is_public) out += " hidden";
    out += "\n";
  }
  return out;
}

TEST_CASE("functions, with and without bodies") {
  CHECK(describe("void f();\nint g(int a = 1) { return a; }\n") == "function 1\nfunction 2 body\n");
  CHECK(describe("template <typename T>\nauto f(T t) -> int {\n}\n") == "function 1 body\n");
  CHECK(describe("template <typename T>\n  requires Small<T>\nvoid f(T t = {}) noexcept {}\n") ==
        "function 1 body\n");
  CHECK(describe("[[nodiscard]] int f();\n") == "function 1\n");
  CHECK(describe("bool operator==(A a, B b) { return a.x == b.x; }\n") == "function 1 body\n");
}

TEST_CASE("variables, aliases and tables are no functions") {
  CHECK(describe("int a = f(3);\nvirtual void g() = 0;\n") == "other 1\nfunction 2\n");
  CHECK(describe("constexpr Row kRows[] = {\n  {1, f(2)},\n};\n") == "other 1\n");
  CHECK(describe("using F = std::function<void()>;\nstatic_assert(sizeof(int) == 4);\n") ==
        "other 1\nother 2\n");
  CHECK(describe("std::string name_{\"x\"};\n") == "other 1\n");
}

TEST_CASE("constructors with member initialisers in braces") {
  CHECK(describe("struct P {\n  P() : x_{1}, y_(2), z_{3} { go(); }\n};\n") ==
        "class 1\nfunction 2 body\n");
  CHECK(describe("P::P(int x)\n    : x_{x} {\n}\nvoid f() {}\n") ==
        "function 1 body\nfunction 4 body\n");
}

TEST_CASE("scopes and who may see into them") {
  CHECK(describe("namespace a::b {\nclass C : public D {\n public:\n  void f();\n private:\n"
                 "  void g();\n};\n}\n") == "class 2\nfunction 4\nfunction 6 hidden\n");
  CHECK(describe("namespace detail {\nvoid f();\n}\nvoid g();\n") ==
        "function 2 hidden\nfunction 4\n");
  CHECK(describe(
            "enum class E { kA, kB };\nstruct [[nodiscard]] S final {\n  int f() const;\n};\n") ==
        "other 1\nclass 2\nfunction 3\n");
}

TEST_CASE("macros and preprocessor lines do not confuse") {
  CHECK(describe("#define F(x) \\\n  { x\nvoid f() {}\n") == "function 3 body\n");
  CHECK(describe("FIELDS(A, b)\nstruct S {\n  void f();\n};\n") == "class 1\nfunction 3\n");
  CHECK(describe("TEST_SUITE(\"s\") {\nTEST_CASE(\"c\") {\n}\n}\n") == "function 2 body\n");
}

}  // namespace
}  // namespace stepwell::tidy
