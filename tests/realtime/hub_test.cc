#include "engine/realtime/hub.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "schema/json.h"
#include "schema/random.h"

namespace stepwell::realtime {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{Duration(1'790'000'000'000)};

Message message(std::string channel, std::string topic, std::string data = "1") {
  Message made;
  made.channel = std::move(channel);
  made.topic = std::move(topic);
  made.data = std::move(data);
  return made;
}

std::vector<std::string> drain(Subscription& subscription) {
  std::vector<std::string> seen;
  for (const Delivery& delivery : subscription.take(1000)) {
    if (std::holds_alternative<Gap>(delivery)) {
      seen.push_back("gap");
    } else {
      seen.push_back(std::get<0>(delivery)->data);
    }
  }
  return seen;
}

using Seen = std::vector<std::string>;

HubSettings keeping(size_t messages_max, Duration age = 5min) {
  return {.history = {age, messages_max, 64u << 20}};
}

TEST_CASE("a subscriber hears its topics, in order, each message once") {
  Hub hub({}, 1);
  auto all = hub.subscribe({{"a", kEveryTopic}, {"a", "x"}}, FromNow{}, kNow, nullptr);
  auto x = hub.subscribe({{"a", "x"}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "1"), kNow);
  hub.publish(message("a", "y", "2"), kNow);
  hub.publish(message("b", "x", "3"), kNow);
  CHECK(drain(*all) == Seen{"1", "2"});
  CHECK(drain(*x) == Seen{"1"});
  x->add({"b", "x"});
  x->remove({"a", "x"});
  hub.publish(message("a", "x", "4"), kNow);
  hub.publish(message("b", "x", "5"), kNow);
  CHECK(drain(*x) == Seen{"5"});
}

TEST_CASE("an empty name is a name, not every topic") {
  Hub hub({}, 1);
  auto s = hub.subscribe({{"a", ""}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "1"), kNow);
  hub.publish(message("a", "", "2"), kNow);
  CHECK(drain(*s) == Seen{"2"});
}

TEST_CASE("it is told once that something waits, until it has taken all") {
  Hub hub({}, 1);
  int calls = 0;
  auto s = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, [&] { ++calls; });
  hub.publish(message("a", "x"), kNow);
  hub.publish(message("a", "x"), kNow);
  CHECK(calls == 1);
  drain(*s);
  hub.publish(message("a", "x"), kNow);
  CHECK(calls == 2);
}

TEST_CASE("who came first is told first, wherever it lies in memory") {
  Hub hub({}, 1);
  std::vector<size_t> told;
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  auto subscribe = [&](size_t who) {
    return hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, [&, who] { told.push_back(who); });
  };
  for (size_t who = 0; who < 4; ++who) subscriptions.push_back(subscribe(who));
  // What comes later takes the place in memory of what went.
  for (size_t who = 0; who < 4; ++who) subscriptions[who].reset();
  for (size_t who = 4; who < 8; ++who) subscriptions.push_back(subscribe(who));
  hub.publish(message("a", "x"), kNow);
  CHECK(told == std::vector<size_t>{4, 5, 6, 7});
}

TEST_CASE("a slow subscriber loses the oldest and is told how many, before what follows") {
  Hub hub({.queue_messages_max = 2}, 1);
  auto s = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  for (int i = 1; i <= 5; ++i) hub.publish(message("a", "x", std::to_string(i)), kNow);
  auto deliveries = s->take(10);
  REQUIRE(deliveries.size() == 3);
  CHECK(std::get<Gap>(deliveries[0]).missed == 3);
  CHECK(std::get<0>(deliveries[1])->data == "4");
  CHECK(hub.stats().dropped == 3);
}

TEST_CASE("a queue is bounded by bytes too, and one message alone always fits") {
  Hub hub({.queue_bytes_max = 100}, 1);
  auto s = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "\"" + std::string(500, 'x') + "\""), kNow);
  hub.publish(message("a", "x", "2"), kNow);
  CHECK(drain(*s) == Seen{"gap", "2"});
}

