#include "engine/realtime/hub.h"

#include <algorithm>

#include "schema/check.h"

namespace stepwell::realtime {
namespace {

size_t cost(const Message& message) {
  return sizeof(Message) + message.channel.size() + message.topic.size() + message.data.size() +
         message.metadata.size();
}

bool covers(const std::set<TopicName>& topics, const Message& message) {
  return topics.contains({message.channel, message.topic}) ||
         topics.contains({message.channel, ""});
}

}  // namespace

Subscription::~Subscription() {
  while (!topics_.empty()) {
    TopicName topic = *topics_.begin();
    remove(topic);
  }
  --hub_.stats_.subscriptions;
}

void Subscription::add(const TopicName& topic) {
  topics_.insert(topic);
  hub_.channels_[topic.channel].subscriptions.insert(this);
}

void Subscription::remove(const TopicName& topic) {
  if (topics_.erase(topic) == 0) return;
  auto next = topics_.lower_bound({topic.channel, ""});
  if (next != topics_.end() && next->channel == topic.channel) return;  // others of this channel
  hub_.channels_[topic.channel].subscriptions.erase(this);
  hub_.erase_if_unused(topic.channel);
}

void Subscription::push(const std::shared_ptr<const Message>& message) {
  if (message->id.number <= last_number_ || !covers(topics_, *message)) return;
  last_number_ = message->id.number;
  bool was_waiting = has_waiting();
  queue_.push_back(message);
  bytes_ += cost(*message);
  ++hub_.stats_.delivered;
  // The newest message is worth more than the oldest; one alone always fits.
  while (queue_.size() > hub_.settings_.queue_messages_max ||
         (bytes_ > hub_.settings_.queue_bytes_max && queue_.size() > 1)) {
    bytes_ -= cost(*queue_.front());
    queue_.pop_front();
    ++dropped_;
    ++hub_.stats_.dropped;
  }
  if (!was_waiting && on_ready_) on_ready_();
}

std::vector<Delivery> Subscription::take(size_t max) {
  std::vector<Delivery> deliveries;
  if (dropped_ > 0 || starts_with_gap_) {
    deliveries.push_back(Gap{starts_with_gap_ ? std::nullopt : std::optional(dropped_)});
    dropped_ = 0;
    starts_with_gap_ = false;
  }
  while (!queue_.empty() && deliveries.size() < max) {
    bytes_ -= cost(*queue_.front());
    deliveries.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return deliveries;
}

Hub::Hub(HubSettings settings, uint64_t epoch) : settings_(settings), epoch_(epoch) {}

Hub::~Hub() {
  CHECK_INVARIANT(stats_.subscriptions == 0, "subscriptions end before their hub");
}

MessageId Hub::publish(Message message, Time now) {
  message.id = {epoch_, ++last_number_};
  message.created_at = now;
  ++stats_.published;
  auto shared = std::make_shared<const Message>(std::move(message));
  Channel& channel = channels_[shared->channel];
  // Whoever is told may unsubscribe from inside: walk over a copy.
  std::vector<Subscription*> listeners(channel.subscriptions.begin(), channel.subscriptions.end());
  keep(channel, shared);
  evict(now);
  for (Subscription* listener : listeners) listener->push(shared);
  erase_if_unused(shared->channel);
  return shared->id;
}

void Hub::keep(Channel& channel, std::shared_ptr<const Message> message) {
  if (channel.first_published == Time{}) channel.first_published = message->created_at;
  kept_bytes_ += cost(*message);
  channel.history.push_back(message);
  kept_.push_back(std::move(message));
}

void Hub::evict(Time now) {
  while (!kept_.empty() && (kept_.size() > settings_.history_messages_max ||
                            kept_bytes_ > settings_.history_bytes_max ||
                            kept_.front()->created_at < now - settings_.history_age)) {
    evict_oldest();
  }
}

void Hub::evict_oldest() {
  std::shared_ptr<const Message> oldest = std::move(kept_.front());
  kept_.pop_front();
  kept_bytes_ -= cost(*oldest);
  Channel& channel = channels_.at(oldest->channel);
  CHECK_INVARIANT(channel.history.front() == oldest, "histories are in the order of the hub");
  channel.history.pop_front();
  channel.evicted_up_to = oldest->id.number;
  erase_if_unused(oldest->channel);
}

void Hub::erase_if_unused(const std::string& name) {
  auto found = channels_.find(name);
  if (found == channels_.end()) return;
  const Channel& channel = found->second;
  if (!channel.subscriptions.empty() || !channel.history.empty()) return;
  forgotten_up_to_ = std::max(forgotten_up_to_, channel.evicted_up_to);
  channels_.erase(found);
}

// Whether something that the subscriber has not seen has left the history, or may have.
bool Hub::has_lost(const TopicName& topic, const StartFrom& start) const {
  const auto* after = std::get_if<After>(&start);
  if (after == nullptr) return false;
  if (after->id.epoch != epoch_) return true;
  auto found = channels_.find(topic.channel);
  uint64_t evicted = found == channels_.end() ? forgotten_up_to_ : found->second.evicted_up_to;
  if (found != channels_.end() && found->second.first_published == Time{}) {
    evicted = std::max(evicted, forgotten_up_to_);
  }
  return after->id.number < evicted;
}

void Hub::replay(Subscription& subscription, const std::vector<TopicName>& topics,
                 const StartFrom& start, Time now) {
  if (std::holds_alternative<FromNow>(start)) return;
  std::set<std::string> names;
  for (const TopicName& topic : topics) {
    names.insert(topic.channel);
    if (has_lost(topic, start)) subscription.starts_with_gap_ = true;
  }
  std::vector<std::shared_ptr<const Message>> messages;
  for (const std::string& name : names) {
    const Channel& channel = channels_.at(name);
    for (const auto& message : channel.history) {
      bool is_wanted;
      if (const auto* after = std::get_if<After>(&start)) {
        is_wanted = after->id.epoch != epoch_ || message->id.number > after->id.number;
      } else {
        const Since& since = std::get<Since>(start);
        bool is_young = since.with_young_channels &&
                        channel.first_published >= now - settings_.young_channel_age;
        is_wanted = is_young || message->created_at >= since.time;
      }
      if (is_wanted) messages.push_back(message);
    }
  }
  std::sort(messages.begin(), messages.end(),
            [](const auto& a, const auto& b) { return a->id.number < b->id.number; });
  for (const auto& message : messages) subscription.push(message);
}

std::unique_ptr<Subscription> Hub::subscribe(const std::vector<TopicName>& topics,
                                             const StartFrom& start, Time now,
                                             std::function<void()> on_ready) {
  evict(now);
  std::unique_ptr<Subscription> subscription(new Subscription(*this, nullptr));
  ++stats_.subscriptions;
  for (const TopicName& topic : topics) subscription->add(topic);
  replay(*subscription, topics, start, now);
  subscription->on_ready_ = std::move(on_ready);
  return subscription;
}

HubStats Hub::stats() const {
  HubStats stats = stats_;
  stats.channels = channels_.size();
  stats.history_messages = kept_.size();
  stats.history_bytes = kept_bytes_;
  return stats;
}

}  // namespace stepwell::realtime
