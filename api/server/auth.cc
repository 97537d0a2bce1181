#include "api/server/auth.h"

#include "schema/json.h"

namespace stepwell::server {
namespace {

// The event API's own shape of an error.
Response event_key_error(int status, std::string_view message) {
  JsonWriter writer;
  writer.begin_object().key("status").integer(status).key("message").string("");
  writer.key("error").string(message).end_object();
  return Response::json(status, writer.take());
}

Response not_authenticated(std::string_view message) {
  JsonWriter writer;
  writer.begin_object().key("error").string(message).key("data").null();
  writer.key("status").integer(401).end_object();
  return Response::json(401, writer.take());
}

}  // namespace

std::optional<std::string_view> bearer_of(const Request& request) {
  constexpr std::string_view kScheme = "bearer";
  const std::optional<std::string_view> field = request.headers.find("authorization");
  if (!field || field->size() < kScheme.size()) return std::nullopt;
  if (!equals_ignoring_case(field->substr(0, kScheme.size()), kScheme)) return std::nullopt;
  std::string_view rest = field->substr(kScheme.size());
  if (rest.empty()) return rest;  // "Bearer " with nothing behind it, trimmed
  if (rest.front() != ' ') return std::nullopt;
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

std::optional<std::string_view> realtime_token_of(const Request& request) {
  // A browser's EventSource and WebSocket cannot send fields, so the query counts first.
  if (const auto token = request.query_value("token")) return token;
  return bearer_of(request);
}

std::optional<Response> Auth::check(Access access, const Request& request) const {
  switch (access) {
    case Access::kPublic:
      return std::nullopt;
    case Access::kEventKey:
      return check_event_key(request.param("key"));
    case Access::kSigningKey:
      return check_signing_key(request);
    case Access::kRealtimeToken:
      return check_realtime(request);
    case Access::kPublish:
      return check_publish(request);
    case Access::kDevOnly:
      if (mode_ == Mode::kDev) return std::nullopt;
      return Response::error(404, "no such path");
  }
  return Response::error(500, "internal error");
}

std::optional<Response> Auth::check_event_key(std::string_view key) const {
  if (keys_.event_keys.empty()) {
    if (mode_ == Mode::kDev) return std::nullopt;
    return event_key_error(503, "Event keys are required to process events securely");
  }
  bool is_known = false;
  for (const Secret& known : keys_.event_keys) is_known |= known.matches(key);
  if (is_known) return std::nullopt;
  return event_key_error(401, "Event key not found");
}

std::optional<Response> Auth::check_signing_key(const Request& request) const {
  if (keys_.signing_keys.empty() && mode_ == Mode::kDev) return std::nullopt;
  const std::string_view shown = bearer_of(request).value_or("");
  bool is_known = false;
  for (const SigningKey& known : keys_.signing_keys) is_known |= known.accepts(shown);
  if (is_known) return std::nullopt;
  return Response::text(401, "Authentication failed");
}

Result<realtime::TokenClaims> Auth::realtime_claims(const Request& request) const {
  const std::optional<std::string_view> token = realtime_token_of(request);
  if (!token) return Error{ErrorCode::kUnauthorized, "no token"};
  return tokens_.verify(*token, clock_());
}

// In dev mode a request without a token may name what it wants itself: for curl.
std::optional<Response> Auth::check_realtime(const Request& request) const {
  const Result<realtime::TokenClaims> claims = realtime_claims(request);
  if (claims.ok() && !claims->topics.empty()) return std::nullopt;
  const bool is_plain = !request.query_value("token") && request.query_value("channel");
  if (mode_ == Mode::kDev && is_plain) return std::nullopt;
  return not_authenticated("Not authenticated");
}

// The right to subscribe is not the right to publish.
std::optional<Response> Auth::check_publish(const Request& request) const {
  const Result<realtime::TokenClaims> claims = realtime_claims(request);
  if (claims.ok() && claims->may_publish) return std::nullopt;
  if (claims.ok()) return not_authenticated("Not authenticated for publishing");
  return check_signing_key(request);
}

}  // namespace stepwell::server
