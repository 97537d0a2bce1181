#include "schema/error_info.h"

#include <doctest/doctest.h>

using namespace stepwell;

TEST_CASE("an error's JSON leaves out what is empty") {
  CHECK(error_json({.name = "E", .message = "m"}) == R"({"name":"E","message":"m"})");
  CHECK(
      error_json({.name = "E", .message = "a\"b", .stack = "at f\nat g", .cause = R"({"x":1})"}) ==
      R"({"name":"E","message":"a\"b","stack":"at f\nat g","cause":{"x":1}})");
}

TEST_CASE("an error comes back from its JSON as it was") {
  for (const ErrorInfo& error :
       {ErrorInfo{}, ErrorInfo{.name = "", .message = "ü😀"},
        ErrorInfo{.name = "N", .message = "m", .stack = "s", .cause = "[1]"},
        ErrorInfo{.name = "N", .message = "\"\\\n", .cause = "\"text\""},
        ErrorInfo{.name = "N", .message = "m", .extra = R"({"code":"E1","data":null})"}}) {
    CHECK(parse_error_info(error_json(error)) == error);
  }
}

TEST_CASE("members of another type are taken as absent") {
  ErrorInfo error = parse_error_info(R"({"name":7,"message":[],"stack":null,"cause":null,"x":1})");
  CHECK(error == ErrorInfo{.name = "Error", .extra = R"({"x":1})"});
}

TEST_CASE("text that is no object becomes the message") {
  CHECK(parse_error_info("it broke").message == "it broke");
  CHECK(parse_error_info("\"it broke\"").message == "it broke");
  CHECK(parse_error_info("[1,2]").message == "[1,2]");
  CHECK(parse_error_info("").message.empty());
  CHECK(parse_error_info("it broke").name == "Error");
}

TEST_CASE("what could not be kept is left out, the rest is not") {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  const ErrorInfo error = parse_error_info(R"({"name":"N","message":"m","cause":)" + deep +
                                           R"(,"code":1e999,"why":7})");
  CHECK(error == ErrorInfo{.name = "N", .message = "m", .extra = R"({"why":7})"});
}

TEST_CASE("further members are kept, marks of the transport are not") {
  ErrorInfo error = parse_error_info(
      R"({"name":"N","error":"old","data":{"partial":1},"__serialized":true,"noRetry":false})");
  CHECK(error == ErrorInfo{.name = "N", .message = "old", .extra = R"({"data":{"partial":1}})"});
  CHECK(parse_error_info(R"({"error":"old","message":"new"})").message == "new");
}