TEST_CASE("a resume goes on after the last id that was seen") {
  Hub hub({}, 1);
  hub.publish(message("a", "x", "1"), kNow);
  MessageId second = hub.publish(message("a", "x", "2"), kNow);
  hub.publish(message("b", "x", "3"), kNow);
  hub.publish(message("a", "x", "4"), kNow);
  auto s = hub.subscribe({{"a", "x"}}, After{second}, kNow, nullptr);
  hub.publish(message("a", "x", "5"), kNow);
  CHECK(drain(*s) == Seen{"4", "5"});
}

TEST_CASE("an unknown epoch and an id that is too old begin with a gap") {
  Hub hub(keeping(2), 7);
  MessageId first = hub.publish(message("a", "x", "1"), kNow);
  for (int i = 2; i <= 4; ++i) hub.publish(message("a", "x", std::to_string(i)), kNow);
  auto other = hub.subscribe({{"a", kEveryTopic}}, After{{6, 3}}, kNow, nullptr);
  CHECK(drain(*other) == Seen{"gap", "3", "4"});
  auto old = hub.subscribe({{"a", kEveryTopic}}, After{first}, kNow, nullptr);
  CHECK(drain(*old) == Seen{"gap", "3", "4"});
  auto fine = hub.subscribe({{"a", kEveryTopic}}, After{{7, 2}}, kNow, nullptr);
  CHECK(drain(*fine) == Seen{"3", "4"});
}

TEST_CASE("a channel that was forgotten still announces what it lost") {
  Hub hub(keeping(100, 1min), 1);
  MessageId first = hub.publish(message("a", "x", "1"), kNow);
  hub.publish(message("a", "x", "2"), kNow);
  hub.publish(message("b", "x", "3"), kNow + 5min);
  auto s = hub.subscribe({{"a", kEveryTopic}}, After{first}, kNow + 5min, nullptr);
  CHECK(drain(*s) == Seen{"gap"});
}

TEST_CASE("since a time, and from the start of a young channel") {
  Hub hub({}, 1);
  hub.publish(message("old", "x", "1"), kNow);
  hub.publish(message("old", "x", "2"), kNow + 40s);
  hub.publish(message("young", "x", "3"), kNow + 41s);
  Time token = kNow + 60s;
  auto s = hub.subscribe({{"old", kEveryTopic}, {"young", kEveryTopic}}, Since{token}, kNow + 61s,
                         nullptr);
  hub.publish(message("old", "x", "4"), kNow + 62s);
  CHECK(drain(*s) == Seen{"3", "4"});
  auto later = hub.subscribe({{"old", kEveryTopic}}, Since{kNow + 40s, false}, kNow + 62s, nullptr);
  CHECK(drain(*later) == Seen{"2", "4"});
}

TEST_CASE("no channel is young when none shall be") {
  Hub hub({.young_channel_age = Duration(0)}, 1);
  hub.publish(message("new", "x", "1"), kNow);
  auto s = hub.subscribe({{"new", kEveryTopic}}, Since{kNow + 1ms}, kNow, nullptr);
  hub.publish(message("new", "x", "2"), kNow + 2ms);
  CHECK(drain(*s) == Seen{"2"});
}

TEST_CASE("what is gone of the time that was asked for is announced") {
  Hub hub(keeping(2), 1);
  for (int i = 1; i <= 4; ++i) hub.publish(message("a", "x", std::to_string(i)), kNow + i * 40s);
  Time now = kNow + 170s;
  auto too_old = hub.subscribe({{"a", kEveryTopic}}, Since{kNow + 80s}, now, nullptr);
  CHECK(drain(*too_old) == Seen{"gap", "3", "4"});
  auto fine = hub.subscribe({{"a", kEveryTopic}}, Since{kNow + 81s}, now, nullptr);
  CHECK(drain(*fine) == Seen{"3", "4"});
  for (int i = 5; i <= 8; ++i) hub.publish(message("b", "x", std::to_string(i)), now);
  auto young = hub.subscribe({{"b", kEveryTopic}}, Since{now + 1s}, now + 2s, nullptr);
  CHECK(drain(*young) == Seen{"gap", "7", "8"});
}

