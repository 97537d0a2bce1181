#include "schema/function_config.h"

#include <doctest/doctest.h>

using namespace stepwell;

namespace {

FunctionConfig full_config() {
  FunctionConfig config;
  config.id.slug = "shop-welcome";
  config.name = "Welcome \"you\"";
  config.app = "shop";
  config.driver = DriverKind::kHttp;
  config.url = "https://shop.test/api/inngest?fnId=shop-welcome&stepId=step";
  config.triggers = {{"user/created", "event.data.n > 1"},
                     {"user/*", ""},
                     {.cron = "TZ=Europe/Vienna 0 9 * * 1", .jitter = Duration(30'000)}};
  config.retries = 7;
  config.cancel_on = {{"user/deleted", "async.data.id == event.data.id", Duration(90'000)},
                      {"user/banned", "", std::nullopt},
                      {"user/left", "", std::nullopt, from_millis(1'787'385'600'123)}};
  config.wait_lookback = Duration(0);
  return config;
}

FunctionConfig small_config() {
  FunctionConfig config;
  config.id.slug = "fn";
  return config;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a configuration comes back from its JSON as it was") {
  for (const FunctionConfig& config : {full_config(), small_config()}) {
    std::string json = function_config_json(config);
    Result<FunctionConfig> read = parse_function_config(json);
    REQUIRE(read.ok());
    CHECK(function_config_json(*read) == json);
    CHECK(read->id == config.id);
    CHECK(read->name == config.name);
    CHECK(read->app == config.app);
    CHECK(read->driver == config.driver);
    CHECK(read->url == config.url);
    CHECK(read->triggers.size() == config.triggers.size());
    CHECK(read->retries == config.retries);
    CHECK(read->cancel_on.size() == config.cancel_on.size());
    CHECK(read->wait_lookback == config.wait_lookback);
  }
  Result<FunctionConfig> read = parse_function_config(function_config_json(full_config()));
  CHECK(read->triggers[0].expression == "event.data.n > 1");
  CHECK(read->triggers[1].event == "user/*");
  CHECK(read->triggers[2].cron == "TZ=Europe/Vienna 0 9 * * 1");
  CHECK(read->triggers[2].jitter == Duration(30'000));
  CHECK(read->triggers[2].event.empty());
  CHECK(read->cancel_on[0].timeout == Duration(90'000));
  CHECK_FALSE(read->cancel_on[1].timeout.has_value());
  CHECK_FALSE(read->cancel_on[1].until.has_value());
  CHECK(read->cancel_on[2].until == from_millis(1'787'385'600'123));
}

TEST_CASE("members that are absent have their defaults") {
  Result<FunctionConfig> read = parse_function_config(R"({"id":"fn"})");
  REQUIRE(read.ok());
  CHECK(read->retries == 4);
  CHECK(read->driver == DriverKind::kNative);
  CHECK(read->triggers.empty());
  CHECK_FALSE(read->wait_lookback.has_value());
}

TEST_CASE("what is no object is no configuration") {
  CHECK(parse_function_config("[]").error().code == ErrorCode::kInvalid);
  CHECK(parse_function_config("{").error().code == ErrorCode::kInvalid);
}

TEST_CASE("sound configurations are valid") {
  CHECK(faults_of(full_config()).empty());
  CHECK(faults_of(small_config()).empty());
  FunctionConfig config = small_config();
  config.retries = 500;  // clamped on use
  CHECK(faults_of(config).empty());
}

TEST_CASE("every fault is listed at once") {
  FunctionConfig config;
  config.retries = -1;
  config.wait_lookback = Duration(-1);
  config.triggers = {{"", ""}, {"a*b", ""}, {"x", "y"}, {"x", "y"}};
  config.cancel_on = {{"", "", Duration(0)}, {"x*", "", Duration(1), from_millis(1)}};
  std::string faults = faults_of(config);
  CHECK(validate(config).error().code == ErrorCode::kInvalid);
  CHECK(contains(faults, "id: it is missing"));
  CHECK(contains(faults, "retries:"));
  CHECK(contains(faults, "waitLookback:"));
  CHECK(contains(faults, "triggers[0]: an event name is missing"));
  CHECK(contains(faults, "triggers[1]: \"a*b\""));
  CHECK(contains(faults, "triggers[3]: the same trigger"));
  CHECK_FALSE(contains(faults, "triggers[2]"));
  CHECK(contains(faults, "cancelOn[0]: an event name is missing"));
  CHECK(contains(faults, "cancelOn[0]: the timeout"));
  CHECK(contains(faults, "cancelOn[1]: either a timeout or a time"));
  CHECK(contains(faults, "cancelOn[1]: \"x*\": it names one event"));
}

TEST_CASE("nothing is triggered by the invocation of something else") {
  FunctionConfig config = small_config();
  config.triggers = {{"inngest/function.invoked", ""}};
  const auto refused = validate(config);
  REQUIRE_FALSE(refused.ok());
  CHECK(contains(refused.error().message, "starts the function that it names and no other"));
  config.triggers = {{"inngest/function.finished", ""}};
  CHECK(validate(config).ok());
}

TEST_CASE("a star stands last, behind a slash or a dot") {
  auto is_valid = [](std::string event) {
    FunctionConfig config = small_config();
    config.triggers = {{std::move(event), ""}};
    return validate(config).ok();
  };
  CHECK(is_valid("a/*"));
  CHECK(is_valid("a.b.*"));
  CHECK_FALSE(is_valid("*"));
  CHECK_FALSE(is_valid("a*"));
  CHECK_FALSE(is_valid("a/*/b"));
  CHECK_FALSE(is_valid("a/**"));
}

TEST_CASE("a schedule is one, has no expression, and its jitter is bounded") {
  auto faults = [](Trigger trigger) {
    FunctionConfig config = small_config();
    config.triggers = {std::move(trigger)};
    return faults_of(config);
  };
  CHECK(faults({.cron = "* * * * *"}).empty());
  CHECK(faults({.cron = "* * * * *", .jitter = Duration(0)}).empty());
  CHECK(contains(faults({.cron = "61 * * * *"}), "triggers[0].cron: \"61\" is no minute"));
  CHECK(contains(faults({.event = "a", .cron = "* * * * *"}), "either event or cron"));
  CHECK(contains(faults({.expression = "true", .cron = "* * * * *"}), "no expression"));
  CHECK(contains(faults({.cron = "* * * * *", .jitter = Duration(999)}), "jitter"));
  CHECK(contains(faults({.cron = "* * * * *", .jitter = Duration(300'001)}), "jitter"));
  CHECK(contains(faults({.event = "a", .jitter = Duration(1'000)}), "only a schedule"));
  FunctionConfig config = small_config();
  config.triggers = {{.cron = "0 * * * *"}, {.cron = "0 * * * *", .jitter = Duration(2'000)}};
  CHECK(contains(faults_of(config), "triggers[1]: the same trigger"));
}

TEST_CASE("code behind HTTP has a URL, other code has none") {
  FunctionConfig config = small_config();
  config.url = "http://shop.test/";
  CHECK(contains(faults_of(config), "url: only code behind HTTP"));
  config.driver = DriverKind::kHttp;
  CHECK(faults_of(config).empty());
  config.url = "ftp://shop.test/";
  CHECK(contains(faults_of(config), "url: \"ftp://shop.test/\" must begin"));
  config.url = "http://" + std::string(kMaxUrlLength, 'h');
  CHECK(contains(faults_of(config), "url: it has at most"));
}

TEST_CASE("counts and lengths have limits") {
  FunctionConfig config = small_config();
  for (int i = 0; i < kMaxTriggers; ++i) config.triggers.push_back({std::to_string(i), ""});
  for (int i = 0; i < kMaxCancelOn; ++i) {
    config.cancel_on.push_back({std::to_string(i), "", std::nullopt});
  }
  CHECK(faults_of(config).empty());
  config.triggers.push_back({std::string(kMaxEventNameLength, 'n'), ""});
  config.cancel_on.push_back({"one more", "", std::nullopt});
  CHECK(contains(faults_of(config), "triggers: 11 of them, at most 10"));
  CHECK(contains(faults_of(config), "cancelOn: 6 of them, at most 5"));
  CHECK_FALSE(contains(faults_of(config), "characters"));
  config.triggers.back().event += 'n';
  CHECK(contains(faults_of(config), "triggers[10]: an event name has at most 255 characters"));
}
