// Bodies as the SDKs send them (written from the protocol's description), and wrong ones.
#include "api/sdk/register_body.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

using namespace stepwell;
using namespace stepwell::sdk;

namespace {

constexpr std::string_view kStep =
    R"("steps":{"step":{"id":"step","name":"step","runtime":{"type":"http","url":"http://localhost:3000/api/inngest?fnId=shop-a&stepId=step"}}})";

ParsedRegistration parse(std::string_view body) {
  return parse_registration(body, BodyKind::kRegister);
}

// A registration of one function with these further members.
std::string with_function(std::string_view members) {
  return fmt::format(
      R"({{"url":"http://localhost:3000/api/inngest","deployType":"ping","appName":"shop","sdk":"js:v4.24.0","v":"0.1","functions":[{{"id":"shop-a","name":"A",{}{}{}}}]}})",
      kStep, members.empty() ? "" : ",", members);
}

FunctionConfig function(std::string_view members) {
  ParsedRegistration parsed = parse(with_function(members));
  REQUIRE(parsed.registration.functions.size() == 1);
  return parsed.registration.functions[0];
}

std::string fault(std::string_view members) {
  const ParsedRegistration parsed = parse(with_function(members));
  return parsed.fault ? parsed.fault->message : "";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a TypeScript app registers") {
  const ParsedRegistration parsed = parse(
      R"({"url":"http://localhost:3000/api/inngest","deployType":"ping","framework":"express",
      "appName":"shop","sdk":"js:v4.24.0","v":"0.1","appVersion":"2026-11-01","deployId":null,
      "capabilities":{"trust_probe":"v1","connect":"v1"},"featureObservations":{"x":[1]},
      "functions":[{"id":"shop-charge-card","name":"Charge card",
        "triggers":[{"event":"shop/order.paid","expression":"event.data.total > 10"},
                    {"event":"shop/*"}],
        "cancel":[{"event":"shop/order.void","if":"async.data.id == event.data.id","timeout":"2h"},
                  {"event":"shop/closed","timeout":"2026-12-24T18:00:00+01:00"}],
        "checkpoint":{"batch_steps":1,"batch_interval":"0s","max_runtime":"10s"},
        "steps":{"step":{"id":"step","name":"step","retries":{"attempts":3},
          "runtime":{"type":"http","url":"http://localhost:3000/api/inngest?fnId=shop-charge-card&stepId=step"}}}},
       {"id":"shop-charge-card-failure","name":"Charge card failed",
        "triggers":[{"event":"inngest/function.failed",
          "expression":"event.data.function_id == 'shop-charge-card'"}],
        "steps":{
  "step" : {
    "id" : "step", "name" : "step", "retries" : {"attempts" : 1}, "runtime" : {
      "type" : "http",
               "url" : "http://localhost:3000/api/inngest?fnId=shop-charge-card-failure&stepId=step"
    }
  }}}]
})");
  REQUIRE_MESSAGE(!parsed.fault, parsed.fault->message);
  const Registration& app = parsed.registration;
  CHECK(app.app == "shop");
  CHECK(app.url == "http://localhost:3000/api/inngest");
  CHECK(app.sdk == "js:v4.24.0");
  CHECK(app.framework == "express");
  REQUIRE(app.functions.size() == 2);
  const FunctionConfig& charge = app.functions[0];
  CHECK(charge.id.slug == "shop-charge-card");
  CHECK(charge.name == "Charge card");
  CHECK(charge.driver == DriverKind::kHttp);
  CHECK(charge.url == "http://localhost:3000/api/inngest?fnId=shop-charge-card&stepId=step");
  CHECK(charge.retries == 3);
  REQUIRE(charge.triggers.size() == 2);
  CHECK(charge.triggers[0].expression == "event.data.total > 10");
  CHECK(charge.triggers[1].event == "shop/*");
  REQUIRE(charge.cancel_on.size() == 2);
  CHECK(charge.cancel_on[0].timeout == std::chrono::hours(2));
  CHECK_FALSE(charge.cancel_on[0].until.has_value());
  CHECK(charge.cancel_on[1].until == *parse_rfc3339("2026-12-24T17:00:00Z"));
  CHECK_FALSE(charge.cancel_on[1].timeout.has_value());
  CHECK(app.functions[1].retries == 1);
}

