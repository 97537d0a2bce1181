#include "engine/realtime/message.h"

#include <charconv>

#include "schema/json.h"

namespace stepwell::realtime {
namespace {

// The one environment of a self-hosted server (realtime.md A2).
constexpr std::string_view kEnvironment = "00000000-0000-4000-b000-000000000000";

bool parse_number(std::string_view text, uint64_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string MessageId::to_string() const {
  return std::to_string(epoch) + "-" + std::to_string(number);
}

std::optional<MessageId> MessageId::parse(std::string_view text) {
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  MessageId id;
  if (!parse_number(text.substr(0, dash), id.epoch)) return std::nullopt;
  if (!parse_number(text.substr(dash + 1), id.number)) return std::nullopt;
  return id;
}

std::string message_json(const Message& message) {
  JsonWriter json;
  json.begin_object().key("kind").string(message.kind);
  json.key("data").raw(message.data.empty() ? "null" : message.data);
  if (!message.metadata.empty()) json.key("metadata").raw(message.metadata);
  json.key("created_at").string(format_rfc3339(message.created_at));
  json.key("channel").string(message.channel).key("env_id").string(kEnvironment);
  json.key("topic").string(message.topic);
  if (message.run) json.key("run_id").string(message.run->to_string());
  json.key("id").string(message.id.to_string());
  return json.end_object().take();
}

std::string gap_json(std::optional<uint64_t> missed, Time now) {
  JsonWriter json;
  json.begin_object().key("kind").string("gap").key("data").begin_object().key("missed");
  if (missed) {
    json.integer(static_cast<int64_t>(*missed));
  } else {
    json.null();
  }
  json.end_object().key("created_at").string(format_rfc3339(now)).key("topic").string("");
  return json.end_object().take();
}

}  // namespace stepwell::realtime
