// What is known of realtime's names: the channels whose messages are recorded, and the schemas that
// the messages of topics must fit.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/json_schema.h"
#include "schema/message.h"

namespace stepwell::core {

class Topics {
 public:
  // Registers a topic, or with an empty schema forgets it. Those of the process hide recorded ones
  // and are not recorded. kInvalid: its schema, or a name, is wrong.
  enum class Origin : uint8_t { kJournal, kProcess };
  Result<void> put(const TopicRecord& topic, Origin origin);
  // Whether put() would change anything.
  bool is_change(const TopicRecord& topic, Origin origin) const;
  // Takes over what the process registered.
  void adopt_process_topics(const Topics& before) { of_process_ = before.of_process_; }

  // Why the message does not fit its topic; nothing if it does. Of the registered channels that
  // name its own, the longest counts.
  std::optional<std::string> misfit(const Publication& message) const;

 private:
  struct Topic {
    std::string text;
    JsonSchema schema;
  };
  // By topic and channel.
  using Table = std::map<std::pair<std::string, std::string>, Topic, std::less<>>;
  Table& table(Origin origin) { return origin == Origin::kProcess ? of_process_ : recorded_; }
  static const Topic* find(const Table& table, const Publication& message);

  Table recorded_;
  Table of_process_;
};

// The recorded messages that are not dropped yet, without their contents.
class RecordedMessages {
 public:
  // The newest.
  void add(const MessageRecord& message);
  // The last of those that are to be dropped by now, if there are any: a bounded number at a time.
  std::optional<Position> drop(const HistoryBounds& bounds, Time now);
  size_t size() const { return messages_.size(); }

 private:
  struct Entry {
    Position pos = 0;
    size_t bytes = 0;
    Time created_at{};
  };
  std::deque<Entry> messages_;
  size_t bytes_ = 0;
};

}  // namespace stepwell::core