TEST_CASE("a channel that comes back after it was forgotten has not forgotten its loss") {
  Hub hub(keeping(100, 1min), 1);
  MessageId first = hub.publish(message("a", "x", "1"), kNow);
  hub.publish(message("a", "x", "2"), kNow);
  hub.publish(message("a", "x", "3"), kNow + 5min);
  auto s = hub.subscribe({{"a", kEveryTopic}}, After{first}, kNow + 5min, nullptr);
  CHECK(drain(*s) == Seen{"gap", "3"});
  auto young = hub.subscribe({{"a", kEveryTopic}}, Since{kNow + 5min}, kNow + 5min, nullptr);
  CHECK(drain(*young) == Seen{"3"});
}

TEST_CASE("an id that the hub has not given yet is not believed") {
  Hub hub({}, 1);
  hub.publish(message("a", "x", "1"), kNow);
  auto s = hub.subscribe({{"a", kEveryTopic}}, After{{1, 99}}, kNow, nullptr);
  CHECK(drain(*s) == Seen{"gap", "1"});
}

TEST_CASE("without history, what is over is gone, and is said to be") {
  Hub hub(keeping(0), 1);
  hub.publish(message("a", "x", "1"), kNow);
  auto live = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "2"), kNow);
  CHECK(drain(*live) == Seen{"2"});
  auto late = hub.subscribe({{"a", kEveryTopic}}, Since{kNow}, kNow, nullptr);
  CHECK(drain(*late) == Seen{"gap"});
  CHECK(hub.stats().history_messages == 0);
}

TEST_CASE("who catches up is bounded by the history, not by its queue") {
  Hub hub({.queue_messages_max = 2}, 1);
  Seen all;
  for (int i = 1; i <= 10; ++i) {
    all.push_back(std::to_string(i));
    hub.publish(message(i % 3 == 0 ? "b" : "a", "x", all.back()), kNow);
  }
  int calls = 0;
  auto s = hub.subscribe({{"a", kEveryTopic}, {"b", "x"}}, After{{1, 0}}, kNow, [&] { ++calls; });
  REQUIRE(s->has_waiting());
  Seen seen;
  while (s->has_waiting()) {
    for (const Delivery& delivery : s->take(3)) {
      REQUIRE(std::holds_alternative<std::shared_ptr<const Message>>(delivery));
      seen.push_back(std::get<0>(delivery)->data);
    }
    if (all.size() == 10) {  // what comes meanwhile is caught up with too
      for (const char* data : {"11", "12", "13"}) {
        all.push_back(data);
        hub.publish(message("b", "x", data), kNow);
      }
    }
  }
  CHECK(seen == all);
  CHECK(calls == 0);
  hub.publish(message("a", "x", "14"), kNow);
  CHECK(calls == 1);
  CHECK(drain(*s) == Seen{"14"});
}

TEST_CASE("history that passes while somebody reads it is a gap in its place") {
  Hub hub(keeping(4), 1);
  for (int i = 1; i <= 4; ++i) hub.publish(message("a", "x", std::to_string(i)), kNow);
  auto s = hub.subscribe({{"a", kEveryTopic}}, After{{1, 0}}, kNow, nullptr);
  CHECK(std::get<0>(s->take(1).at(0))->data == "1");
  for (int i = 5; i <= 8; ++i) hub.publish(message("a", "x", std::to_string(i)), kNow);
  CHECK(drain(*s) == Seen{"gap", "5", "6", "7", "8"});
}

TEST_CASE("topics may come and go while a subscriber catches up") {
  Hub hub({}, 1);
  hub.publish(message("a", "x", "1"), kNow);
  hub.publish(message("b", "x", "2"), kNow);
  hub.publish(message("c", "x", "3"), kNow);
  auto s = hub.subscribe({{"a", kEveryTopic}, {"b", kEveryTopic}}, After{{1, 0}}, kNow, nullptr);
  s->add({"c", kEveryTopic});
  s->remove({"b", kEveryTopic});
  hub.publish(message("c", "x", "4"), kNow);
  CHECK(drain(*s) == Seen{"1", "4"});
  s->remove({"a", kEveryTopic});
  s->remove({"c", kEveryTopic});
  hub.publish(message("c", "x", "5"), kNow);
  CHECK(drain(*s).empty());
}

