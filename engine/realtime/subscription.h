// One listener of the hub, and how it gets what waits for it.
//
// It holds no messages. Whatever it has not taken is read from the histories of its channels, where
// it has places: in each strand, the first message that waits. The one with the lowest number comes
// next. Once it has all of a strand it is told of the next message there; from then on it costs
// nothing, however much is published, until it has taken that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/realtime/channel.h"
#include "engine/realtime/message.h"

namespace stepwell::realtime {

inline constexpr std::nullopt_t kEveryTopic = std::nullopt;

// A topic of a channel. Empty names are names like others.
struct TopicName {
  std::string channel;
  std::optional<std::string> topic;  // or kEveryTopic
  auto operator<=>(const TopicName&) const = default;
};

// Messages were lost here: so many, when that is known. It is of whoever hears every topic.
struct Gap {
  std::optional<uint64_t> missed;
};

using Delivery = std::variant<std::shared_ptr<const Message>, Gap>;

class Hub;
struct Since;

// Destroying it unsubscribes; the hub must outlive it. Loop thread only.
class Subscription {
 public:
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // What waits next, in order; nothing: it has everything.
  std::optional<Delivery> take();
  bool has_waiting() const { return has_gap_ || !behind_.empty(); }

  // Hears this topic too, from now on.
  void add(const TopicName& topic);
  // The same of a single topic, from `since` on: what comes next may be older than what was taken.
  // on_ready does not run for it: look at once whether something waits.
  void add(const TopicName& topic, const Since& since, Time now);
  size_t topics() const { return topics_; }
  // Hears it no more, not even what waits of it.
  void remove(const TopicName& topic);

 private:
  friend class Hub;

  Subscription(Hub& hub, uint64_t order, std::function<void()> on_ready)
      : hub_(hub), order_(order), on_ready_(std::move(on_ready)) {}

  void hear(const TopicName& topic, uint64_t after);
  Hearing& hearing_of(const Strand& strand);
  void forget(Hearing& hearing);
  bool fall_behind(Hearing& hearing, uint64_t place);
  void settle(Hearing& hearing);
  void look_again(Hearing& hearing);
  void leave_heap(const Hearing& hearing);
  Hearing& pop_next();
  Gap take_gap();

  Hub& hub_;
  const uint64_t order_;  // whoever came first is told first: the same order in each run of a seed
  std::function<void()> on_ready_;
  size_t topics_ = 0;
  std::map<Strand, Hearing> hearings_;
  std::vector<Hearing*> behind_;  // of these; a heap, the lowest number first
  bool has_gap_ = false;          // something before what comes next is gone
};

}  // namespace stepwell::realtime
