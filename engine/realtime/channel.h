// What the hub knows of one channel: its recent messages, and who hears of the next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/realtime/history.h"
#include "engine/realtime/message.h"

namespace stepwell::realtime {

class Subscription;
struct Channel;

// One half of a channel: its lifecycle messages, or the others. Each half has its own history.
struct Strand {
  std::string channel;
  bool is_lifecycle = false;
  auto operator<=>(const Strand&) const = default;
};

// The newest of what left a history.
struct Loss {
  uint64_t number = 0;    // 0: nothing did since this hub is there
  Position recorded = 0;  // 0: nothing that was recorded
  Time created_at{};

  bool is_none() const { return number == 0 && recorded == 0; }
  void add(const Loss& other) {
    number = std::max(number, other.number);
    recorded = std::max(recorded, other.recorded);
    created_at = std::max(created_at, other.created_at);
  }
};

// What bounds a history.
enum class Keeping : uint8_t { kMemory, kLifecycle, kJournal };

// What one subscription hears of a strand. Either it has all that was published, and is among those
// who are told of the next message; or it is behind, and has a place in the history.
struct Hearing {
  Subscription& owner;
  Channel& channel;
  // Every topic, and single ones: each behind the message with this number.
  std::optional<uint64_t> every_topic_after{};
  std::map<std::string, uint64_t, std::less<>> topics_after{};
  bool is_behind = false;
  // While it is: the first message that waits, which may be lost by now.
  uint64_t place = 0;
  uint64_t number = 0;

  bool covers(const Message& message) const;
  bool is_lost() const;
  // How many messages are lost that it was to hear; nothing: unknown. It is_lost().
  std::optional<uint64_t> missed() const;
};

// Places count its messages since it is known.
struct Channel {
  const Strand* strand = nullptr;
  Keeping keeping = Keeping::kMemory;
  uint64_t first_number = 0;  // of its first message; 0: none yet
  Time first_published{};
  // The oldest `held` of them have left the history for everybody but those who were behind.
  History history;
  size_t held = 0;
  size_t held_bytes = 0;
  uint64_t gone = 0;  // how many have left for good: the place of the oldest that is there
  Loss lost;
  std::vector<Hearing*> listeners;  // who has everything, in the order of subscribing
  size_t behind = 0;                // so many others have not
  size_t hearings = 0;              // all of them

  uint64_t end() const { return gone + history.size(); }
  const History::Entry& at(uint64_t place) const { return history[place - gone]; }
  // The place of the first message behind the one with this number.
  uint64_t place_behind(uint64_t number) const;
};

inline bool Hearing::covers(const Message& message) const {
  if (every_topic_after && message.id.number > *every_topic_after) return true;
  if (topics_after.empty()) return false;
  const auto found = topics_after.find(message.topic);
  return found != topics_after.end() && message.id.number > found->second;
}

inline bool Hearing::is_lost() const {
  return place < channel.gone;
}

inline std::optional<uint64_t> Hearing::missed() const {
  if (!every_topic_after || number <= *every_topic_after) return std::nullopt;
  return channel.gone - place;
}

inline uint64_t Channel::place_behind(uint64_t number) const {
  const auto next = std::upper_bound(
      history.begin(), history.end(), number,
      [](uint64_t seen, const History::Entry& message) { return seen < message->id.number; });
  return gone + static_cast<uint64_t>(next - history.begin());
}

}  // namespace stepwell::realtime
