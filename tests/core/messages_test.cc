// Realtime messages: which are recorded, and which do not fit their topic.
#include "tests/core/harness.h"

using namespace stepwell;
using namespace stepwell::core;
using namespace stepwell::core::testing;
using namespace std::chrono_literals;

namespace {

constexpr char kLikes[] =
    R"({"type":"object","properties":{"likes":{"type":"integer"}},"required":["likes"]})";

Publication message(std::string channel, std::string data, std::string topic = "updated") {
  return {.channel = std::move(channel), .topic = std::move(topic), .data = std::move(data)};
}

Settings durable(size_t messages_max = 100) {
  Settings settings;
  settings.durable_channels = {"room", "post:*"};
  settings.durable_history = {1h, messages_max, 10'000};
  return settings;
}

void publish(Harness& h, std::vector<Publication> messages) {
  h.apply(PublishMessages{.request = 3, .run = std::nullopt, .messages = std::move(messages)});
}

void put_topic(Harness& h, std::string channel, std::string schema, bool of_process = false) {
  h.apply(RegisterTopics{
      .request = 4, .topics = {{channel, "updated", schema}}, .of_process = of_process});
}

std::vector<PublishedMessage> published(const Harness& h) {
  std::vector<PublishedMessage> messages;
  for (const Effect& effect : h.out.effects) {
    const auto* publish = std::get_if<Publish>(&effect);
    if (publish == nullptr) continue;
    messages.insert(messages.end(), publish->messages.begin(), publish->messages.end());
  }
  return messages;
}

std::string refusal(const Harness& h) {
  const Answer& last = h.answers.back();
  return last.error ? last.error->message : "";
}

}  // namespace

TEST_CASE("a message of a durable channel is a row of the batch with which it leaves") {
  Harness h(durable());
  publish(h, {message("room", "1"), message("hall", "2"), message("post:17", "3")});
  const auto rows = h.writes<storage::PutMessage>();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].message.content.channel == "room");
  CHECK(rows[1].message.content.data == "3");
  CHECK(rows[1].message.created_at == h.now);
  const auto messages = published(h);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].pos == rows[0].message.pos);
  CHECK(messages[1].pos == 0);
  CHECK(messages[2].pos == rows[1].message.pos);
  CHECK(rows[0].message.pos < rows[1].message.pos);
}

TEST_CASE("a message of a step's body is recorded with the step, and names its run") {
  Harness h(durable());
  h.add_function(Harness::function("f", "go"));
  h.send("go");
  const Call call = h.take_call();
  StepReturned body{.data = "1", .publications = {message("room", "7")}};
  h.reply(call, {Harness::op("a", std::move(body))});
  REQUIRE(h.writes<storage::PutMessage>().size() == 1);
  CHECK(h.writes<storage::PutStep>().size() == 1);
  CHECK(h.writes<storage::PutMessage>()[0].message.run == call.run->id);
}