TEST_CASE("a topic that is added while a subscriber catches up is heard from now on") {
  Hub hub({}, 1);
  hub.publish(message("a", "x", "1"), kNow);
  hub.publish(message("a", "y", "2"), kNow);
  hub.publish(message("a", "x", "3"), kNow);
  auto s = hub.subscribe({{"a", "x"}}, After{{1, 0}}, kNow, nullptr);
  s->add({"a", "y"});
  s->add({"a", "x"});  // it hears that one as before
  CHECK(s->topics() == 2);
  hub.publish(message("a", "y", "4"), kNow);
  CHECK(drain(*s) == Seen{"1", "3", "4"});
}

TEST_CASE("what the engine says of runs does not push messages of applications out") {
  const std::string run = "01K3ABCDEFGHJKMNPQRSTVWXYZ";
  HubSettings settings = keeping(3);
  settings.lifecycle.messages_max = 2;
  Hub hub(settings, 1);
  MessageId first = hub.publish(message(run, "x", "1"), kNow);
  for (int i = 2; i <= 6; ++i) hub.publish(message(run, "$step", std::to_string(i)), kNow);
  hub.publish(message(run, "x", "7"), kNow);
  hub.publish(message(run, "$run", "8"), kNow);
  auto data = hub.subscribe({{run, "x"}}, After{{1, 0}}, kNow, nullptr);
  CHECK(drain(*data) == Seen{"1", "7"});
  auto lifecycle = hub.subscribe({{run, "$step"}, {run, "$run"}}, After{first}, kNow, nullptr);
  CHECK(drain(*lifecycle) == Seen{"gap", "6", "8"});
  auto all = hub.subscribe({{run, kEveryTopic}}, After{{1, 5}}, kNow, nullptr);
  CHECK(drain(*all) == Seen{"6", "7", "8"});
  all->remove({run, kEveryTopic});
  all->add({run, "$run"});
  hub.publish(message(run, "$step", "9"), kNow);
  hub.publish(message(run, "$run", "10"), kNow);
  CHECK(drain(*all) == Seen{"10"});
  CHECK(hub.stats().history_messages == 4);
}

TEST_CASE("the lag is the age of what waits longest") {
  Hub hub({}, 1);
  auto s = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  CHECK(hub.lag(kNow) == Duration(0));
  hub.publish(message("a", "x"), kNow);
  hub.publish(message("a", "x"), kNow + 3s);
  CHECK(hub.lag(kNow + 5s) == 5s);
  drain(*s);
  CHECK(hub.lag(kNow + 5s) == Duration(0));
}

TEST_CASE("the queues of all together are bounded") {
  constexpr size_t kMax = 100'000;
  HubSettings settings = keeping(0);
  settings.queues_bytes_max = kMax;
  Hub hub(settings, 1);
  std::vector<std::unique_ptr<Subscription>> stalled;
  for (int i = 0; i < 10; ++i) {
    stalled.push_back(hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr));
  }
  auto alive = hub.subscribe({{"b", kEveryTopic}}, FromNow{}, kNow, nullptr);
  std::string data = "\"" + std::string(200, 'x') + "\"";
  for (int i = 0; i < 1000; ++i) hub.publish(message("a", "x", data), kNow);
  CHECK(hub.stats().queued_bytes <= kMax + 500);
  hub.publish(message("b", "x", "1"), kNow);
  CHECK(drain(*alive) == Seen{"1"});
  stalled.clear();
  alive.reset();
  CHECK(hub.stats().queued_bytes == 0);
  CHECK(hub.stats().channels == 0);
}

TEST_CASE("frames carry what the SDKs' clients need") {
  Message made = message("a:1", "x", R"({"n":1})");
  made.id = {3, 9};
  made.created_at = kNow;
  std::string text = message_json(made);
  JsonView frame = JsonView::trusted(text);
  CHECK(frame.find("kind")->as_string() == "data");
  CHECK(frame.find("channel")->as_string() == "a:1");
  CHECK(frame.find("data")->text() == R"({"n":1})");
  CHECK(frame.find("id")->as_string() == "3-9");
  CHECK(MessageId::parse("3-9") == made.id);
  CHECK_FALSE(MessageId::parse("3-"));
  CHECK_FALSE(MessageId::parse("x"));
}

