#include "schema/json_schema.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace stepwell;

namespace {

// What is wrong with the value; empty if it fits.
std::string misfit(const std::string& schema, const std::string& json) {
  const Result<JsonSchema> compiled = JsonSchema::compile(schema);
  REQUIRE_MESSAGE(compiled.ok(), (compiled.ok() ? "" : compiled.error().message));
  return compiled->misfit(json).value_or("");
}

void check_schema(const std::string& schema, const std::vector<std::string>& fitting,
                  const std::vector<std::string>& others) {
  CAPTURE(schema);
  for (const std::string& json : fitting) {
    CAPTURE(json);
    CHECK(misfit(schema, json) == "");
  }
  for (const std::string& json : others) {
    CAPTURE(json);
    CHECK(misfit(schema, json) != "");
  }
}

std::string refusal(const std::string& schema) {
  const Result<JsonSchema> compiled = JsonSchema::compile(schema);
  return compiled ? "" : compiled.error().message;
}

}  // namespace

TEST_CASE("types") {
  check_schema(R"({"type":"null"})", {"null"}, {"0", "false", "\"\""});
  check_schema(R"({"type":"boolean"})", {"true", "false"}, {"null", "1"});
  check_schema(R"({"type":"integer"})", {"0", "-7", "3.0", "1e3", "9007199254740993"},
               {"0.5", "\"1\"", "null"});
  check_schema(R"({"type":"number"})", {"0", "0.5", "1e400"}, {"\"1\"", "null"});
  check_schema(R"({"type":"string"})", {"\"\"", "\"a\""}, {"1", "null", "[\"a\"]"});
  check_schema(R"({"type":"array"})", {"[]", "[1]"}, {"{}", "null"});
  check_schema(R"({"type":"object"})", {"{}", "{\"a\":1}"}, {"[]", "null"});
  check_schema(R"({"type":["string","null"]})", {"\"\"", "null"}, {"1"});
  check_schema("true", {"1", "null"}, {});
  check_schema("false", {}, {"1", "null"});
  check_schema("{}", {"1", "null"}, {});
}

TEST_CASE("values and bounds") {
  check_schema(R"({"enum":["a",1,null,{"b":[1,2]}]})",
               {"\"a\"", "1", "1.0", "null", R"({ "b" : [1, 2.0] })"}, {"\"b\"", "2", "{}"});
  check_schema(R"({"const":"\u0061"})", {"\"a\""}, {"\"\\u0062\"", "1"});
  check_schema(R"({"minimum":1,"maximum":3})", {"1", "3", "2.5", "\"x\""}, {"0.9", "3.1", "1e400"});
  check_schema(R"({"exclusiveMinimum":1,"exclusiveMaximum":3})", {"1.1", "2.9"}, {"1", "3"});
  check_schema(R"({"minLength":2,"maxLength":3})", {"\"ab\"", "\"äöü\"", "\"\\u00e4b\"", "7"},
               {"\"a\"", "\"äöüß\""});
  check_schema(R"({"pattern":"^post:[0-9]+$"})", {"\"post:17\"", "1"}, {"\"post:\"", "\"x\""});
}

TEST_CASE("objects") {
  const std::string schema =
      R"({"type":"object","properties":{"id":{"type":"string"},"likes":{"type":"integer"}},)"
      R"("required":["id"],"additionalProperties":false})";
  check_schema(schema, {R"({"id":"1"})", R"({"likes":1,"id":"1"})"},
               {"{}", R"({"id":1})", R"({"id":"1","likes":0.5})", R"({"id":"1","x":0})", "[]"});
  check_schema(R"({"additionalProperties":{"type":"integer"}})", {"{}", R"({"a":1,"b":2})"},
               {R"({"a":"1"})"});
  check_schema(R"({"minProperties":1,"maxProperties":2})", {R"({"a":1})", R"({"a":1,"b":1})"},
               {"{}", R"({"a":1,"b":1,"c":1})"});
  check_schema(R"({"propertyNames":{"maxLength":1}})", {"{}", R"({"a":1})"}, {R"({"ab":1})"});
}

