#include "engine/realtime/hub.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/json.h"

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
  while (const std::optional<Delivery> delivery = subscription.take()) {
    const auto* gap = std::get_if<Gap>(&*delivery);
    if (gap == nullptr) {
      seen.push_back(std::get<0>(*delivery)->data);
    } else {
      seen.push_back(gap->missed ? "gap of " + std::to_string(*gap->missed) : "gap");
    }
  }
  CHECK_FALSE(subscription.has_waiting());
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
  // Also when they have come back in another order.
  for (const size_t who : {6, 4, 7, 5}) drain(*subscriptions[who]);
  told.clear();
  hub.publish(message("a", "x"), kNow);
  CHECK(told == std::vector<size_t>{4, 5, 6, 7});
}

// With no history but what is held for those who are slow.
HubSettings holding(size_t messages_max) {
  HubSettings settings = keeping(0);
  settings.held_messages_max = messages_max;
  return settings;
}

TEST_CASE("who does not take what waits costs nothing, and is not looked at") {
  Hub hub({}, 1);
  int calls = 0;
  std::vector<std::unique_ptr<Subscription>> stalled;
  for (int i = 0; i < 100; ++i) {
    // Of some of them only this topic, and of some another channel too.
    const TopicName first{"a", i % 2 == 0 ? kEveryTopic : std::optional<std::string>("x")};
    stalled.push_back(hub.subscribe({first, {"b", "x"}}, FromNow{}, kNow, [&] { ++calls; }));
  }
  hub.publish(message("a", "x"), kNow);
  hub.publish(message("b", "x"), kNow);
  CHECK(calls == 100);
  const uint64_t asked = hub.stats().asked;
  CHECK(asked == 200);
  auto alive = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  for (int i = 0; i < 1000; ++i) {
    hub.publish(message(i % 3 == 0 ? "b" : "a", "x", std::to_string(i)), kNow);
    drain(*alive);
  }
  CHECK(calls == 100);
  CHECK(hub.stats().asked == asked + 666);  // the one that is alive
  for (auto& subscription : stalled) CHECK(drain(*subscription).size() == 1002);
  hub.publish(message("a", "x"), kNow);
  CHECK(calls == 200);
}

TEST_CASE("a slow subscriber loses the oldest and is told how many, before what follows") {
  Hub hub(holding(2), 1);
  auto all = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  auto x = hub.subscribe({{"a", "x"}}, FromNow{}, kNow, nullptr);
  for (int i = 1; i <= 5; ++i) hub.publish(message("a", "x", std::to_string(i)), kNow);
  CHECK(hub.stats().dropped == 3);
  CHECK(drain(*all) == Seen{"gap of 3", "4", "5"});
  CHECK(drain(*x) == Seen{"gap", "4", "5"});  // who knows of which topics they were
}

TEST_CASE("a slow subscriber loses nothing that is in the history") {
  Hub hub({.held_messages_max = 2}, 1);
  auto s = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  Seen all;
  for (int i = 1; i <= 50; ++i) {
    all.push_back(std::to_string(i));
    hub.publish(message("a", "x", all.back()), kNow);
  }
  CHECK(drain(*s) == all);
  CHECK(hub.stats().dropped == 0);
}

TEST_CASE("nothing is lost for messages of a topic that is not heard") {
  Hub hub(holding(2), 1);
  auto x = hub.subscribe({{"a", "x"}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "1"), kNow);
  CHECK(drain(*x) == Seen{"1"});
  for (int i = 2; i <= 9; ++i) hub.publish(message("a", "y", std::to_string(i)), kNow);
  CHECK_FALSE(x->has_waiting());
  hub.publish(message("a", "x", "10"), kNow);
  CHECK(drain(*x) == Seen{"10"});
}

TEST_CASE("a busy channel takes nothing from the slow subscriber of a quiet one") {
  HubSettings settings = keeping(10);
  settings.held_messages_max = 3;
  Hub hub(settings, 1);
  auto slow = hub.subscribe({{"quiet", kEveryTopic}}, FromNow{}, kNow, nullptr);
  auto reader = hub.subscribe({{"busy", kEveryTopic}}, FromNow{}, kNow, nullptr);
  const MessageId first = hub.publish(message("quiet", "x", "1"), kNow);
  hub.publish(message("quiet", "x", "2"), kNow);
  for (int i = 0; i < 100; ++i) {
    hub.publish(message("busy", "x"), kNow);
    drain(*reader);
  }
  CHECK(hub.stats().held_messages == 2);
  CHECK(hub.stats().history_messages == 10);
  // Whoever comes back finds what is held for others.
  auto back = hub.subscribe({{"quiet", kEveryTopic}}, After{first}, kNow, nullptr);
  CHECK(drain(*slow) == Seen{"1", "2"});
  CHECK(drain(*back) == Seen{"2"});
  // Nobody is behind any more.
  CHECK(hub.stats().held_messages == 0);
  CHECK(hub.stats().held_bytes == 0);
  CHECK(hub.stats().dropped == 0);
  auto late = hub.subscribe({{"quiet", kEveryTopic}}, After{first}, kNow, nullptr);
  CHECK(drain(*late) == Seen{"gap"});
}

