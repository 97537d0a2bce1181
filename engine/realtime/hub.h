// The hub: who hears which message. Knows no sockets and no tokens; the doors (api/realtime, the
// C++ API) subscribe for whoever is behind them. Loop thread only; the time is passed in.
//
// Every message gets the next number of the hub's one counter and goes, in that order, to the queue
// of each subscriber of its channel and topic. Recent ones are kept, so that whoever comes back, or
// comes a little late, misses nothing. A slow subscriber loses its oldest messages and is told so,
// and slows down nobody.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/realtime/message.h"

namespace stepwell::realtime {

struct HubSettings {
  // History; a message leaves it when any bound is passed. Zero messages: no history.
  Duration history_age = std::chrono::minutes(5);
  size_t history_messages_max = 100'000;
  size_t history_bytes_max = 64u << 20;
  // A channel whose first message is younger is replayed from there to a subscriber that asks for
  // it: the sender of an event subscribes only after the fast engine has published.
  Duration young_channel_age = std::chrono::seconds(30);
  // What waits for one subscriber.
  size_t queue_messages_max = 1'000;
  size_t queue_bytes_max = 1u << 20;
};

struct TopicName {
  std::string channel;
  std::string topic;  // empty: every topic of the channel
  auto operator<=>(const TopicName&) const = default;
};

// Where a subscription starts in the past, if it does.
struct FromNow {};
struct After {
  MessageId id;  // the last message that was seen
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

// One listener. Destroying it unsubscribes; the hub must outlive it.
class Subscription {
 public:
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // What waits, in order, at most `max`; removes it.
  std::vector<Delivery> take(size_t max);
  bool has_waiting() const { return dropped_ > 0 || starts_with_gap_ || !queue_.empty(); }

  void add(const TopicName& topic);
  void remove(const TopicName& topic);

 private:
  friend class Hub;
  Subscription(Hub& hub, std::function<void()> on_ready)
      : hub_(hub), on_ready_(std::move(on_ready)) {}
  void push(const std::shared_ptr<const Message>& message);

  Hub& hub_;
  std::function<void()> on_ready_;
  std::set<TopicName> topics_;
  std::deque<std::shared_ptr<const Message>> queue_;
  size_t bytes_ = 0;
  uint64_t dropped_ = 0;          // lost from the front of the queue
  bool starts_with_gap_ = false;  // something before the first message is gone
  uint64_t last_number_ = 0;      // so that overlapping topics deliver once
};

struct HubStats {
  size_t subscriptions = 0;
  size_t channels = 0;
  size_t history_messages = 0;
  size_t history_bytes = 0;
  uint64_t published = 0;
  uint64_t delivered = 0;
  uint64_t dropped = 0;
};

class Hub {
 public:
  // `epoch` differs from that of every earlier hub whose ids may still be around.
  Hub(HubSettings settings, uint64_t epoch);
  ~Hub();

  // Numbers the message (its id and created_at are set here) and hands it out.
  MessageId publish(Message message, Time now);

  // `on_ready` runs, on the loop thread, when something waits that did not wait before; it may call
  // take() but must not destroy the subscription.
  std::unique_ptr<Subscription> subscribe(const std::vector<TopicName>& topics,
                                          const StartFrom& start, Time now,
                                          std::function<void()> on_ready);

  HubStats stats() const;

 private:
  friend class Subscription;
  struct Channel {
    Time first_published{};
    std::deque<std::shared_ptr<const Message>> history;
    uint64_t evicted_up_to = 0;  // the highest number that left the history
    std::set<Subscription*> subscriptions;
  };

  void keep(Channel& channel, std::shared_ptr<const Message> message);
  void evict(Time now);
  void evict_oldest();
  void erase_if_unused(const std::string& name);
  void replay(Subscription& subscription, const std::vector<TopicName>& topics,
              const StartFrom& start, Time now);
  bool has_lost(const TopicName& topic, const StartFrom& start) const;

  HubSettings settings_;
  uint64_t epoch_;
  uint64_t last_number_ = 0;
  std::map<std::string, Channel> channels_;
  std::deque<std::shared_ptr<const Message>> kept_;  // all histories, oldest first
  size_t kept_bytes_ = 0;
  uint64_t forgotten_up_to_ = 0;  // of channels that are no longer known
  HubStats stats_;
};

}  // namespace stepwell::realtime
