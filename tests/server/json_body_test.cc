#include "api/server/json_body.h"

#include <doctest/doctest.h>

namespace stepwell::server {

TEST_CASE("a body is one object, with none but the members that are known") {
  CHECK(parse_object("{}", {"a", "b"}).ok());
  CHECK(parse_object(R"({"b":1,"a":null})", {"a", "b"}).ok());
  for (const char* body : {"", "{", "[]", "null", "5", "\"a\""}) {
    CAPTURE(body);
    CHECK(parse_object(body, {"a", "b"}).error().code == ErrorCode::kInvalid);
  }
  CHECK(parse_object(R"({"a":1,"A":2})", {"a", "b"}).error().message ==
        "the body has no member \"A\"; there are a, b");
  CHECK(parse_object("[]", {"a"}).error().message == "the body must be a JSON object");
}

TEST_CASE("a member that should be a string is one, or is not there") {
  const JsonView object = *parse_json(R"({"text":"t","null":null,"list":["t"],"no":false})");
  CHECK(read_text(object, "text").value() == "t");
  CHECK(read_text(object, "null").value().empty());
  CHECK(read_text(object, "absent").value().empty());
  CHECK(read_text(object, "list").error().message == "\"list\" must be a string");
  CHECK_FALSE(read_text(object, "no").ok());
}

}  // namespace stepwell::server
