#include "api/sdk/response_parser.h"

#include <doctest/doctest.h>

#include <string>

namespace stepwell::sdk {
namespace {

using Event = ResponseParser::Event;

// Feeds it in pieces of so many bytes.
Event feed(ResponseParser& parser, std::string_view bytes, size_t piece) {
  Event event = Event::kNeedMore;
  while (!bytes.empty() && event == Event::kNeedMore) {
    event = parser.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return event;
}

TEST_CASE("responses in pieces of any size") {
  const std::string interim =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const std::string chunked =
      interim +
      "HTTP/1.1 206 Partial Content\r\nX-Name: Value\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
  for (size_t piece : {1, 2, 3, 7, 50, 1000}) {
    ResponseParser parser(100, false);
    REQUIRE(feed(parser, chunked, piece) == Event::kMessage);
    CHECK(parser.status() == 206);
    CHECK(parser.body() == "hello world");
    CHECK(parser.headers().find("x-name") == "Value");
    CHECK(!parser.headers().find("link"));
    CHECK(!parser.headers().find("trailer"));
    CHECK(parser.keep_alive());
  }
}

TEST_CASE("trailers end somewhere") {
  ResponseParser parser(100, false);
  const std::string body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  REQUIRE(parser.feed(body) == Event::kNeedMore);
  const std::string trailer = "Name: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 8; ++i) REQUIRE(parser.feed(trailer) == Event::kNeedMore);
  CHECK(parser.feed(trailer) == Event::kMalformed);
  CHECK(parser.problem().find("its trailers are too long") != std::string::npos);
}

TEST_CASE("bodies that end with the connection, and bodies that are not there") {
  ResponseParser open(100, false);
  CHECK(open.feed("HTTP/1.1 200 OK\r\n\r\nuntil the end") == Event::kNeedMore);
  CHECK(open.finish() == Event::kMessage);
  CHECK(open.body() == "until the end");
  CHECK(!open.keep_alive());

  ResponseParser none(100, false);
  CHECK(none.feed("HTTP/1.1 204 No Content\r\n\r\n") == Event::kMessage);
  ResponseParser empty(100, false);
  CHECK(empty.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") == Event::kMessage);
  ResponseParser head(100, true);
  CHECK(head.feed("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n") == Event::kMessage);
  ResponseParser closing(100, false);
  CHECK(closing.feed("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n") == Event::kMessage);
  CHECK(!closing.keep_alive());
}

TEST_CASE("a status that is none is malformed, however the body ends") {
  for (const char* framing : {"", "Content-Length: 2\r\n"}) {
    ResponseParser parser(100, false);
    const Event event = parser.feed(std::string("HTTP/1.1 001 OK\r\n") + framing + "\r\n{}");
    CHECK((event == Event::kNeedMore ? parser.finish() : event) == Event::kMalformed);
    CHECK(parser.problem() == "its status is none");
  }
}

TEST_CASE("an announced length over the limit is refused before the body comes") {
  ResponseParser parser(10, false);
  CHECK(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n") == Event::kTooLarge);
}

}  // namespace
}  // namespace stepwell::sdk
