#include "api/realtime/token.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

#include "schema/encoding.h"
#include "schema/json.h"

namespace stepwell::realtime {
namespace {

constexpr std::string_view kIssuer = "rt.inngest.com";
constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";

Error refused(std::string message) {
  return {ErrorCode::kUnauthorized, std::move(message)};
}

int64_t to_seconds(Time time) {
  return to_millis(time) / 1000;
}

std::optional<std::string> string_member(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> member = object.find(key);
  return member ? member->as_string() : std::nullopt;
}

// Whole seconds; as a number like 1.79e9 too, which as_int64 reads.
std::optional<Time> time_member(const JsonView& object, std::string_view key) {
  const std::optional<JsonView> member = object.find(key);
  const std::optional<int64_t> seconds = member ? member->as_int64() : std::nullopt;
  constexpr int64_t kSecondsMax = int64_t{1} << 40;
  if (!seconds || *seconds < 0 || *seconds > kSecondsMax) return std::nullopt;
  return from_millis(*seconds * 1000);
}

std::string write_claims(const TokenClaims& claims) {
  JsonWriter writer;
  writer.begin_object();
  writer.key("iss").string(kIssuer).key("sub").string(kAccountId);
  writer.key("exp").integer(to_seconds(claims.expires_at));
  writer.key("iat").integer(to_seconds(claims.issued_at));
  writer.key("jti").string(claims.id).key("env").string(kEnvironmentId);
  writer.key("topics").begin_array();
  for (const TokenTopic& topic : claims.topics) {
    writer.begin_object().key("kind").string(topic.kind).key("env_id").string(kEnvironmentId);
    writer.key("channel").string(topic.channel).key("name").string(topic.name).end_object();
  }
  writer.end_array().key("publish").boolean(claims.may_publish).end_object();
  return writer.take();
}

Result<std::vector<TokenTopic>> read_topics(const JsonView& array) {
  std::vector<TokenTopic> topics;
  for (JsonElements it = array.elements(); it.next();) {
    auto channel = string_member(it.value(), "channel");
    auto name = string_member(it.value(), "name");
    if (!channel || !name || channel->empty() || name->empty()) {
      return Error{ErrorCode::kInvalid,
                   "each topic must be an object with the strings \"channel\" and \"name\", "
                   "neither of them empty"};
    }
    const std::optional<JsonView> kind = it.value().find("kind");
    std::string kind_text = kind ? kind->as_string().value_or("") : "run";
    if (kind_text != "run" && kind_text != "event") {
      return Error{ErrorCode::kInvalid, "a topic's \"kind\" must be \"run\" or \"event\""};
    }
    topics.push_back({std::move(*channel), std::move(*name), std::move(kind_text)});
    if (topics.size() > kTokenTopicsMax) {
      return Error{ErrorCode::kTooLarge,
                   fmt::format("a token has at most {} topics", kTokenTopicsMax)};
    }
  }
  return topics;
}

Result<TokenClaims> read_claims(const JsonView& json, Time now) {
  if (string_member(json, "iss") != kIssuer) return refused("the token has another issuer");
  if (string_member(json, "env") != kEnvironmentId) {
    return refused("the token is for another environment");
  }
  TokenClaims claims;
  const std::optional<Time> expires = time_member(json, "exp");
  const std::optional<Time> issued = time_member(json, "iat");
  if (!expires || !issued) return refused("the token does not say when it holds");
  if (now >= *expires) return refused("the token has expired");
  if (now < *issued) return refused("the token is from the future");
  claims.expires_at = *expires;
  claims.issued_at = *issued;
  claims.id = string_member(json, "jti").value_or("");
  const std::optional<JsonView> publish = json.find("publish");
  claims.may_publish = publish && publish->as_bool().value_or(false);
  if (const std::optional<JsonView> topics = json.find("topics")) {
    Result<std::vector<TokenTopic>> read = read_topics(*topics);
    if (!read) return refused(read.error().message);
    claims.topics = std::move(*read);
  }
  return claims;
}

}  // namespace

Result<std::vector<TokenTopic>> parse_token_topics(std::string_view json) {
  const Result<JsonView> parsed = parse_json(json);
  if (!parsed) return parsed.error();
  if (!parsed->is_array()) {
    return Error{ErrorCode::kInvalid, "the body must be an array of topics"};
  }
  Result<std::vector<TokenTopic>> topics = read_topics(*parsed);
  if (topics && topics->empty()) {
    return Error{ErrorCode::kInvalid, "a token needs at least one topic"};
  }
  return topics;
}

std::string TokenSigner::sign(const TokenClaims& claims) const {
  std::string token = base64url_encode(kHeader);
  token.append(".").append(base64url_encode(write_claims(claims)));
  const std::string mac = base64url_encode(as_bytes(hmac_sha256(key_, token)));
  return token.append(".").append(mac);
}

Result<TokenClaims> TokenSigner::verify(std::string_view token, Time now) const {
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.size() > kTokenBytesMax) {
    return refused("not a token");
  }
  const Sha256 expected = hmac_sha256(key_, token.substr(0, last));
  const std::optional<std::string> mac = base64url_decode(token.substr(last + 1));
  if (!mac || !constant_time_equal(*mac, as_bytes(expected))) {
    return refused("the token's signature is wrong");
  }
  // Signed by us; so what follows refuses tokens that were made for something else.
  const auto header = base64url_decode(token.substr(0, first));
  const auto payload = base64url_decode(token.substr(first + 1, last - first - 1));
  if (!header || !payload) return refused("not a token");
  const Result<JsonView> header_json = parse_json(*header);
  if (!header_json || string_member(*header_json, "alg") != "HS256") {
    return refused("the token's algorithm is not HS256");
  }
  const Result<JsonView> claims_json = parse_json(*payload);
  if (!claims_json || !claims_json->is_object()) return refused("not a token");
  return read_claims(*claims_json, now);
}

}  // namespace stepwell::realtime
