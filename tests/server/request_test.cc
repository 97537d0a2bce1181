#include "api/server/request.h"

#include <doctest/doctest.h>

namespace stepwell::server {

TEST_CASE("headers keep their order, lower their names and lose blanks at their ends") {
  Headers headers;
  headers.append_name("Con");
  headers.append_name("tent-Type");
  headers.append_value("application");
  headers.append_value("/json \t ");
  headers.end_field();
  headers.append_name("X-Empty");
  headers.end_field();
  headers.append_name("CONTENT-TYPE");
  headers.append_value("second");
  headers.end_field();

  CHECK(headers.size() == 3);
  CHECK(headers.find("content-type") == "application/json");
  CHECK(headers.find("x-empty") == "");
  CHECK(!headers.find("x-other").has_value());
  CHECK(headers.count("content-type") == 2);
  CHECK(headers.name(1) == "x-empty");
  CHECK(headers.value(2) == "second");
  headers.clear();
  CHECK(headers.size() == 0);
}

TEST_CASE("percent escapes are decoded or refused") {
  CHECK(percent_decode("a%20b+c", PlusSign::kLiteral) == "a b+c");
  CHECK(percent_decode("a%20b+c", PlusSign::kIsSpace) == "a b c");
  CHECK(percent_decode("%c3%A9%2F", PlusSign::kLiteral) == "\xc3\xa9/");
  CHECK(percent_decode("", PlusSign::kLiteral) == "");
  for (const char* malformed : {"%", "%4", "a%", "%zz", "%4g", "%00"}) {
    CAPTURE(malformed);
    CHECK(!percent_decode(malformed, PlusSign::kLiteral).has_value());
  }
}

TEST_CASE("queries are split before they are decoded") {
  const auto query = parse_query("a=1&b=x%26y%3Dz&&c&d=&=e&a=2");
  REQUIRE(query.has_value());
  CHECK(*query ==
        NamedValues{{"a", "1"}, {"b", "x&y=z"}, {"c", ""}, {"d", ""}, {"", "e"}, {"a", "2"}});
  CHECK(parse_query("")->empty());
  CHECK(!parse_query("a=%").has_value());
  CHECK(!parse_query("%=a").has_value());
}

TEST_CASE("the first of equal query names is found") {
  Request request;
  request.query = {{"a", "1"}, {"a", "2"}};
  CHECK(request.query_value("a") == "1");
  CHECK(!request.query_value("b").has_value());
}

}  // namespace stepwell::server
