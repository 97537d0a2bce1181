#include "tests/simulation/audience.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/runtime/hub_feed.h"
#include "schema/json.h"

namespace stepwell::sim {
namespace {

using realtime::kEveryTopic;

constexpr size_t kEverything = 1'000'000;

}  // namespace

Audience::Audience(Ledger& ledger, Random random, const core::Settings& settings)
    : ledger_(ledger), random_(std::move(random)) {
  settings_ = runtime::with_durable_channels({}, settings);
  is_roomy_ = random_.chance(0.5);
  if (!is_roomy_) {
    settings_.history.messages_max = random_.below(20);
    settings_.held_messages_max = 1 + random_.below(5);
  }
  const std::vector<std::vector<realtime::TopicName>> interests = {
      {{"room", "said"}},
      {{"room", kEveryTopic}},
      {{"hall", "said"}},
      {{"room", "said"}, {"hall", "said"}},
      {{"room", "other"}}};
  for (const auto& topics : interests) {
    for (const bool is_slow : {false, true})
      listeners_.push_back({topics, is_slow, {}, {}, {}, {}});
  }
}

Audience::~Audience() {
  process_ends();
}

bool Audience::is_durable(const std::string& channel) const {
  return std::any_of(settings_.durable_channels.begin(), settings_.durable_channels.end(),
                     [&](const std::string& name) { return matches_channel(name, channel); });
}

bool Audience::is_meant(const Listener& listener, const std::string& channel,
                        const std::string& topic) {
  return std::any_of(listener.topics.begin(), listener.topics.end(),
                     [&](const realtime::TopicName& name) {
                       return name.channel == channel && (!name.topic || *name.topic == topic);
                     });
}

bool Audience::is_owed(const Listener& listener, const std::string& channel,
                       const std::string& topic) {
  return is_meant(listener, channel, topic) && !listener.gaps.contains(channel);
}

void Audience::process_begins(int life, Time now) {
  hub_.emplace(settings_, static_cast<uint64_t>(life), now);
}

void Audience::found(const storage::MessagePage& page) {
  hub_->restore_dropped(page.dropped_through);
  hub_->restore(page.messages);
}

void Audience::process_ends() {
  for (Listener& listener : listeners_) listener.subscription.reset();
  hub_.reset();
  said_.clear();
}

// -- Publishing -----------------------------------------------------------------------------------

// No message before the commit that it depends on: of the row that it is, and of what became of the
// step that published it.
void Audience::check_commit(const core::PublishedMessage& message) {
  const History& history = ledger_.history();
  const bool is_committed = message.pos == 0 || history.messages.contains(message.pos) ||
                            message.pos <= history.messages_dropped;
  if (!is_committed || is_durable(message.channel) != (message.pos != 0)) {
    ledger_.fail("S-12", fmt::format("the message at {} of {} is not recorded", message.pos,
                                     message.channel));
  }
  const std::string step = JsonView::trusted(message.data).as_string().value_or("");
  if (!message.run || step == "outside") return;
  const auto run = history.run_by_id.find(*message.run);
  if (run == history.run_by_id.end()) {
    return ledger_.fail("S-12", "a run that is not committed says something");
  }
  const auto steps = history.steps.find(run->second);
  const auto attempts = history.attempts.find(run->second);
  const bool has_result =
      steps != history.steps.end() &&
      std::any_of(steps->second.begin(), steps->second.end(), [&](const auto& entry) {
        return entry.second.id == step && entry.second.state != StepState::kPending;
      });
  const bool has_attempt =
      attempts != history.attempts.end() &&
      std::any_of(attempts->second.begin(), attempts->second.end(),
                  [](const auto& entry) { return entry.second.step.has_value(); });
  if (has_result || has_attempt) return;
  ledger_.fail("S-12", fmt::format("step \"{}\" of run {} says something before its commit", step,
                                   message.run->to_string()));
}

void Audience::published(const core::PublishedMessage& message, Time now) {
  check_commit(message);
  const realtime::MessageId id = hub_->publish({message, {}, message.run, {}}, now, message.pos);
  said_.push_back({message.channel, message.topic, id, message.pos});
  for (Listener& listener : listeners_) act(listener, now);
}

// -- Listening ------------------------------------------------------------------------------------

void Audience::act(Listener& listener, Time now) {
  if (!listener.subscription) {
    if (random_.chance(0.3)) connect(listener, now);
    return;
  }
  if (random_.chance(0.1)) return listener.subscription.reset();
  if (random_.chance(listener.is_slow ? 0.1 : 0.8)) {
    hear(listener, listener.is_slow ? 1 + random_.below(3) : kEverything);
  }
}

void Audience::connect(Listener& listener, Time now) {
  // At the first time everything that there is counts as not heard.
  const realtime::StartFrom start = listener.last
                                        ? realtime::StartFrom(realtime::After{*listener.last})
                                        : realtime::StartFrom(realtime::Since{Time{}, false});
  listener.subscription = hub_->subscribe(listener.topics, start, now, nullptr);
}

void Audience::hear(Listener& listener, size_t most) {
  for (; most > 0; --most) {
    const std::optional<realtime::Delivery> delivery = listener.subscription->take();
    if (!delivery) return;
    const auto* message = std::get_if<std::shared_ptr<const realtime::Message>>(&*delivery);
    if (message != nullptr) {
      check_message(listener, **message);
      continue;
    }
    for (const auto& topic : listener.topics) listener.gaps.insert(topic.channel);
    const bool is_only_recorded =
        std::all_of(listener.topics.begin(), listener.topics.end(),
                    [this](const auto& topic) { return is_durable(topic.channel); });
    const bool was_dropped = ledger_.history().messages_dropped != 0;
    if (is_roomy_ && is_only_recorded && listener.last && !was_dropped) {
      ledger_.fail("S-12", "a gap in a durable channel of which nothing was dropped");
    }
  }
}

void Audience::check_message(Listener& listener, const realtime::Message& message) {
  if (!is_meant(listener, message.channel, message.topic)) {
    return ledger_.fail("S-12", fmt::format("{}/{} is heard by who did not ask for it",
                                            message.channel, message.topic));
  }
  if (listener.last && std::pair(message.id.epoch, message.id.number) <=
                           std::pair(listener.last->epoch, listener.last->number)) {
    return ledger_.fail("S-12", fmt::format("{} is heard after {}", message.id.to_string(),
                                            listener.last->to_string()));
  }
  check_missed(listener, message);
  if (is_durable(message.channel)) {
    const Position pos = message.id.recorded.value_or(0);
    if (listener.last_recorded && pos <= *listener.last_recorded) {
      return ledger_.fail("S-12", fmt::format("the message at {} is heard again", pos));
    }
    check_recorded_missed(listener, pos);
    listener.last_recorded = pos;
  }
  listener.last = message.id;
  listener.gaps.erase(message.channel);
}

// What the hub has published between the last message that was heard and this one.
void Audience::check_missed(Listener& listener, const realtime::Message& message) {
  if (!listener.last || listener.last->epoch != message.id.epoch) return;
  for (const Said& said : said_) {
    if (said.id.number <= listener.last->number || said.id.number >= message.id.number) continue;
    if (!is_owed(listener, said.channel, said.topic)) continue;
    return ledger_.fail("S-12",
                        fmt::format("{} was missed, and nobody said so", said.id.to_string()));
  }
}

// What is recorded between the last such message that was heard and this position.
void Audience::check_recorded_missed(Listener& listener, Position until) {
  const auto& messages = ledger_.history().messages;
  auto next =
      listener.last_recorded ? messages.upper_bound(*listener.last_recorded) : messages.begin();
  for (; next != messages.end() && next->first < until; ++next) {
    const Publication& content = next->second.content;
    if (!is_durable(content.channel) || !is_owed(listener, content.channel, content.topic)) {
      continue;
    }
    return ledger_.fail(
        "S-12", fmt::format("the message at {} was missed, and nobody said so", next->first));
  }
}

void Audience::ended(Time now) {
  if (!hub_) return;
  for (Listener& listener : listeners_) {
    // Everybody comes back once more, as after a loss of the connection.
    listener.subscription.reset();
    connect(listener, now);
    hear(listener, kEverything);
    check_recorded_missed(listener, ~Position{0});
    if (said_.empty() || !listener.last) continue;
    realtime::Message end;
    end.id = {said_.back().id.epoch, said_.back().id.number + 1, std::nullopt};
    check_missed(listener, end);
  }
}

}  // namespace stepwell::sim
