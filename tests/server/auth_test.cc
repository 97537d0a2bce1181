#include "api/server/auth.h"

#include <doctest/doctest.h>

#include <type_traits>

namespace stepwell::server {
namespace {

const Time kNow = from_millis(1'790'000'000'000);
const std::string kSigningKey = "signkey-prod-12345678";
const std::string kHashed =
    "signkey-prod-b2ed992186a5cb19f6668aade821f502c1d00970dfd0e35128d51bac4649916c";

Auth make_auth(Mode mode, bool with_keys) {
  Keys keys;
  if (with_keys) {
    keys.event_keys.emplace_back("event-key-1");
    keys.event_keys.emplace_back("event-key-2");
    keys.signing_keys.push_back(SigningKey::parse(kSigningKey).value());
    keys.signing_keys.push_back(SigningKey::parse("abcd").value());
  }
  return Auth(mode, std::move(keys), realtime::TokenSigner("secret"), [] { return kNow; });
}

Request with_field(std::string_view name, std::string_view value) {
  Request request;
  request.headers.append_name(name);
  request.headers.append_value(value);
  request.headers.end_field();
  return request;
}

int status_of(const Auth& auth, Access access, const Request& request) {
  const auto refusal = auth.check(access, request);
  return refusal ? refusal->status : 200;
}

std::string token(const Auth& auth, bool may_publish, Duration age = Duration(0)) {
  return auth.tokens().sign({.id = "01JD0000000000000000000000",
                             .issued_at = kNow - age,
                             .expires_at = kNow - age + realtime::kTokenLifetime,
                             .topics = {{"c", "t"}},
                             .may_publish = may_publish});
}

}  // namespace

static_assert(!std::equality_comparable<Secret>, "secrets are compared by matches() alone");

TEST_CASE("a signing key is accepted plain and hashed, with and without its prefix") {
  const SigningKey key = SigningKey::parse(kSigningKey).value();
  CHECK(key.accepts(kSigningKey));
  CHECK(key.accepts("12345678"));
  CHECK(key.accepts(kHashed));
  CHECK(key.accepts(kHashed.substr(13)));
  CHECK(key.accepts("signkey-test-12345678"));
  for (const char* wrong : {"", "1234567", "123456789", "signkey-prod-", "signkey--12345678",
                            "undefined", "signkey-pr od-12345678"}) {
    CAPTURE(wrong);
    CHECK(!key.accepts(wrong));
  }
  CHECK(key.reveal() == "12345678");
}

TEST_CASE("a signing key must be hexadecimal") {
  for (const char* wrong : {"", "signkey-prod-", "xyz", "123", "signkey-prod-12345", "12 34"}) {
    CAPTURE(wrong);
    CHECK(!SigningKey::parse(wrong).ok());
  }
}

TEST_CASE("bearers are read as SDKs write them") {
  CHECK(bearer_of(with_field("Authorization", "Bearer abc")) == "abc");
  CHECK(bearer_of(with_field("Authorization", "bearer  abc")) == "abc");
  CHECK(bearer_of(with_field("Authorization", "Bearer ")) == "");
  CHECK(!bearer_of(with_field("Authorization", "Basic abc")).has_value());
  CHECK(!bearer_of(with_field("Authorization", "Bearerabc")).has_value());
  CHECK(!bearer_of(Request()).has_value());
}

TEST_CASE("dev mode needs no keys and minds no junk") {
  const Auth auth = make_auth(Mode::kDev, false);
  Request request = with_field("Authorization", "Bearer undefined");
  request.params = {{"key", "NO_EVENT_KEY_SET"}};
  CHECK(status_of(auth, Access::kEventKey, request) == 200);
  CHECK(status_of(auth, Access::kSigningKey, request) == 200);
  CHECK(status_of(auth, Access::kPublish, request) == 200);
  CHECK(status_of(auth, Access::kDevOnly, request) == 200);
}

TEST_CASE("serve mode without keys refuses everything") {
  const Auth auth = make_auth(Mode::kServe, false);
  Request request;
  request.params = {{"key", "k"}};
  CHECK(status_of(auth, Access::kEventKey, request) == 503);
  CHECK(status_of(auth, Access::kSigningKey, request) == 401);
  CHECK(status_of(auth, Access::kDevOnly, request) == 404);
  CHECK(status_of(auth, Access::kPublic, request) == 200);
}

TEST_CASE("each kind of key opens its own routes only") {
  const Auth auth = make_auth(Mode::kServe, true);
  Request request;
  request.params = {{"key", "event-key-2"}};
  CHECK(status_of(auth, Access::kEventKey, request) == 200);
  CHECK(status_of(auth, Access::kSigningKey, request) == 401);
  request.params = {{"key", "event-key-3"}};
  CHECK(status_of(auth, Access::kEventKey, request) == 401);
  CHECK(auth.check(Access::kEventKey, request)->body ==
        R"({"status":401,"message":"","error":"Event key not found"})");
  request.params = {{"key", "12345678"}};
  CHECK(status_of(auth, Access::kEventKey, request) == 401);

  CHECK(status_of(auth, Access::kSigningKey, with_field("Authorization", "Bearer " + kHashed)) ==
        200);
  CHECK(status_of(auth, Access::kSigningKey, with_field("Authorization", "Bearer abcd")) == 200);
  CHECK(status_of(auth, Access::kSigningKey, with_field("Authorization", "Bearer event-key-1")) ==
        401);
  CHECK(status_of(auth, Access::kSigningKey, with_field("Authorization", "Bearer")) == 401);
}

TEST_CASE("a subscription token reads, and neither publishes nor administers") {
  const Auth auth = make_auth(Mode::kServe, true);
  const Request request = with_field("Authorization", "Bearer " + token(auth, false));
  CHECK(status_of(auth, Access::kRealtimeToken, request) == 200);
  CHECK(status_of(auth, Access::kPublish, request) == 401);
  CHECK(status_of(auth, Access::kSigningKey, request) == 401);
  Request in_query;
  in_query.query = {{"token", token(auth, false)}};
  CHECK(status_of(auth, Access::kRealtimeToken, in_query) == 200);
}

TEST_CASE("publishing takes a publish token or the signing key") {
  const Auth auth = make_auth(Mode::kServe, true);
  CHECK(status_of(auth, Access::kPublish, with_field("Authorization", "Bearer 12345678")) == 200);
  CHECK(status_of(auth, Access::kPublish,
                  with_field("Authorization", "Bearer " + token(auth, true))) == 200);
  CHECK(status_of(auth, Access::kPublish, Request()) == 401);
}

TEST_CASE(
    "a signing key does not subscribe, an old token neither, and dev mode may name a channel") {
  const Auth serve = make_auth(Mode::kServe, true);
  Request named;
  named.query = {{"channel", "c"}, {"topic", "t"}};
  CHECK(status_of(serve, Access::kRealtimeToken, named) == 401);
  CHECK(status_of(serve, Access::kRealtimeToken, with_field("Authorization", "Bearer 12345678")) ==
        401);
  const std::string old = token(serve, false, realtime::kTokenLifetime);
  CHECK(status_of(serve, Access::kRealtimeToken, with_field("Authorization", "Bearer " + old)) ==
        401);
  const Auth dev = make_auth(Mode::kDev, false);
  CHECK(status_of(dev, Access::kRealtimeToken, named) == 200);
  CHECK(status_of(dev, Access::kRealtimeToken, Request()) == 401);
  named.query.emplace_back("token", "forged");
  CHECK(status_of(dev, Access::kRealtimeToken, named) == 401);
}

}  // namespace stepwell::server