TEST_CASE("the durable history is bounded by number, bytes and age, oldest first") {
  Harness h(durable(2));
  publish(h, {message("room", "1"), message("room", "2")});
  const Position second = h.writes<storage::PutMessage>()[1].message.pos;
  CHECK(h.writes<storage::DropMessages>().empty());
  publish(h, {message("room", "3"), message("room", "4")});
  REQUIRE(h.writes<storage::DropMessages>().size() == 2);
  CHECK(h.writes<storage::DropMessages>()[1].through == second);
  publish(h, {message("room", "\"" + std::string(9'900, 'x') + "\"")});
  CHECK(h.writes<storage::DropMessages>().size() == 1);
  h.now += 2h;
  publish(h, {message("room", "6")});
  REQUIRE(h.writes<storage::DropMessages>().size() == 1);
  CHECK(h.writes<storage::DropMessages>()[0].through <
        h.writes<storage::PutMessage>()[0].message.pos);
}

TEST_CASE("what was recorded before a start counts") {
  Core core(durable(2), Random(1));
  core.begin_recovery({.epoch = 2, .last_pos = 20});
  std::vector<MessageRecord> page;
  for (Position pos : {11, 12, 13}) {
    page.push_back({pos, message("room", "1"), std::nullopt, kStart});
  }
  core.recover_messages(page);
  Transition out;
  core.finish_recovery(kStart, out);
  core.apply(PublishMessages{.messages = {message("room", "2")}}, kStart, 0, out);
  REQUIRE(out.writes.size() == 2);
  CHECK(std::get<storage::DropMessages>(out.writes[1]).through == 12);
}

TEST_CASE("what does not fit the schema of its topic is refused, all of it") {
  Harness h;
  put_topic(h, "post:*", kLikes);
  REQUIRE(h.answers.back().is_modified);
  CHECK(h.writes<storage::PutTopic>().size() == 1);
  publish(h, {message("post:1", R"({"likes":3})"), message("post:1", R"({"likes":"3"})")});
  CHECK(refusal(h) ==
        "the message does not fit the schema of topic \"updated\" of channel \"post:1\": "
        "data.likes: must be a whole number");
  CHECK(published(h).empty());
  publish(h, {message("post:1", R"({"likes":3})"), message("other", "1"),
              message("post:1", "1", "deleted")});
  CHECK(published(h).size() == 3);
}

TEST_CASE("the longest name counts, and those of the process before recorded ones") {
  Harness h;
  put_topic(h, "*", R"({"type":"string"})");
  put_topic(h, "post:*", R"({"type":"integer"})");
  put_topic(h, "post:1", R"({"type":"boolean"})");
  publish(h, {message("a", "\"x\""), message("post:2", "1"), message("post:1", "true")});
  CHECK(refusal(h) == "");
  publish(h, {message("post:1", "1")});
  CHECK(refusal(h) != "");
  put_topic(h, "p*", R"({"type":"null"})", true);
  CHECK(h.writes<storage::PutTopic>().empty());
  publish(h, {message("post:1", "null"), message("a", "\"x\"")});
  CHECK(refusal(h) == "");
  put_topic(h, "p*", "", true);
  publish(h, {message("post:1", "true")});
  CHECK(refusal(h) == "");
}

TEST_CASE("a topic is put, repeated, changed and forgotten; a wrong schema changes nothing") {
  Harness h;
  put_topic(h, "c", kLikes);
  put_topic(h, "c", kLikes);
  CHECK_FALSE(h.answers.back().is_modified);
  CHECK(h.out.writes.empty());
  h.apply(RegisterTopics{.request = 4, .topics = {{"d", "t", "true"}, {"c", "updated", "{"}}});
  CHECK(refusal(h).find("topic \"updated\" of channel \"c\"") != std::string::npos);
  CHECK(h.out.writes.empty());
  put_topic(h, "c", "");
  CHECK(h.answers.back().is_modified);
  CHECK(h.writes<storage::PutTopic>()[0].topic.schema.empty());
  publish(h, {message("c", "1")});
  CHECK(refusal(h) == "");
  put_topic(h, "", kLikes);
  CHECK(refusal(h) != "");
}

TEST_CASE("a step that publishes what does not fit fails at once and says why") {
  Harness h(durable());
  put_topic(h, "room", kLikes);
  h.add_function(Harness::function("f", "go"));
  h.send("go");
  StepReturned body{.data = "1", .publications = {message("room", "7")}};
  h.reply(h.take_call(), {Harness::op("a", std::move(body))});
  CHECK(published(h).empty());
  CHECK(h.writes<storage::PutMessage>().empty());
  REQUIRE(h.writes<storage::PutStep>().size() == 1);
  const StepRecord step = h.writes<storage::PutStep>()[0].step;
  CHECK(step.state == StepState::kFailed);
  CHECK(step.error->name == "SchemaError");
  CHECK(step.error->message.find("data: must be an object") != std::string::npos);
}

TEST_CASE("a step that fails anyway keeps its own error, and what fits is published") {
  Harness h;
  put_topic(h, "room", kLikes);
  h.add_function(Harness::function("f", "go"));
  h.send("go");
  StepThrew body{.error = {.name = "Mine", .message = "m"}, .retriable = false};
  body.publications = {message("room", "7"), message("room", R"({"likes":1})")};
  h.reply(h.take_call(), {Harness::op("a", std::move(body))});
  CHECK(published(h).size() == 1);
  CHECK(h.writes<storage::PutStep>()[0].step.error->name == "Mine");
}

TEST_CASE("code that publishes outside of steps what does not fit fails its run") {
  Harness h;
  put_topic(h, "room", kLikes);
  h.add_function(Harness::function("f", "go"));
  h.send("go");
  const Call call = h.take_call();
  Reply reply{call.id, call.run->no, Returned{"1"}, {}, {}};
  reply.publications = {message("room", "7")};
  h.apply(CallReplied{.reply = std::move(reply)});
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].status == RunStatus::kFailed);
  CHECK(h.ends[0].error->name == "SchemaError");
}

TEST_CASE(
    "the schemas of the process outlive a rebuild of the core, recorded ones are read again") {
  Harness h;
  put_topic(h, "a", kLikes, true);
  Core next({}, Random(1));
  next.begin_recovery({.epoch = 1});
  next.recover_topics({{"b", "updated", kLikes}});
  next.carry_over(h.core);
  Transition out;
  next.finish_recovery(kStart, out);
  for (const char* channel : {"a", "b"}) {
    out = {};
    next.apply(PublishMessages{.request = 5, .messages = {message(channel, "1")}}, kStart, 0, out);
    REQUIRE(out.effects.size() == 1);
    CHECK(std::get<Answer>(out.effects[0]).error.has_value());
  }
}
