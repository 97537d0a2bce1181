#include <doctest/doctest.h>

#include <string>

#include "schema/json.h"
#include "schema/json_grammar.h"

using stepwell::is_json;
using stepwell::JsonLimits;
using stepwell::JsonView;
using stepwell::parse_json;
using stepwell::Result;

namespace {

std::string error_of(std::string_view text, JsonLimits limits = {}) {
  const Result<JsonView> result = parse_json(text, limits);
  return result.ok() ? "accepted" : result.error().message;
}

std::string nested(size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

}  // namespace

TEST_CASE("parse_json accepts every kind of value") {
  for (const char* text :
       {"null", "true", "false", "0", "-0", "1", "-12.50", "1e5", "1E+5", "2.5e-10", "\"\"",
        "\"a\"", "[]", "{}", "[1]", "[[],{}]", "{\"a\":{\"b\":[]}}",
        "[1,\"two\",null,{\"k\":false}]", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n"}) {
    CAPTURE(text);
    CHECK(parse_json(text).ok());
  }
}

TEST_CASE("parse_json accepts what simdjson alone refuses but SDKs send") {
  CHECK(parse_json("0." + std::string(5000, '9')).ok());
  CHECK(parse_json("18446744073709551616").ok());
  CHECK(parse_json("1e-999").ok());
  CHECK(parse_json(R"("\ud800")").ok());
  CHECK(parse_json(R"({"\udc00\ud800":1})").ok());
  CHECK(parse_json(R"({"a":1,"a":2})").ok());
}

TEST_CASE("parse_json refuses what is not one JSON value, and says where") {
  CHECK(error_of("") == "invalid JSON at byte 0: the text ends too early");
  CHECK(error_of("  ") == "invalid JSON at byte 2: the text ends too early");
  CHECK(error_of("[1,2") == "invalid JSON at byte 4: the text ends too early");
  CHECK(error_of("{} {}") == "invalid JSON at byte 3: unexpected text behind the value");
  CHECK(error_of("01") == "invalid JSON at byte 1: unexpected text behind the value");
  CHECK(error_of("[1 2]") == "invalid JSON at byte 3: expected ',' or ']'");
  CHECK(error_of("{\"a\":1]") == "invalid JSON at byte 6: expected ',' or '}'");
  CHECK(error_of("{\"a\" 1}") == "invalid JSON at byte 5: expected ':' behind a member name");
  CHECK(error_of("{a:1}") == "invalid JSON at byte 1: expected a member name in quotes");
  CHECK(error_of("{\"a\":1,}") == "invalid JSON at byte 7: expected a member name in quotes");
  CHECK(error_of("[1,]") == "invalid JSON at byte 3: expected a value");
  CHECK(error_of("\"\\x\"") == "invalid JSON at byte 2: unknown escape");
  CHECK(error_of("\"\\u12g4\"") ==
        "invalid JSON at byte 5: expected four hexadecimal digits behind \\u");
  CHECK(error_of("\"a\nb\"") ==
        "invalid JSON at byte 2: a control character in a string must be escaped");
}

TEST_CASE("parse_json refuses numbers beyond a double, which are JSON all the same") {
  CHECK(parse_json("1.7976931348623157e308").ok());
  CHECK(parse_json("[0e999,-0.0e999]").ok());
  CHECK(parse_json(std::string(308, '9')).ok());
  CHECK(error_of("[1, 1e400]") == "invalid JSON at byte 4: the number is too large for a double");
  for (const std::string& text :
       {std::string("-1e999"), std::string("1.8E+308"), std::string(309, '9'),
        '-' + std::string(5000, '1'), std::string("1e99999999999999999999"),
        R"({"a":{"b":[1e309]}})" + std::string()}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json(text).ok());
    CHECK(is_json(text));
  }
}

TEST_CASE("parse_json refuses malformed values") {
  const std::string with_nul("\"a\0b\"", 5);
  for (const std::string& text : {std::string("nul"),      std::string("nulll"),
                                  std::string("True"),     std::string("-"),
                                  std::string("+1"),       std::string(".5"),
                                  std::string("1."),       std::string("1.e5"),
                                  std::string("1e"),       std::string("1e+"),
                                  std::string("0x10"),     std::string("NaN"),
                                  std::string("Infinity"), std::string("'a'"),
                                  std::string("\"a"),      std::string("\"\\"),
                                  std::string("\"\\u12"),  std::string("["),
                                  std::string("{"),        std::string("]"),
                                  std::string("[,1]"),     std::string("[1,,2]"),
                                  std::string("{,}"),      std::string("{\"a\"}"),
                                  std::string("{\"a\":}"), std::string("{1:2}"),
                                  std::string("[}"),       std::string("{]"),
                                  std::string("// c\n1"),  std::string("\xEF\xBB\xBF{}"),
                                  std::string("1,"),       with_nul,
                                  std::string("1\0", 2),   std::string("[1\f]")}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json(text).ok());
  }
}

TEST_CASE("parse_json refuses text that is not UTF-8, and says where") {
  CHECK(error_of("\"ab\xFF\"") == "invalid JSON at byte 3: the text is not UTF-8");
  for (const char* text : {"\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"",
                           "\"\xE2\x82\"", "\"\x80\"", "\"\xF0\x9F\x98\""}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json(text).ok());
  }
  CHECK(parse_json("\"é€😀\"").ok());
}

TEST_CASE("parse_json finds the end of a string at every offset from a word's border") {
  for (size_t length = 0; length < 40; ++length) {
    const std::string filler(length, 'x');
    CAPTURE(length);
    CHECK(parse_json("\"" + filler + "\"").ok());
    CHECK(parse_json("\"" + filler + "\\n\"").ok());
    CHECK(parse_json("\"" + filler + "é\"").ok());
    CHECK_FALSE(parse_json("\"" + filler).ok());
    CHECK_FALSE(parse_json("\"" + filler + "\x1F\"").ok());
    CHECK_FALSE(parse_json("\"" + filler + "\\\"").ok());
  }
}

TEST_CASE("parse_json bounds the nesting") {
  CHECK(parse_json(nested(128)).ok());
  CHECK(error_of(nested(129)) ==
        "invalid JSON at byte 128: arrays and objects are nested too deeply");
  CHECK(parse_json(nested(3), JsonLimits{.max_depth = 3}).ok());
  CHECK_FALSE(parse_json(nested(4), JsonLimits{.max_depth = 3}).ok());
  CHECK(parse_json("1", JsonLimits{.max_depth = 0}).ok());
  CHECK_FALSE(parse_json("[]", JsonLimits{.max_depth = 0}).ok());
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')).ok());
}

TEST_CASE("is_json looks at the grammar alone") {
  CHECK(is_json(nested(100'000)));
  CHECK(is_json(" 1e999 "));
  for (const char* text : {"", "[1,]", "[[]", "{\"a\":1", "1e", "\"\xFF\"", "1 2"}) {
    CAPTURE(text);
    CHECK_FALSE(is_json(text));
  }
}

TEST_CASE("parse_json gives the value's own text") {
  const std::string text = "  {\"a\": 1.50}\n";
  CHECK(parse_json(text)->text() == "{\"a\": 1.50}");
}
