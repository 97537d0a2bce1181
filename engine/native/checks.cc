#include "engine/native/checks.h"

#include <fmt/core.h>

#include "schema/json.h"
#include "schema/limits.h"

namespace stepwell::native {
namespace {

Error invalid(std::string message) {
  return {ErrorCode::kInvalid, std::move(message)};
}

bool is_object(std::string_view json) {
  const Result<JsonView> parsed = parse_json(json);
  return parsed && parsed->is_object();
}

size_t bytes_of(const NewEvent& event) {
  return event.name().size() + event.id().size() + event.data().size() + event.user().size();
}

}  // namespace

Result<void> check_event(const NewEvent& event) {
  if (event.name().empty() || is_internal_event_name(event.name())) {
    return invalid(
        fmt::format("event name \"{}\": it is empty or reserved (inngest/…)", event.name()));
  }
  if (bytes_of(event) > kEventBytesMax) {
    return invalid(
        fmt::format("event \"{}\" is larger than {} bytes", event.name(), kEventBytesMax));
  }
  if (!is_object(event.data())) return invalid("the data of an event is a JSON object");
  if (!is_object(event.user())) return invalid("the user of an event is a JSON object");
  const bool has_time = event.ts() != Time{};
  if (has_time && (event.ts() < kEventTimeMin || event.ts() >= kEventTimeEnd)) {
    return invalid("the time of an event lies between the years 1980 and 2100");
  }
  return {};
}

Event event_of(const NewEvent& event) {
  return {.name = event.name(),
          .id = event.id(),
          .data = event.data(),
          .user = event.user(),
          .ts = event.ts()};
}

Result<void> check_message(std::string_view channel, std::string_view topic,
                           std::string_view data) {
  if (channel.empty() || topic.empty()) {
    return invalid("a message is published on a channel and a topic: one of the names is empty");
  }
  if (data.size() > kMessageBytesMax) {
    return invalid(fmt::format("the message to channel \"{}\", topic \"{}\" has {} bytes, over {}",
                               channel, topic, data.size(), kMessageBytesMax));
  }
  return {};
}

Result<void> check_request(const detail::StepRequest& request) {
  if (request.type == detail::StepType::kPublish) {
    return check_message(request.target, request.detail, request.data);
  }
  for (const NewEvent& event : request.events) {
    if (Result<void> checked = check_event(event); !checked) return checked;
  }
  return {};
}

}  // namespace stepwell::native
