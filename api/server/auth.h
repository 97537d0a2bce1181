// Who may ask for what: the keys of a server, and the Authorizer that checks them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/realtime/token.h"
#include "api/server/router.h"
#include "api/server/secret.h"

namespace stepwell::server {

enum class Mode {
  kDev,    // on a developer's machine: no keys are needed
  kServe,  // every request but a few shows a key
};

struct Keys {
  std::vector<Secret> event_keys;
  // The first one signs; the others are accepted, for rotation.
  std::vector<SigningKey> signing_keys;
};

// The token after "Bearer " in the Authorization field; nothing if there is none. SDKs in dev mode
// send "Bearer" with nothing behind it, or "Bearer undefined": those come out as they are.
std::optional<std::string_view> bearer_of(const Request& request);

// The realtime token of a request: its bearer, or ?token=.
std::optional<std::string_view> realtime_token_of(const Request& request);

class Auth {
 public:
  using WallClock = std::function<Time()>;

  Auth(Mode mode, Keys keys, realtime::TokenSigner tokens, WallClock clock)
      : mode_(mode), keys_(std::move(keys)), tokens_(std::move(tokens)), clock_(std::move(clock)) {}

  // See Authorizer.
  std::optional<Response> check(Access access, const Request& request) const;

  // The claims of the request's realtime token, if it has a valid one.
  Result<realtime::TokenClaims> realtime_claims(const Request& request) const;

  Mode mode() const { return mode_; }
  const realtime::TokenSigner& tokens() const { return tokens_; }
  Time now() const { return clock_(); }

 private:
  std::optional<Response> check_event_key(std::string_view key) const;
  std::optional<Response> check_signing_key(const Request& request) const;
  std::optional<Response> check_realtime(const Request& request) const;
  std::optional<Response> check_publish(const Request& request) const;

  Mode mode_;
  Keys keys_;
  realtime::TokenSigner tokens_;
  WallClock clock_;
};

}  // namespace stepwell::server
