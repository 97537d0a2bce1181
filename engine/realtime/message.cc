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
  std::string text = std::to_string(epoch) + "-" + std::to_string(number);
  if (recorded) text += "-" + std::to_string(*recorded);
  return text;
}

std::optional<MessageId> MessageId::parse(std::string_view text) {
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  MessageId id;
  if (!parse_number(text.substr(0, dash), id.epoch)) return std::nullopt;
  text.remove_prefix(dash + 1);
  dash = text.find('-');
  if (!parse_number(text.substr(0, dash), id.number)) return std::nullopt;
  if (dash == std::string_view::npos) return id;
  if (!parse_number(text.substr(dash + 1), id.recorded.emplace())) return std::nullopt;
  return id;
}

namespace {

std::string_view kind_name(MessageKind kind) {
  switch (kind) {
    case MessageKind::kData:
    case MessageKind::kRaw:
      return "data";
    case MessageKind::kRun:
      return "run";
    case MessageKind::kStep:
      return "step";
    case MessageKind::kStreamStart:
      return "datastream-start";
    case MessageKind::kChunk:
      return "chunk";
    case MessageKind::kStreamEnd:
      return "datastream-end";
  }
  return "data";
}

bool is_of_stream(MessageKind kind) {
  return kind == MessageKind::kStreamStart || kind == MessageKind::kChunk ||
         kind == MessageKind::kStreamEnd;
}

}  // namespace

std::string message_json(const Message& message, ChunkStyle chunks) {
  const bool as_messages = chunks == ChunkStyle::kMessages && is_of_stream(message.kind);
  if (as_messages && message.kind != MessageKind::kChunk) return {};
  JsonWriter json;
  json.begin_object().key("kind").string(as_messages ? "data" : kind_name(message.kind));
  json.key("data");
  if (message.kind == MessageKind::kRaw) {
    json.string(message.data);
  } else {
    json.raw(message.data.empty() ? "null" : message.data);
  }
  if (!message.metadata.empty()) json.key("metadata").raw(message.metadata);
  json.key("created_at").string(format_rfc3339(message.created_at));
  json.key("channel").string(message.channel).key("env_id").string(kEnvironment);
  json.key("topic").string(message.topic);
  if (!message.stream.empty()) json.key("stream_id").string(message.stream);
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
