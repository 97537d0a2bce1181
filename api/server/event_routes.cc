#include "api/server/event_routes.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/server/event_body.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

// A body above this is parsed off the loop (design.md, "Threads").
constexpr size_t kParseHereBytesMax = 64 * 1024;

constexpr std::string_view kSeedField = "x-inngest-event-id-seed";

// Counts what was taken from clients and is not answered yet. Any thread.
class InFlight {
 public:
  explicit InFlight(const EventRouteOptions& options) : options_(options) {}

  bool has_room(size_t bytes) const {
    return requests_ < options_.requests_in_flight_max &&
           bytes_ + bytes <= options_.bytes_in_flight_max;
  }
  void add(size_t bytes) {
    ++requests_;
    bytes_ += bytes;
  }
  void remove(size_t bytes) {
    --requests_;
    bytes_ -= bytes;
  }

 private:
  const EventRouteOptions options_;
  std::atomic<size_t> requests_ = 0;
  std::atomic<size_t> bytes_ = 0;
};

// One request's share of it, for as long as anything on the way to its answer holds it.
class Share {
 public:
  Share(std::shared_ptr<InFlight> in_flight, size_t bytes)
      : in_flight_(std::move(in_flight)), bytes_(bytes) {
    in_flight_->add(bytes_);
  }
  ~Share() { in_flight_->remove(bytes_); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  std::shared_ptr<InFlight> in_flight_;
  size_t bytes_;
};

// {"ids":[…],"status":…,"error":…}: SDKs look at the body's status, not only at the head's.
Response event_answer(const std::vector<EventId>& ids, int status, std::string_view error) {
  JsonWriter out;
  out.begin_object().key("ids").begin_array();
  for (const EventId& id : ids) out.string(id.to_string());
  out.end_array().key("status").integer(status);
  if (!error.empty()) out.key("error").string(error);
  return Response::json(status, out.end_object().take());
}

Response event_failure(const Error& error) {
  Response response = failure(error);
  Response with_ids = event_answer({}, response.status, error.message);
  with_ids.headers = std::move(response.headers);
  return with_ids;
}

void accept(Gateway& gateway, EventBody body, Responder responder,
            std::shared_ptr<const Share> share) {
  if (body.items.empty()) {
    responder.send(event_answer({}, body.error.empty() ? 200 : 400, body.error));
    return;
  }
  core::AcceptEvents input;
  input.events = std::move(body.items);
  gateway.submit(std::move(input), [responder, share, error = std::move(body.error)](
                                       const core::Answer& answer) mutable {
    if (answer.error) {
      responder.send(event_failure(*answer.error));
    } else {
      responder.send(event_answer(answer.event_ids, error.empty() ? 200 : 400, error));
    }
  });
}

void post_events(Gateway& gateway, const std::shared_ptr<InFlight>& in_flight, Request&& request,
                 Responder responder) {
  if (!in_flight->has_room(request.body.size())) {
    responder.send(event_failure({ErrorCode::kUnavailable, "too many events at once; try again"}));
    return;
  }
  auto share = std::make_shared<Share>(in_flight, request.body.size());
  std::optional<EventSeed> seed;
  if (const auto field = request.headers.find(kSeedField)) seed = EventSeed::parse(*field);
  if (request.body.size() <= kParseHereBytesMax) {
    accept(gateway, parse_event_body(request.body, seed), std::move(responder), std::move(share));
    return;
  }
  struct Work {
    std::string text;
    EventBody parsed;
  };
  auto work = std::make_shared<Work>();
  work->text = std::move(request.body);
  gateway.loop().offload(
      [work, seed] {
        work->parsed = parse_event_body(work->text, seed);
        work->text = {};
      },
      [&gateway, work, responder, share] {
        accept(gateway, std::move(work->parsed), responder, share);
      });
}

// The slug may hold "/" as %2F; the event's name is the engine's.
void invoke(Gateway& gateway, const Request& request, Responder responder) {
  Result<Event> event = parse_event(request.body.empty() ? "{}" : request.body, NameRule::kIgnored);
  if (!event) {
    responder.send(event_failure(event.error()));
    return;
  }
  core::InvokeDirectly input;
  input.function = {request.param("slug")};
  input.event = std::move(*event);
  gateway.submit(std::move(input), [responder](const core::Answer& answer) mutable {
    if (answer.error) {
      responder.send(event_failure(*answer.error));
      return;
    }
    JsonWriter out;
    out.begin_object().key("id").string(answer.event_ids.at(0).to_string());
    if (answer.run) out.key("run_id").string(answer.run->to_string());
    responder.send(Response::json(200, out.key("status").integer(200).end_object().take()));
  });
}

Response health(const runtime::Runtime& runtime) {
  const auto answer = [](int status, std::string_view message) {
    JsonWriter out;
    out.begin_object().key("status").integer(status).key("message").string(message).end_object();
    return Response::json(status, out.take() + "\n");
  };
  switch (runtime.state()) {
    case runtime::RuntimeState::kServing:
      return runtime.is_out_of_space() ? answer(503, "the disk is full") : answer(200, "OK");
    case runtime::RuntimeState::kRecovering:
      return answer(503, "recovering");
    case runtime::RuntimeState::kStopped:
    case runtime::RuntimeState::kStopping:
      return answer(503, "stopping");
    case runtime::RuntimeState::kFailed:
      return answer(503, "failed");
  }
  return answer(503, "unknown");
}

}  // namespace

void add_event_routes(Router& router, Gateway& gateway, const EventRouteOptions& options) {
  const auto in_flight = std::make_shared<InFlight>(options);
  const auto post = [&gateway, in_flight](Request&& request, Responder responder) {
    post_events(gateway, in_flight, std::move(request), std::move(responder));
  };
  router.add({.method = Method::kPost,
              .pattern = "/e/{key}",
              .policy = Access::kEventKey,
              .body_bytes_max = options.body_bytes_max,
              .handler = post});
  router.add({.method = Method::kPost,
              .pattern = "/e/",
              .policy = Access::kPublic,
              .handler = [](Request&&, const Responder& responder) {
                responder.send(Response::json(
                    401, R"({"status":401,"message":"","error":"Event key is required"})"));
              }});
  router.add({.method = Method::kPost,
              .pattern = "/invoke/{slug}",
              .policy = Access::kSigningKey,
              .body_bytes_max = kEventBytesMax,
              .handler = [&gateway](Request&& request, Responder responder) {
                invoke(gateway, request, std::move(responder));
              }});
  router.add({.method = Method::kGet,
              .pattern = "/health",
              .policy = Access::kPublic,
              .handler = [&gateway](Request&&, Responder responder) {
                responder.send(health(gateway.runtime()));
              }});
  router.add({.method = Method::kGet,
              .pattern = "/",
              .policy = Access::kPublic,
              .handler = [](Request&&, Responder responder) {
                responder.send(Response::text(
                    200,
                    "This is Stepwell. GET /health says whether it serves; docs/http-api.md "
                    "lists what else it answers.\n"));
              }});
}

}  // namespace stepwell::server
