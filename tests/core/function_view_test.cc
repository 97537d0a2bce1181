#include "tests/core/harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

FunctionConfig with(FlowControl flow) {
  FunctionConfig config = Harness::function("f", "go");
  config.flow = std::move(flow);
  return config;
}

// "limit key used/of +waiting", with the time from now at which what is gathered starts.
std::vector<std::string> limits_of(const Harness& h) {
  const FunctionView view = h.core.function_view({"f"}, h.now).value();
  std::vector<std::string> lines;
  for (const LimitInUse& limit : view.limits) {
    std::string line = limit.limit + " " + limit.key + " " + std::to_string(limit.used) + "/" +
                       std::to_string(limit.of) + " +" + std::to_string(limit.waiting);
    if (limit.due) line += " in " + std::to_string((*limit.due - h.now).count()) + "ms";
    lines.push_back(std::move(line));
  }
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a function's view names the keys of a rate limit that count, until they no longer do") {
  Harness h;
  h.add_function(with({.rate_limit = RateLimit{2, 1min, "event.data.k"}}));
  h.add_function(Harness::function("other", "go"));
  CHECK(limits_of(h).empty());
  h.send("go", R"({"k":"a"})");
  h.advance(30s);
  h.send("go", R"({"k":"b"})");
  h.send("go", R"({"k":"b"})");
  h.send("go", R"({"k":"b"})");  // one too many
  CHECK(limits_of(h) == Lines{"rateLimit b 2/2 +0", "rateLimit a 1/2 +0"});
  h.advance(30s);
  CHECK(limits_of(h) == Lines{"rateLimit b 2/2 +0"});
}

TEST_CASE("a function's view tells what a debounce has gathered, and when it starts") {
  Harness h;
  h.add_function(with({.debounce = Debounce{10s, "event.data.k"}}));
  h.send("go", R"({"k":"a"})");
  h.advance(4s);
  h.send("go", R"({"k":"a"})");
  h.send("go", R"({"k":"b"})");
  h.advance(1s);
  CHECK(limits_of(h) == Lines{"debounce a 2/0 +0 in 9000ms", "debounce b 1/0 +0 in 9000ms"});
  h.advance(9s);
  CHECK(limits_of(h).empty());
}

TEST_CASE("a function's view tells how full its batches are, and when they start") {
  Harness h;
  h.add_function(with({.batching = Batching{3, 10s, "event.data.k"}}));
  h.send("go", R"({"k":"a"})");
  h.send("go", R"({"k":"b"})");
  h.advance(2s);
  h.send("go", R"({"k":"b"})");
  CHECK(limits_of(h) == Lines{"batchEvents b 2/3 +0 in 8000ms", "batchEvents a 1/3 +0 in 8000ms"});
  h.send("go", R"({"k":"b"})");
  CHECK(limits_of(h) == Lines{"batchEvents a 1/3 +0 in 8000ms"});
}

TEST_CASE("a function's view says of a key that failed that there is none") {
  Harness h;
  h.add_function(with({.debounce = Debounce{.period = 10s, .key = "int(event.data.k)"}}));
  h.send("go", R"({"k":"seven"})");
  CHECK(limits_of(h) == Lines{"debounce (none) 1/0 +0 in 10000ms"});
}

TEST_CASE("a function's view names the keys that a run of a singleton holds") {
  Harness h;
  h.add_function(with({.singleton = Singleton{SingletonMode::kSkip, "event.data.k"}}));
  FunctionConfig longer = with({.singleton = Singleton{SingletonMode::kSkip, ""}});
  longer.id.slug = "f2";  // its singletons are none of f's
  h.add_function(longer);
  h.send("go", R"({"k":"a"})");
  const Call call = h.take_call();
  CHECK(limits_of(h) == Lines{"singleton a 1/1 +0"});
  h.returns(call);
  CHECK(limits_of(h).empty());
}

TEST_CASE("those before which runs wait come first, and no more than a hundred") {
  Harness h;
  h.add_function(with({.step_concurrency = {{.limit = 1, .key = "event.data.k"}},
                       .rate_limit = RateLimit{1000, 1min, "event.data.k"}}));
  for (int i = 0; i < 150; ++i) h.send("go", R"({"k":")" + std::to_string(i) + R"("})");
  for (int i = 0; i < 2; ++i) h.send("go", R"({"k":"77"})");
  const Lines limits = limits_of(h);
  REQUIRE(limits.size() == 100);
  CHECK(limits[0] == "concurrency[0] 77 1/1 +2");
  CHECK(limits[1] == "rateLimit 77 3/1000 +0");
}

}  // namespace stepwell::core::testing