TEST_CASE("a Python app registers: names in lower case, an empty companion's lists") {
  const ParsedRegistration parsed = parse(
      R"({"appname":"shop","capabilities":{"in_band_sync":"v1"},"deployType":"ping",
      "framework":"flask","sdk":"py:v0.5.9","url":"http://127.0.0.1:8000/api/inngest","v":"0.1",
      "functions":[{"id":"shop-a-failure","name":"A failed","cancel":[],"concurrency":[],
        "triggers":[{"event":"inngest/function.failed",
          "expression":"event.data.function_id == 'shop-a'"}],
        "steps":{
  "step" : {
    "id" : "step", "name" : "step", "retries" : {"attempts" : 0}, "runtime" : {
      "type" : "http", "url" : "http://127.0.0.1:8000/api/inngest?fnId=shop-a-failure&stepId=step"
    }
  }}}]
})");
  REQUIRE_MESSAGE(!parsed.fault, parsed.fault->message);
  CHECK(parsed.registration.app == "shop");
  CHECK(parsed.registration.functions.at(0).retries == 0);
}

TEST_CASE("a Go app registers: null fields, a capital, no type of its runtime") {
  const std::string_view function =
      R"({"id":"shop-a","name":"A","Singleton":null,"retries":2,"rateLimit":null,"cancel":null,
      "triggers":[{"event":"a/b","expression":null}],"idempotency":null,
      "checkpoint":{"max_runtime":10000000000},
      "steps":{"step":{"id":"step","name":"A","retries":null,
        "runtime":{"url":"http://localhost:8080/api/inngest?fnId=shop-a&step=step"}}}})";
  const ParsedRegistration out_of_band = parse(fmt::format(
      R"({{"url":"http://localhost:8080/api/inngest","deployType":"ping","sdk":"go:v0.16.0","v":"1",
      "framework":"","appName":"shop","functions":[{}]}})",
      function));
  REQUIRE_MESSAGE(!out_of_band.fault, out_of_band.fault->message);
  CHECK(out_of_band.registration.functions.at(0).retries == 2);
  const ParsedRegistration in_band = parse_registration(
      fmt::format(
          R"({{"app_id":"shop","env":null,"framework":"","functions":[{}],"inspection":{{}},
          "sdk_author":"inngest","sdk_language":"go","sdk_version":"0.16.0","sdk":"go:v0.16.0",
          "url":"http://localhost:8080/api/inngest"}})",
          function),
      BodyKind::kInBand);
  REQUIRE_MESSAGE(!in_band.fault, in_band.fault->message);
  CHECK(in_band.registration.app == "shop");
  CHECK(in_band.registration.functions.at(0).triggers.at(0).event == "a/b");
  CHECK_FALSE(parse(R"({"url":"http://h/","appName":"shop","functions":null})").fault);
}

TEST_CASE("retries: the step's, else the function's, else four; twenty at most") {
  CHECK(function("").retries == 4);
  CHECK(function(R"("retries":7)").retries == 7);
  CHECK(function(R"("retries":500)").retries == 20);
  CHECK(contains(fault(R"("retries":-1)"), "retries: it cannot be negative"));
  CHECK(contains(fault(R"("retries":"3")"), "retries: it must be a whole number"));
}

TEST_CASE("a function without an id is named after its name") {
  const ParsedRegistration parsed = parse(fmt::format(
      R"({{"url":"http://h/","appName":"s","functions":[{{"name":" Charge the Card! ",{}}}]}})",
      kStep));
  CHECK(parsed.registration.functions.at(0).id.slug == "charge-the-card");
}

TEST_CASE("concurrency: a number, a limit, a list, or limits of runs and of steps") {
  const auto flow = [](std::string_view value) {
    return function(fmt::format(R"("concurrency":{})", value)).flow;
  };
  CHECK(flow("5").step_concurrency.at(0).limit == 5);
  CHECK(flow("0").step_concurrency.empty());
  CHECK(flow(R"({"limit":2,"key":"event.data.u","scope":"ENV"})").step_concurrency.at(0).scope ==
        ConcurrencyScope::kEnvironment);
  const FlowControl two = flow(R"([{"limit":9},{"limit":1,"key":"\"x\"","scope":"account"}])");
  REQUIRE(two.step_concurrency.size() == 2);
  CHECK(two.step_concurrency[0].limit == 1);
  CHECK(two.step_concurrency[1].limit == 9);
  const FlowControl both = flow(R"({"fn":[{"limit":1}],"step":[{"limit":3}]})");
  CHECK(both.run_concurrency.at(0).limit == 1);
  CHECK(both.step_concurrency.at(0).limit == 3);
  CHECK(contains(fault(R"("concurrency":{"limit":1,"scope":"galaxy"})"),
                 "concurrency.scope: \"galaxy\" is none of"));
  CHECK(contains(fault(R"("concurrency":"many")"), "concurrency: it must be an object"));
}

