#include "api/server/http_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace stepwell::server {
namespace {

using Event = RequestParser::Event;

// Feeds `bytes` in pieces of `piece` bytes and returns the requests that came out; stops at an
// error.
std::vector<Request> parse_all(RequestParser& parser, std::string_view bytes, size_t piece) {
  std::vector<Request> requests;
  while (true) {
    const std::string_view next = bytes.substr(0, piece);
    const RequestParser::Progress progress = parser.feed(next);
    bytes.remove_prefix(progress.consumed);
    if (progress.event == Event::kError) return requests;
    if (progress.event == Event::kMessage) requests.push_back(parser.take_request());
    if (progress.event == Event::kNeedMore && bytes.empty()) return requests;
  }
}

}  // namespace

TEST_CASE("requests behind each other are read one by one, however they are cut") {
  const std::string bytes =
      "POST /a?x=1 HTTP/1.1\r\nHost: one\r\nContent-Length: 5\r\n\r\nhello"
      "GET /b HTTP/1.1\r\nHost: two\r\n\r\n"
      "POST /c HTTP/1.1\r\nHost: three\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;e=1\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n"
      "DELETE /d HTTP/1.1\r\nHost: four\r\nContent-Length: 0\r\n\r\n"
      "HEAD /e HTTP/1.0\r\n\r\n";
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{7}, size_t{64}, bytes.size()}) {
    CAPTURE(piece);
    const Limits limits;
    RequestParser parser(limits);
    const std::vector<Request> requests = parse_all(parser, bytes, piece);
    REQUIRE(requests.size() == 5);
    CHECK(requests[0].method == Method::kPost);
    CHECK(requests[0].path == "/a");
    CHECK(requests[0].query_value("x") == "1");
    CHECK(requests[0].host == "one");
    CHECK(requests[0].body == "hello");
    CHECK(requests[1].path == "/b");
    CHECK(requests[1].body.empty());
    CHECK(requests[2].body == "abcdefg");
    CHECK(requests[2].headers.count("x-trailer") == 0);
    CHECK(requests[3].method == Method::kDelete);
    CHECK(requests[4].minor_version == 0);
    CHECK(!parser.is_inside_message());
  }
}

TEST_CASE("the head is reported before the body, with what is known of it") {
  const Limits limits;
  RequestParser parser(limits);
  std::string_view bytes =
      "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n"
      "Expect: 100-Continue\r\n\r\nabc";
  const auto head = parser.feed(bytes);
  REQUIRE(head.event == Event::kHead);
  bytes.remove_prefix(head.consumed);
  CHECK(bytes == "abc");
  CHECK(parser.has_body());
  CHECK(parser.content_length() == 3);
  CHECK(!parser.keep_alive());
  CHECK(parser.request().wants_continue);
  CHECK(parser.is_reading_body());
  REQUIRE(parser.feed(bytes).event == Event::kMessage);
  const Request request = parser.take_request();
  CHECK(request.body == "abc");
  CHECK(request.body.capacity() >= request.body.size() + kBodyPadding);
}

TEST_CASE("a body is handed over without a copy") {
  const Limits limits;
  RequestParser parser(limits);
  const std::string body(100'000, 'b');
  const std::string bytes = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + body;
  auto progress = parser.feed(bytes);
  REQUIRE(progress.event == Event::kHead);
  parser.set_body_limit(100'000);
  progress = parser.feed(std::string_view(bytes).substr(progress.consumed));
  REQUIRE(progress.event == Event::kMessage);
  const char* data = parser.request().body.data();
  const Request request = parser.take_request();
  CHECK(request.body.data() == data);
  CHECK(request.body == body);
}

TEST_CASE("a chunked body stops at its limit") {
  const Limits limits;
  RequestParser parser(limits);
  const auto head =
      parser.feed("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  REQUIRE(head.event == Event::kHead);
  CHECK(!parser.content_length().has_value());
  parser.set_body_limit(8);
  CHECK(parser.feed("8\r\n12345678\r\n").event == Event::kNeedMore);
  CHECK(parser.feed("1\r\n9\r\n").event == Event::kError);
  CHECK(parser.error().status == 413);
  CHECK(parser.feed("0\r\n\r\n").event == Event::kError);
}

TEST_CASE("each limit of a head has its status, exactly at its edge") {
  Limits limits;
  limits.request_line_bytes_max = 20;
  limits.header_bytes_max = 30;
  limits.header_count_max = 2;
  const auto status_of = [&](const std::string& request) {
    RequestParser parser(limits);
    return parser.feed(request).event == Event::kError ? parser.error().status : 200;
  };
  CHECK(status_of("GET /12345 HTTP/1.1\r\nHost: h\r\n\r\n") == 200);
  CHECK(status_of("GET /123456 HTTP/1.1\r\nHost: h\r\n\r\n") == 200);
  CHECK(status_of("GET /1234567 HTTP/1.1\r\nHost: h\r\n\r\n") == 414);
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";  // 9 bytes of fields
  CHECK(status_of(start + "X: " + std::string(15, 'x') + "\r\n\r\n") == 200);
  CHECK(status_of(start + "X: " + std::string(20, 'x') + "\r\n\r\n") == 431);
  CHECK(status_of(start + "A: 1\r\n\r\n") == 200);
  CHECK(status_of(start + "A: 1\r\nB: 2\r\n\r\n") == 431);
}

TEST_CASE("chunk extensions and trailers have limits too") {
  Limits limits;
  limits.chunk_extension_bytes_max = 16;
  limits.trailer_bytes_max = 16;
  const std::string head = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto parse = [&](const std::string& body) {
    RequestParser parser(limits);
    const size_t complete = parse_all(parser, head + body, 4096).size();
    return complete == 1 ? 200 : parser.error().status;
  };
  CHECK(parse("1;aaaa=bbbb\r\nx\r\n0\r\n\r\n") == 200);
  CHECK(parse("1;aaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n0\r\n\r\n") == 400);
  CHECK(parse("1;aaaaaaaa\r\nx\r\n1;aaaaaaaa\r\nx\r\n1;aaaaaaaa\r\nx\r\n0\r\n\r\n") == 400);
  CHECK(parse("1\r\nx\r\n0\r\nA: 1\r\n\r\n") == 200);
  CHECK(parse("1\r\nx\r\n0\r\nA: 1111111111111111\r\n\r\n") == 431);
}

}  // namespace stepwell::server
