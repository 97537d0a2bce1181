// The hub: who hears which message. Knows no sockets and no tokens; the doors (api/realtime, the
// C++ API) subscribe for whoever is behind them. Loop thread only; the time is passed in.
//
// Every message gets the next number of the hub's one counter and goes into the history of its
// channel, where each subscriber reads at its own pace: who lives in the present, who is slow, and
// who comes back or comes a little late and is to miss nothing. Who has read all of a channel is
// told of its next message, and not of those behind it, until it has read them: the hub does
// nothing more for a subscriber that is stalled, however much is published.
//
// Memory: the histories of all channels together are bounded. What leaves them while somebody has
// not read it is held for those, with bounds of its own, so that a busy channel does not take it
// from the slow readers of a quiet one. What leaves for good is announced by a gap to whoever has
// missed it. What is known of channels with neither a subscriber nor a kept message takes a fixed
// size.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/realtime/channel.h"
#include "engine/realtime/message.h"
#include "engine/realtime/subscription.h"
#include "schema/message.h"

namespace stepwell::realtime {

struct HubSettings {
  // What is kept of the messages of applications. Bytes are those of the memory that they take, and
  // of what their channels take.
  HistoryBounds history{std::chrono::minutes(5), 100'000, 64u << 20};
  // The same of what the engine says of runs ($run, $step): every run speaks, and what applications
  // publish must not be forgotten sooner for it.
  HistoryBounds lifecycle{std::chrono::minutes(5), 50'000, 16u << 20};
  // Channels whose messages are recorded in the journal: names, or beginnings of names and a `*`;
  // and what is kept of them. Both as the core has them.
  std::vector<std::string> durable_channels;
  HistoryBounds durable = kDurableHistory;
  // A channel whose first message is younger is replayed from there to a subscriber that asks for
  // it: the sender of an event subscribes only after the fast engine has published. Zero: none is.
  Duration young_channel_age = std::chrono::seconds(30);
  // What has left the history of a channel and is held for those who have not read it. The newest
  // of a channel always is.
  size_t held_messages_max = 1'000;
  size_t held_bytes_max = 1u << 20;
  // The same of all channels together; over it, whichever holds most gives up its oldest.
  size_t all_held_bytes_max = 256u << 20;
};

// What the engine says of a run, on the channel that is named by the run's id.
inline constexpr std::string_view kRunTopic = "$run";
inline constexpr std::string_view kStepTopic = "$step";

// Where the messages of a topic are: all topics of a run's channel are in both its halves.
std::vector<Strand> strands_of(const TopicName& topic);

// Where a subscription starts in the past, if it does. What is lost of that is announced by a gap.
struct FromNow {};
struct After {
  MessageId id;  // the last message that was seen; an id of another epoch: all that there is
};
struct Since {
  Time time;  // published at or after
  bool with_young_channels = true;
};
using StartFrom = std::variant<FromNow, After, Since>;

struct HubStats {
  size_t subscriptions = 0;
  size_t channels = 0;  // that are remembered; one with lifecycle messages counts twice
  size_t history_messages = 0;
  size_t history_bytes = 0;
  size_t held_messages = 0;  // beside the history, for those who have not read them
  size_t held_bytes = 0;
  uint64_t published = 0;
  uint64_t delivered = 0;  // taken by subscribers; a message counts for each
  uint64_t dropped = 0;    // held, and given up before all have taken them
  uint64_t asked = 0;      // how often a message was compared with what one subscriber hears
};

class Hub {
 public:
  // `epoch` differs from that of every earlier hub whose ids may still be around. What was
  // published before `started_at` was heard by others.
  Hub(HubSettings settings, uint64_t epoch, Time started_at = {});
  ~Hub();

  // Before the first publish: what an earlier hub has published on channels with a durable history,
  // oldest first. Messages of channels that have none any more are passed over.
  void restore(const std::vector<MessageRecord>& messages);
  // The messages up to this position were recorded and dropped.
  void restore_dropped(Position through);

  // Numbers the message (its id and created_at are set here) and hands it out. `recorded` is its
  // position in the journal; 0: it is not recorded.
  MessageId publish(Message message, Time now, Position recorded = 0);

  // `on_ready` runs, on the loop thread, when something waits and nothing did before, but not from
  // inside subscribe: look at once whether something does. It may take, but must neither destroy a
  // subscription nor publish.
  std::unique_ptr<Subscription> subscribe(const std::vector<TopicName>& topics,
                                          const StartFrom& start, Time now,
                                          std::function<void()> on_ready);

  HubStats stats() const;
  // The age of the oldest message that somebody has not taken yet. Looks at every subscription.
  Duration lag(Time now) const;

 private:
  friend class Subscription;

  // All histories of one kind together, without what is only held.
  struct Kept {
    std::deque<Channel*> messages;  // by the channel of each, oldest first
    size_t bytes = 0;
  };

  Keeping keeping(const Strand& strand) const;
  Kept& kept(const Channel& channel) { return kept_[static_cast<size_t>(channel.keeping)]; }
  const HistoryBounds& bounds(Keeping keeping) const;

  Channel& channel(const Strand& strand);
  void erase_if_unused(Channel& channel);
  Loss& forgotten(const Strand& strand);
  void keep(Channel& channel, std::shared_ptr<const Message> message);
  void evict(Time now);
  void evict_oldest(Kept& kept);
  void hold_oldest(Channel& channel);
  void drop_oldest_held(Channel& channel);
  void leave_holders(const Channel& channel);
  void join_holders(Channel& channel);

  static bool comes_before(const Hearing* a, const Hearing* b);
  static void list(Hearing& hearing);
  static void unlist(Hearing& hearing);
  std::vector<Subscription*> leave_behind(Channel& channel, const Message& newest);
  void caught_up(Channel& channel);
  bool catch_up_from(const StartFrom& start, const Channel& channel, Time now,
                     uint64_t& after) const;
  bool resume_after(const MessageId& seen, const Channel& channel, uint64_t& after) const;

  HubSettings settings_;
  uint64_t epoch_;
  Time started_at_;
  uint64_t last_number_ = 0;
  uint64_t last_order_ = 0;  // of a subscription
  Position last_recorded_ = 0;
  Loss dropped_before_;  // of each channel with a durable history, by earlier hubs
  std::map<Strand, Channel> channels_;
  std::array<Kept, 3> kept_;  // by Keeping
  // Channels that hold something, by how much, and by the number of the oldest, which no two share.
  std::map<std::pair<size_t, uint64_t>, Channel*> holders_;
  // Of channels that are no longer known, by the hash of their names: two that share a place
  // announce each other's losses, which is a gap too many and never one too few.
  std::vector<Loss> forgotten_;
  std::map<uint64_t, Subscription*> subscriptions_;  // by their order
  HubStats stats_;
};

}  // namespace stepwell::realtime
