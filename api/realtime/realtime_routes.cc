#include "api/realtime/realtime_routes.h"

#include <string>
#include <utility>

#include "api/server/wrong_id.h"
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

// The channel and the topics that the query names; all of its topics if it names none.
Grant grant_asked_for(const RouteParts& parts, const Request& request) {
  Grant grant;
  const std::string channel(request.query_value("channel").value_or(""));
  for (const auto& [name, value] : request.query) {
    if (name == "topic") grant.topics.push_back({channel, value});
  }
  if (grant.topics.empty()) grant.topics.push_back({channel, kEveryTopic});
  grant.start = Since{parts.auth.now(), true};
  return grant;
}

// What the request may listen to: what its token says, or without one (dev mode) what it asks for.
// The head was let in; a token may have expired while the rest came.
Result<Grant> grant_of(const RouteParts& parts, const Request& request) {
  if (parts.auth.check(server::Access::kRealtimeToken, request)) {
    return Error{ErrorCode::kUnauthorized, "Not authenticated"};
  }
  Grant grant;
  if (const Result<TokenClaims> claims = parts.auth.realtime_claims(request)) {
    for (const TokenTopic& topic : claims->topics) {
      grant.topics.push_back({topic.channel, topic.name});
    }
    grant.start = since_made(*claims);
    grant.token_id = claims->id;
    grant.expires_at = claims->expires_at;
    grant.resumes = true;
    return grant;
  }
  return grant_asked_for(parts, request);
}

// Adds what the client says itself of how it wants to listen.
Result<Grant> complete(Result<Grant> grant, const Request& request) {
  if (!grant) return grant;
  if (const Result<void> start = read_start(request, *grant); !start) return start.error();
  const std::string_view chunks = request.query_value("chunks").value_or("messages");
  if (chunks != "messages" && chunks != "frames") {
    return Error{ErrorCode::kInvalid, "\"chunks\" must be messages or frames"};
  }
  if (chunks == "frames") grant->chunks = ChunkStyle::kFrames;
  return grant;
}

void open_events(const RouteParts& parts, const Request& request, const Responder& responder) {
  const Result<Grant> grant = complete(grant_of(parts, request), request);
  if (!grant) return responder.send(server::failure(grant.error()));
  parts.doors.open_events(responder, *grant);
}

void open_named(const RouteParts& parts, const Request& request, const Responder& responder) {
  if (request.query_value("channel").value_or("").empty()) {
    return responder.send(Response::error(400, "the query must name a \"channel\""));
  }
  const Result<Grant> grant = complete(grant_asked_for(parts, request), request);
  if (!grant) return responder.send(server::failure(grant.error()));
  parts.doors.open_events(responder, *grant);
}

void open_websocket(const RouteParts& parts, const Request& request, const Responder& responder) {
  const Result<Grant> grant = complete(grant_of(parts, request), request);
  if (!grant) return responder.send(server::failure(grant.error()));
  parts.doors.open_websocket(request, responder, *grant);
}

std::string text_of(const Request& request, std::string_view name) {
  return std::string(request.query_value(name).value_or(""));
}

void publish(const RouteParts& parts, const Request& request, const Responder& responder) {
  const Result<StreamTarget> target = read_target(request);
  if (!target) return responder.send(server::failure(target.error()));
  core::PublishMessages input;
  input.run = target->run;
  input.messages.push_back({.channel = target->channel,
                            .topic = target->topic,
                            .data = message_data(request.body),
                            .metadata = target->metadata});
  parts.gateway.submit(std::move(input), [responder](const core::Answer& answer) {
    responder.send(answer.error ? server::failure(*answer.error)
                                : Response{.status = 200, .content_type = ""});
  });
}

// A body of this type is a chunk stream; of any other it is one message. What is wrong with the
// request, publish() says.
std::unique_ptr<server::BodySink> open_chunk_stream(const RouteParts& parts, const Request& request,
                                                    const Responder& responder) {
  if (request.headers.find("content-type") != "text/stream") return nullptr;
  Result<StreamTarget> target = read_target(request);
  if (!target) return nullptr;
  target->id =
      Ulid::make(parts.auth.now(), static_cast<uint16_t>(parts.random.next()), parts.random.next())
          .to_string();
  return std::make_unique<PublishStream>(parts.gateway, std::move(*target), responder);
}

