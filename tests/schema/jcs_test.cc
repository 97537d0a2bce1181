#include <doctest/doctest.h>

#include <string>

#include "schema/jcs.h"

using stepwell::canonicalize_json;

namespace {

std::string canonical(std::string_view text) {
  const auto result = canonicalize_json(text);
  REQUIRE_MESSAGE(result.ok(), text);
  return *result;
}

}  // namespace

// RFC 8785, section 3.2.2 to 3.2.4.
TEST_CASE("the example of RFC 8785") {
  CHECK(canonical(R"({
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        })") ==
        R"({"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],)"
        R"("string":"€$\u000f\nA'B\"\\\\\"/"})");
}

// RFC 8785, section 3.2.3: an emoji's high surrogate sorts before U+FB33.
TEST_CASE("members are sorted by UTF-16 code units") {
  CHECK(canonical(R"({"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew",)"
                  R"("1":"One","\ud83d\ude00":"Emoji","\u0080":"Control","\u00f6":"Latin"})") ==
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\",\"ö\":\"Latin\","
        "\"€\":\"Euro Sign\",\"😀\":\"Emoji\",\"\uFB33\":\"Hebrew\"}");
  CHECK(canonical(R"({"b":1,"a":{"d":[],"c":{}},"":0,"aa":2})") ==
        R"({"":0,"a":{"c":{},"d":[]},"aa":2,"b":1})");
}

TEST_CASE("white space goes, the order of arrays stays") {
  CHECK(canonical(" [ 3 , 1 , [ ] , { } ] ") == "[3,1,[],{}]");
  CHECK(canonical("\"a b\"") == "\"a b\"");
  CHECK(canonical("-0.0") == "0");
  CHECK(canonical("100000000000000000000000") == "1e+23");
}

TEST_CASE("outside of I-JSON it does what JavaScript does") {
  CHECK(canonical(R"({"a":1,"b":2,"\u0061":3})") == R"({"a":3,"b":2})");
  CHECK(canonical(R"("\uD800x\udc00\uD83D\uDE00")") == R"("\ud800x\udc00😀")");
  CHECK(canonical(R"({"\uD800":1,"\ud800":2})") == R"({"\ud800":2})");
}

TEST_CASE("the canonical form is its own canonical form") {
  const std::string once = canonical(R"({"z":[1.10,"\u0001\n\ud800é"],"y":{"b":1e-7,"a":"\/"}})");
  CHECK(canonical(once) == once);
}

TEST_CASE("what has no canonical form is refused") {
  CHECK_FALSE(canonicalize_json("[1,]").ok());
  CHECK_FALSE(canonicalize_json("[1e999]").ok());
  CHECK_FALSE(canonicalize_json("{\"a\":{\"b\":-1e400}}").ok());
  CHECK_FALSE(canonicalize_json("[[1]]", {.max_depth = 1}).ok());
}
