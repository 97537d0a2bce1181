// The hub: who hears which message. Knows no sockets and no tokens; the doors (api/realtime, the
// C++ API) subscribe for whoever is behind them. Loop thread only; the time is passed in.
//
// Every message gets the next number of the hub's one counter and goes, in that order, to the queue
// of each subscriber of its channel and topic. Recent ones are kept, so that whoever comes back, or
// comes a little late, misses nothing: such a subscriber first catches up, reading the history at
// its own pace, and gets a queue once it has. A slow subscriber loses its oldest messages and is
// told so, and slows down nobody.
//
// Memory: the history, the queues of one subscriber and those of all together are bounded. What is
// known of channels with neither a subscriber nor a kept message takes a fixed size.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/realtime/history.h"
#include "engine/realtime/message.h"
#include "schema/message.h"

namespace stepwell::realtime {

struct HubSettings {
  // What is kept of the messages of applications.
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
  // What waits for one subscriber.
  size_t queue_messages_max = 1'000;
  size_t queue_bytes_max = 1u << 20;
  // What waits for all of them; over it, whoever has more than a fair share gives up its oldest.
  size_t queues_bytes_max = 256u << 20;
};

inline constexpr std::nullopt_t kEveryTopic = std::nullopt;

// What the engine says of a run, on the channel that is named by the run's id.
inline constexpr std::string_view kRunTopic = "$run";
inline constexpr std::string_view kStepTopic = "$step";

// A topic of a channel. Empty names are names like others.
struct TopicName {
  std::string channel;
  std::optional<std::string> topic;  // or kEveryTopic
  auto operator<=>(const TopicName&) const = default;
};

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

// Messages were lost here: so many, when that is known.
struct Gap {
  std::optional<uint64_t> missed;
};

using Delivery = std::variant<std::shared_ptr<const Message>, Gap>;

class Hub;

// One half of a channel: its lifecycle messages, or the others. Each half has its own history.
struct Strand {
  std::string channel;
  bool is_lifecycle = false;
  auto operator<=>(const Strand&) const = default;
};

// One listener. Destroying it unsubscribes; the hub must outlive it. Loop thread only.
class Subscription {
 public:
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // What waits, in order, at most `max`; removes it.
  std::vector<Delivery> take(size_t max);
  bool has_waiting() const {
    return dropped_ > 0 || starts_with_gap_ || !behind_.empty() || !queue_.empty();
  }

  // Hears this topic too, from now on.
  void add(const TopicName& topic);
  size_t topics() const { return topics_.size(); }
  // Hears it no more; what is queued of it still comes.
  void remove(const TopicName& topic);

 private:
  friend class Hub;
  // How far a history has been read.
  struct Cursor {
    Strand strand;
    uint64_t after = 0;
  };

  Subscription(Hub& hub, uint64_t order, std::function<void()> on_ready)
      : hub_(hub), order_(order), on_ready_(std::move(on_ready)) {}
  void add_from(const TopicName& topic, uint64_t after);
  void push(const std::shared_ptr<const Message>& message);
  void drop_oldest();
  void take_from_queue(std::vector<Delivery>& deliveries, size_t max);
  void take_from_history(std::vector<Delivery>& deliveries, size_t max);
  void go_live_if_caught_up();
  std::shared_ptr<const Message> peek(Cursor& cursor) const;
  bool needs(const Strand& strand) const;
  bool covers(const Message& message) const;
  bool hears(const TopicName& topic, uint64_t number) const;

  Hub& hub_;
  const uint64_t order_;  // whoever came first is told first: the same order in each run of a seed
  std::function<void()> on_ready_;
  // Each with the number of the message behind which it is heard.
  std::map<TopicName, uint64_t> topics_;
  // While it catches up: every strand that it hears. Nothing is queued then.
  std::vector<Cursor> behind_;
  std::deque<std::shared_ptr<const Message>> queue_;
  size_t bytes_ = 0;
  uint64_t dropped_ = 0;          // lost from the front of the queue
  bool starts_with_gap_ = false;  // something before the first message is gone
};

struct HubStats {
  size_t subscriptions = 0;
  size_t channels = 0;  // that are remembered; one with lifecycle messages counts twice
  size_t history_messages = 0;
  size_t history_bytes = 0;
  size_t queued_bytes = 0;  // a message counts in each queue that holds it
  uint64_t published = 0;
  uint64_t delivered = 0;  // taken by subscribers
  uint64_t dropped = 0;    // lost from full queues
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

  // `on_ready` runs, on the loop thread, when something waits that did not wait before, but not
  // from inside subscribe: take what waits at once. It may take, but must not destroy a
  // subscription.
  std::unique_ptr<Subscription> subscribe(const std::vector<TopicName>& topics,
                                          const StartFrom& start, Time now,
                                          std::function<void()> on_ready);

  HubStats stats() const;
  // The age of the oldest message that waits in a queue. Looks at every subscription.
  Duration lag(Time now) const;

 private:
  friend class Subscription;

  // The newest of what left a history.
  struct Loss {
    uint64_t number = 0;    // 0: nothing did since this hub is there
    Position recorded = 0;  // 0: nothing that was recorded
    Time created_at{};
    bool is_none() const { return number == 0 && recorded == 0; }
    void add(const Loss& other);
  };

  struct Channel {
    uint64_t first_number = 0;  // of its first message since it is known; 0: none yet
    Time first_published{};
    History history;
    Loss lost;
    std::map<uint64_t, Subscription*> subscriptions;  // by their order
  };

  struct Kept {
    std::deque<std::shared_ptr<const Message>> messages;  // all histories, oldest first
    size_t bytes = 0;
  };

  enum class Keeping : uint8_t { kMemory, kLifecycle, kJournal };
  Keeping keeping(const Strand& strand) const;
  Kept& kept_of(const Strand& strand) { return kept_[static_cast<size_t>(keeping(strand))]; }
  const HistoryBounds& bounds(Keeping keeping) const;

  Channel& channel(const Strand& strand);
  void keep(Channel& channel, std::shared_ptr<const Message> message);
  void evict(Time now);
  void evict_oldest(Kept& kept);
  void erase_if_unused(const Strand& strand);
  Loss& forgotten(const Strand& strand);
  bool catch_up_from(const StartFrom& start, const Strand& strand, Time now, uint64_t& after) const;
  bool resume_after(const MessageId& seen, const Strand& strand, uint64_t& after) const;

  HubSettings settings_;
  uint64_t epoch_;
  Time started_at_;
  uint64_t last_number_ = 0;
  uint64_t last_order_ = 0;  // of a subscription
  Position last_recorded_ = 0;
  Loss dropped_before_;  // of each channel with a durable history, by earlier hubs
  std::map<Strand, Channel> channels_;
  std::array<Kept, 3> kept_;  // by Keeping
  // Of channels that are no longer known, by the hash of their names: two that share a place
  // announce each other's losses, which is a gap too many and never one too few.
  std::vector<Loss> forgotten_;
  HubStats stats_;
};

}  // namespace stepwell::realtime
