// What code may send and publish: what the HTTP API takes. The rest fails where it is asked for.
#include <string>

#include "schema/limits.h"
#include "tests/native/fake_core.h"

using namespace stepwell;
using namespace stepwell::native;
using namespace std::chrono_literals;

namespace {

auto sender(std::vector<NewEvent> events) {
  return [events](Context<RawJson> ctx) -> Task<void> {
    co_await ctx.step.send_events("send", events);
  };
}

NewEvent event_with(std::string_view data) {
  return NewEvent("a/b", RawJson(std::string(data)));
}

NewEvent event_at(Time time) {
  return NewEvent("a/b", RawJson("{}")).with_ts(time);
}

std::string object_of(size_t bytes) {
  return R"({"a":")" + std::string(bytes - 8, 'x') + R"("})";
}

std::string refusal_of(const NewEvent& event) {
  std::string message;
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(sender({event_with("{}"), event}), "{}", eviction);
    CHECK(core.sent.empty());
    if (!core.threw) return "";
    CHECK(core.threw->error.name == "NonRetriableError");
    CHECK_FALSE(core.threw->retriable);
    message = core.threw->error.message;
  }
  return message;
}

// A message of so many bytes, quotes included.
std::string text_of(size_t bytes) {
  return std::string(bytes - 2, 'x');
}

const Topic<std::string> kTopic{"channel", "topic"};

}  // namespace

TEST_CASE("an event that the event API refuses is not sent by a step either") {
  CHECK(refusal_of(NewEvent("", RawJson("{}"))) ==
        "step \"send\": event name \"\": it is empty or reserved (inngest/…)");
  CHECK(refusal_of(NewEvent("inngest/function.failed", RawJson("{}"))).find("reserved") !=
        std::string::npos);
  CHECK(refusal_of(NewEvent("Inngest/mine", RawJson("{}"))).find("reserved") != std::string::npos);
  for (const char* data : {"[1]", "7", "{garbage", ""}) {
    CAPTURE(data);
    CHECK(refusal_of(event_with(data)).find("the data of an event is a JSON object") !=
          std::string::npos);
    CHECK(refusal_of(event_with("{}").with_user(RawJson(data))).find("the user of an event") !=
          std::string::npos);
  }
  CHECK(refusal_of(event_at(kEventTimeMin - 1ms)).find("1980 and 2100") != std::string::npos);
  CHECK(refusal_of(event_at(kEventTimeEnd)).find("1980 and 2100") != std::string::npos);
  CHECK(refusal_of(event_with(object_of(kEventBytesMax))).find("larger than 3145728 bytes") !=
        std::string::npos);
}

TEST_CASE("what is just within the limits is sent") {
  const size_t name_bytes = 3;
  const std::string largest = object_of(kEventBytesMax - name_bytes - 2);  // the user is {}
  FakeCore core(
      sender({event_with(largest), event_at(kEventTimeMin), event_at(kEventTimeEnd - 1ms)}), "{}");
  CHECK(core.returned);
  REQUIRE(core.sent.size() == 1);
  CHECK(core.sent[0].events.size() == 3);
}

TEST_CASE("code may catch the refusal of an event and go on, also when it is replayed") {
  for (Eviction eviction : {Eviction::kNever, Eviction::kAlways}) {
    FakeCore core(
        [](Context<RawJson> ctx) -> Task<std::string> {
          const NewEvent event("", RawJson("{}"));
          std::string refused = "sent";
          try {
            co_await ctx.step.send_event("send", event);
          } catch (const NonRetriableError&) {
            refused = "refused";
          }
          co_await ctx.step.sleep("nap", 1s);
          co_return refused;
        },
        "{}", eviction);
    CHECK(core.pending() == std::vector<std::string>{"nap"});
    core.resolve("nap");
    CHECK(core.returned == "\"refused\"");
    CHECK(core.warnings.empty());
  }
}

TEST_CASE("a message that nobody could hear, or that is too large, is not published") {
  static std::string text;
  static const Topic<std::string>* topic = nullptr;
  const auto in_step = [](Context<RawJson> ctx) -> Task<void> {
    co_await ctx.step.publish("tell", *topic, text);
  };
  const auto in_function = [](Context<RawJson> ctx) -> Task<void> {
    ctx.publish(*topic, text);
    co_return;
  };
  const auto in_body = [](Context<RawJson> ctx) -> Task<void> {
    co_await ctx.step.run("body", [&] { ctx.publish(*topic, text); });
  };
  const auto check = [&](const Topic<std::string>& given, size_t bytes, bool is_fine) {
    CAPTURE(bytes);
    topic = &given;
    text = text_of(bytes);
    for (int place = 0; place < 3; ++place) {
      CAPTURE(place);
      auto core = place == 0   ? std::make_unique<FakeCore>(in_step, "{}")
                  : place == 1 ? std::make_unique<FakeCore>(in_function, "{}")
                               : std::make_unique<FakeCore>(in_body, "{}");
      CHECK(core->returned.has_value() == is_fine);
      CHECK(core->published.size() == (is_fine ? 1 : 0));
      if (!is_fine) CHECK(core->threw.value().error.name == "NonRetriableError");
    }
  };
  check(kTopic, kMessageBytesMax, true);
  check(kTopic, kMessageBytesMax + 1, false);
  check(Topic<std::string>{"", "topic"}, 10, false);
  check(Topic<std::string>{"channel", ""}, 10, false);
}