TEST_CASE("a concurrency limit that would be ignored is a fault") {
  for (const char* name : {"limit", "key", "scope"}) {
    const std::string_view value = name == std::string_view("limit") ? "1" : "\"fn\"";
    for (const char* list : {"fn", "step"}) {
      const std::string text = fault(
          fmt::format(R"("concurrency":{{"{}":{},"{}":[{{"limit":5}}]}})", name, value, list));
      CHECK_MESSAGE(contains(text, fmt::format("concurrency.{}: beside fn or step", name)), text);
    }
  }
  CHECK(fault(R"("concurrency":{"fn":[{"limit":1}],"step":[{"limit":0}],"limit":null})").empty());
  for (const char* value :
       {R"({"limit":0,"scope":"env"})", R"([{"limit":0,"scope":"account"}])",
        R"({"step":[{"limit":0,"scope":"env"}]})", R"({"fn":[{"limit":0,"scope":"env"}]})"}) {
    const std::string text = fault(fmt::format(R"("concurrency":{})", value));
    CHECK_MESSAGE(contains(text, "[0]: a limit for more than the function needs a key"), text);
  }
}

TEST_CASE("faults of concurrency limits name them by their places in the app's own list") {
  const std::string sorted = fault(R"("concurrency":[{"limit":20,"key":"foo("},{"limit":2}])");
  CHECK_MESSAGE(contains(sorted, "concurrency[0].key: "), sorted);
  const std::string dropped = fault(R"("concurrency":[{"limit":0},{"limit":-1}])");
  CHECK_MESSAGE(contains(dropped, "concurrency[1]: the limit must be at least 0"), dropped);
}

TEST_CASE("an option of a wrong type is one fault") {
  for (const char* name :
       {"rateLimit", "throttle", "debounce", "batchEvents", "singleton", "priority", "timeouts"}) {
    CHECK(fault(fmt::format(R"("{}":5)", name)) ==
          fmt::format("At least one function is invalid\nfunction \"shop-a\": {}: it must be an "
                      "object",
                      name));
  }
  const std::string mode = fault(R"("singleton":{"mode":1})");
  CHECK(contains(mode, "singleton.mode: it must be a string"));
  CHECK_FALSE(contains(mode, "neither skip nor cancel"));
}

TEST_CASE("cancelOn names one event, and may count until a time that has passed") {
  const std::string text = fault(R"("cancel":[{"event":"x/*"},{"event":"y"},{"event":"a.*"}])");
  CHECK_MESSAGE(contains(text, "cancelOn[0]: \"x/*\": it names one event"), text);
  CHECK_MESSAGE(contains(text, "cancelOn[2]: \"a.*\": it names one event"), text);
  CHECK_FALSE(contains(text, "cancelOn[1]"));
  // An app registers again at each start, also when the date has come.
  CHECK(fault(R"("cancel":[{"event":"x","timeout":"2020-01-01T00:00:00Z"}])").empty());
}

TEST_CASE("all of flow control is read") {
  const FlowControl flow =
      function(
          R"("throttle":{"limit":0,"period":"1m","burst":2,"key":"event.data.t"},
      "rateLimit":{"limit":1,"period":"1h","key":"event.data.r"},
      "debounce":{"period":"10s","key":"event.data.d","timeout":"5m"},
      "priority":{"run":"event.data.vip ? 120 : 0"},
      "batchEvents":{"maxSize":50,"timeout":"10s","key":"event.data.b","if":"event.data.ok == true"},
      "timeouts":{"start":"30s","finish":"10m"},
      "singleton":{"key":"event.data.s","mode":"cancel"})")
          .flow;
  CHECK(flow.throttle->limit == 1);
  CHECK(flow.throttle->period == std::chrono::minutes(1));
  CHECK(flow.throttle->burst == 2);
  CHECK(flow.rate_limit->period == std::chrono::hours(1));
  CHECK(flow.debounce->timeout == std::chrono::minutes(5));
  CHECK(flow.priority == "event.data.vip ? 120 : 0");
  CHECK(flow.batching->max_size == 50);
  CHECK(flow.batching->condition == "event.data.ok == true");
  CHECK(flow.start_timeout == std::chrono::seconds(30));
  CHECK(flow.finish_timeout == std::chrono::minutes(10));
  CHECK(flow.singleton->mode == SingletonMode::kCancel);
  const FlowControl idempotent =
      function(R"("idempotency":"event.data.o","rateLimit":{"limit":1,"period":"1h"})").flow;
  CHECK(idempotent.idempotency == "event.data.o");
  CHECK_FALSE(idempotent.rate_limit);
}

TEST_CASE("every option of flow control is taken") {
  CHECK(fault(R"("triggers":[{"event":"a"}])").empty());
  for (const char* field :
       {R"("concurrency":1)", R"("throttle":{"limit":1,"period":"1m"})",
        R"("priority":{"run":"1"})", R"("singleton":{"mode":"skip"})",
        R"("rateLimit":{"limit":1,"period":"1m"})", R"("idempotency":"event.id")",
        R"("debounce":{"period":"10s"})", R"("batchEvents":{"maxSize":2,"timeout":"2d"})"}) {
    CHECK_MESSAGE(fault(field).empty(), fault(field));
  }
  CHECK(fault(R"("triggers":[{"cron":"0 9 * * 1","jitter":"30s"}])").empty());
  CHECK(fault(R"("timeouts":{"start":"1s","finish":"1h"})").empty());
}

TEST_CASE("options that are no options, or exclude each other") {
  const std::string mode = fault(R"("singleton":{"mode":"wait"})");
  CHECK_MESSAGE(contains(mode, "singleton.mode: \"wait\" is neither skip nor cancel"), mode);
  const std::string both =
      fault(R"("batchEvents":{"maxSize":2,"timeout":"1s"},"cancel":[{"event":"x"}])");
  CHECK_MESSAGE(contains(both, "batchEvents: it does not go together with cancelOn"), both);
  for (const char* jitter : {"10m", "0.5s", "-1s", "abc"}) {
    const std::string text =
        fault(fmt::format(R"("triggers":[{{"cron":"0 9 * * 1","jitter":"{}"}}])", jitter));
    CHECK_MESSAGE(contains(text, "triggers[0]"), text);
    CHECK_MESSAGE(contains(text, "jitter"), text);
  }
  const std::string two = parse(R"({"url":"http://h/","appName":"shop","functions":[
      {"id":"shop-a","name":"A","steps":{
        "step":{"id":"step","runtime":{"type":"http","url":"http://h/"}},
        "more":{"id":"more","runtime":{"type":"http","url":"http://h/"}}}}]})")
                              .fault->message;
  CHECK_MESSAGE(contains(two, "steps: it must be an object with one step"), two);
}

TEST_CASE("a batch may be gathered for days and weeks") {
  for (const auto& [text, days] : {std::pair{"2d", 2}, {"1w", 7}, {"1w2d", 9}}) {
    const FlowControl flow =
        function(fmt::format(R"("batchEvents":{{"maxSize":2,"timeout":"{}"}})", text)).flow;
    CHECK(flow.batching->timeout == std::chrono::hours(24 * days));
  }
}

TEST_CASE("wrong functions: everything about all of them at once") {
  std::string triggers;
  for (int i = 0; i < 11; ++i) triggers += fmt::format(R"({}{{"event":"e{}"}})", i ? "," : "", i);
  const std::string body = fmt::format(
      R"({{"url":"http://h/","appName":"shop","functions":[
        {{"id":"shop-a","name":"A","triggers":[{}],{}}},
        {{"id":"shop-b","name":"B","triggers":[{{"cron":"0 25 * * *"}}],{}}},
        {{"id":"shop-c","name":"C","triggers":[{{"event":"c","expression":"event.data.n >"}}],{}}},
        {{"id":"shop-c","name":"C","throttle":{{"limit":1,"period":"soon"}},{}}},
        {{"id":"shop-d","steps":{{}}}},
        5]}})",
      triggers, kStep, kStep, kStep, kStep);
  const ParsedRegistration parsed = parse(body);
  REQUIRE(parsed.fault);
  CHECK(parsed.fault->code == "config_invalid");
  const std::string& text = parsed.fault->message;
  for (const char* part :
       {"function \"shop-a\": triggers: 11 of them, at most 10",
        "function \"shop-b\": triggers[0].cron: \"25\" is no hour",
        "function \"shop-c\": triggers[0].if: ", "function \"shop-c\" is registered twice",
        "throttle.period: \"soon\" is no duration", "function \"shop-d\": name: it is missing",
        "steps: it must be an object with one step", "functions[5]: "}) {
    CAPTURE(part);
    CHECK_MESSAGE(contains(text, part), text);
  }
  CHECK(parsed.fault->details.size() == 7);
}

TEST_CASE("wrong bodies") {
  CHECK(parse("{").fault->code == "invalid_json");
  CHECK(parse("[]").fault->code == "invalid_json");
  CHECK(parse("").fault->code == "invalid_json");
  const ParsedRegistration empty = parse("{}");
  REQUIRE(empty.fault);
  CHECK(contains(empty.fault->message, "appName: the app's id is missing"));
  CHECK(contains(empty.fault->message, "url: it is missing"));
  for (const char* url : {"notaurl", "/api/inngest", "ftp://h/", "http://"}) {
    const auto wrong = parse(fmt::format(R"({{"url":"{}","appName":"a","functions":[]}})", url));
    REQUIRE(wrong.fault);
    CHECK(contains(wrong.fault->message, "url: "));
    CHECK(contains(wrong.fault->message, "is no URL to call"));
  }
  CHECK(contains(parse(R"({"url":"http://h/","appName":5,"functions":{}})").fault->message,
                 "appName: it must be a string"));
  CHECK(contains(parse(R"({"url":"http://h/","appName":"a","functions":{}})").fault->message,
                 "functions: it must be a list"));
  CHECK(
      contains(parse(R"({"url":"http://h/","appName":"a","deployType":"connect"})").fault->message,
               "deployType: \"connect\" is not supported"));
  std::string connect = with_function("");
  connect.replace(connect.find("\"http\""), 6, "\"ws\"");
  CHECK(contains(parse(connect).fault->message,
                 "steps.step.runtime.type: \"ws\" is not supported, only \"http\" is"));
}
