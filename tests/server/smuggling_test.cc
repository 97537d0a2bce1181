// Requests that two parsers may read differently. Each must be refused, and the connection closed,
// so that nothing behind it is taken for a request.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/server/http_client.h"
#include "tests/server/server_fixture.h"

namespace stepwell::server {
namespace {

struct Case {
  std::string name;
  std::string request;
  int status;
};

// What a smuggler wants to be read as a second request.
const std::string kHidden = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string post_with(const std::string& fields, const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
}

std::string get_with(const std::string& fields) {
  return "GET /hello HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

std::vector<Case> framing_cases() {
  return {
      {"length and coding",
       post_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"coding and length",
       post_with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
      {"two lengths", post_with("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400},
      {"twice the same length", post_with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
       400},
      {"list of lengths", post_with("Content-Length: 5, 5\r\n", "hello"), 400},
      {"signed length", post_with("Content-Length: +5\r\n", "hello"), 400},
      {"negative length", post_with("Content-Length: -5\r\n", "hello"), 400},
      {"hexadecimal length", post_with("Content-Length: 0x5\r\n", "hello"), 400},
      {"length with a blank inside", post_with("Content-Length: 5 5\r\n", "hello"), 400},
      {"empty length", post_with("Content-Length: \r\n", "hello"), 400},
      {"length over 64 bits", post_with("Content-Length: 18446744073709551621\r\n", "hello"), 400},
      {"gzip, then chunked", post_with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
      {"chunked, not last", post_with("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), 400},
      {"chunked twice", post_with("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 400},
      {"two codings",
       post_with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"identity", post_with("Transfer-Encoding: identity\r\n", "0\r\n\r\n"), 400},
      {"almost chunked", post_with("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400},
      {"chunked with a control byte", post_with("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"),
       400},
      {"HTTP/1.0 with chunks",
       "POST /echo HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"chunk size with a sign", post_with("Transfer-Encoding: chunked\r\n", "+5\r\nhello\r\n"),
       400},
      {"chunk size 0x5", post_with("Transfer-Encoding: chunked\r\n", "0x5\r\nhello\r\n"), 400},
      {"chunk size over 64 bits",
       post_with("Transfer-Encoding: chunked\r\n", "10000000000000005\r\nhello\r\n"), 400},
      {"chunk longer than its size",
       post_with("Transfer-Encoding: chunked\r\n", "3\r\nhello\r\n0\r\n\r\n"), 400},
      {"chunk size ended by LF", post_with("Transfer-Encoding: chunked\r\n", "5\nhello\r\n"), 400},
      {"chunk ended by LF", post_with("Transfer-Encoding: chunked\r\n", "5\r\nhello\n0\r\n\r\n"),
       400},
      {"extension ended by LF",
       post_with("Transfer-Encoding: chunked\r\n", "5;a\nhello\r\n0\r\n\r\n"), 400},
  };
}

std::vector<Case> head_cases() {
  const std::string nul(1, '\0');
  return {
      {"folded first field",
       "POST /echo HTTP/1.1\r\nHost: localhost\r\n Content-Length: 5\r\n\r\nhello", 400},
      {"folded with a tab", get_with("X-Note: a\r\n\tb\r\n"), 400},
      {"folded before any field", "GET /hello HTTP/1.1\r\n Host: localhost\r\n\r\n", 400},
      {"blank before the colon", post_with("Content-Length : 5\r\n", "hello"), 400},
      {"tab before the colon", post_with("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"), 400},
      {"field without a colon", get_with("nonsense\r\n"), 400},
      {"field without a name", get_with(": value\r\n"), 400},
      {"name with a blank", get_with("X Note: a\r\n"), 400},
      {"name with a bracket", get_with("X(Note): a\r\n"), 400},
      {"name above ASCII", get_with("X-N\xc3\xb6te: a\r\n"), 400},
      {"NUL in a value", get_with("X-Note: a" + nul + "b\r\n"), 400},
      {"NUL in a name", get_with("X-No" + nul + "te: a\r\n"), 400},
      {"DEL in a value", get_with("X-Note: a\x7f\r\n"), 400},
      {"bare CR in a value", get_with("X-Note: a\rContent-Length: 5\r\n"), 400},
      {"bare CR as a line end", "GET /hello HTTP/1.1\r\nHost: localhost\rX-Note: a\r\n\r\n", 400},
      {"bare LF as a line end", "GET /hello HTTP/1.1\r\nHost: localhost\nX-Note: a\r\n\r\n", 400},
      {"bare LF behind the request line", "GET /hello HTTP/1.1\nHost: localhost\r\n\r\n", 400},
      {"bare LFs at the end", "GET /hello HTTP/1.1\r\nHost: localhost\n\n", 400},
      {"CR CR LF", "GET /hello HTTP/1.1\r\r\nHost: localhost\r\n\r\n", 400},
      {"empty lines before", "\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"blank before the method", " GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"HTTP/0.9", "GET /hello\r\n\r\n", 505},
      {"HTTP/2", "GET /hello HTTP/2.0\r\nHost: localhost\r\n\r\n", 505},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"HTTP/1.2", "GET /hello HTTP/1.2\r\nHost: localhost\r\n\r\n", 505},
      {"lower-case version", "GET /hello http/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"unknown method", "BREW /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
      {"lower-case method", "get /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
      {"method without a meaning here", "TRACE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
      {"CONNECT", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", 501},
      {"target without a slash", "GET hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"target with a fragment", "GET /hello#x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"target above ASCII", "GET /h\xc3\xa9llo HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"target with a blank", "GET /hel lo HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"absolute target of another host",
       "GET http://evil.example/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"absolute target of another scheme",
       "GET https://localhost/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"no Host", "GET /hello HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400},
      {"TLS", "\x16\x03\x01\x02" + nul + "\x01" + nul + nul, 400},
      {"malformed query escape", "GET /items/1/2?a=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"unknown expectation", post_with("Expect: 200-ok\r\nContent-Length: 5\r\n", "hello"), 417},
  };
}

void check_refused(const Case& test) {
  CAPTURE(test.name);
  // Whole, and byte by byte: where the reads cut must not matter.
  for (const bool is_cut : {false, true}) {
    CAPTURE(is_cut);
    ServerFixture fixture;
    HttpClient client(fixture.port());
    const std::string bytes = test.request + kHidden;
    if (is_cut) {
      for (const char byte : bytes) {
        if (!client.send({&byte, 1})) break;
      }
    } else {
      client.send(bytes);
    }
    const auto reply = client.read_reply();
    REQUIRE(reply.has_value());
    CHECK(reply->status == test.status);
    CHECK(reply->header("connection") == "close");
    CHECK(reply->body.find("\"status\":" + std::to_string(test.status)) != std::string::npos);
    CHECK(client.is_closed());
  }
}

}  // namespace

TEST_CASE("a body whose end is in doubt is refused") {
  for (const Case& test : framing_cases()) check_refused(test);
}

TEST_CASE("a head that is not exactly right is refused") {
  for (const Case& test : head_cases()) check_refused(test);
}

TEST_CASE("what is unusual but right is accepted") {
  const std::vector<Case> cases = {
      {"one empty line before", "\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
      {"absolute target", "GET http://localhost/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
      {"absolute target in capitals",
       "GET HTTP://LOCALHOST/hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 200},
      {"no blank behind the colon", "GET /hello HTTP/1.1\r\nHost:localhost\r\n\r\n", 200},
      {"blanks around a value", "GET /hello HTTP/1.1\r\nHost: \t localhost \t\r\n\r\n", 200},
      {"empty value", get_with("X-Note:\r\n"), 200},
      {"value above ASCII", get_with("X-Note: caf\xc3\xa9\r\n"), 200},
      {"fields in capitals", "GET /hello HTTP/1.1\r\nHOST: localhost\r\nX-NOTE: A\r\n\r\n", 200},
      {"zero length", get_with("Content-Length: 0\r\n"), 200},
      {"HTTP/1.0", "GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n", 200},
      {"an upgrade that nobody takes", get_with("Connection: Upgrade\r\nUpgrade: websocket\r\n"),
       200},
      {"chunks with extensions",
       post_with("Transfer-Encoding: chunked\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n"), 200},
      {"chunks with trailers",
       post_with("Transfer-Encoding: Chunked\r\n", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), 200},
      {"leading zeros of a chunk",
       post_with("Transfer-Encoding: chunked\r\n", "0005\r\nhello\r\n00\r\n\r\n"), 200},
  };
  for (const Case& test : cases) {
    CAPTURE(test.name);
    ServerFixture fixture;
    HttpClient client(fixture.port());
    client.send(test.request);
    const auto reply = client.read_reply();
    REQUIRE(reply.has_value());
    CHECK(reply->status == test.status);
    CHECK(reply->body == "hello");
  }
}

}  // namespace stepwell::server
