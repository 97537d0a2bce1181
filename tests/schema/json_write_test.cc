#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "schema/json.h"

using stepwell::json_number;
using stepwell::json_quote;
using stepwell::JsonWriter;

TEST_CASE("json_quote escapes as JSON.stringify does") {
  CHECK(json_quote("") == "\"\"");
  CHECK(json_quote("plain é €😀") == "\"plain é €😀\"");
  CHECK(json_quote("\"\\/") == R"("\"\\/")");
  CHECK(json_quote("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(json_quote(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
}

TEST_CASE("json_quote replaces what is not UTF-8") {
  CHECK(json_quote("a\xFFz") == "\"a\uFFFDz\"");
  CHECK(json_quote("\xC0\xAF") == "\"\uFFFD\uFFFD\"");
  CHECK(json_quote("\xE2\x82") == "\"\uFFFD\"");
  CHECK(json_quote("\xE2\x82\xAC\xE2\x82!") == "\"€\uFFFD!\"");
  CHECK(json_quote("\xED\xA0\x80") == "\"\uFFFD\uFFFD\uFFFD\"");
  CHECK(json_quote("\xF0\x9F\x98") == "\"\uFFFD\"");
}

TEST_CASE("json_number writes as ECMA-262 says") {
  struct Vector {
    double value;
    const char* text;
  };
  for (const Vector& vector : {Vector{0, "0"},
                               {-0.0, "0"},
                               {1, "1"},
                               {-1, "-1"},
                               {1.5, "1.5"},
                               {0.1, "0.1"},
                               {0.1 + 0.2, "0.30000000000000004"},
                               {100, "100"},
                               {1e20, "100000000000000000000"},
                               {123456789012345680000.0, "123456789012345680000"},
                               {1e21, "1e+21"},
                               {1.5e300, "1.5e+300"},
                               {-1e21, "-1e+21"},
                               {0.000001, "0.000001"},
                               {0.00000123, "0.00000123"},
                               {1e-7, "1e-7"},
                               {1.23e-7, "1.23e-7"},
                               {9007199254740993.0, "9007199254740992"},
                               {333333333.33333329, "333333333.3333333"},
                               {4.5, "4.5"},
                               {2e-3, "0.002"},
                               {5e-324, "5e-324"},
                               {std::numeric_limits<double>::max(), "1.7976931348623157e+308"}}) {
    CHECK(json_number(vector.value) == vector.text);
  }
  CHECK(json_number(std::nan("")) == "null");
  CHECK(json_number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(json_number(-std::numeric_limits<double>::infinity()) == "null");
}

// The vectors of RFC 8785, appendix B, by their bits.
TEST_CASE("json_number writes the vectors of RFC 8785") {
  struct Vector {
    uint64_t bits;
    const char* text;
  };
  for (const Vector& vector : {Vector{0x0000000000000000, "0"},
                               {0x8000000000000000, "0"},
                               {0x0000000000000001, "5e-324"},
                               {0x8000000000000001, "-5e-324"},
                               {0x7fefffffffffffff, "1.7976931348623157e+308"},
                               {0xffefffffffffffff, "-1.7976931348623157e+308"},
                               {0x4340000000000000, "9007199254740992"},
                               {0xc340000000000000, "-9007199254740992"},
                               {0x4430000000000000, "295147905179352830000"},
                               {0x44b52d02c7e14af5, "9.999999999999997e+22"},
                               {0x44b52d02c7e14af6, "1e+23"},
                               {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
                               {0x444b1ae4d6e2ef4e, "999999999999999700000"},
                               {0x444b1ae4d6e2ef4f, "999999999999999900000"},
                               {0x444b1ae4d6e2ef50, "1e+21"},
                               {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
                               {0x3eb0c6f7a0b5ed8d, "0.000001"},
                               {0x41b3de4355555553, "333333333.3333332"},
                               {0x41b3de4355555554, "333333333.33333325"},
                               {0x41b3de4355555555, "333333333.3333333"},
                               {0x41b3de4355555556, "333333333.3333334"},
                               {0x41b3de4355555557, "333333333.33333343"},
                               {0xbecbf647612f3696, "-0.0000033333333333333333"},
                               {0x43143ff3c1cb0959, "1424953923781206.2"}}) {
    CHECK(json_number(std::bit_cast<double>(vector.bits)) == vector.text);
  }
}

TEST_CASE("JsonWriter puts commas where they belong") {
  JsonWriter writer;
  writer.begin_object().key("id").string("a\"b").key("list").begin_array();
  writer.integer(-5).number(1.5).boolean(true).boolean(false).null().raw(" {\"x\": 1}");
  writer.begin_array().end_array().begin_object().end_object().end_array();
  writer.key("empty").begin_object().end_object().key("last").integer(INT64_MIN).end_object();
  CHECK(writer.text() ==
        R"({"id":"a\"b","list":[-5,1.5,true,false,null, {"x": 1},[],{}],"empty":{},)"
        R"("last":-9223372036854775808})");
  CHECK(stepwell::parse_json(writer.text()).ok());
  const std::string text = writer.text();
  CHECK(writer.take() == text);
}

TEST_CASE("JsonWriter writes a lone scalar") {
  CHECK(JsonWriter().string("x").text() == "\"x\"");
}
