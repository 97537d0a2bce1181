#include "api/realtime/subscriber_text.h"

#include <optional>
#include <utility>

#include "api/realtime/token.h"
#include "schema/json.h"

namespace stepwell::realtime {
namespace {

std::optional<TopicName> topic_of(const JsonView& json) {
  const auto channel = json.find("channel");
  const auto name = json.find("name");
  const auto environment = json.find("env_id");
  if (!channel || !name) return std::nullopt;
  if (environment && environment->as_string() != kEnvironmentId) return std::nullopt;
  auto channel_text = channel->as_string();
  auto name_text = name->as_string();
  if (!channel_text || !name_text) return std::nullopt;
  return TopicName{std::move(*channel_text), std::move(*name_text)};
}

}  // namespace

SubscriberText read_subscriber_text(std::string_view text) {
  SubscriberText read;
  const Result<JsonView> json = parse_json(text);
  if (!json) return read;
  const auto kind = json->find("kind");
  const auto data = json->find("data");
  if (!kind || !data) return read;
  if (kind->as_string() == "sub") read.token = data->as_string().value_or("");
  if (kind->as_string() != "unsub") return read;
  for (JsonElements it = data->elements(); it.next();) {
    if (auto topic = topic_of(it.value())) read.leaves.push_back(std::move(*topic));
  }
  return read;
}

}  // namespace stepwell::realtime
