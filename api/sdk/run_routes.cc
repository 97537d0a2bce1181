#include "api/sdk/run_routes.h"

#include <fmt/core.h>

#include <memory>
#include <utility>

#include "api/sdk/call_body.h"
#include "api/sdk/op_codec.h"
#include "schema/json.h"

namespace stepwell::sdk {
namespace {

using server::Access;
using server::Gateway;
using server::Method;
using server::Request;
using server::Responder;
using server::Response;

constexpr size_t kCheckpointBytesMax = 8u << 20;
// A body above this is parsed off the loop.
constexpr size_t kParseHereBytesMax = 64 * 1024;

// {"error", "status", "data": {"run_id"}}
Response checkpoint_failure(const Error& error, std::string_view run) {
  const int status = server::status_of(error.code);
  JsonWriter out;
  out.begin_object().key("error").string(error.message).key("status").integer(status);
  out.key("data").begin_object().key("run_id").string(run).end_object().end_object();
  Response response = server::failure(error);
  response.body = out.take();
  return response;
}

Response gone(std::string_view run) {
  return Response::error(410, fmt::format("run {} is not open", run));
}

// Answers with a part of an open run's state.
void answer_state(Gateway& gateway, const Request& request, Responder responder,
                  std::string (*part)(const storage::RunSnapshot&)) {
  const std::string text = request.param("id");
  const std::optional<RunId> id = RunId::parse(text);
  if (!id) {
    return responder.send(Response::error(400, fmt::format("\"{}\" is not the id of a run", text)));
  }
  gateway.answer_query(
      responder,
      [id, part](storage::JournalReader& reader) -> Result<std::string> {
        const Result<std::optional<RunRecord>> found = reader.find_run(*id);
        if (!found) return found.error();
        if (!*found || is_terminal((*found)->status)) return std::string();
        const Result<storage::RunSnapshot> run = reader.load_run((*found)->no, false);
        if (!run) return run.error();
        return part(*run);
      },
      [text](std::string body) {
        return body.empty() ? gone(text) : Response::json(200, std::move(body));
      });
}

std::string events_part(const storage::RunSnapshot& run) {
  std::vector<Event> events;
  for (const EventRecord& record : run.events) events.push_back(record.event);
  return events_json(events);
}

std::string steps_part(const storage::RunSnapshot& run) {
  return steps_json(memo_of(run), inputs_of(run));
}

void submit_checkpoint(Gateway& gateway, const InGroup& in_group, const std::string& run,
                       Result<core::RecordProgress> checkpoint, const Responder& responder) {
  if (!checkpoint) return responder.send(checkpoint_failure(checkpoint.error(), run));
  const core::CallId call = checkpoint->call;
  in_group(call, [&gateway, run, responder, checkpoint = std::move(*checkpoint)]() mutable {
    gateway.submit(std::move(checkpoint), [run, responder](const core::Answer& answer) {
      responder.send(answer.error ? checkpoint_failure(*answer.error, run)
                                  : Response::json(200, "{}"));
    });
  });
}

void checkpoint(Gateway& gateway, const InGroup& in_group, Request&& request,
                const Responder& responder) {
  const std::string run = request.param("id");
  if (request.body.size() <= kParseHereBytesMax) {
    return submit_checkpoint(gateway, in_group, run, parse_checkpoint(run, request.body),
                             responder);
  }
  struct Work {
    std::string body;
    Result<core::RecordProgress> parsed = Error{};
  };
  auto work = std::make_shared<Work>();
  work->body = std::move(request.body);
  gateway.loop().offload([work, run] { work->parsed = parse_checkpoint(run, work->body); },
                         [&gateway, in_group, work, run, responder] {
                           submit_checkpoint(gateway, in_group, run, std::move(work->parsed),
                                             responder);
                         });
}

}  // namespace

Result<core::RecordProgress> parse_checkpoint(std::string_view run_id, std::string_view body) {
  const auto fault = [](std::string message) {
    return Error{ErrorCode::kInvalid, std::move(message)};
  };
  const std::optional<RunId> run = RunId::parse(run_id);
  if (!run) return fault(fmt::format("\"{}\" is not the id of a run", run_id));
  const Result<JsonView> root = parse_json(body);
  if (!root) return fault("the body is no JSON: " + root.error().message);
  if (!root->is_object()) return fault("the body is no object");
  const auto name = root->find("qi_id");
  const auto text = name ? name->as_string() : std::nullopt;
  if (!text) return fault("\"qi_id\" is missing: it tells which call reports");
  const auto steps = root->find("steps");
  if (!steps) return fault("\"steps\" is missing");
  Result<std::vector<StepOp>> ops = parse_checkpoint_ops(*steps);
  if (!ops) return ops.error();
  // A name that we never gave is one of a call that is over.
  return core::RecordProgress{
      .run = *run, .call = parse_call_name(*text).value_or(core::CallId{}), .ops = std::move(*ops)};
}

void add_run_routes(server::Router& router, Gateway& gateway, const InGroup& in_group) {
  router.add({.method = Method::kGet,
              .pattern = "/v0/runs/{id}/batch",
              .policy = Access::kSigningKey,
              .handler = [&gateway](Request&& request, Responder responder) {
                answer_state(gateway, request, std::move(responder), events_part);
              }});
  router.add({.method = Method::kGet,
              .pattern = "/v0/runs/{id}/actions",
              .policy = Access::kSigningKey,
              .handler = [&gateway](Request&& request, Responder responder) {
                answer_state(gateway, request, std::move(responder), steps_part);
              }});
  router.add({.method = Method::kPost,
              .pattern = "/v1/checkpoint/{id}/async",
              .policy = Access::kSigningKey,
              .body_bytes_max = kCheckpointBytesMax,
              .handler = [&gateway, in_group](Request&& request, const Responder& responder) {
                checkpoint(gateway, in_group, std::move(request), responder);
              }});
}

}  // namespace stepwell::sdk
