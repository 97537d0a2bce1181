#include "api/sdk/syncer.h"

#include <doctest/doctest.h>

#include "schema/utf8.h"

namespace stepwell::sdk {
namespace {

std::string refusal(int status, std::string body) {
  return refusal_of({.status = status, .headers = {}, .body = std::move(body), .url = {}});
}

TEST_CASE("an app that refuses is quoted, and else its status is explained") {
  CHECK(refusal(500, R"({"message":"no such app","error":"x"})") == "it answers 500: no such app");
  CHECK(refusal(500, R"({"error":"bad key","code":"x"})") == "it answers 500: bad key");
  CHECK(refusal(401, R"({"code":"sig_verification_failed"})") ==
        "it answers 401: sig_verification_failed");
  CHECK(refusal(500, R"({"message":7})") == "it answers 500");
  CHECK(refusal(401, "") ==
        "it answers 401: its signing key differs from ours, or it is in another mode");
  CHECK(refusal(404, "<html>") == "it answers 404: nothing is served at this path");
  CHECK(refusal(502, "[1]") == "it answers 502");
}

TEST_CASE("long words of an app are cut, but not inside a character") {
  std::string words = "x";
  for (int i = 0; i < 400; ++i) words += "\u00e9";
  const std::string shown = refusal(500, "{\"message\":\"" + words + "\"}");
  CHECK(shown.size() < 530);
  CHECK(shown.size() > 490);
  CHECK(valid_utf8_length(shown) == shown.size());
}

}  // namespace
}  // namespace stepwell::sdk
