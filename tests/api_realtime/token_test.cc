#include "api/realtime/token.h"

#include <doctest/doctest.h>

#include <string>

#include "schema/encoding.h"
#include "schema/json.h"

namespace stepwell::realtime {
namespace {

const Time kNow = from_millis(1'790'000'000'000);
const std::string kKey = "a key of this test";

TokenClaims example() {
  return {.id = "01K3ABCDEFGHJKMNPQRSTVWXYZ",
          .issued_at = kNow,
          .expires_at = kNow + kTokenLifetime,
          .topics = {{"uploads:7f0c", "status"}, {"post 1/ü", "updated", "event"}}};
}

// A token of any header and claims, properly signed with `key`.
std::string forge(std::string_view header, std::string_view claims, std::string_view key) {
  std::string token = base64url_encode(header) + "." + base64url_encode(claims);
  return token + "." + base64url_encode(as_bytes(hmac_sha256(key, token)));
}

const std::string kHeader = R"({"alg":"HS256","typ":"JWT"})";

std::string claims_with(const std::string& changed) {
  return R"({"iss":"rt.inngest.com","env":"00000000-0000-4000-b000-000000000000",)" + changed +
         R"(,"topics":[{"kind":"run","channel":"c","name":"t"}]})";
}

}  // namespace

TEST_CASE("what was signed is read back") {
  const TokenSigner signer(kKey);
  const std::string token = signer.sign(example());
  const auto claims = signer.verify(token, kNow);
  REQUIRE(claims.ok());
  CHECK(*claims == example());
  TokenClaims publisher = example();
  publisher.may_publish = true;
  publisher.topics.clear();
  CHECK(*signer.verify(signer.sign(publisher), kNow) == publisher);
}

TEST_CASE("the claims are those that SDKs know") {
  const std::string token = TokenSigner(kKey).sign(example());
  const size_t first = token.find('.') + 1;
  const auto payload = base64url_decode(token.substr(first, token.rfind('.') - first));
  REQUIRE(payload.has_value());
  const JsonView json = parse_json(*payload).value();
  CHECK(json.find("iss")->as_string() == "rt.inngest.com");
  CHECK(json.find("sub")->as_string() == "00000000-0000-4000-a000-000000000000");
  CHECK(json.find("exp")->as_int64() == 1'790'000'060);
  CHECK(json.find("iat")->as_int64() == 1'790'000'000);
  CHECK(json.find("publish")->as_bool() == false);
  CHECK(json.find("topics")->text().find(R"("channel":"uploads:7f0c","name":"status")") !=
        std::string_view::npos);
}

TEST_CASE("a token holds for its time and not a second longer") {
  const TokenSigner signer(kKey);
  const std::string token = signer.sign(example());
  CHECK(signer.verify(token, kNow + kTokenLifetime - Duration(1)).ok());
  CHECK(!signer.verify(token, kNow + kTokenLifetime).ok());
  CHECK(!signer.verify(token, kNow - Duration(1)).ok());
}

TEST_CASE("a token that was changed, cut or signed by another is refused") {
  const TokenSigner signer(kKey);
  const std::string token = signer.sign(example());
  CHECK(!TokenSigner("another key").verify(token, kNow).ok());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    CAPTURE(i);
    CHECK(!signer.verify(changed, kNow).ok());
    CHECK(!signer.verify(token.substr(0, i), kNow).ok());
  }
  for (const std::string& text : {token + "=", token + ".", "." + token, token + "A",
                                  std::string(".."), std::string(10'000, '.')}) {
    CHECK(!signer.verify(text, kNow).ok());
  }
}

TEST_CASE("no other algorithm is accepted, signed or not") {
  const TokenSigner signer(kKey);
  const std::string claims = claims_with(R"("exp":1790000060,"iat":1790000000)");
  CHECK(signer.verify(forge(kHeader, claims, kKey), kNow).ok());
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"RS256"})", R"({"alg":"hs256"})",
                             R"({"alg":"HS512"})", R"({})", R"([])", R"(nonsense)", R"("HS256")"}) {
    CAPTURE(header);
    CHECK(!signer.verify(forge(header, claims, kKey), kNow).ok());
  }
  const std::string unsigned_token =
      base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(claims) + ".";
  CHECK(!signer.verify(unsigned_token, kNow).ok());
}

TEST_CASE("claims that are missing or not ours are refused") {
  const TokenSigner signer(kKey);
  const auto is_accepted = [&](const std::string& claims) {
    return signer.verify(forge(kHeader, claims, kKey), kNow).ok();
  };
  CHECK(is_accepted(claims_with(R"("exp":1790000060,"iat":1790000000)")));
  CHECK(!is_accepted(claims_with(R"("iat":1790000000)")));
  CHECK(!is_accepted(claims_with(R"("exp":1790000060)")));
  CHECK(!is_accepted(claims_with(R"("exp":"1790000060","iat":1790000000)")));
  CHECK(!is_accepted(claims_with(R"("exp":1790000060,"iat":1790000001)")));
  CHECK(!is_accepted(claims_with(R"("exp":99999999999999999,"iat":1790000000)")));
  CHECK(!is_accepted(claims_with(R"("iss":"other","exp":1790000060,"iat":1790000000)")));
  CHECK(!is_accepted(claims_with(R"("env":"other","exp":1790000060,"iat":1790000000)")));
  CHECK(!is_accepted(R"({"exp":1790000060,"iat":1790000000})"));
  CHECK(!is_accepted("[]"));
  CHECK(!is_accepted("{"));
}

TEST_CASE("the topics that a token is asked for are read strictly") {
  const auto topics =
      parse_token_topics(R"([{"channel":"a","name":"x","kind":"run","env_id":"e"}])");
  REQUIRE(topics.ok());
  CHECK(*topics == std::vector<TokenTopic>{{"a", "x"}});
  for (const char* wrong :
       {"", "{}", "[]", "[1]", R"([{"channel":"a"}])", R"([{"name":"a"}])",
        R"([{"channel":1,"name":"a"}])", R"([{"channel":"","name":"a"}])",
        R"([{"channel":"a","name":""}])", R"([{"channel":"a","name":"b","kind":"other"}])",
        R"([{"channel":"a","name":"b"}] x)"}) {
    CAPTURE(wrong);
    CHECK(!parse_token_topics(wrong).ok());
  }
  std::string many = "[";
  for (int i = 0; i < 101; ++i) many += R"({"channel":"a","name":"b"},)";
  many.back() = ']';
  CHECK(parse_token_topics(many).error().code == ErrorCode::kTooLarge);
}

}  // namespace stepwell::realtime
