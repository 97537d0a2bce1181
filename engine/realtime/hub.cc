#include "engine/realtime/hub.h"

#include <algorithm>
#include <functional>
#include <set>
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

// Only a channel that is named by a run has what the engine says of it.
bool is_lifecycle(std::string_view channel, std::string_view topic) {
  return (topic == kRunTopic || topic == kStepTopic) && RunId::parse(channel);
}

Strand strand_of(const Message& message) {
  return {message.channel, is_lifecycle(message.channel, message.topic)};
}

// Where messages of a topic come from.
std::vector<Strand> strands_of(const TopicName& topic) {
  if (topic.topic) return {{topic.channel, is_lifecycle(topic.channel, *topic.topic)}};
  if (!RunId::parse(topic.channel)) return {{topic.channel, false}};
  return {{topic.channel, false}, {topic.channel, true}};
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
  topics_.try_emplace(topic, after);  // one that it hears already, it hears as before
  for (const Strand& strand : strands_of(topic)) {
    bool is_new = hub_.channel(strand).subscriptions.try_emplace(order_, this).second;
    if (is_new && !behind_.empty()) behind_.push_back({strand, hub_.last_number_});
  }
}

void Subscription::remove(const TopicName& topic) {
  if (topics_.erase(topic) == 0) return;
  for (const Strand& strand : strands_of(topic)) {
    if (needs(strand)) continue;
    std::erase_if(behind_, [&](const Cursor& cursor) { return cursor.strand == strand; });
    hub_.channel(strand).subscriptions.erase(order_);
    hub_.erase_if_unused(strand);
  }
}

// Whether a topic that it hears is in this strand.
bool Subscription::needs(const Strand& strand) const {
  auto topic = topics_.lower_bound({strand.channel, kEveryTopic});
  for (; topic != topics_.end() && topic->first.channel == strand.channel; ++topic) {
    for (const Strand& heard : strands_of(topic->first)) {
      if (heard == strand) return true;
    }
  }
  return false;
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
  const auto& history = hub_.channels_.at(cursor.strand).history;
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
    uint64_t lost = hub_.channels_.at(cursor.strand).lost.number;
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
    if (hub_.channels_.at(cursor.strand).lost.number > cursor.after || peek(cursor)) return;
  }
  behind_.clear();
}

// -- Hub ------------------------------------------------------------------------------------------

Hub::Hub(HubSettings settings, uint64_t epoch, Time started_at)
    : settings_(std::move(settings)),
      epoch_(epoch),
      started_at_(started_at),
      forgotten_(kForgottenPlaces) {}

Hub::~Hub() {
  CHECK_INVARIANT(stats_.subscriptions == 0, "subscriptions end before their hub");
}

void Hub::Loss::add(const Loss& other) {
  number = std::max(number, other.number);
  recorded = std::max(recorded, other.recorded);
  created_at = std::max(created_at, other.created_at);
}

Hub::Keeping Hub::keeping(const Strand& strand) const {
  if (strand.is_lifecycle) return Keeping::kLifecycle;
  for (const std::string& pattern : settings_.durable_channels) {
    if (matches_channel(pattern, strand.channel)) return Keeping::kJournal;
  }
  return Keeping::kMemory;
}

const HistoryBounds& Hub::bounds(Keeping keeping) const {
  if (keeping == Keeping::kLifecycle) return settings_.lifecycle;
  return keeping == Keeping::kJournal ? settings_.durable : settings_.history;
}

void Hub::restore(const std::vector<MessageRecord>& messages) {
  for (const MessageRecord& record : messages) {
    // An engine that is started again has them already.
    if (record.pos <= last_recorded_) continue;
    last_recorded_ = record.pos;
    Message message{record.content, {epoch_, 0, record.pos}, record.run, record.created_at};
    const Strand strand = strand_of(message);
    if (keeping(strand) != Keeping::kJournal) continue;
    message.id.number = ++last_number_;
    keep(channel(strand), std::make_shared<const Message>(std::move(message)));
  }
}

void Hub::restore_dropped(Position through) {
  if (through == 0) return;
  // When they were published, nobody knows any more.
  dropped_before_.add({0, through, started_at_});
  last_recorded_ = std::max(last_recorded_, through);
}

MessageId Hub::publish(Message message, Time now, Position recorded) {
  last_recorded_ = std::max(last_recorded_, recorded);
  message.id = {epoch_, ++last_number_, std::nullopt};
  if (!settings_.durable_channels.empty()) message.id.recorded = last_recorded_;
  message.created_at = now;
  ++stats_.published;
  auto shared = std::make_shared<const Message>(std::move(message));
  const Strand strand = strand_of(*shared);
  Channel& of_message = channel(strand);
  // Whoever is told may hear less from then on: walk over a copy.
  std::vector<Subscription*> listeners;
  listeners.reserve(of_message.subscriptions.size());
  for (const auto& [order, listener] : of_message.subscriptions) listeners.push_back(listener);
  keep(of_message, shared);
  evict(now);
  for (Subscription* listener : listeners) listener->push(shared);
  erase_if_unused(strand);
  return shared->id;
}

Hub::Loss& Hub::forgotten(const Strand& strand) {
  size_t hash = std::hash<std::string>()(strand.channel) + (strand.is_lifecycle ? 1 : 0);
  return forgotten_[hash % kForgottenPlaces];
}

Hub::Channel& Hub::channel(const Strand& strand) {
  auto [found, is_new] = channels_.try_emplace(strand);
  if (!is_new) return found->second;
  found->second.lost = forgotten(strand);
  if (keeping(strand) == Keeping::kJournal) found->second.lost.add(dropped_before_);
  return found->second;
}

