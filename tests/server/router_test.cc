#include "api/server/router.h"

#include <doctest/doctest.h>

#include "tests/server/http_client.h"
#include "tests/server/server_fixture.h"

namespace stepwell::server {
namespace {

template <typename T>
concept CompilesWithoutPolicy = requires {
  T{.method = Method::kGet, .pattern = "/"};
};
template <typename T>
concept CompilesWithPolicy = requires {
  T{.method = Method::kGet, .pattern = "/", .policy = Access::kPublic};
};
static_assert(CompilesWithPolicy<Route>);
static_assert(!CompilesWithoutPolicy<Route>, "a route without a policy must not compile");

}  // namespace

TEST_CASE("paths are matched segment by segment, literals first, parameters decoded") {
  ServerFixture fixture;
  CHECK(fetch(fixture.port(), "/items/7/a%2Fb").body == "7|a/b|");
  CHECK(fetch(fixture.port(), "/items/7/a+b?x=1&y=a+b&x=%26").body == "7|a+b|x=1;y=a b;x=&;");
  CHECK(fetch(fixture.port(), "/items/first/a").body == "first");
  CHECK(fetch(fixture.port(), "/items/7/%zz").status == 400);
  CHECK(fetch(fixture.port(), "/items/7/a%00b").status == 400);
}

TEST_CASE("a path has one spelling") {
  ServerFixture fixture;
  for (const char* path : {"/", "/Hello", "/hello/", "//hello", "/hello//", "/./hello",
                           "/x/../hello", "/%68ello", "/hello%2f", "/hello;x", "/items/7",
                           "/items/7/", "/items//a", "/items/7/a/", "/secret/", "//secret"}) {
    CAPTURE(path);
    const Reply reply = fetch(fixture.port(), path);
    CHECK(reply.status == 404);
    CHECK(reply.header("content-type") == "application/json");
    CHECK(reply.body == R"({"error":"no such path","status":404})");
  }
}

TEST_CASE("a known path with another method is 405 and names its methods") {
  ServerFixture fixture;
  const Reply reply = post_to(fixture.port(), "/hello", "");
  CHECK(reply.status == 405);
  CHECK(reply.header("allow") == "GET, HEAD, OPTIONS");
  CHECK(reply.body.find("\"status\":405") != std::string::npos);

  HttpClient client(fixture.port());
  client.send("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto options = client.read_reply();
  CHECK(options->status == 204);
  CHECK(options->header("allow") == "POST, OPTIONS");
  CHECK(options->headers.count("content-length") == 0);
}

TEST_CASE("the authorizer decides before the body is read") {
  ServerFixture fixture;
  CHECK(fetch(fixture.port(), "/secret").status == 401);
  CHECK(fetch(fixture.port(), "/secret", "Authorization: Bearer open\r\n").body == "secret");
  CHECK(fetch(fixture.port(), "/secret", "Authorization: Bearer shut\r\n").status == 401);
  CHECK(fetch(fixture.port(), "/secret",
              "Authorization: Bearer shut\r\nAuthorization: Bearer open\r\n")
            .status == 400);
}

TEST_CASE("a request without a host is told that it needs one") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.send("GET /hello HTTP/1.0\r\n\r\n");
  const auto reply = client.read_reply();
  REQUIRE(reply);
  CHECK(reply->status == 400);
  CHECK(reply->body.find("names no host") != std::string::npos);
}

TEST_CASE("only known hosts are answered, on every route") {
  ServerFixture fixture;
  const auto status_for = [&](const std::string& path, const std::string& host) {
    HttpClient client(fixture.port());
    client.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client.read_reply()->status;
  };
  for (const char* path : {"/hello", "/secret", "/stream", "/nothing", "/echo"}) {
    CAPTURE(path);
    CHECK(status_for(path, "evil.example") == 403);
    CHECK(status_for(path, "localhost.evil.example") == 403);
    CHECK(status_for(path, "127.0.0.2.evil.example") == 403);
    CHECK(status_for(path, "a b") == 400);
    CHECK(status_for(path, "[::1") == 400);
    CHECK(status_for(path, "") == 400);
    CHECK(status_for(path, std::string(10'000, 'a')) == 400);
  }
  for (const char* host : {"localhost", "LOCALHOST:1", "app.localhost", "127.0.0.1:80", "[::1]"}) {
    CAPTURE(host);
    CHECK(status_for("/hello", host) == 200);
  }
}

TEST_CASE("pages of unknown origins are refused and get no permission") {
  OriginRules rules;
  rules.origins = {"https://app.example"};
  ServerFixture fixture({}, rules);
  for (const char* path : {"/hello", "/secret", "/stream", "/nothing"}) {
    for (const char* origin : {"null", "https://evil.example", "https://sub.app.example"}) {
      CAPTURE(path);
      CAPTURE(origin);
      const Reply reply = fetch(fixture.port(), path, "Origin: " + std::string(origin) + "\r\n");
      CHECK(reply.status == 403);
      CHECK(reply.headers.count("access-control-allow-origin") == 0);
    }
  }
  CHECK(fetch(fixture.port(), "/hello",
              "Origin: https://app.example\r\nOrigin: https://evil.example\r\n")
            .status == 403);
}

TEST_CASE("pages of allowed origins are named in the answer, errors included") {
  OriginRules rules;
  rules.origins = {"https://app.example"};
  ServerFixture fixture({}, rules);
  for (const char* path : {"/hello", "/nothing", "/secret"}) {
    CAPTURE(path);
    const Reply reply = fetch(fixture.port(), path, "Origin: https://app.example\r\n");
    CHECK(reply.header("access-control-allow-origin") == "https://app.example");
    CHECK(reply.header("vary") == "Origin");
  }
  CHECK(fetch(fixture.port(), "/hello").headers.count("access-control-allow-origin") == 0);
}

TEST_CASE("preflights name the methods and fields; private networks get no permission") {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.send(
      "OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-a, x-b\r\n"
      "Access-Control-Request-Private-Network: true\r\n\r\n");
  const auto reply = client.read_reply();
  CHECK(reply->status == 204);
  CHECK(reply->header("access-control-allow-origin") == "http://localhost:3000");
  CHECK(reply->header("access-control-allow-methods") == "POST, OPTIONS");
  CHECK(reply->header("access-control-allow-headers") == "x-a, x-b");
  CHECK(reply->header("access-control-max-age") == "3600");
  CHECK(reply->headers.count("access-control-allow-private-network") == 0);
  CHECK(reply->headers.count("access-control-allow-credentials") == 0);
}

TEST_CASE("a compressed body is refused") {
  ServerFixture fixture;
  CHECK(post_to(fixture.port(), "/echo", "x", "Content-Encoding: gzip\r\n").status == 415);
  CHECK(post_to(fixture.port(), "/echo", "x", "Content-Encoding: identity\r\n").status == 200);
}

}  // namespace stepwell::server
