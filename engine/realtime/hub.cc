#include "engine/realtime/hub.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "schema/check.h"

namespace stepwell::realtime {
namespace {

// 256 KiB, and with fewer channels than this forgotten of late, hardly a gap too many.
constexpr size_t kForgottenPlaces = 1u << 14;

size_t cost(const Message& message) {
  return sizeof(Message) + message.channel.size() + message.topic.size() + message.data.size() +
         message.metadata.size();
}

}  // namespace

// -- Subscription ---------------------------------------------------------------------------------

Subscription::~Subscription() {
  while (!topics_.empty()) {
    TopicName topic = topics_.begin()->first;
    remove(topic);
  }
  hub_.stats_.queued_bytes -= bytes_;
  --hub_.stats_.subscriptions;
}

void Subscription::add(const TopicName& topic) {
  add_from(topic, hub_.last_number_);
}

void Subscription::add_from(const TopicName& topic, uint64_t after) {
  bool is_new_channel = hub_.channel(topic.channel).subscriptions.insert(this).second;
  topics_.try_emplace(topic, after);  // one that it hears already, it hears as before
  if (is_new_channel && !behind_.empty()) {
    behind_.push_back({topic.channel, hub_.last_number_});
  }
}

void Subscription::remove(const TopicName& topic) {
  if (topics_.erase(topic) == 0) return;
  auto next = topics_.lower_bound({topic.channel, kEveryTopic});
  if (next != topics_.end() && next->first.channel == topic.channel)
    return;  // others of this channel
  std::erase_if(behind_, [&](const Cursor& cursor) { return cursor.channel == topic.channel; });
  hub_.channel(topic.channel).subscriptions.erase(this);
  hub_.erase_if_unused(topic.channel);
}

bool Subscription::covers(const Message& message) const {
  return hears({message.channel, message.topic}, message.id.number) ||
         hears({message.channel, kEveryTopic}, message.id.number);
}

bool Subscription::hears(const TopicName& topic, uint64_t number) const {
  auto found = topics_.find(topic);
  return found != topics_.end() && number > found->second;
}

void Subscription::push(const std::shared_ptr<const Message>& message) {
  if (!behind_.empty() || !covers(*message)) return;  // who is behind finds it in the history
  bool was_waiting = has_waiting();
  queue_.push_back(message);
  bytes_ += cost(*message);
  hub_.stats_.queued_bytes += cost(*message);
  const HubSettings& settings = hub_.settings_;
  size_t bytes_max = settings.queue_bytes_max;
  if (hub_.stats_.queued_bytes > settings.queues_bytes_max) {
    bytes_max = std::min(bytes_max, settings.queues_bytes_max / hub_.stats_.subscriptions);
  }
  // The newest message is worth more than the oldest; one alone always fits.
  while (queue_.size() > 1 && (queue_.size() > settings.queue_messages_max || bytes_ > bytes_max)) {
    drop_oldest();
    ++dropped_;
    ++hub_.stats_.dropped;
  }
  if (!was_waiting && on_ready_) on_ready_();
}

void Subscription::drop_oldest() {
  bytes_ -= cost(*queue_.front());
  hub_.stats_.queued_bytes -= cost(*queue_.front());
  queue_.pop_front();
}

std::vector<Delivery> Subscription::take(size_t max) {
  std::vector<Delivery> deliveries;
  if (max == 0) return deliveries;
  if (!behind_.empty()) {
    take_from_history(deliveries, max);
    go_live_if_caught_up();
  } else {
    take_from_queue(deliveries, max);
  }
  return deliveries;
}

void Subscription::take_from_queue(std::vector<Delivery>& deliveries, size_t max) {
  if (dropped_ > 0 || starts_with_gap_) {
    deliveries.push_back(Gap{starts_with_gap_ ? std::nullopt : std::optional(dropped_)});
    dropped_ = 0;
    starts_with_gap_ = false;
  }
  while (!queue_.empty() && deliveries.size() < max) {
    deliveries.push_back(queue_.front());
    drop_oldest();
    ++hub_.stats_.delivered;
  }
}

// The first message behind the cursor that the subscriber is to hear, or null; moves the cursor
// over those that it is not.
std::shared_ptr<const Message> Subscription::peek(Cursor& cursor) const {
  const auto& history = hub_.channels_.at(cursor.channel).history;
  auto next = std::upper_bound(
      history.begin(), history.end(), cursor.after,
      [](uint64_t number, const auto& message) { return number < message->id.number; });
  for (; next != history.end(); ++next) {
    if (covers(**next)) return *next;
    cursor.after = (*next)->id.number;
  }
  return nullptr;
}

void Subscription::take_from_history(std::vector<Delivery>& deliveries, size_t max) {
  for (Cursor& cursor : behind_) {
    uint64_t lost = hub_.channels_.at(cursor.channel).lost.number;
    if (lost <= cursor.after) continue;
    starts_with_gap_ = true;
    cursor.after = lost;
  }
  if (std::exchange(starts_with_gap_, false)) deliveries.push_back(Gap{});
  while (deliveries.size() < max) {
    Cursor* first = nullptr;
    std::shared_ptr<const Message> message;
    for (Cursor& cursor : behind_) {
      auto candidate = peek(cursor);
      if (!candidate || (message && message->id.number < candidate->id.number)) continue;
      message = std::move(candidate);
      first = &cursor;
    }
    if (first == nullptr) return;
    first->after = message->id.number;
    deliveries.push_back(std::move(message));
    ++hub_.stats_.delivered;
  }
}

void Subscription::go_live_if_caught_up() {
  for (Cursor& cursor : behind_) {
    if (hub_.channels_.at(cursor.channel).lost.number > cursor.after || peek(cursor)) return;
  }
  behind_.clear();
}

// -- Hub ------------------------------------------------------------------------------------------

Hub::Hub(HubSettings settings, uint64_t epoch)
    : settings_(settings), epoch_(epoch), forgotten_(kForgottenPlaces) {}

Hub::~Hub() {
  CHECK_INVARIANT(stats_.subscriptions == 0, "subscriptions end before their hub");
}

void Hub::Loss::add(const Loss& other) {
  number = std::max(number, other.number);
  created_at = std::max(created_at, other.created_at);
}

MessageId Hub::publish(Message message, Time now) {
  message.id = {epoch_, ++last_number_};
  message.created_at = now;
  ++stats_.published;
  auto shared = std::make_shared<const Message>(std::move(message));
  Channel& of_message = channel(shared->channel);
  // Whoever is told may hear less from then on: walk over a copy.
  std::vector<Subscription*> listeners(of_message.subscriptions.begin(),
                                       of_message.subscriptions.end());
  keep(of_message, shared);
  evict(now);
  for (Subscription* listener : listeners) listener->push(shared);
  erase_if_unused(shared->channel);
  return shared->id;
}

Hub::Loss& Hub::forgotten(std::string_view name) {
  return forgotten_[std::hash<std::string_view>()(name) % kForgottenPlaces];
}

Hub::Channel& Hub::channel(const std::string& name) {
  auto [found, is_new] = channels_.try_emplace(name);
  if (is_new) found->second.lost = forgotten(name);
  return found->second;
}

void Hub::keep(Channel& channel, std::shared_ptr<const Message> message) {
  if (channel.first_number == 0) {
    channel.first_number = message->id.number;
    channel.first_published = message->created_at;
  }
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
  channel.lost.add({oldest->id.number, oldest->created_at});
  erase_if_unused(oldest->channel);
}

void Hub::erase_if_unused(const std::string& name) {
  auto found = channels_.find(name);
  if (found == channels_.end()) return;
  const Channel& channel = found->second;
  if (!channel.subscriptions.empty() || !channel.history.empty()) return;
  forgotten(name).add(channel.lost);
  channels_.erase(found);
}

// From which number on the subscriber catches up in this channel. True: of what it asks for,
// something has left the history, or may have.
bool Hub::catch_up_from(const StartFrom& start, const Channel& channel, Time now,
                        uint64_t& after) const {
  const Loss& lost = channel.lost;
  after = lost.number;  // all that there is
  if (const auto* seen = std::get_if<After>(&start)) {
    if (seen->id.epoch != epoch_ || seen->id.number > last_number_) return true;
    after = std::max(after, seen->id.number);
    return seen->id.number < lost.number;
  }
  const Since& since = std::get<Since>(start);
  bool is_young = since.with_young_channels && channel.first_number != 0 &&
                  channel.first_published >= now - settings_.young_channel_age;
  if (is_young) return lost.number >= channel.first_number;
  // Backwards, and not by halving: the clock may have jumped.
  for (auto message = channel.history.rbegin(); message != channel.history.rend(); ++message) {
    if ((*message)->created_at >= since.time) continue;
    after = (*message)->id.number;
    break;
  }
  return lost.number != 0 && lost.created_at >= since.time;
}

std::unique_ptr<Subscription> Hub::subscribe(const std::vector<TopicName>& topics,
                                             const StartFrom& start, Time now,
                                             std::function<void()> on_ready) {
  evict(now);
  std::unique_ptr<Subscription> made(new Subscription(*this, std::move(on_ready)));
  ++stats_.subscriptions;
  for (const TopicName& topic : topics) made->add_from(topic, 0);
  if (std::holds_alternative<FromNow>(start)) return made;
  std::set<std::string> names;
  for (const TopicName& topic : topics) names.insert(topic.channel);
  for (const std::string& name : names) {
    uint64_t after = 0;
    if (catch_up_from(start, channels_.at(name), now, after)) made->starts_with_gap_ = true;
    made->behind_.push_back({name, after});
  }
  made->go_live_if_caught_up();
  return made;
}

HubStats Hub::stats() const {
  HubStats stats = stats_;
  stats.channels = channels_.size();
  stats.history_messages = kept_.size();
  stats.history_bytes = kept_bytes_;
  return stats;
}

}  // namespace stepwell::realtime
