#include "api/cli/text.h"

#include <doctest/doctest.h>

#include "api/cli/width.h"
#include "schema/json.h"
#include "schema/utf8.h"
#include "tests/cli/evil.h"

namespace stepwell::cli {

TEST_CASE("what could move, colour, hide or reorder comes out as escapes") {
  CHECK(neutralise("plain text, é, 漢字, 🎉") == "plain text, é, 漢字, 🎉");
  CHECK(neutralise("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(neutralise("\x1b[2J\x1b]0;title\x07") == "\\x1b[2J\\x1b]0;title\\x07");
  CHECK(neutralise(std::string("a\0b", 3)) == "a\\x00b");
  CHECK(neutralise("\x7f") == "\\x7f");
  CHECK(neutralise("\xc2\x9b"
                   "31m") == "\\x9b31m");  // CSI as one character
  CHECK(neutralise("\u202egnp.exe") == "\\u{202e}gnp.exe");
  CHECK(neutralise("a\u200bb\u2066c\ufeff") == "a\\u{200b}b\\u{2066}c\\u{feff}");
  CHECK(neutralise("\U000e0041") == "\\u{e0041}");
  CHECK(neutralise("\xff\xc0x") == "\ufffd\ufffdx");
}

TEST_CASE("nothing of the evil corpus survives, and nothing of it grows out of bounds") {
  for (const std::string& evil : evil_texts()) {
    const std::string clean = neutralise(evil);
    CHECK(is_harmless(clean));
    CHECK(valid_utf8_length(clean) == clean.size());
    CHECK(neutralise(clean) == clean);
    for (size_t width : {0u, 1u, 2u, 7u, 40u}) {
      const std::string cut = fit(clean, width);
      CHECK(display_width(cut) <= width);
      CHECK(cut.size() <= 4 * 8 * (width + 1));
      CHECK(display_width(pad(clean, width)) == width);
      CHECK(display_width(pad_left(clean, width)) == width);
    }
  }
}

TEST_CASE("cells: marks take none, wide characters two") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("é") == 1);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("漢字") == 4);
  CHECK(display_width("🎉") == 2);
  CHECK(display_width("한글") == 4);
  CHECK(display_width("✓●◷█░←→…") == 8);
  CHECK(code_point_width(0x20000) == 2);
  CHECK(code_point_width(0x0301) == 0);
}

TEST_CASE("a text is cut at cells, never inside a character") {
  CHECK(fit("abcdef", 6) == "abcdef");
  CHECK(fit("abcdef", 4) == "abc…");
  CHECK(fit("漢字漢字", 8) == "漢字漢字");
  CHECK(fit("漢字漢字", 7) == "漢字漢…");
  CHECK(fit("漢字漢字", 6) == "漢字…");
  CHECK(fit("漢", 1) == "…");
  CHECK(fit("abc", 0).empty());
  CHECK(fit("", 5).empty());
  CHECK(pad("漢", 4) == "漢  ");
  CHECK(pad_left("12", 4) == "  12");
}

TEST_CASE("long text is broken at blanks, and within words that are longer than a line") {
  using Lines = std::vector<std::string>;
  CHECK(wrap("one two three four", 9, 5) == Lines{"one two", "three", "four"});
  CHECK(wrap("one two", 7, 5) == Lines{"one two"});
  CHECK(wrap("", 7, 5) == Lines{""});
  CHECK(wrap("abcdefghij", 4, 5) == Lines{"abcd", "efgh", "ij"});
  CHECK(wrap("one two three four", 9, 2) == Lines{"one two", "three fo…"});
  CHECK(wrap("漢字漢字", 5, 3) == Lines{"漢字", "漢字"});
  // One cell too long: nothing is left out of the line that is cut.
  CHECK(wrap("éèêëô", 4, 3) == Lines{"éèêë", "ô"});
  CHECK(wrap("abcde", 4, 3) == Lines{"abcd", "e"});
  CHECK(wrap("ab cde", 5, 3) == Lines{"ab", "cde"});
  CHECK(wrap("漢字漢", 5, 3) == Lines{"漢字", "漢"});
  for (const std::string& evil : evil_texts()) {
    const std::string clean = neutralise(evil);
    for (const std::string& line : wrap(clean, 20, 4)) CHECK(display_width(line) <= 20);
    CHECK(wrap(clean, 20, 4).size() <= 4);
  }
}

TEST_CASE("marks that pile up on one character are dropped") {
  std::string tower = "a";
  for (int i = 0; i < 1000; ++i) tower += "\u0301";
  CHECK(fit(tower, 10).size() == 1 + 6 * 2);
  CHECK(fit(tower + "b", 10).back() == 'b');
}

TEST_CASE("JSON stays the same value, on one line or indented") {
  const std::string json = "{ \"a\" : [1, 2,{}],\n\"b\":{\"c\":\"x, y: {z}\"},\"d\":[ ]}";
  CHECK(compact_json(json) == R"({"a":[1,2,{}],"b":{"c":"x, y: {z}"},"d":[]})");
  CHECK(indent_json(json) ==
        "{\n  \"a\": [\n    1,\n    2,\n    {}\n  ],\n  \"b\": {\n    \"c\": \"x, y: {z}\"\n  },\n"
        "  \"d\": []\n}");
  CHECK(indent_json("{\"a\":1}", 4) == "{\n      \"a\": 1\n    }");
  CHECK(indent_json("\"text\"") == "\"text\"");
}

TEST_CASE("JSON escapes what is harmful, and reads back as the same text") {
  for (const std::string& evil : evil_texts()) {
    const std::string json = "{" + json_quote(evil) + ":[" + json_quote(evil) + "]}";
    for (const std::string& shown : {compact_json(json), indent_json(json)}) {
      std::string without_breaks = shown;
      std::erase(without_breaks, '\n');
      CHECK(is_harmless(without_breaks));
      const Result<JsonView> read = parse_json(shown);
      REQUIRE(read.ok());
      JsonMembers members = read->members();
      REQUIRE(members.next());
      CHECK(json_quote(members.key()) == json_quote(evil));
      JsonElements elements = members.value().elements();
      REQUIRE(elements.next());
      CHECK(json_quote(*elements.value().as_string()) == json_quote(evil));
    }
  }
}

}  // namespace stepwell::cli
