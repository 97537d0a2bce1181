// The look-back window: the recent events that a wait may match although they came before it
// (design.md, "Matching events"). Bounded by age, count and bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schema/run.h"

namespace stepwell::core {

// What the copies of an event have in common: an id alone may be that of an order, say, which
// several events are about.
struct EventKey {
  std::string name;
  std::string id;
  auto operator<=>(const EventKey&) const = default;
};

inline EventKey key_of(const Event& event) {
  return {event.name, event.id};
}

class Lookback {
 public:
  static constexpr Duration kAgeMax = std::chrono::seconds(60);
  static constexpr size_t kEventsMax = 100'000;
  static constexpr size_t kBytesMax = 16u << 20;

  // Events come in the order of their positions.
  void add(std::shared_ptr<const EventRecord> event);

  // Events of this name with a position above `base` that were received at or after `since`, in
  // order: `visit` returns true to stop. The result is what was stopped at, or null.
  template <typename Visit>
  std::shared_ptr<const EventRecord> find(std::string_view name, Position base, Time since,
                                          Visit visit) const {
    auto found = by_name_.find(name);
    if (found == by_name_.end()) return nullptr;
    auto it = std::upper_bound(found->second.begin(), found->second.end(), base,
                               [](Position at, const auto& event) { return at < event->pos; });
    for (; it != found->second.end(); ++it) {
      if ((*it)->received_at >= since && visit(**it)) return *it;
    }
    return nullptr;
  }

  // A wait of the run has taken this event from the window. A copy of the event that was looked up
  // before that is durable cannot know: so this is remembered for as long as events are.
  void take(const EventKey& event, RunNo run, Time now);
  bool was_taken(const EventKey& event, RunNo run) const;

  // Forgets what is too old at `now`.
  void expire(Time now);

  // How many events left for want of room before they were too old.
  uint64_t overflows() const { return overflows_; }
  size_t size() const { return all_.size(); }

 private:
  struct Taken {
    EventKey event;
    RunNo run = 0;
    Time at{};
  };

  void pop_oldest();
  void pop_oldest_taken();

  std::deque<std::shared_ptr<const EventRecord>> all_;
  std::map<std::string, std::deque<std::shared_ptr<const EventRecord>>, std::less<>> by_name_;
  std::deque<Taken> taken_;  // in the order in which it was taken
  std::map<EventKey, std::multiset<RunNo>> taken_by_event_;
  size_t bytes_ = 0;
  uint64_t overflows_ = 0;
};

}  // namespace stepwell::core