std::unique_ptr<server::BodySink> open_tee(const RouteParts& parts, const Request& request,
                                           const Responder& responder) {
  StreamTarget target{.channel = text_of(request, "channel"), .topic = "$stream"};
  if (target.channel.empty()) return nullptr;
  return std::make_unique<PublishStream>(parts.gateway, std::move(target), responder);
}

std::optional<StartFrom> start_in(std::string_view text) {
  Result<Time> time = parse_rfc3339(text);
  // A day begins at midnight; it would pass for an id.
  if (!time) time = parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (time) return Since{*time, false};
  if (const std::optional<MessageId> id = MessageId::parse(text)) return After{*id};
  return std::nullopt;
}

}  // namespace

Result<void> read_start(const Request& request, Grant& grant) {
  const std::string_view last_id = request.headers.find("last-event-id").value_or("");
  std::optional<StartFrom> start = start_in(last_id);
  // Not one of ours: of an app whose SSE lines came through as they were, and a browser returns
  // with it for ever.
  const bool is_foreign = !last_id.empty() && !start;
  const std::string_view since = request.query_value("since").value_or("");
  if (!start && !since.empty()) {
    start = start_in(since);
    if (!start) {
      return Error{ErrorCode::kInvalid,
                   "\"since\" must be the id of a message, or a time like 2026-11-23T10:00:00Z, or "
                   "a day"};
    }
  }
  // The token may know how far it had read; else that is lost, which is a gap.
  if (!start && is_foreign && !grant.resumes) start = After{MessageId{}};
  if (start) {
    grant.start = *start;
    grant.resumes = false;
  }
  return {};
}

Result<StreamTarget> read_target(const Request& request) {
  StreamTarget target{.channel = text_of(request, "channel"), .topic = text_of(request, "topic")};
  if (target.channel.empty() || target.topic.empty()) {
    return Error{ErrorCode::kInvalid, "the query must name a \"channel\" and a \"topic\""};
  }
  if (const auto run = request.query_value("run_id"); run && !run->empty()) {
    target.run = RunId::parse(*run);
    if (!target.run) return server::not_a_run_id(*run);
  }
  if (const auto metadata = request.query_value("metadata"); metadata && !metadata->empty()) {
    const Result<JsonView> json = parse_json(*metadata);
    if (!json) return Error{ErrorCode::kInvalid, "\"metadata\": " + json.error().message};
    target.metadata = json->text();
  }
  return target;
}

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
                open_events(parts, request, responder);
              }});
  router.add({.method = Method::kGet,
              .pattern = "/v1/realtime/connect",
              .policy = Access::kRealtimeToken,
              .handler = [parts](Request&& request, const Responder& responder) {
                open_websocket(parts, request, responder);
              }});
  router.add(
      {.method = Method::kPost,
       .pattern = "/v1/realtime/publish",
       .policy = Access::kPublish,
       .body_bytes_max = kMessageBytesMax,
       .handler = [parts](Request&& request,
                          const Responder& responder) { publish(parts, request, responder); },
       .open_body =
           [parts](const Request& head, const Responder& responder) {
             return open_chunk_stream(parts, head, responder);
           }});
  router.add({.method = Method::kPost,
              .pattern = "/v1/realtime/publish/tee",
              .policy = Access::kPublish,
              .handler =
                  [](Request&&, const Responder& responder) {
                    responder.send(Response::error(400, "the query must name a \"channel\""));
                  },
              .open_body =
                  [parts](const Request& head, const Responder& responder) {
                    return open_tee(parts, head, responder);
                  }});
  // For the command line: a channel without a token, for those who could make one.
  router.add({.method = Method::kGet,
              .pattern = "/api/realtime/stream",
              .policy = Access::kSigningKey,
              .handler = [parts](Request&& request, const Responder& responder) {
                open_named(parts, request, responder);
              }});
}

}  // namespace stepwell::realtime
