// The tokens with which subscribers come: JSON Web Tokens, HS256 and nothing else, that name
// exactly what their holder may read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "schema/time.h"

namespace stepwell::realtime {

inline constexpr Duration kTokenLifetime = std::chrono::seconds(60);
inline constexpr size_t kTokenTopicsMax = 100;
inline constexpr size_t kTokenBytesMax = 6 * 1024;  // it must fit into a request line

// The one account and environment of a self-hosted server, as the SDKs expect them to look.
inline constexpr std::string_view kAccountId = "00000000-0000-4000-a000-000000000000";
inline constexpr std::string_view kEnvironmentId = "00000000-0000-4000-b000-000000000000";

struct TokenTopic {
  std::string channel;
  std::string name;
  std::string kind = "run";
  bool operator==(const TokenTopic&) const = default;
};

struct TokenClaims {
  std::string id;  // "jti": a ULID
  Time issued_at{};
  Time expires_at{};
  std::vector<TokenTopic> topics;
  bool may_publish = false;
  bool operator==(const TokenClaims&) const = default;
};

// Reads the body of POST /v1/realtime/token: [{"channel":…,"name":…,"kind":…}, …].
Result<std::vector<TokenTopic>> parse_token_topics(std::string_view json);

// Any thread.
class TokenSigner {
 public:
  explicit TokenSigner(std::string key) : key_(std::move(key)) {}

  // Times are written in whole seconds.
  std::string sign(const TokenClaims& claims) const;

  // The claims of a token that this signer made and that holds at `now`; kUnauthorized otherwise.
  Result<TokenClaims> verify(std::string_view token, Time now) const;

 private:
  std::string key_;
};

}  // namespace stepwell::realtime
