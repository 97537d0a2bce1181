// Registration: what an app has, what it had, and what is refused.
#include <algorithm>

#include "tests/core/harness.h"

using namespace stepwell;
using namespace stepwell::core;
using namespace stepwell::core::testing;

namespace {

FunctionConfig endpoint(std::string id, std::string event) {
  FunctionConfig config = Harness::function(std::move(id), std::move(event));
  config.url = "http://app.test/api?fnId=f&stepId=step";
  return config;
}

const Answer& register_http(Harness& h, std::string app, std::vector<FunctionConfig> functions) {
  h.apply(RegisterFunctions{.request = 1,
                            .app = std::move(app),
                            .functions = std::move(functions),
                            .driver = DriverKind::kHttp});
  return h.answers.back();
}

std::string refusal(const FunctionConfig& config) {
  const Result<void> checked = check_function(config);
  return checked ? "" : checked.error().message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("registering the same again modifies nothing and writes nothing") {
  Harness h;
  CHECK(register_http(h, "shop", {endpoint("f", "a")}).is_modified);
  CHECK(h.writes<storage::PutFunction>().size() == 1);
  CHECK_FALSE(register_http(h, "shop", {endpoint("f", "a")}).is_modified);
  CHECK(h.out.writes.empty());
  CHECK(register_http(h, "shop", {endpoint("f", "b")}).is_modified);
  CHECK(register_http(h, "shop", {}).is_modified);
  CHECK_FALSE(register_http(h, "shop", {}).is_modified);
  CHECK(register_http(h, "shop", {endpoint("f", "b")}).is_modified);
}

TEST_CASE("what an app leaves out is archived: no event starts it, its runs go on") {
  Harness h;
  register_http(h, "shop", {endpoint("f", "a"), endpoint("g", "a")});
  h.send("a");
  REQUIRE(h.calls.size() == 2);
  register_http(h, "shop", {endpoint("g", "a")});
  REQUIRE(h.writes<storage::PutFunction>().size() == 1);
  CHECK(h.writes<storage::PutFunction>()[0].archived);
  h.returns(h.take_call(), "1");
  CHECK(h.ends.back().function.slug == "f");
  h.take_call();
  h.send("a");
  REQUIRE(h.calls.size() == 1);
  CHECK(h.calls[0].run->function.slug == "g");
}

TEST_CASE("an app may have functions in process and behind HTTP: neither archives the other") {
  Harness h;
  h.apply(RegisterFunctions{
      .request = 1, .app = "shop", .functions = {Harness::function("native", "a")}});
  register_http(h, "shop", {endpoint("remote", "a")});
  register_http(h, "shop", {endpoint("remote", "a")});
  h.send("a");
  CHECK(h.calls.size() == 2);
}

TEST_CASE("a function's id belongs to the app that registered it, until it is archived") {
  Harness h;
  register_http(h, "shop", {endpoint("f", "a")});
  const Answer refused = register_http(h, "other", {endpoint("f", "b"), endpoint("g", "b")});
  REQUIRE(refused.error);
  CHECK(contains(refused.error->message, "function \"f\": app \"shop\" has one of this id"));
  CHECK(h.out.writes.empty());
  h.send("b");
  CHECK(h.calls.empty());
  register_http(h, "shop", {});
  CHECK_FALSE(register_http(h, "other", {endpoint("f", "b")}).error);
  h.send("b");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("all faults of all functions are reported at once, and what was there stays") {
  Harness h;
  register_http(h, "shop", {endpoint("f", "a")});
  FunctionConfig first = endpoint("first", "a");
  first.triggers = {{"a", "event.data.n >"}, {"b", "async.data.n == 1"}};
  first.cancel_on = {{"c", "event.data.(", std::nullopt}};
  first.url = "shop.test";
  FunctionConfig second = endpoint("second", "a");
  second.retries = -1;
  const Answer refused = register_http(h, "shop", {first, second, second});
  REQUIRE(refused.error);
  CHECK(refused.error->code == ErrorCode::kInvalid);
  const std::string& text = refused.error->message;
  for (const char* part :
       {"function \"first\": url:", "triggers[0].if:", "triggers[1].if:", "cancelOn[0].if:",
        "function \"second\": retries:", "function \"second\" is registered twice"}) {
    CAPTURE(part);
    CHECK_MESSAGE(contains(text, part), text);
  }
  h.send("a");
  CHECK(h.calls.size() == 1);
}

TEST_CASE("an expression that does not compile is named with function, field and column") {
  FunctionConfig config = Harness::function("f", "a", "event.data.total > > 5");
  CHECK_MESSAGE(contains(refusal(config), "function \"f\": triggers[0].if: "), refusal(config));
  CHECK_MESSAGE(contains(refusal(config), "20"), refusal(config));
  config = Harness::function("f", "a");
  config.flow.throttle = {1, Duration(1'000), 0, "events.data.x"};
  CHECK_MESSAGE(contains(refusal(config), "throttle.key: "), refusal(config));
  CHECK_MESSAGE(contains(refusal(config), "events"), refusal(config));
}

TEST_CASE("so is every expression of flow control, and of what cancels") {
  const std::string wrong = "events.data.x";
  const auto with = [](auto&& set) {
    FunctionConfig config = Harness::function("f", "a");
    set(config);
    return refusal(config);
  };
  using Config = FunctionConfig&;
  const std::vector<std::pair<std::string, std::string>> refusals{
      {"concurrency[0].key", with([&](Config c) {
         c.flow.step_concurrency = {{1, wrong}};
       })},
      {"concurrency.fn[0].key", with([&](Config c) {
         c.flow.run_concurrency = {{1, wrong}};
       })},
      {"rateLimit.key", with([&](Config c) {
         c.flow.rate_limit = {1, Duration(1'000), wrong};
       })},
      {"idempotency", with([&](Config c) { c.flow.idempotency = wrong; })},
      {"debounce.key", with([&](Config c) {
         c.flow.debounce = {Duration(1'000), wrong, {}};
       })},
      {"batchEvents.key", with([&](Config c) {
         c.flow.batching = {2, Duration(1'000), wrong, ""};
       })},
      {"batchEvents.if", with([&](Config c) {
         c.flow.batching = {2, Duration(1'000), "", wrong};
       })},
      {"singleton.key", with([&](Config c) {
         c.flow.singleton = Singleton{SingletonMode::kSkip, wrong};
       })},
      {"priority.run", with([&](Config c) { c.flow.priority = wrong; })},
      {"cancelOn[0].if", with([&](Config c) {
         c.cancel_on = {{"b", wrong + " == 1"}};
       })},
  };
  for (const auto& [field, text] : refusals) {
    CHECK_MESSAGE(contains(text, "function \"f\": " + field + ": 1:1: "), field << " => " << text);
    CHECK_MESSAGE(contains(text, "events"), text);
  }
}

TEST_CASE("a schedule's time zone and days exist") {
  FunctionConfig config = Harness::function("f", "");
  config.triggers = {{.cron = "TZ=Europe/Atlantis 0 9 * * *"}};
  CHECK(contains(refusal(config), "triggers[0].cron: there is no time zone \"Europe/Atlantis\""));
  config.triggers = {{.cron = "0 0 30 2 *"}};
  CHECK(contains(refusal(config), "triggers[0].cron: \"0 0 30 2 *\" names days that never come"));
  config.triggers = {{.cron = "0 0 29 2 */3"}};  // the first is in 2032
  CHECK(refusal(config).empty());
  config.triggers = {{.cron = "TZ=Europe/Vienna 0 9 * * *"}};
  CHECK_FALSE(contains(refusal(config), "there is no time zone"));
}