TEST_CASE("arrays") {
  check_schema(R"({"items":{"type":"integer"},"minItems":1,"maxItems":2})", {"[1]", "[1,2]"},
               {"[]", "[1,2,3]", "[\"1\"]"});
  check_schema(R"({"prefixItems":[{"type":"string"},true],"items":false})",
               {"[]", "[\"a\"]", "[\"a\",1]"}, {"[1]", "[\"a\",1,2]"});
}

TEST_CASE("schemas of schemas") {
  check_schema(R"({"anyOf":[{"type":"string"},{"minimum":5}]})", {"\"a\"", "6", "null"}, {"4"});
  check_schema(R"({"oneOf":[{"type":"integer"},{"minimum":5}]})", {"4", "5.5"}, {"6", "4.5"});
  check_schema(R"({"allOf":[{"minimum":1},{"maximum":2}]})", {"1", "2"}, {"0", "3"});
  check_schema(R"({"not":{"type":"null"}})", {"1"}, {"null"});
  check_schema(R"({"$ref":"#/$defs/id","$defs":{"id":{"type":"string"}}})", {"\"a\""}, {"1"});
  check_schema(R"({"properties":{"next":{"$ref":"#"},"n":{"type":"integer"}}})",
               {R"({"n":1,"next":{"n":2,"next":{}}})"}, {R"({"n":1,"next":{"n":"2"}})"});
}

TEST_CASE("annotations are passed over") {
  check_schema(R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":"t","$id":"i",)"
               R"("description":"d","default":1,"examples":[1],"format":"email","$comment":"c",)"
               R"("deprecated":true,"readOnly":true,"writeOnly":false,"contentEncoding":"base64",)"
               R"("contentMediaType":"x","type":"string"})",
               {"\"no address\""}, {"1"});
}

TEST_CASE("a schema that promises what is not checked, or is none, is refused and says where") {
  CHECK(refusal(R"({"properties":{"a":{"patternProperties":{}}}})") ==
        "the schema: #/properties/a/patternProperties: is not supported");
  CHECK(refusal(R"({"type":"strin"})") == "the schema: #/type: must name types of JSON");
  for (const char* schema :
       {"", "1", "\"x\"", "[]", "{", R"({"type":[]})", R"({"type":1})", R"({"required":"a"})",
        R"({"required":[1]})", R"({"minLength":-1})", R"({"minLength":"1"})", R"({"maximum":"1"})",
        R"({"pattern":"["})", R"({"pattern":1})", R"({"pattern":"\\1"})", R"({"items":1})",
        R"({"anyOf":[]})", R"({"anyOf":{}})", R"({"properties":[]})", R"({"enum":1})",
        R"({"enum":[1],"const":1})", R"({"$ref":"#/$defs/x"})", R"({"$ref":"other.json"})",
        R"({"items":{"$defs":{}}})", R"({"if":true})", R"({"multipleOf":2})"}) {
    CAPTURE(schema);
    CHECK(refusal(schema) != "");
  }
  std::string deep = "true";
  for (int i = 0; i < 100; ++i) deep = R"({"items":)" + deep + "}";
  CHECK(refusal(deep) != "");
  CHECK(refusal("\"" + std::string(kSchemaBytesMax, 'x') + "\"") != "");
}

TEST_CASE("a misfit names its place") {
  CHECK(misfit(R"({"properties":{"posts":{"items":{"properties":{"likes":{"type":"integer"}}}}}})",
               R"({"posts":[{"likes":1},{"likes":"2"}]})") ==
        "data.posts[1].likes: must be a whole number");
  CHECK(misfit(R"({"required":["id"]})", "{}") == "data.id: is missing");
  CHECK(misfit(R"({"type":["string","null"]})", "1") == "data: must be null or a string");
}

TEST_CASE("schemas that refer to themselves without end, or multiply, end") {
  CHECK(misfit(R"({"$ref":"#"})", "1").find("nested too deeply") != std::string::npos);
  std::string schema = R"({"$defs":{)";
  for (int i = 0; i < 30; ++i) {
    const std::string next = R"({"$ref":"#/$defs/)" + std::to_string(i + 1) + "\"}";
    schema += "\"" + std::to_string(i) + R"(":{"oneOf":[)" + next + "," + next + "]},";
  }
  schema += R"("30":true},"$ref":"#/$defs/0"})";
  CHECK(misfit(schema, "1") != "");
}
