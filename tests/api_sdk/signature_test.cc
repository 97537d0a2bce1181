#include "api/sdk/signature.h"

#include <doctest/doctest.h>

#include "schema/jcs.h"

using namespace stepwell;
using namespace stepwell::sdk;
using server::SigningKey;

namespace {

const Time kNow = from_millis(1'732'380'000'000);

SigningKey key_of(std::string_view text) {
  return SigningKey::parse(text).value();
}

SigningKey sample() {
  return key_of("signkey-test-8ee2262a15e8d3c42d6a840db7af3de2");
}

std::string refusal(const std::vector<SigningKey>& keys, std::string_view field,
                    std::string_view body, Time now = kNow) {
  const Result<void> verified = verify_signature(keys, field, body, now);
  if (verified) return "";
  CHECK(verified.error().code == ErrorCode::kUnauthorized);
  return verified.error().message;
}

}  // namespace

// Made with Python's hmac module.
constexpr std::string_view kBody = R"({"a":1,"b":"x"})";
constexpr std::string_view kField =
    "t=1732380000&s=04c39d7363d4e162c45f300ce97ad236be325bf3c24f4dfd12ea14dced40e0f1";

TEST_CASE("a body and the seconds behind it are signed with the key without its prefix") {
  CHECK(sign_body(sample(), kBody, kNow) == kField);
  CHECK(sign_body(key_of("8ee2262a15e8d3c42d6a840db7af3de2"), kBody, kNow) == kField);
  CHECK(sign_body(sample(), kBody, kNow + Duration(999)) == kField);
  CHECK(sign_body(sample(), "", kNow) ==
        "t=1732380000&s=c5aa18cd5360da0453506a135c14a86c8d371d9e4838ec2170bfd1e120e820e6");
  CHECK(sign_body(sample(), canonicalize_json(R"({ "b": "x", "a": 1.0 })").value(), kNow) ==
        kField);
}

TEST_CASE("a signature counts with any of the keys, for five minutes either way") {
  const std::vector<SigningKey> keys = {key_of("signkey-prod-00ff"), sample()};
  CHECK(refusal(keys, kField, kBody).empty());
  CHECK(refusal(keys, kField, kBody, kNow + kSignatureAgeMax).empty());
  CHECK(refusal(keys, kField, kBody, kNow - kSignatureAgeMax).empty());
  CHECK(refusal(keys, kField, std::string(kBody) + "\n").empty());
  CHECK(refusal(keys, kField, kBody, kNow + kSignatureAgeMax + Duration(1'000)).find("old") !=
        std::string::npos);
  CHECK_FALSE(refusal(keys, kField, kBody, kNow - kSignatureAgeMax - Duration(1'000)).empty());
}

TEST_CASE("a forged signature is refused") {
  const std::vector<SigningKey> keys = {sample()};
  const std::string forged = "was not made with our signing key";
  CHECK(refusal({key_of("00ff")}, kField, kBody).find(forged) != std::string::npos);
  CHECK(refusal({}, kField, kBody).find(forged) != std::string::npos);
  CHECK(refusal(keys, kField, R"({"a":2,"b":"x"})").find(forged) != std::string::npos);
  CHECK(refusal(keys, std::string(kField) + "0", kBody).find(forged) != std::string::npos);
  // Another time under the same MAC, so that an old one cannot be made young.
  std::string younger(kField);
  younger.replace(0, 12, "t=1732380100");
  CHECK(refusal(keys, younger, kBody).find(forged) != std::string::npos);
}

TEST_CASE("a malformed signature is refused") {
  const std::vector<SigningKey> keys = {sample()};
  CHECK(refusal(keys, "", kBody) == "it is not signed");
  for (const std::string_view field :
       {"x", "t=1732380000", "s=00", "t=&s=00", "t=1732380000x&s=00", "t==1&s=00", "&&&",
        "t=99999999999999999999&s=00", "tt=1&ss=2"}) {
    CAPTURE(field);
    CHECK(refusal(keys, field, kBody).find("malformed") != std::string::npos);
  }
  CHECK_FALSE(refusal(keys, "t=9223372036854775807&s=00", kBody).empty());
  CHECK_FALSE(refusal(keys, "t=-9223372036854775808&s=00", kBody).empty());
}
