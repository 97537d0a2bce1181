// Channels whose messages are recorded: who comes back after a restart misses nothing of them.
#include <doctest/doctest.h>

#include "engine/realtime/hub.h"

namespace stepwell::realtime {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow{Duration(1'790'000'000'000)};

// The journal's part: what was recorded, and the hubs of one server after another.
struct Server {
  explicit Server(HubSettings given = {}) : settings(std::move(given)) {
    settings.durable_channels = {"kept", "post:*"};
    start();
  }

  void start() {
    hub.emplace(settings, ++epoch, now);
    hub->restore_dropped(dropped);
    hub->restore(journal);
  }
  void restart() {
    now += 1s;
    hub.reset();
    start();
  }
  MessageId publish(const std::string& channel, const std::string& data) {
    MessageRecord record;
    record.content = {.channel = channel, .topic = "t", .data = data};
    record.created_at = now;
    Message message{record.content, {}, std::nullopt, {}};
    const bool is_recorded = channel == "kept" || channel.starts_with("post:");
    record.pos = pos += 3;  // others have positions too
    if (is_recorded) journal.push_back(record);
    return hub->publish(std::move(message), now, is_recorded ? record.pos : 0);
  }
  // What a subscriber gets that has seen the message of this id.
  std::string after(const std::string& channel, const std::string& id) {
    return heard({{channel, kEveryTopic}}, After{MessageId::parse(id).value()});
  }
  std::string heard(const std::vector<TopicName>& topics, const StartFrom& start) {
    auto subscription = hub->subscribe(topics, start, now, nullptr);
    std::string text;
    while (const std::optional<Delivery> delivery = subscription->take()) {
      const auto* message = std::get_if<std::shared_ptr<const Message>>(&*delivery);
      text += message == nullptr ? "gap " : (*message)->data + " ";
    }
    return text;
  }

