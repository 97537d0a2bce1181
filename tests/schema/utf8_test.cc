#include <doctest/doctest.h>

#include <string>

#include "schema/utf8.h"

using stepwell::append_utf8;
using stepwell::decode_utf8;
using stepwell::valid_utf8_length;

namespace {

std::string repaired(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const auto decoded = decode_utf8(text, at);
    append_utf8(out, decoded.code_point);
    at += decoded.length;
  }
  return out;
}

}  // namespace

TEST_CASE("every code point is written and read back") {
  for (char32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    if (code_point == 0xD800) code_point = 0xE000;
    std::string text;
    append_utf8(text, code_point);
    const auto decoded = decode_utf8(text, 0);
    const bool is_same = decoded.valid && decoded.code_point == code_point &&
                         decoded.length == text.size() && valid_utf8_length(text) == text.size();
    REQUIRE_MESSAGE(is_same, static_cast<uint32_t>(code_point));
  }
}

TEST_CASE("what is no code point is written as U+FFFD") {
  for (const char32_t wrong : {char32_t{0xD800}, char32_t{0xDFFF}, char32_t{0x110000}}) {
    std::string text;
    append_utf8(text, wrong);
    CHECK(text == "\uFFFD");
  }
}

// The example of the Unicode standard, chapter 3: one U+FFFD for each longest start of a sequence.
TEST_CASE("invalid bytes are replaced as the Unicode standard recommends") {
  CHECK(repaired("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64") ==
        "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
  CHECK(repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") ==
        "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDA");
  CHECK(repaired("\xED\xA0\x80\xED\xBF\xBF") == "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
  CHECK(repaired("\xF4\x91\x92\x93\xFF") == "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("the valid start of a text") {
  CHECK(valid_utf8_length("") == 0);
  CHECK(valid_utf8_length("aé") == 3);
  CHECK(valid_utf8_length("aé\xFF") == 3);
  CHECK(valid_utf8_length("\xE2\x82") == 0);
}