// A subscriber of {a, x} and of all of b that comes and goes, against what was published: each
// message once, in order, and none left out but where a gap was announced.
class Listener {
 public:
  Listener(Hub& hub, uint64_t epoch) : hub_(hub), last_{epoch, 0} {}

  void published(const MessageId& id, const std::string& channel, const std::string& topic) {
    newest_ = id.number;
    if (channel == "b" || (channel == "a" && topic == "x")) heard_.push_back(id.number);
  }

  void connect(Time now) {
    if (!subscription_) {
      subscription_ = hub_.subscribe({{"a", "x"}, {"b", kEveryTopic}}, After{last_}, now, nullptr);
    }
  }
  // What was announced to a connection counts for that connection only.
  void disconnect() {
    subscription_.reset();
    excused_up_to_ = 0;
    missed_ = 0;
  }

  void receive(size_t max) {
    if (!subscription_) return;
    for (const Delivery& delivery : subscription_->take(max)) {
      if (const auto* gap = std::get_if<Gap>(&delivery)) {
        excused_up_to_ = newest_;
        // Two gaps in a row, if more was lost between one take and the next, add up.
        missed_ = gap->missed && missed_ ? std::optional(*missed_ + *gap->missed) : std::nullopt;
      } else {
        receive_one(*std::get<0>(delivery));
      }
    }
  }

  void catch_up(Time now) {
    connect(now);
    while (subscription_->has_waiting()) receive(3);
    bool heard_all = heard_.empty() || heard_.back() == last_.number;
    CHECK((heard_all || heard_.back() <= excused_up_to_));
    subscription_.reset();
  }

 private:
  void receive_one(const Message& got) {
    REQUIRE(got.id.number > last_.number);
    auto next = std::upper_bound(heard_.begin(), heard_.end(), last_.number);
    uint64_t skipped = 0;
    for (; next != heard_.end() && *next < got.id.number; ++next, ++skipped) {
      REQUIRE(*next <= excused_up_to_);
    }
    REQUIRE((next != heard_.end() && *next == got.id.number));
    if (missed_) REQUIRE(skipped == *missed_);
    missed_ = 0;
    last_ = got.id;
  }

  Hub& hub_;
  std::unique_ptr<Subscription> subscription_;
  std::vector<uint64_t> heard_;  // the numbers of what it is to hear
  MessageId last_;
  uint64_t newest_ = 0;
  uint64_t excused_up_to_ = 0;
  std::optional<uint64_t> missed_ = 0;  // since last_; nothing: unknown
};

TEST_CASE("reconnecting subscribers miss nothing that is not announced") {
  const char* given = std::getenv("STEPWELL_SEED");
  uint64_t seed = given ? std::strtoull(given, nullptr, 10) : 20261123;
  CAPTURE(seed);
  Random random(seed);
  const std::string channels[] = {"a", "b", "c"};
  const std::string topics[] = {"x", "y"};
  for (uint64_t round = 1; round <= 300; ++round) {
    CAPTURE(round);
    const Duration age = std::chrono::seconds(1 + random.below(60));
    HubSettings settings = keeping(random.below(40), age);
    settings.queue_messages_max = 1 + random.below(8);
    settings.queues_bytes_max = 500 + random.below(5000);
    Hub hub(settings, round);
    Listener first(hub, round);
    Listener second(hub, round);
    Time now = kNow;
    for (int i = 0; i < 300; ++i) {
      Listener& listener = random.chance(0.5) ? first : second;
      switch (random.below(8)) {
        case 0:
          listener.connect(now);
          break;
        case 1:
          if (random.chance(0.3)) listener.disconnect();
          break;
        case 2:
          listener.receive(1 + random.below(5));
          break;
        case 3:
          now += std::chrono::milliseconds(random.below(5000));
          break;
        default: {
          const std::string& channel = channels[random.below(3)];
          const std::string& topic = topics[random.below(2)];
          MessageId id = hub.publish(message(channel, topic), now);
          first.published(id, channel, topic);
          second.published(id, channel, topic);
        }
      }
    }
    first.catch_up(now);
    second.catch_up(now);
    CHECK(hub.stats().queued_bytes == 0);
  }
}

}  // namespace
}  // namespace stepwell::realtime
