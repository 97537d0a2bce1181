#include "engine/realtime/hub.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "schema/check.h"
#include "schema/mutant.h"

namespace stepwell::realtime {
namespace {

// 256 KiB, and with fewer channels than this forgotten of late, hardly a gap too many.
constexpr size_t kForgottenPlaces = 1u << 14;

size_t cost(const Message& message) {
  return sizeof(Message) + message.channel.size() + message.topic.size() + message.data.size() +
         message.metadata.size() + message.stream.size();
}

// What the allocator adds to what is asked for, about.
constexpr size_t kAllocationBytes = 16;

// What keeping a message takes: its three allocations, the counts of who shares it and its places
// in two queues; and if its channel keeps no other, that, with the node of a map and three
// allocations.
size_t kept_bytes(const Message& message, bool is_only) {
  const size_t bytes = cost(message) + 16 + sizeof(std::shared_ptr<const Message>) +
                       sizeof(Channel*) + 3 * kAllocationBytes;
  if (!is_only) return bytes;
  return bytes + 32 + sizeof(std::pair<const Strand, Channel>) + message.channel.size() +
         3 * kAllocationBytes;
}

// Only a channel that is named by a run has what the engine says of it.
bool is_lifecycle(std::string_view channel, std::string_view topic) {
  return (topic == kRunTopic || topic == kStepTopic) && RunId::parse(channel);
}

Strand strand_of(const Message& message) {
  return {message.channel, is_lifecycle(message.channel, message.topic)};
}

// The oldest has left for good.
void lose_oldest(Channel& channel) {
  const Message& oldest = *channel.history.front();
  channel.lost.add({oldest.id.number, oldest.id.recorded.value_or(0), oldest.created_at});
  channel.history.pop_front();
  ++channel.gone;
}

}  // namespace

std::vector<Strand> strands_of(const TopicName& topic) {
  if (topic.topic) return {{topic.channel, is_lifecycle(topic.channel, *topic.topic)}};
  if (!RunId::parse(topic.channel)) return {{topic.channel, false}};
  return {{topic.channel, false}, {topic.channel, true}};
}

Hub::Hub(HubSettings settings, uint64_t epoch, Time started_at)
    : settings_(std::move(settings)),
      epoch_(epoch),
      started_at_(started_at),
      forgotten_(kForgottenPlaces) {}

Hub::~Hub() {
  CHECK_INVARIANT(subscriptions_.empty(), "subscriptions end before their hub");
}

Keeping Hub::keeping(const Strand& strand) const {
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
  const auto shared = std::make_shared<const Message>(std::move(message));
  Channel& of_message = channel(strand_of(*shared));
  keep(of_message, shared);
  // Before anything leaves the histories: what somebody waits for is held.
  const std::vector<Subscription*> told = leave_behind(of_message, *shared);
  evict(now);
  for (Subscription* listener : told) {
    if (listener->on_ready_ && listener->has_waiting()) listener->on_ready_();
  }
  return shared->id;
}

// Those who had everything, and hear this message, are told of none from here on. Those of them for
// whom nothing waited.
std::vector<Subscription*> Hub::leave_behind(Channel& channel, const Message& newest) {
  std::vector<Subscription*> told;
  stats_.asked += channel.listeners.size();
  std::erase_if(channel.listeners, [&](Hearing* hearing) {
    if (!hearing->covers(newest)) return false;
    if (hearing->owner.fall_behind(*hearing, channel.end() - 1)) told.push_back(&hearing->owner);
    return true;
  });
  return told;
}

Loss& Hub::forgotten(const Strand& strand) {
  size_t hash = std::hash<std::string>()(strand.channel) + (strand.is_lifecycle ? 1 : 0);
  return forgotten_[hash % kForgottenPlaces];
}

Channel& Hub::channel(const Strand& strand) {
  auto [found, is_new] = channels_.try_emplace(strand);
  Channel& channel = found->second;
  if (!is_new) return channel;
  channel.strand = &found->first;
  channel.keeping = keeping(strand);
  channel.lost = forgotten(strand);
  if (channel.keeping == Keeping::kJournal) channel.lost.add(dropped_before_);
  return channel;
}

void Hub::erase_if_unused(Channel& channel) {
  if (channel.hearings > 0 || !channel.history.empty()) return;
  forgotten(*channel.strand).add(channel.lost);
  channels_.erase(channels_.find(*channel.strand));
}

// -- Histories ------------------------------------------------------------------------------------

void Hub::keep(Channel& channel, std::shared_ptr<const Message> message) {
  if (channel.first_number == 0) {
    channel.first_number = message->id.number;
    channel.first_published = message->created_at;
  }
  Kept& all = kept(channel);
  all.bytes += kept_bytes(*message, channel.history.size() == channel.held);
  all.messages.push_back(&channel);
  channel.history.push_back(std::move(message));
}

void Hub::evict(Time now) {
  for (const Keeping keeping : {Keeping::kMemory, Keeping::kLifecycle, Keeping::kJournal}) {
    Kept& kept = kept_[static_cast<size_t>(keeping)];
    const HistoryBounds& most = bounds(keeping);
    while (!kept.messages.empty()) {
      const Channel& channel = *kept.messages.front();
      if (kept.messages.size() <= most.messages_max && kept.bytes <= most.bytes_max &&
          channel.history[channel.held]->created_at >= now - most.age) {
        break;
      }
      evict_oldest(kept);
    }
  }
}

void Hub::evict_oldest(Kept& kept) {
  Channel& channel = *kept.messages.front();
  kept.messages.pop_front();
  const bool is_only = channel.history.size() == channel.held + 1;
  kept.bytes -= kept_bytes(*channel.history[channel.held], is_only);
  if (channel.behind > 0) return hold_oldest(channel);
  lose_oldest(channel);
  erase_if_unused(channel);
}

// The oldest that is not held yet is from now on.
void Hub::hold_oldest(Channel& channel) {
  leave_holders(channel);
  channel.held_bytes += cost(*channel.history[channel.held]);
  ++channel.held;
  join_holders(channel);
  while (channel.held > 1 && (channel.held > settings_.held_messages_max ||
                              channel.held_bytes > settings_.held_bytes_max)) {
    drop_oldest_held(channel);
  }
  while (stats_.held_bytes > settings_.all_held_bytes_max) {
    Channel& largest = *holders_.rbegin()->second;
    if (largest.held == 1) return;
    drop_oldest_held(largest);
  }
}

void Hub::drop_oldest_held(Channel& channel) {
  leave_holders(channel);
  channel.held_bytes -= cost(*channel.history.front());
  --channel.held;
  lose_oldest(channel);
  join_holders(channel);
  ++stats_.dropped;
}

// Around each change of what a channel holds.
void Hub::leave_holders(const Channel& channel) {
  if (channel.held == 0) return;
  holders_.erase({channel.held_bytes, channel.history.front()->id.number});
  stats_.held_messages -= channel.held;
  stats_.held_bytes -= channel.held_bytes;
}

void Hub::join_holders(Channel& channel) {
  if (channel.held == 0) return;
  holders_.emplace(std::pair(channel.held_bytes, channel.history.front()->id.number), &channel);
  stats_.held_messages += channel.held;
  stats_.held_bytes += channel.held_bytes;
}

// -- Subscriptions --------------------------------------------------------------------------------

bool Hub::comes_before(const Hearing* a, const Hearing* b) {
  return a->owner.order_ < b->owner.order_;
}

// Most come back in the order in which they were told.
void Hub::list(Hearing& hearing) {
  std::vector<Hearing*>& listeners = hearing.channel.listeners;
  auto place = listeners.end();
  if (!listeners.empty() && comes_before(&hearing, listeners.back())) {
    place = std::lower_bound(listeners.begin(), place, &hearing, comes_before);
  }
  listeners.insert(place, &hearing);
}

void Hub::unlist(Hearing& hearing) {
  std::vector<Hearing*>& listeners = hearing.channel.listeners;
  listeners.erase(std::lower_bound(listeners.begin(), listeners.end(), &hearing, comes_before));
}

// One of those who were behind is no longer. What was held for them is held for nobody, once all
// are gone.
void Hub::caught_up(Channel& channel) {
  if (--channel.behind > 0 || channel.held == 0) return;
  leave_holders(channel);
  for (; channel.held > 0; --channel.held) lose_oldest(channel);
  channel.held_bytes = 0;
}

// The same as catch_up_from, for whoever names a message.
bool Hub::resume_after(const MessageId& seen, const Channel& channel, uint64_t& after) const {
  if (seen.epoch == epoch_ && seen.number <= last_number_) {
    after = std::max(after, mutant("resume-repeats") ? seen.number - 1 : seen.number);
    return seen.number < channel.lost.number;
  }
  const bool is_known = channel.keeping == Keeping::kJournal && seen.epoch != epoch_ &&
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
bool Hub::catch_up_from(const StartFrom& start, const Channel& channel, Time now,
                        uint64_t& after) const {
  const Loss& lost = channel.lost;
  after = lost.number;  // all that there is
  if (const auto* seen = std::get_if<After>(&start)) return resume_after(seen->id, channel, after);
  const Since& since = std::get<Since>(start);
  // Other hubs have published then, and what they kept in memory is gone.
  const bool is_older = since.time < started_at_ && channel.keeping != Keeping::kJournal;
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
  subscriptions_.emplace(last_order_, made.get());
  for (const TopicName& topic : topics) made->hear(topic, 0);
  if (std::holds_alternative<FromNow>(start)) return made;
  for (auto& [strand, hearing] : made->hearings_) {
    uint64_t after = 0;
    if (catch_up_from(start, hearing.channel, now, after)) made->has_gap_ = true;
    unlist(hearing);
    made->fall_behind(hearing, hearing.channel.place_behind(after));
  }
  return made;
}

HubStats Hub::stats() const {
  HubStats stats = stats_;
  stats.subscriptions = subscriptions_.size();
  stats.channels = channels_.size();
  for (const Kept& kept : kept_) {
    stats.history_messages += kept.messages.size();
    stats.history_bytes += kept.bytes;
  }
  return stats;
}

Duration Hub::lag(Time now) const {
  Duration longest{};
  for (const auto& [order, subscription] : subscriptions_) {
    for (const Hearing* hearing : subscription->behind_) {
      const Channel& channel = hearing->channel;
      const uint64_t place = std::max(hearing->place, channel.gone);
      if (place < channel.end()) longest = std::max(longest, now - channel.at(place)->created_at);
    }
  }
  return longest;
}

}  // namespace stepwell::realtime
