#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "schema/json.h"
#include "schema/json_grammar.h"

using stepwell::JsonElements;
using stepwell::JsonMembers;
using stepwell::JsonType;
using stepwell::JsonView;

namespace {

JsonView view(std::string_view text) {
  REQUIRE_MESSAGE(stepwell::is_json(text), text);
  return JsonView::trusted(text);
}

}  // namespace

TEST_CASE("a view knows its type") {
  CHECK(JsonView().is_null());
  CHECK(view("null").type() == JsonType::kNull);
  CHECK(view("true").type() == JsonType::kBool);
  CHECK(view("-1").type() == JsonType::kNumber);
  CHECK(view("\"x\"").type() == JsonType::kString);
  CHECK(view("[]").type() == JsonType::kArray);
  CHECK(view("{}").type() == JsonType::kObject);
}

TEST_CASE("find gives a member's own text, and the last of duplicates") {
  const JsonView object = view(R"( { "a" : [1, {"b": 2}] , "b":"x\"}", "n" : null, "b" : 3.50 } )");
  CHECK(object.find("a")->text() == R"([1, {"b": 2}])");
  CHECK(object.find("b")->text() == "3.50");
  CHECK(object.find("n")->is_null());
  CHECK_FALSE(object.find("c"));
  CHECK_FALSE(object.find(""));
  CHECK_FALSE(view("[\"a\"]").find("a"));
  CHECK_FALSE(view("\"a\"").find("a"));
}

TEST_CASE("find compares keys after unescaping") {
  const JsonView object = view(R"({"a\"b":1,"\u0061":2,"\ud83d\ude00":3,"":4})");
  CHECK(object.find("a\"b")->text() == "1");
  CHECK(object.find("a")->text() == "2");
  CHECK(object.find("😀")->text() == "3");
  CHECK(object.find("")->text() == "4");
  CHECK_FALSE(object.find("\\u0061"));
}

TEST_CASE("members and elements come in the order of the text") {
  std::vector<std::string> seen;
  const JsonView object = view(R"({"z":1,"a\\":{"q":[]},"z":"[,]"})");
  for (JsonMembers it = object.members(); it.next();) {
    seen.push_back(it.key() + "=" + std::string(it.value().text()));
  }
  CHECK(seen == std::vector<std::string>{"z=1", "a\\={\"q\":[]}", "z=\"[,]\""});
  seen.clear();
  const JsonView array = view("[ 1 , [2,[3]] , {\"a\":\"]\"} , \"\\\\\" , true ]");
  for (JsonElements it = array.elements(); it.next();) seen.emplace_back(it.value().text());
  CHECK(seen == std::vector<std::string>{"1", "[2,[3]]", "{\"a\":\"]\"}", "\"\\\\\"", "true"});
}

TEST_CASE("empty containers and scalars hold nothing") {
  CHECK_FALSE(view("{}").members().next());
  CHECK_FALSE(view(" [ ] ").elements().next());
  CHECK_FALSE(view("[1]").members().next());
  CHECK_FALSE(view("{\"a\":1}").elements().next());
  CHECK_FALSE(view("3").elements().next());
  JsonElements exhausted = view("[1]").elements();
  CHECK(exhausted.next());
  CHECK_FALSE(exhausted.next());
  CHECK_FALSE(exhausted.next());
}

TEST_CASE("as_string unescapes") {
  CHECK(view(R"("")").as_string() == "");
  CHECK(view(R"("plain é")").as_string() == "plain é");
  CHECK(view(R"("\"\\\/\b\f\n\r\t")").as_string() == "\"\\/\b\f\n\r\t");
  CHECK(view(R"("\u0041\u00e9\u20AC\ud83d\uDE00")").as_string() == "Aé€😀");
  CHECK(view(R"("\u0000")").as_string() == std::string(1, '\0'));
  CHECK_FALSE(view("1").as_string());
}

TEST_CASE("lone surrogates become U+FFFD") {
  CHECK(view(R"("a\ud83d")").as_string() == "a\uFFFD");
  CHECK(view(R"("\ude00b")").as_string() == "\uFFFDb");
  CHECK(view(R"("\ud83d\ud83d\ude00")").as_string() == "\uFFFD😀");
  CHECK(view(R"("\ud83d\n")").as_string() == "\uFFFD\n");
  CHECK(view(R"("\ud83d\u0041")").as_string() == "\uFFFDA");
}

