#include "api/realtime/topic_routes.h"

#include <string>
#include <utility>

#include "schema/json.h"
#include "schema/json_schema.h"

namespace stepwell::realtime {
namespace {

using server::Access;
using server::Gateway;
using server::Method;
using server::Request;
using server::Responder;
using server::Response;

// The topic that the query names, with this schema; none: it is to be forgotten.
void put_topic(Gateway& gateway, const Request& request, std::string schema, Responder responder) {
  TopicRecord topic{std::string(request.query_value("channel").value_or("")),
                    std::string(request.query_value("topic").value_or("")), std::move(schema)};
  if (topic.channel.empty() || topic.topic.empty()) {
    return responder.send(
        Response::error(400, "the query must name a \"channel\" and a \"topic\""));
  }
  core::RegisterTopics input;
  input.topics.push_back(std::move(topic));
  gateway.submit(std::move(input), [responder](const core::Answer& answer) mutable {
    if (answer.error) return responder.send(server::failure(*answer.error));
    JsonWriter out;
    out.begin_object().key("modified").boolean(answer.is_modified).end_object();
    responder.send(Response::json(200, out.take()));
  });
}

void list_topics(Gateway& gateway, const Responder& responder) {
  gateway.answer_query(
      responder,
      [](storage::JournalReader& reader) -> Result<std::string> {
        const Result<std::vector<TopicRecord>> topics = reader.topics();
        if (!topics) return topics.error();
        JsonWriter out;
        out.begin_object().key("data").begin_array();
        for (const TopicRecord& topic : *topics) {
          out.begin_object().key("channel").string(topic.channel).key("topic").string(topic.topic);
          out.key("schema").raw(topic.schema).end_object();
        }
        out.end_array().end_object();
        return out.take();
      },
      [](std::string body) { return Response::json(200, std::move(body)); });
}

}  // namespace

void add_topic_routes(server::Router& router, Gateway& gateway) {
  constexpr char kPath[] = "/api/realtime/topics";
  router.add({.method = Method::kGet,
              .pattern = kPath,
              .policy = Access::kSigningKey,
              .handler = [&gateway](Request&&, const Responder& responder) {
                list_topics(gateway, responder);
              }});
  router.add({.method = Method::kPut,
              .pattern = kPath,
              .policy = Access::kSigningKey,
              .body_bytes_max = kSchemaBytesMax,
              .handler = [&gateway](Request&& request, const Responder& responder) {
                if (request.body.empty()) {
                  return Responder(responder).send(
                      Response::error(400, "the body must be a JSON Schema"));
                }
                put_topic(gateway, request, std::move(request.body), responder);
              }});
  router.add({.method = Method::kDelete,
              .pattern = kPath,
              .policy = Access::kSigningKey,
              .handler = [&gateway](Request&& request, const Responder& responder) {
                put_topic(gateway, request, {}, responder);
              }});
}

}  // namespace stepwell::realtime
