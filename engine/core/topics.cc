#include "engine/core/topics.h"

namespace stepwell::core {
namespace {

constexpr size_t kNameBytesMax = 1024;
constexpr size_t kTopicsMax = 1'000;
// Dropped by one transition: the commit that holds it stays short.
constexpr size_t kDropsMax = 500;
// What a row has on top of its texts.
constexpr size_t kRowBytes = 64;

std::pair<std::string, std::string> key_of(const TopicRecord& topic) {
  return {topic.topic, topic.channel};
}

}  // namespace

Result<void> Topics::put(const TopicRecord& topic, Origin origin) {
  Table& topics = table(origin);
  if (topic.schema.empty()) {
    topics.erase(key_of(topic));
    return {};
  }
  if (topic.channel.empty() || topic.topic.empty() || topic.channel.size() > kNameBytesMax ||
      topic.topic.size() > kNameBytesMax) {
    return Error{ErrorCode::kInvalid,
                 "a topic and its channel need names, of 1 to 1,024 bytes each"};
  }
  Result<JsonSchema> schema = JsonSchema::compile(topic.schema);
  if (!schema) {
    return Error{schema.error().code, "topic \"" + topic.topic + "\" of channel \"" +
                                          topic.channel + "\": " + schema.error().message};
  }
  if (topics.size() >= kTopicsMax && !topics.contains(key_of(topic))) {
    return Error{ErrorCode::kTooLarge, "1,000 topics are registered: remove some"};
  }
  topics.insert_or_assign(key_of(topic), Topic{topic.schema, std::move(*schema)});
  return {};
}

bool Topics::is_change(const TopicRecord& topic, Origin origin) const {
  const Table& topics = origin == Origin::kProcess ? of_process_ : recorded_;
  const auto known = topics.find(key_of(topic));
  return known == topics.end() ? !topic.schema.empty() : known->second.text != topic.schema;
}

const Topics::Topic* Topics::find(const Table& table, const Publication& message) {
  const Topic* longest = nullptr;
  auto topic = table.lower_bound(std::pair(message.topic, std::string()));
  size_t length = 0;
  for (; topic != table.end() && topic->first.first == message.topic; ++topic) {
    const std::string& channel = topic->first.second;
    if (!matches_channel(channel, message.channel)) continue;
    if (channel == message.channel) return &topic->second;
    if (longest != nullptr && channel.size() < length) continue;
    longest = &topic->second;
    length = channel.size();
  }
  return longest;
}

std::optional<std::string> Topics::misfit(const Publication& message) const {
  const bool has_json = message.kind == MessageKind::kData || message.kind == MessageKind::kChunk;
  if (!has_json || (recorded_.empty() && of_process_.empty())) return std::nullopt;
  const Topic* topic = find(of_process_, message);
  if (topic == nullptr) topic = find(recorded_, message);
  if (topic == nullptr) return std::nullopt;
  std::optional<std::string> fault =
      topic->schema.misfit(message.data.empty() ? "null" : message.data);
  if (!fault) return std::nullopt;
  return "the message does not fit the schema of topic \"" + message.topic + "\" of channel \"" +
         message.channel + "\": " + *fault;
}

void RecordedMessages::add(const MessageRecord& message) {
  const Publication& content = message.content;
  const size_t bytes = kRowBytes + content.channel.size() + content.topic.size() +
                       content.data.size() + content.metadata.size();
  bytes_ += bytes;
  messages_.push_back({message.pos, bytes, message.created_at});
}

std::optional<Position> RecordedMessages::drop(const HistoryBounds& bounds, Time now) {
  std::optional<Position> through;
  for (size_t dropped = 0; dropped < kDropsMax && !messages_.empty(); ++dropped) {
    const Entry& oldest = messages_.front();
    const bool is_over = messages_.size() > bounds.messages_max || bytes_ > bounds.bytes_max ||
                         oldest.created_at < now - bounds.age;
    if (!is_over) break;
    through = oldest.pos;
    bytes_ -= oldest.bytes;
    messages_.pop_front();
  }
  return through;
}

}  // namespace stepwell::core
