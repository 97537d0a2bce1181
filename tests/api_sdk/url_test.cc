#include "api/sdk/url.h"

#include <doctest/doctest.h>

namespace stepwell::sdk {
namespace {

TEST_CASE("what people are shown of a URL has no password and no query") {
  CHECK(without_secrets("http://127.0.0.1:8288") == "http://127.0.0.1:8288");
  CHECK(without_secrets("https://a.example/@me/x") == "https://a.example/@me/x");
  CHECK(without_secrets("https://a.example/x?key=k#f") == "https://a.example/x?…");
  CHECK(without_secrets("https://me:pa/ss@a.example/x") == "https://…@a.example/x");
  CHECK(without_secrets("me:secret@a.example") == "…@a.example");
}

TEST_CASE("URLs and their parts") {
  const Url url = Url::parse("HTTP://Example.COM:8080/a%20b?c=d&e#frag").value();
  CHECK(!url.is_https);
  CHECK(url.host == "example.com");
  CHECK(url.port == 8080);
  CHECK(url.target == "/a%20b?c=d&e");
  CHECK(url.path() == "/a%20b");
  CHECK(url.query() == "c=d&e");
  CHECK(url.authority() == "example.com:8080");
  CHECK(url.to_string() == "http://example.com:8080/a%20b?c=d&e");

  CHECK(Url::parse("https://h").value().to_string() == "https://h/");
  CHECK(Url::parse("https://h:443/").value().origin() == "https://h");
  CHECK(Url::parse("http://h?a=b").value().target == "/?a=b");
  CHECK(Url::parse("http://[::1]:3000/x").value().host == "::1");
  CHECK(Url::parse("http://[::1]:3000/x").value().authority() == "[::1]:3000");
  CHECK(Url::parse("http://[FE80::A]/").value().to_string() == "http://[fe80::a]/");
  CHECK(Url::parse("http://h/ä b").value().target == "/%C3%A4%20b");
}

TEST_CASE("what is no URL to call") {
  for (const char* text :
       {"", "h", "/path", "ftp://h/", "file:///etc/passwd", "http://", "http:///x", "http://u@h/",
        "http://u:p@h/", "http://h:0/", "http://h:65536/", "http://h:x/", "http://a b/",
        "http://h\r\nX: y/", "http://[::1/", "http://[h]/", "http://h%41/", "http://[aaaa]/",
        "http://[::1]x80/"}) {
    CHECK_MESSAGE(!Url::parse(text), text);
  }
  CHECK(!Url::parse("http://h/" + std::string(9000, 'x')));
}

TEST_CASE("an error quotes no password and no query") {
  for (const char* text :
       {"http://user:secret@host/x", "http://host:0/x?key=secret", "ftp://host/x?key=secret",
        "http://host!/x#secret", "user:secret@host"}) {
    CAPTURE(text);
    const Result<Url> url = Url::parse(text);
    REQUIRE_FALSE(url.ok());
    CHECK(url.error().message.find("secret") == std::string::npos);
    CHECK(url.error().message.find("host") != std::string::npos);
  }
}

TEST_CASE("where a Location leads") {
  const Url base = Url::parse("http://h:1/a/b?q=1").value();
  const auto to = [&](std::string_view reference) {
    return base.resolve(reference).value().to_string();
  };
  CHECK(to("/x") == "http://h:1/x");
  CHECK(to("x?y=z#f") == "http://h:1/a/x?y=z");
  CHECK(to("../x") == "http://h:1/x");
  CHECK(to("../../../x/./y/..") == "http://h:1/x/");
  CHECK(to("?n=2") == "http://h:1/a/b?n=2");
  CHECK(to("") == "http://h:1/a/b?q=1");
  CHECK(to("//other/x") == "http://other/x");
  CHECK(to("https://other/x") == "https://other/x");
  CHECK(to("/x?u=http://y") == "http://h:1/x?u=http://y");
  CHECK(!base.resolve("javascript://x"));
  CHECK(!base.resolve("/x\r\nSet-Cookie: y"));
}

TEST_CASE("parameters of the query") {
  const auto merge = [](std::string_view url, std::string_view query) {
    return with_missing_parameters(Url::parse(url).value(), query).target;
  };
  CHECK(merge("http://h/", "a=1&b=2") == "/?a=1&b=2");
  CHECK(merge("http://h/?a=9", "a=1&b") == "/?a=9&b");
  CHECK(merge("http://h/?a", "a=1&&") == "/?a");

  CHECK(with_parameter("http://h/x", "s", "1") == "http://h/x?s=1");
  CHECK(with_parameter("http://h/x?s=0&y=2#f", "s", "1") == "http://h/x?y=2&s=1");
  CHECK(with_parameter("http://h/x?ss=0", "s", "1") == "http://h/x?ss=0&s=1");
}

}  // namespace
}  // namespace stepwell::sdk
