#include "api/realtime/realtime_routes.h"

#include <string>
#include <utility>

#include "schema/json.h"

namespace stepwell::realtime {
namespace {

using server::Access;
using server::Method;
using server::Request;
using server::Responder;
using server::Response;

void make_token(const RouteParts& parts, const Request& request, const Responder& responder) {
  Result<std::vector<TokenTopic>> topics = parse_token_topics(request.body);
  if (!topics) return responder.send(server::failure(topics.error()));
  const Time now = parts.auth.now();
  const Ulid id = Ulid::make(now, static_cast<uint16_t>(parts.random.next()), parts.random.next());
  const std::string token = parts.auth.tokens().sign({.id = id.to_string(),
                                                      .issued_at = now,
                                                      .expires_at = now + kTokenLifetime,
                                                      .topics = std::move(*topics)});
  if (token.size() > kTokenBytesMax) {
    return responder.send(Response::error(413, "the names of the topics are too long for a token"));
  }
  JsonWriter out;
  out.begin_object().key("jwt").string(token).end_object();
  responder.send(Response::json(201, out.take()));
}

// What the request may listen to: what its token says, or without one (dev mode) what it asks for.
struct Scope {
  std::vector<TopicName> topics;
  Time since{};
};

Scope scope_of(const RouteParts& parts, const Request& request) {
  Scope scope;
  if (const Result<TokenClaims> claims = parts.auth.realtime_claims(request)) {
    for (const TokenTopic& topic : claims->topics)
      scope.topics.push_back({topic.channel, topic.name});
    // Nothing that was published since the token was made is missed, to the millisecond.
    const std::optional<Ulid> id = Ulid::parse(claims->id);
    scope.since = id ? id->time() : claims->issued_at;
    return scope;
  }
  const std::string channel(request.query_value("channel").value_or(""));
  for (const auto& [name, value] : request.query) {
    if (name == "topic") scope.topics.push_back({channel, value});
  }
  if (scope.topics.empty()) scope.topics.push_back({channel, kEveryTopic});
  scope.since = parts.auth.now();
  return scope;
}

// Where the stream begins: behind the last message that the client has seen if it says so (as
// browsers do when they reconnect), at a time, or where its token begins.
Result<StartFrom> start_of(const Request& request, Time since) {
  std::optional<std::string_view> text = request.headers.find("last-event-id");
  if (!text) text = request.query_value("since");
  if (!text || text->empty()) return StartFrom(Since{since, true});
  if (const std::optional<MessageId> id = MessageId::parse(*text)) return StartFrom(After{*id});
  if (const Result<Time> time = parse_rfc3339(*text)) return StartFrom(Since{*time, false});
  return Error{ErrorCode::kInvalid,
               "\"since\" and Last-Event-ID must be the id of a message, or a time like "
               "2026-11-23T10:00:00Z"};
}

void subscribe(const RouteParts& parts, const Request& request, const Responder& responder) {
  const Scope scope = scope_of(parts, request);
  const Result<StartFrom> start = start_of(request, scope.since);
  if (!start) return responder.send(server::failure(start.error()));
  parts.sse.open(responder, scope.topics, *start);
}

void publish(const RouteParts& parts, const Request& request, const Responder& responder) {
  if (request.headers.find("content-type") == "text/stream") {
    return responder.send(Response::error(501, "chunk streams are not supported yet"));
  }
  if (request.query_value("metadata")) {
    return responder.send(Response::error(501, "metadata is not supported yet"));
  }
  core::PublishMessages input;
  if (const auto run = request.query_value("run_id")) input.run = RunId::parse(*run);
  input.messages.push_back({.channel = std::string(request.query_value("channel").value_or("")),
                            .topic = std::string(request.query_value("topic").value_or("")),
                            .data = message_data(request.body)});
  parts.gateway.submit(std::move(input), [responder](const core::Answer& answer) {
    responder.send(answer.error ? server::failure(*answer.error)
                                : Response{.status = 200, .content_type = ""});
  });
}

}  // namespace

std::string message_data(std::string_view body) {
  if (const Result<JsonView> json = parse_json(body)) return std::string(json->text());
  return json_quote(body);
}

void add_realtime_routes(server::Router& router, RouteParts parts) {
  router.add({.method = Method::kPost,
              .pattern = "/v1/realtime/token",
              .policy = Access::kSigningKey,
              .handler = [parts](Request&& request, const Responder& responder) {
                make_token(parts, request, responder);
              }});
  router.add({.method = Method::kGet,
              .pattern = "/v1/realtime/sse",
              .policy = Access::kRealtimeToken,
              .handler = [parts](Request&& request, const Responder& responder) {
                subscribe(parts, request, responder);
              }});
  router.add({.method = Method::kGet,
              .pattern = "/v1/realtime/connect",
              .policy = Access::kRealtimeToken,
              .handler = [](Request&&, const Responder& responder) {
                responder.send(Response::error(
                    501, "WebSocket is not supported yet: GET /v1/realtime/sse carries the same"));
              }});
  router.add({.method = Method::kPost,
              .pattern = "/v1/realtime/publish",
              .policy = Access::kPublish,
              .body_bytes_max = kMessageBytesMax,
              .handler = [parts](Request&& request, const Responder& responder) {
                publish(parts, request, responder);
              }});
}

}  // namespace stepwell::realtime
