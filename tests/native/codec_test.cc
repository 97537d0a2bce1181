// C++ values as JSON and back.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "stepwell/stepwell.h"

namespace shop {

enum class Size { kSmall, kLarge };

void encode(stepwell::Encoder& encoder, const Size& size) {
  encoder.string(size == Size::kLarge ? "large" : "small");
}
void decode(const stepwell::Decoder& decoder, Size& size) {
  size = decoder.as_string() == "large" ? Size::kLarge : Size::kSmall;
}

struct Item {
  std::string name;
  Size size = Size::kSmall;
};
STEPWELL_FIELDS(Item, name, size);

struct Node {
  std::string name;
  std::vector<Node> children;
};
STEPWELL_FIELDS(Node, name, children);

struct Basket {
  std::vector<Item> items;
  std::map<std::string, double> prices;
  std::optional<std::string> note;
  std::array<int8_t, 2> corner{};
  bool is_open = false;
  uint64_t total = 0;
  stepwell::RawJson extra;
};
STEPWELL_FIELDS(Basket, items, prices, note, corner, is_open, total, extra);

struct Settings {
  int retries = 4;
  std::string mode = "fast";
};
STEPWELL_FIELDS_WITH_DEFAULTS(Settings, retries, mode);

}  // namespace shop

using namespace stepwell;

static std::string decode_fault(std::string_view json) {
  try {
    from_json_text<shop::Basket>(json);
  } catch (const DecodeError& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("the schema of a type is what its values look like as JSON") {
  CHECK(json_schema<shop::Item>() ==
        R"({"type":"object","properties":{"name":{"type":"string"},"size":true},)"
        R"("required":["name","size"]})");
  CHECK(json_schema<shop::Basket>() ==
        R"({"type":"object","properties":{"items":{"type":"array","items":)" +
            json_schema<shop::Item>() +
            R"(},"prices":{"type":"object","additionalProperties":{"type":"number"}},)"
            R"("note":{"anyOf":[{"type":"string"},{"type":"null"}]},)"
            R"("corner":{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2},)"
            R"("is_open":{"type":"boolean"},"total":{"type":"integer","minimum":0},"extra":true},)"
            R"("required":["items","prices","corner","is_open","total","extra"]})");
  CHECK(json_schema<shop::Settings>() ==
        R"({"type":"object","properties":{"retries":{"type":"integer"},)"
        R"("mode":{"type":"string"}},"required":[]})");
  CHECK(json_schema<std::nullptr_t>() == R"({"type":"null"})");
  CHECK(json_schema<RawJson>() == "true");
}

TEST_CASE("the schema of a type inside of itself ends there") {
  CHECK(json_schema<shop::Node>() ==
        R"({"type":"object","properties":{"name":{"type":"string"},)"
        R"("children":{"type":"array","items":true}},"required":["name","children"]})");
}

TEST_CASE("a struct becomes an object and comes back") {
  shop::Basket basket;
  basket.items = {{"cup", shop::Size::kLarge}, {"a \"quoted\" tea\n", shop::Size::kSmall}};
  basket.prices = {{"cup", 1.5}, {"tea", 3}};
  basket.corner = {-128, 127};
  basket.total = std::numeric_limits<uint64_t>::max();
  basket.extra = RawJson(R"({"a" : 1e2})");
  std::string json = to_json_text(basket);
  CHECK(json == R"({"items":[{"name":"cup","size":"large"},)"
                R"({"name":"a \"quoted\" tea\n","size":"small"}],"prices":{"cup":1.5,"tea":3},)"
                R"("note":null,"corner":[-128,127],"is_open":false,"total":18446744073709551615,)"
                R"("extra":{"a" : 1e2}})");
  CHECK(to_json_text(from_json_text<shop::Basket>(json)) == json);
}

TEST_CASE("what does not fit says where") {
  CHECK(decode_fault("[]") == "expected an object, found []");
  CHECK(decode_fault("{}") == "items is missing from Basket");
  CHECK(decode_fault(R"({"items":[{"name":"x"}]})") == "items: size is missing from Item");
  CHECK(decode_fault(R"({"items":[],"prices":{},"corner":[1,128]})") ==
        "corner: the number 128 does not fit");
  CHECK(decode_fault(R"({"items":[],"prices":{},"corner":[1]})") == "corner: expected 2 elements");
  CHECK(decode_fault(R"({"items":[],"prices":{},"corner":[1,2],"is_open":1})") ==
        "is_open: expected true or false, found 1");
  CHECK(decode_fault(R"({"items":[],"prices":{},"corner":[1,2],"is_open":true,"total":-1})") ==
        "total: expected a whole number that is not negative, found -1");
}

TEST_CASE("members: unknown ones are ignored, escaped names found, optional ones may be absent") {
  auto item = from_json_text<shop::Item>(R"({"other":1,"n\u0061me":"cup","size":"large"})");
  CHECK(item.name == "cup");
  auto basket = from_json_text<shop::Basket>(
      R"({"items":[],"prices":{},"corner":[1,2],"is_open":true,"total":7,"extra":null})");
  CHECK_FALSE(basket.note);
}

TEST_CASE("members with defaults keep them") {
  auto settings = from_json_text<shop::Settings>(R"({"retries":9})");
  CHECK(settings.retries == 9);
  CHECK(settings.mode == "fast");
}

TEST_CASE("raw JSON is checked where it comes from outside") {
  CHECK(parse_raw_json("[1, 2]").text() == "[1, 2]");
  CHECK_THROWS_AS(parse_raw_json("[1, 2"), DecodeError);
}

TEST_CASE("conditions quote what they compare with") {
  CHECK(where("id", "a\"b") == R"(async.data.id == "a\"b")");
  CHECK(where("count", 3) == "async.data.count == 3");
  CHECK(where("flag", true) == "async.data.flag == true");
}

TEST_CASE("what is no number is null, and comes back as what is no number") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(to_json_text(nan) == "null");
  CHECK(std::isnan(from_json_text<double>(to_json_text(nan))));
  CHECK(std::isnan(from_json_text<float>("null")));
  CHECK(std::isnan(from_json_text<std::vector<double>>("[1,null]")[1]));
  CHECK_FALSE(from_json_text<std::optional<double>>("null").has_value());
  CHECK_THROWS_AS(from_json_text<int>("null"), DecodeError);
  CHECK_THROWS_AS(from_json_text<double>("\"1\""), DecodeError);
}