TEST_CASE("as_bool and as_double give scalars of their type only") {
  CHECK(view("true").as_bool() == true);
  CHECK(view("false").as_bool() == false);
  CHECK_FALSE(view("null").as_bool());
  CHECK(view("0.1").as_double() == 0.1);
  CHECK(view("-1.5e3").as_double() == -1500.0);
  CHECK(std::signbit(*view("-0").as_double()));
  CHECK_FALSE(view("\"1\"").as_double());
}

TEST_CASE("as_double reads numbers outside of its range as JavaScript does") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(view("1e309").as_double() == infinity);
  CHECK(view("-1e999999999999999999999").as_double() == -infinity);
  CHECK(view(std::string(400, '9')).as_double() == infinity);
  CHECK(view("1e-400").as_double() == 0.0);
  CHECK(view("0." + std::string(400, '0') + "1").as_double() == 0.0);
  CHECK(std::signbit(*view("-1e-400").as_double()));
  CHECK(view("5e-324").as_double() == 5e-324);
  CHECK(view("0e999999999999999999999").as_double() == 0.0);
}

TEST_CASE("as_int64 takes whole numbers that fit, however they are written") {
  CHECK(view("0").as_int64() == 0);
  CHECK(view("-0").as_int64() == 0);
  CHECK(view("-0.000e5").as_int64() == 0);
  CHECK(view("42").as_int64() == 42);
  CHECK(view("42.000").as_int64() == 42);
  CHECK(view("4.2e1").as_int64() == 42);
  CHECK(view("4200e-2").as_int64() == 42);
  CHECK(view("0.00042e5").as_int64() == 42);
  CHECK(view("-1.5E+3").as_int64() == -1500);
  CHECK(view("1700000000000").as_int64() == 1700000000000);
  CHECK(view("9223372036854775807").as_int64() == std::numeric_limits<int64_t>::max());
  CHECK(view("-9223372036854775808").as_int64() == std::numeric_limits<int64_t>::min());
  CHECK(view("-9223372036854775808.0").as_int64() == std::numeric_limits<int64_t>::min());
  CHECK(view("9007199254740993.0").as_int64() == 9007199254740993);
  CHECK(view("1e18").as_int64() == 1'000'000'000'000'000'000);
}

TEST_CASE("as_int64 refuses fractions, what does not fit, and other types") {
  for (const char* text : {"0.5", "42.1", "42e-1", "1e-1", "9223372036854775808", "1e19", "1e20",
                           "-9223372036854775809", "9223372036854775808.0", "99999999999999999999",
                           "1e99999999999999999999", "1e-99999999999999999999", "\"1\"", "null"}) {
    CAPTURE(text);
    CHECK_FALSE(view(text).as_int64());
  }
}

TEST_CASE("long runs of backslashes and quotes are walked once") {
  // Quadratic scanning would take minutes here.
  const std::string backslashes(1'000'000, '\\');
  std::string escaped_quotes;
  for (int i = 0; i < 500'000; ++i) escaped_quotes += "\\\"";
  const std::string text =
      "{\"a\":\"" + backslashes + "\",\"b\":\"" + escaped_quotes + "\",\"c\":7}";
  CHECK(view(text).find("c")->as_int64() == 7);
  CHECK(view(text).find("a")->as_string()->size() == 500'000);
  CHECK(view(text).find("b")->as_string() == std::string(500'000, '"'));
}

TEST_CASE("trusted text is trimmed, and broken text never leads outside of it") {
  CHECK(JsonView::trusted(" {\"a\":1} ").text() == "{\"a\":1}");
  CHECK(JsonView::trusted("").is_null());
  CHECK_FALSE(JsonView::trusted("[}").elements().next());
  CHECK_FALSE(JsonView::trusted("{]").members().next());
  for (const std::string whole :
       {R"({"a":[1,{"b":"c\""}],"d":"\ud83d\ude00","e":-1.5e3})", R"(["\u0041",{"k":[]},null])"}) {
    for (size_t length = 0; length < whole.size(); ++length) {
      // A copy of its own, so that the address sanitizer sees any read behind it.
      const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
      const JsonView broken = JsonView::trusted({cut.data(), cut.size()});
      size_t count = 0;
      for (JsonMembers it = broken.members(); it.next();) count += it.key().size();
      for (JsonElements it = broken.elements(); it.next();) {
        count += it.value().as_string().value_or("").size();
      }
      CHECK(count <= whole.size());
    }
  }
}
