// Realtime as it is recorded: messages of channels that ask for a durable history, and what is
// known of topics.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/ids.h"
#include "schema/op.h"
#include "schema/run.h"
#include "schema/time.h"

namespace stepwell {

// A message of a channel whose history survives the server.
struct MessageRecord {
  Position pos = 0;
  Publication content;
  std::optional<RunId> run;  // who published it
  Time created_at{};
};

// What was registered of a topic: the JSON Schema of its messages.
struct TopicRecord {
  std::string channel;  // a name, or the beginning of names and a `*`
  std::string topic;
  std::string schema;  // JSON text
};

// Whether a channel is meant: `pattern` is its name, or the beginning of its name and a `*`.
bool matches_channel(std::string_view pattern, std::string_view channel);

// What is kept of messages; one leaves when a bound is passed.
struct HistoryBounds {
  Duration age{};
  size_t messages_max = 0;  // zero: no history
  size_t bytes_max = 0;
};

// A durable history, unless it is told otherwise.
inline constexpr HistoryBounds kDurableHistory{std::chrono::hours(24 * 7), 100'000, 64u << 20};

}  // namespace stepwell
