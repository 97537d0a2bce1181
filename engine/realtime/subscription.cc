#include "engine/realtime/subscription.h"

#include <algorithm>

#include "engine/realtime/hub.h"
#include "schema/check.h"
#include "schema/mutant.h"

namespace stepwell::realtime {
namespace {

// Of a heap whose first has the lowest number.
bool comes_later(const Hearing* a, const Hearing* b) {
  if (mutant("newest-channel-first")) return a->number < b->number;
  return a->number > b->number;
}

}  // namespace

Subscription::~Subscription() {
  behind_.clear();
  while (!hearings_.empty()) forget(hearings_.begin()->second);
  hub_.subscriptions_.erase(order_);
}

// -- Topics ---------------------------------------------------------------------------------------

void Subscription::add(const TopicName& topic) {
  hear(topic, hub_.last_number_);
}

void Subscription::add(const TopicName& topic, const Since& since, Time now) {
  CHECK_INVARIANT(topic.topic.has_value(), "a single topic can start in the past, not all");
  const size_t topics_before = topics_;
  add(topic);
  Hearing& hearing = hearings_.find(strands_of(topic).front())->second;
  if (topics_ == topics_before || hearing.every_topic_after) return;
  uint64_t after = 0;
  if (hub_.catch_up_from(since, hearing.channel, now, after)) has_gap_ = true;
  // It goes back for this topic alone: what it has taken of the others does not come again.
  const uint64_t taken = hearing.is_behind ? hearing.number - 1 : hub_.last_number_;
  for (auto& [name, heard_after] : hearing.topics_after) {
    heard_after = name == *topic.topic ? after : std::max(heard_after, taken);
  }
  const uint64_t place = hearing.channel.place_behind(after);
  if (!hearing.is_behind) {
    Hub::unlist(hearing);
    fall_behind(hearing, place);
    return;
  }
  if (hearing.is_lost()) has_gap_ = true;
  leave_heap(hearing);
  hearing.place = std::min(hearing.place, place);
  settle(hearing);
}

// One that it hears already, it hears as before.
void Subscription::hear(const TopicName& topic, uint64_t after) {
  bool is_new = false;
  for (const Strand& strand : strands_of(topic)) {
    Hearing& hearing = hearing_of(strand);
    if (topic.topic) {
      is_new = hearing.topics_after.try_emplace(*topic.topic, after).second;
    } else if (!hearing.every_topic_after) {
      hearing.every_topic_after = after;
      is_new = true;
    }
  }
  if (is_new) ++topics_;
}

Hearing& Subscription::hearing_of(const Strand& strand) {
  const auto found = hearings_.find(strand);
  if (found != hearings_.end()) return found->second;
  Channel& channel = hub_.channel(strand);
  Hearing& hearing = hearings_.emplace(strand, Hearing{*this, channel}).first->second;
  ++channel.hearings;
  Hub::list(hearing);
  return hearing;
}

void Subscription::remove(const TopicName& topic) {
  bool was_heard = false;
  for (const Strand& strand : strands_of(topic)) {
    const auto found = hearings_.find(strand);
    if (found == hearings_.end()) continue;
    Hearing& hearing = found->second;
    if (topic.topic) {
      was_heard = hearing.topics_after.erase(*topic.topic) > 0;
    } else if (hearing.every_topic_after) {
      hearing.every_topic_after.reset();
      was_heard = true;
    }
    if (!hearing.every_topic_after && hearing.topics_after.empty()) {
      forget(hearing);
    } else if (hearing.is_behind) {
      look_again(hearing);
    }
  }
  if (was_heard) --topics_;
}

void Subscription::forget(Hearing& hearing) {
  Channel& channel = hearing.channel;
  if (hearing.is_behind) {
    leave_heap(hearing);
    hub_.caught_up(channel);
  } else {
    Hub::unlist(hearing);
  }
  --channel.hearings;
  hearings_.erase(*channel.strand);
  hub_.erase_if_unused(channel);
}

// -- What waits -----------------------------------------------------------------------------------

// From having everything, or from nothing, to this place. Whether nothing waited before.
bool Subscription::fall_behind(Hearing& hearing, uint64_t place) {
  const bool was_waiting = has_waiting();
  hearing.is_behind = true;
  hearing.place = place;
  ++hearing.channel.behind;
  settle(hearing);
  return !was_waiting;
}

// Moves the place to the next message that is to be heard. There is none: it has everything.
void Subscription::settle(Hearing& hearing) {
  Channel& channel = hearing.channel;
  hearing.place = std::max(hearing.place, channel.gone);
  for (const uint64_t end = channel.end(); hearing.place < end; ++hearing.place) {
    const Message& message = *channel.at(hearing.place);
    if (!hearing.covers(message) && !mutant("other-topics-heard")) continue;
    hearing.number = message.id.number;
    behind_.push_back(&hearing);
    std::push_heap(behind_.begin(), behind_.end(), comes_later);
    return;
  }
  hearing.is_behind = false;
  Hub::list(hearing);
  hub_.caught_up(channel);
}

// Its topics are fewer than when its place was found.
void Subscription::look_again(Hearing& hearing) {
  leave_heap(hearing);
  if (hearing.is_lost()) has_gap_ = true;
  settle(hearing);
}

void Subscription::leave_heap(const Hearing& hearing) {
  std::erase(behind_, &hearing);
  std::make_heap(behind_.begin(), behind_.end(), comes_later);
}

Hearing& Subscription::pop_next() {
  std::pop_heap(behind_.begin(), behind_.end(), comes_later);
  Hearing& next = *behind_.back();
  behind_.pop_back();
  return next;
}

std::optional<Delivery> Subscription::take() {
  if (has_gap_ || (!behind_.empty() && behind_.front()->is_lost())) {
    const Gap gap = take_gap();
    if (!mutant("loss-not-told")) return gap;
  }
  if (behind_.empty()) return std::nullopt;
  Hearing& next = pop_next();
  Delivery delivery = next.channel.at(next.place);
  ++next.place;
  settle(next);
  ++hub_.stats_.delivered;
  return delivery;
}

// One for all that is lost before the next message that is there.
Gap Subscription::take_gap() {
  Gap gap;
  if (!std::exchange(has_gap_, false)) gap.missed = 0;
  while (!behind_.empty() && behind_.front()->is_lost()) {
    Hearing& next = pop_next();
    const std::optional<uint64_t> missed = next.missed();
    if (!missed) gap.missed.reset();
    if (gap.missed) *gap.missed += *missed;
    settle(next);
  }
  return gap;
}

}  // namespace stepwell::realtime