  HubSettings settings;
  std::vector<MessageRecord> journal;
  Position pos = 0;
  Position dropped = 0;
  uint64_t epoch = 0;
  Time now = kNow;
  std::optional<Hub> hub;
};

TEST_CASE("ids name the newest recorded message, where there may be some") {
  Server server;
  CHECK(server.publish("other", "1").to_string() == "1-1-0");
  CHECK(server.publish("kept", "2").to_string() == "1-2-6");
  CHECK(server.publish("other", "3").to_string() == "1-3-6");
  const MessageId id{17, 4, 9};
  CHECK(MessageId::parse("17-4-9") == id);
  CHECK(MessageId::parse("17-4") == MessageId{17, 4, std::nullopt});
  for (const char* text : {"17-4-", "17-4-x", "17--9", "-4-9", "17-4-9-1", "17-4 -9", ""}) {
    CHECK_FALSE(MessageId::parse(text).has_value());
  }
  Hub plain({}, 5);
  CHECK(plain.publish({{.channel = "kept", .topic = "t"}, {}, {}, {}}, kNow).to_string() == "5-1");
}

TEST_CASE("after a restart a subscriber goes on where it was, without a gap and without a repeat") {
  Server server;
  server.publish("kept", "1");
  const std::string second = server.publish("kept", "2").to_string();
  server.publish("kept", "3");
  CHECK(server.after("kept", second) == "3 ");
  server.restart();
  CHECK(server.after("kept", second) == "3 ");
  const std::string fourth = server.publish("kept", "4").to_string();
  CHECK(server.after("kept", second) == "3 4 ");
  CHECK(server.after("kept", fourth) == "");
  server.restart();
  server.restart();
  CHECK(server.after("kept", second) == "3 4 ");
  CHECK(server.after("kept", fourth) == "");
}

TEST_CASE("what the hub has already is not told twice") {
  Server server;
  server.publish("kept", "1");
  server.hub->restore(server.journal);
  CHECK(server.heard({{"kept", "t"}}, Since{Time{}, false}) == "1 ");
}

TEST_CASE("a channel without a durable history begins with a gap after a restart") {
  Server server;
  const std::string id = server.publish("other", "1").to_string();
  server.restart();
  server.publish("other", "2");
  CHECK(server.after("other", id) == "gap 2 ");
}

TEST_CASE("of several channels each goes on by its own rule") {
  Server server;
  server.publish("post:1", "1");
  const std::string seen = server.publish("other", "2").to_string();
  server.publish("post:1", "3");
  server.publish("post:2", "4");
  server.restart();
  server.publish("post:2", "5");
  server.publish("other", "6");
  const After start{MessageId::parse(seen).value()};
  CHECK(server.heard({{"post:1", "t"}, {"post:2", "t"}}, start) == "3 4 5 ");
  CHECK(server.heard({{"post:1", "t"}, {"other", "t"}}, start) == "gap 3 6 ");
}

TEST_CASE("ids that this journal has not given are not believed") {
  Server server;
  server.publish("kept", "1");
  server.restart();
  CHECK(server.after("kept", "77-1-3") == "");
  CHECK(server.after("kept", "77-1-9") == "gap 1 ");
  CHECK(server.after("kept", "77-1") == "gap 1 ");
  CHECK(server.after("kept", "2-50-9") == "gap 1 ");
}

TEST_CASE("what was dropped before the restart is announced to who has not seen it") {
  Server server;
  const std::string first = server.publish("kept", "1").to_string();
  const std::string second = server.publish("kept", "2").to_string();
  server.publish("kept", "3");
  server.dropped = server.journal[1].pos;
  server.journal.erase(server.journal.begin(), server.journal.begin() + 2);
  server.restart();
  CHECK(server.after("kept", first) == "gap 3 ");
  CHECK(server.after("kept", second) == "3 ");
  server.dropped = server.journal[0].pos;
  const std::string third = "1-3-" + std::to_string(server.dropped);
  server.journal.clear();
  server.restart();
  CHECK(server.after("kept", second) == "gap ");
  CHECK(server.after("kept", third) == "");
}

TEST_CASE("the bounds of the durable history are its own") {
  HubSettings settings;
  settings.history.messages_max = 1;
  settings.durable.messages_max = 2;
  Server server(settings);
  const std::string first = server.publish("kept", "1").to_string();
  server.publish("other", "2");
  server.publish("other", "3");
  server.publish("kept", "4");
  CHECK(server.after("kept", first) == "4 ");
  CHECK(server.after("other", first) == "gap 3 ");
  server.publish("kept", "5");
  server.publish("kept", "6");
  CHECK(server.after("kept", first) == "gap 5 6 ");
  server.restart();
  CHECK(server.after("kept", first) == "gap 5 6 ");
  server.now += 8 * 24h;
  CHECK(server.after("kept", first) == "gap ");
}

TEST_CASE("a token from before the restart hears of a gap where only memory was kept") {
  Server server;
  server.publish("kept", "1");
  server.publish("other", "2");
  const Since since{server.now, true};
  server.restart();
  server.publish("kept", "3");
  server.publish("other", "4");
  CHECK(server.heard({{"kept", "t"}}, since) == "1 3 ");
  CHECK(server.heard({{"other", "t"}}, since) == "gap 4 ");
  CHECK(server.heard({{"other", "t"}}, Since{server.now, true}) == "4 ");
}

TEST_CASE("messages of channels that are not durable any more are passed over") {
  Server server;
  server.publish("kept", "1");
  const std::string id = server.publish("post:1", "2").to_string();
  MessageRecord other;
  other.pos = 100;
  other.content = {.channel = "old", .topic = "t", .data = "9"};
  server.journal.push_back(other);
  server.restart();
  CHECK(server.heard({{"old", "t"}}, Since{Time{}, false}) == "gap ");
  CHECK(server.after("post:1", id) == "");
}

}  // namespace
}  // namespace stepwell::realtime