TEST_CASE("what is held goes with the last who was behind, however it goes") {
  Hub hub(holding(10), 1);
  auto gone = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  auto other = hub.subscribe({{"a", "x"}, {"b", "x"}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "1"), kNow);
  gone.reset();
  CHECK(hub.stats().held_messages == 1);
  other->remove({"a", "x"});
  CHECK_FALSE(other->has_waiting());
  CHECK(hub.stats().held_messages == 0);
  CHECK(hub.stats().channels == 1);
}

TEST_CASE("what is held is bounded by bytes too, and one message alone always fits") {
  HubSettings settings = keeping(0);
  settings.held_bytes_max = 100;
  Hub hub(settings, 1);
  auto s = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "\"" + std::string(500, 'x') + "\""), kNow);
  hub.publish(message("a", "x", "2"), kNow);
  CHECK(drain(*s) == Seen{"gap of 1", "2"});
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

TEST_CASE("who catches up is bounded by the history, not by what is held") {
  Hub hub({.held_messages_max = 2}, 1);
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
    const std::optional<Delivery> delivery = s->take();
    REQUIRE(delivery);
    REQUIRE(std::holds_alternative<std::shared_ptr<const Message>>(*delivery));
    seen.push_back(std::get<0>(*delivery)->data);
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
  HubSettings settings = keeping(4);
  settings.held_messages_max = 1;
  Hub hub(settings, 1);
  for (int i = 1; i <= 4; ++i) hub.publish(message("a", "x", std::to_string(i)), kNow);
  auto s = hub.subscribe({{"a", kEveryTopic}}, After{{1, 0}}, kNow, nullptr);
  CHECK(std::get<0>(s->take().value())->data == "1");
  for (int i = 5; i <= 9; ++i) hub.publish(message("a", "x", std::to_string(i)), kNow);
  CHECK(drain(*s) == Seen{"gap of 3", "5", "6", "7", "8", "9"});
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

TEST_CASE("what waits of a topic that is no longer heard does not come") {
  Hub hub(holding(2), 1);
  auto s = hub.subscribe({{"a", "x"}, {"a", "y"}, {"b", "x"}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "1"), kNow);
  hub.publish(message("b", "x", "2"), kNow);
  hub.publish(message("a", "y", "3"), kNow);
  s->remove({"a", "x"});
  CHECK(s->topics() == 2);
  CHECK(drain(*s) == Seen{"2", "3"});
  // What is lost may have been of the other.
  for (int i = 4; i <= 7; ++i) hub.publish(message("a", i < 7 ? "y" : "z"), kNow);
  s->add({"a", "x"});
  s->remove({"a", "y"});
  CHECK(drain(*s) == Seen{"gap"});
  s->remove({"a", "y"});  // it is not heard
  CHECK(s->topics() == 2);
}

TEST_CASE("the halves of a run's channel come in one order, and so do their gaps") {
  const std::string run = "01K3ABCDEFGHJKMNPQRSTVWXYZ";
  HubSettings settings = holding(2);
  settings.lifecycle.messages_max = 0;
  Hub hub(settings, 1);
  auto s = hub.subscribe({{run, kEveryTopic}}, FromNow{}, kNow, nullptr);
  const auto say = [&](const std::string& topic, int first, int last) {
    for (int i = first; i <= last; ++i) hub.publish(message(run, topic, std::to_string(i)), kNow);
  };
  say("x", 1, 1);
  say("$run", 2, 2);
  say("x", 3, 3);
  CHECK(drain(*s) == Seen{"1", "2", "3"});
  say("x", 4, 5);
  say("$step", 6, 9);
  CHECK(drain(*s) == Seen{"4", "5", "gap of 2", "8", "9"});
  say("$step", 10, 12);
  say("x", 13, 17);
  CHECK(drain(*s) == Seen{"gap of 1", "11", "12", "gap of 3", "16", "17"});
  say("$step", 18, 20);
  say("x", 21, 23);
  say("$step", 24, 25);
  CHECK(drain(*s) == Seen{"gap of 4", "22", "23", "24", "25"});
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

TEST_CASE("a topic that is added from a time on goes back for itself alone") {
  Hub hub({.young_channel_age = 0s}, 1);
  hub.publish(message("a", "y", "0"), kNow - 1s);
  auto s = hub.subscribe({{"a", "x"}}, FromNow{}, kNow, nullptr);
  auto all = hub.subscribe({{"a", kEveryTopic}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "x", "1"), kNow);
  hub.publish(message("a", "y", "2"), kNow);
  hub.publish(message("a", "z", "3"), kNow);
  hub.publish(message("a", "x", "4"), kNow);
  hub.publish(message("b", "y", "5"), kNow);
  SUBCASE("who has everything") {
    CHECK(drain(*s) == Seen{"1", "4"});
    s->add({"a", "y"}, Since{kNow, false}, kNow);
    CHECK(drain(*s) == Seen{"2"});
    s->add({"a", "z"}, Since{kNow + 1s, false}, kNow);
    s->add({"b", "y"}, Since{kNow, false}, kNow);
    CHECK(drain(*s) == Seen{"5"});
  }
  SUBCASE("who is behind") {
    s->take();
    s->add({"a", "y"}, Since{kNow - 1s, false}, kNow);
    CHECK(drain(*s) == Seen{"0", "2", "4"});
  }
  SUBCASE("what it hears already, it hears as before") {
    CHECK(drain(*s) == Seen{"1", "4"});
    CHECK(drain(*all) == Seen{"1", "2", "3", "4"});
    s->add({"a", "x"}, Since{kNow, false}, kNow);
    all->add({"a", "y"}, Since{kNow - 1s, false}, kNow);
    CHECK(drain(*s).empty());
    CHECK(drain(*all).empty());
  }
  hub.publish(message("a", "x", "6"), kNow);
  CHECK(drain(*s) == Seen{"6"});
}

TEST_CASE("what is lost of a topic that is added from a time on is announced") {
  Hub hub(keeping(1), 1);
  auto s = hub.subscribe({{"b", "x"}}, FromNow{}, kNow, nullptr);
  hub.publish(message("a", "y", "1"), kNow);
  hub.publish(message("a", "y", "2"), kNow);
  s->add({"a", "y"}, Since{kNow, true}, kNow);
  CHECK(drain(*s) == Seen{"gap", "2"});
}

TEST_CASE("the bytes of a history count what its channels take, until the last message has left") {
  const auto kept_bytes = [](int channels) {
    Hub hub({}, 1);
    for (int i = 0; i < 1000; ++i) {
      hub.publish(message(std::to_string(1000 + i % channels), "x"), kNow);
    }
    const size_t bytes = hub.stats().history_bytes;
    // A listener keeps a channel without messages known; that is not of the history.
    auto s = hub.subscribe({{"1000", "x"}}, FromNow{}, kNow + 6min, nullptr);
    CHECK(hub.stats().history_messages == 0);
    CHECK(hub.stats().history_bytes == 0);
    hub.publish(message("1000", "x"), kNow + 6min);
    hub.publish(message("other", "x"), kNow + 12min);
    CHECK(hub.stats().history_messages == 1);
    return bytes;
  };
  CHECK(kept_bytes(1) >= 1000 * sizeof(Message));
  CHECK(kept_bytes(1000) >= kept_bytes(1) + 999 * 200);

  HubSettings settings;
  settings.history.bytes_max = kept_bytes(1000) / 2;
  Hub hub(settings, 1);
  for (int i = 0; i < 1000; ++i) hub.publish(message(std::to_string(1000 + i), "x"), kNow);
  CHECK(hub.stats().history_messages == 500);
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

TEST_CASE(
    "what is held of all channels together is bounded, and whoever holds most gives up first") {
  constexpr size_t kMax = 100'000;
  HubSettings settings = keeping(0);
  settings.all_held_bytes_max = kMax;
  Hub hub(settings, 1);
  std::vector<std::unique_ptr<Subscription>> stalled;
  for (int i = 0; i < 10; ++i) {
    stalled.push_back(
        hub.subscribe({{"a" + std::to_string(i), kEveryTopic}}, FromNow{}, kNow, nullptr));
  }
  auto quiet = hub.subscribe({{"b", kEveryTopic}}, FromNow{}, kNow, nullptr);
  hub.publish(message("b", "x", "1"), kNow);
  std::string data = "\"" + std::string(200, 'x') + "\"";
  for (int i = 0; i < 1000; ++i) {
    hub.publish(message("a" + std::to_string(i % 100 < 10 ? i % 10 : 0), "x", data), kNow);
    REQUIRE(hub.stats().held_bytes <= kMax);
  }
  CHECK(hub.stats().dropped > 0);
  hub.publish(message("b", "x", "2"), kNow);
  CHECK(drain(*quiet) == Seen{"1", "2"});
  // Of a channel that holds less than others nothing was given up.
  CHECK(drain(*stalled[9]).size() == 10);
  stalled.clear();
  quiet.reset();
  CHECK(hub.stats().held_bytes == 0);
  CHECK(hub.stats().held_messages == 0);
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

}  // namespace
}  // namespace stepwell::realtime
