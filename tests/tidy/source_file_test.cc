#include "tests/tidy/source_file.h"

#include <doctest/doctest.h>

namespace stepwell::tidy {
namespace {

std::string code_of(std::string text) {
  return SourceFile::parse("engine/core/sample.cc", std::move(text)).code;
}

TEST_CASE("comments and the insides of literals are blanked, lines stay") {
  CHECK(code_of("int a;  // rand()\nint b;") == "int a;           \nint b;");
  CHECK(code_of("a /* rand\n() */ b") == "a        \n      b");
  CHECK(code_of("f(\"rand\\\"()\", '\"');") == "f(\"        \", ' ');");
  CHECK(code_of("x = R\"(a \" b)\" + y;") == "x = \"        \" + y;");
  CHECK(code_of("R\"sql(a )\" b)sql\" c") == "\"               \" c");
}

TEST_CASE("digit separators begin no character literal") {
  CHECK(code_of("a = 1'000'000; b = 0xFF'FF; // x") == "a = 1'000'000; b = 0xFF'FF;     ");
}

TEST_CASE("includes are found with their lines, not in comments") {
  SourceFile file = SourceFile::parse(
      "a.cc", "// #include \"no.h\"\n#include \"schema/ids.h\"\n# include <vector>\n");
  REQUIRE(file.includes.size() == 2);
  CHECK(file.includes[0].target == "schema/ids.h");
  CHECK(file.includes[0].is_quoted);
  CHECK(file.includes[0].line == 2);
  CHECK(file.includes[1].target == "vector");
  CHECK_FALSE(file.includes[1].is_quoted);
}

TEST_CASE("words are found only as whole words") {
  CHECK(find_word("rand() random() my_rand() rand()", "rand(").size() == 2);
  CHECK(find_word("xTEST TEST TESTS", "TEST").size() == 1);
}

TEST_CASE("closing brackets are found through nested ones") {
  CHECK(find_close("(a[b(c)]{d})e", 0) == 11);
  CHECK(find_close("<a<b>, f(c > d)>e", 0) == 15);
  CHECK(find_close("(a", 0) == 2);
}

}  // namespace
}  // namespace stepwell::tidy
