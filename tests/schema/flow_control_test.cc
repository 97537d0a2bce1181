#include "schema/flow_control.h"

#include <doctest/doctest.h>

using namespace stepwell;

namespace {

FlowControl full() {
  FlowControl flow;
  flow.step_concurrency = {{5, "event.data.user"},
                           {50, "\"mail\"", ConcurrencyScope::kAccount},
                           {7, "event.data.a", ConcurrencyScope::kEnvironment}};
  flow.run_concurrency = {{1, "event.data.run"}};
  flow.throttle = {10, Duration(60'000), 2, "event.data.t"};
  flow.rate_limit = {3, Duration(3'600'000), "event.data.r"};
  flow.debounce = {Duration(10'000), "event.data.d", Duration(300'000)};
  flow.batching = {50, Duration(9'000), "event.data.b", "event.data.ok == true"};
  flow.singleton = {SingletonMode::kCancel, "event.data.s"};
  flow.priority = "event.data.vip ? 120 : 0";
  flow.idempotency = "event.data.order";
  flow.start_timeout = Duration(30'000);
  flow.finish_timeout = Duration(600'000);
  return flow;
}

std::string json_of(const FlowControl& flow) {
  JsonWriter json;
  json.begin_object();
  write_flow_control(json, flow);
  return json.end_object().take();
}

std::string faults(const FlowControl& flow) {
  std::string text;
  check_flow_control(text, flow);
  return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("flow control comes back from its JSON as it was") {
  CHECK(json_of({}) == "{}");
  const std::string json = json_of(full());
  const FlowControl read = read_flow_control(JsonView::trusted(json));
  CHECK(json_of(read) == json);
  REQUIRE(read.step_concurrency.size() == 3);
  CHECK(read.step_concurrency[1].scope == ConcurrencyScope::kAccount);
  CHECK(read.step_concurrency[2].scope == ConcurrencyScope::kEnvironment);
  CHECK(read.step_concurrency[0].limit == 5);
  CHECK(read.run_concurrency.at(0).key == "event.data.run");
  CHECK(read.throttle->burst == 2);
  CHECK(read.throttle->period == Duration(60'000));
  CHECK(read.rate_limit->limit == 3);
  CHECK(read.debounce->timeout == Duration(300'000));
  CHECK(read.batching->max_size == 50);
  CHECK(read.batching->condition == "event.data.ok == true");
  CHECK(read.singleton->mode == SingletonMode::kCancel);
  CHECK(read.priority == "event.data.vip ? 120 : 0");
  CHECK(read.idempotency == "event.data.order");
  CHECK(read.start_timeout == Duration(30'000));
  CHECK(read.finish_timeout == Duration(600'000));
}

TEST_CASE("every expression is named") {
  std::vector<std::string> fields;
  for (const NamedExpression& named : expressions_of(full())) fields.push_back(named.field);
  CHECK(fields == std::vector<std::string>{"concurrency[0].key", "concurrency[1].key",
                                           "concurrency[2].key", "concurrency.fn[0].key",
                                           "throttle.key", "rateLimit.key", "debounce.key",
                                           "batchEvents.key", "batchEvents.if", "singleton.key",
                                           "priority.run", "idempotency"});
}

TEST_CASE("limits of flow control") {
  CHECK(faults({}).empty());
  FlowControl flow;
  flow.step_concurrency = {{0, ""}, {1, "k", ConcurrencyScope::kAccount}};
  flow.run_concurrency = {{1, ""}};
  flow.throttle = {1, Duration(1), 0, ""};
  flow.rate_limit = {1, kMaxRateLimitPeriod, ""};
  flow.debounce = {kMaxDebouncePeriod, "", Duration(1)};
  CHECK(faults(flow).empty());

  flow.step_concurrency = {{-1, ""}, {1, "", ConcurrencyScope::kAccount}, {1, ""}};
  flow.run_concurrency = {{0, ""}, {1, ""}};
  flow.throttle = {0, Duration(0), -1, ""};
  flow.rate_limit = {0, kMaxRateLimitPeriod + Duration(1), ""};
  flow.debounce = {Duration(999), "", Duration(0)};
  flow.start_timeout = Duration(0);
  flow.finish_timeout = Duration(-1);
  const std::string text = faults(flow);
  for (const char* part :
       {"concurrency: 3 limits", "concurrency[0]: the limit", "concurrency[1]: a limit for more",
        "concurrency.fn: 2 limits", "concurrency.fn[0]: the limit", "throttle: the limit",
        "throttle: it needs a period", "throttle: the burst", "rateLimit: the limit",
        "rateLimit: the period", "debounce: the period", "debounce: the timeout", "timeouts.start",
        "timeouts.finish"}) {
    CAPTURE(part);
    CHECK(contains(text, part));
  }
  flow.debounce->period = kMaxDebouncePeriod + Duration(1);
  CHECK(contains(faults(flow), "debounce: the period"));
}

TEST_CASE("a limit of 0 is none without a key, and refused with one") {
  FlowControl flow;
  flow.step_concurrency = {{0, ""}};
  CHECK(faults(flow).empty());
  flow.step_concurrency = {{1, ""}, {0, "event.data.customer"}};
  CHECK(contains(faults(flow), "concurrency[1]: a limit of 0 with a key would let nothing run"));
}

TEST_CASE("batches have bounds and exclude what holds single events") {
  FlowControl flow;
  flow.batching = {2, Duration(1'000), "", ""};
  CHECK(faults(flow).empty());
  flow.batching = {1, Duration(999), "", ""};
  flow.debounce = {Duration(1'000), "", std::nullopt};
  flow.singleton.emplace();
  flow.priority = "1";
  const std::string text = faults(flow);
  for (const char* part :
       {"maxSize must be at least 2", "timeout must be at least 1s", "together with debounce",
        "together with singleton", "together with priority"}) {
    CAPTURE(part);
    CHECK(contains(text, part));
  }
}
