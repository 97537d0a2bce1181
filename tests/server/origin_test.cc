#include "api/server/origin.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace stepwell::server {

TEST_CASE("authorities are read strictly") {
  CHECK(parse_authority("LocalHost:8288") == Authority{"localhost", 8288, false});
  CHECK(parse_authority("app.example") == Authority{"app.example", std::nullopt, false});
  CHECK(parse_authority("127.0.0.1:1") == Authority{"127.0.0.1", 1, true});
  CHECK(parse_authority("[::1]:65535") == Authority{"::1", 65535, true});
  for (const std::string malformed :
       {"", "a b", "[::1", "::1", "[::1]x", "[localhost]", "a:", "a:b", "a:65536", "a:-1", "a:1:2",
        "a/b", "user@a", "a,b", "\xc3\xa9", ":80", "[]", "a:000080"}) {
    CAPTURE(malformed);
    CHECK(!parse_authority(malformed).has_value());
  }
  CHECK(!parse_authority(std::string(254, 'a')).has_value());
}

TEST_CASE("what is allowed is read as requests will have it") {
  for (const auto& [given, name] :
       {std::pair("Example.COM", "example.com"), std::pair("10.0.0.5", "10.0.0.5"),
        std::pair("[FD00::1]", "fd00::1"), std::pair("fd00::1", "fd00::1")}) {
    CAPTURE(given);
    CHECK(read_allowed_host(given).value() == name);
  }
  for (const char* host : {"", "*", "*.example.com", "https://foo.com", "foo.com:8288", "foo.com/",
                           "[::1]:80", "a b"}) {
    CAPTURE(host);
    CHECK(read_allowed_host(host).error().code == ErrorCode::kInvalid);
  }
  for (const auto& [given, origin] :
       {std::pair("https://App.example.com", "https://app.example.com"),
        std::pair("HTTPS://a.example:443", "https://a.example"),
        std::pair("http://a.example:80", "http://a.example"),
        std::pair("http://a.example:443", "http://a.example:443"),
        std::pair("http://[::1]:3000", "http://[::1]:3000"),
        std::pair("chrome-extension://abcdef", "chrome-extension://abcdef")}) {
    CAPTURE(given);
    CHECK(read_allowed_origin(given).value() == origin);
  }
  for (const char* origin : {"", "*", "null", "app.example.com", "https://a.example/", "https://",
                             "https://*.a.example", "://a", "https://a.example/x", "a b://c"}) {
    CAPTURE(origin);
    CHECK(read_allowed_origin(origin).error().code == ErrorCode::kInvalid);
  }
}

TEST_CASE("no name at all will do where any name does") {
  CHECK(OriginRules{.allow_any_host = true}.check_host("", "10.0.0.5") == 200);
  CHECK(OriginRules{.allow_any_host = true}.check_host(":80", "10.0.0.5") == 400);
  CHECK(OriginRules{}.check_host("", "127.0.0.1") == 400);
}

TEST_CASE("loopback has several names, and others that look like it") {
  for (const char* name : {"localhost", "app.localhost", "127.0.0.1", "127.1.2.3", "[::1]"}) {
    CAPTURE(name);
    CHECK(is_loopback_name(*parse_authority(name)));
  }
  for (const char* name : {"localhost.evil.example", "evillocalhost", "127.0.0.1.evil.example",
                           "128.0.0.1", "[::2]", "127.evil.example", ".localhost.x"}) {
    CAPTURE(name);
    CHECK(!is_loopback_name(*parse_authority(name)));
  }
}

TEST_CASE("hosts: loopback, our own address, configured names, nothing else") {
  OriginRules rules;
  rules.hosts = {"stepwell.example"};
  CHECK(rules.check_host("localhost:8288", "127.0.0.1") == 200);
  CHECK(rules.check_host("stepwell.example", "10.0.0.5") == 200);
  CHECK(rules.check_host("10.0.0.5:8288", "10.0.0.5") == 200);
  CHECK(rules.check_host("10.0.0.6:8288", "10.0.0.5") == 403);
  CHECK(rules.check_host("evil.example", "127.0.0.1") == 403);
  CHECK(rules.check_host("sub.stepwell.example", "127.0.0.1") == 403);
  CHECK(rules.check_host("a b", "127.0.0.1") == 400);
  rules.allow_loopback_hosts = false;
  CHECK(rules.check_host("localhost", "10.0.0.5") == 403);
  rules.allow_any_host = true;
  CHECK(rules.check_host("evil.example", "10.0.0.5") == 200);
  CHECK(rules.check_host("a b", "10.0.0.5") == 400);
}

TEST_CASE("origins: loopback in dev, our own pages, configured ones") {
  OriginRules rules;
  rules.origins = {"https://app.example"};
  const std::string host = "stepwell.example:8288";
  CHECK(rules.allows_origin("http://localhost:3000", host));
  CHECK(rules.allows_origin("https://app.example", host));
  CHECK(rules.allows_origin("http://stepwell.example:8288", host));
  for (const char* origin :
       {"null", "", "https://evil.example", "https://sub.app.example", "http://app.example",
        "https://app.example.evil.example", "https://app.example:444", "http://stepwell.example",
        "file://", "http://localhost.evil.example", "ftp://localhost", "http://localhost/",
        "http://localhost@evil.example"}) {
    CAPTURE(origin);
    CHECK(!rules.allows_origin(origin, host));
  }
  rules.allow_loopback_origins = false;
  CHECK(!rules.allows_origin("http://localhost:3000", host));
}

}  // namespace stepwell::server