void Hub::keep(Channel& channel, std::shared_ptr<const Message> message) {
  if (channel.first_number == 0) {
    channel.first_number = message->id.number;
    channel.first_published = message->created_at;
  }
  Kept& kept = kept_of(strand_of(*message));
  kept.bytes += cost(*message);
  channel.history.push_back(message);
  kept.messages.push_back(std::move(message));
}

void Hub::evict(Time now) {
  for (const Keeping keeping : {Keeping::kMemory, Keeping::kLifecycle, Keeping::kJournal}) {
    Kept& kept = kept_[static_cast<size_t>(keeping)];
    const HistoryBounds& most = bounds(keeping);
    while (!kept.messages.empty() &&
           (kept.messages.size() > most.messages_max || kept.bytes > most.bytes_max ||
            kept.messages.front()->created_at < now - most.age)) {
      evict_oldest(kept);
    }
  }
}

void Hub::evict_oldest(Kept& kept) {
  std::shared_ptr<const Message> oldest = std::move(kept.messages.front());
  kept.messages.pop_front();
  kept.bytes -= cost(*oldest);
  const Strand strand = strand_of(*oldest);
  Channel& channel = channels_.at(strand);
  CHECK_INVARIANT(channel.history.front() == oldest, "histories are in the order of the hub");
  channel.history.pop_front();
  channel.lost.add({oldest->id.number, oldest->id.recorded.value_or(0), oldest->created_at});
  erase_if_unused(strand);
}

void Hub::erase_if_unused(const Strand& strand) {
  auto found = channels_.find(strand);
  if (found == channels_.end()) return;
  const Channel& channel = found->second;
  if (!channel.subscriptions.empty() || !channel.history.empty()) return;
  forgotten(strand).add(channel.lost);
  channels_.erase(found);
}

// The same as catch_up_from, for whoever names a message.
bool Hub::resume_after(const MessageId& seen, const Strand& strand, uint64_t& after) const {
  const Channel& channel = channels_.at(strand);
  if (seen.epoch == epoch_ && seen.number <= last_number_) {
    after = std::max(after, seen.number);
    return seen.number < channel.lost.number;
  }
  const bool is_known = keeping(strand) == Keeping::kJournal && seen.epoch != epoch_ &&
                        seen.recorded && *seen.recorded <= last_recorded_;
  if (!is_known) return true;
  // An earlier hub's: positions in the journal go on.
  for (auto message = channel.history.rbegin(); message != channel.history.rend(); ++message) {
    if ((*message)->id.recorded > seen.recorded) continue;
    after = (*message)->id.number;
    break;
  }
  return *seen.recorded < channel.lost.recorded;
}

// From which number on the subscriber catches up in this channel. True: of what it asks for,
// something has left the history, or may have.
bool Hub::catch_up_from(const StartFrom& start, const Strand& strand, Time now,
                        uint64_t& after) const {
  const Channel& channel = channels_.at(strand);
  const Loss& lost = channel.lost;
  after = lost.number;  // all that there is
  if (const auto* seen = std::get_if<After>(&start)) return resume_after(seen->id, strand, after);
  const Since& since = std::get<Since>(start);
  // Other hubs have published then, and what they kept in memory is gone.
  const bool is_older = since.time < started_at_ && keeping(strand) != Keeping::kJournal;
  bool is_young = since.with_young_channels && channel.first_number != 0 &&
                  channel.first_published > now - settings_.young_channel_age;
  if (is_young) return is_older || lost.number >= channel.first_number;
  // Backwards, and not by halving: the clock may have jumped.
  for (auto message = channel.history.rbegin(); message != channel.history.rend(); ++message) {
    if ((*message)->created_at >= since.time) continue;
    after = (*message)->id.number;
    break;
  }
  return is_older || (!lost.is_none() && lost.created_at >= since.time);
}

std::unique_ptr<Subscription> Hub::subscribe(const std::vector<TopicName>& topics,
                                             const StartFrom& start, Time now,
                                             std::function<void()> on_ready) {
  evict(now);
  std::unique_ptr<Subscription> made(new Subscription(*this, ++last_order_, std::move(on_ready)));
  ++stats_.subscriptions;
  for (const TopicName& topic : topics) made->add_from(topic, 0);
  if (std::holds_alternative<FromNow>(start)) return made;
  std::set<Strand> strands;
  for (const TopicName& topic : topics) {
    for (Strand& strand : strands_of(topic)) strands.insert(std::move(strand));
  }
  for (const Strand& strand : strands) {
    uint64_t after = 0;
    if (catch_up_from(start, strand, now, after)) made->starts_with_gap_ = true;
    made->behind_.push_back({strand, after});
  }
  made->go_live_if_caught_up();
  return made;
}

HubStats Hub::stats() const {
  HubStats stats = stats_;
  stats.channels = channels_.size();
  for (const Kept& kept : kept_) {
    stats.history_messages += kept.messages.size();
    stats.history_bytes += kept.bytes;
  }
  return stats;
}

Duration Hub::lag(Time now) const {
  Duration longest{};
  for (const auto& [strand, channel] : channels_) {
    for (const auto& [order, subscription] : channel.subscriptions) {
      if (subscription->queue_.empty()) continue;
      longest = std::max(longest, now - subscription->queue_.front()->created_at);
    }
  }
  return longest;
}

}  // namespace stepwell::realtime
