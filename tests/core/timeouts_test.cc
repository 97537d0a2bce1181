// Runs that start or end too late.
#include <algorithm>

#include "tests/core/harness.h"

namespace stepwell::core::testing {
namespace {

using namespace std::chrono_literals;

FunctionConfig timed(std::optional<Duration> start, std::optional<Duration> finish) {
  FunctionConfig config = Harness::function("f", "go");
  config.flow.start_timeout = start;
  config.flow.finish_timeout = finish;
  return config;
}

void send_ahead(Harness& h, Duration by) {
  AcceptEvents input{.request = 2};
  input.events.push_back({.event = {.name = "go", .ts = h.now + by}});
  h.apply(std::move(input));
}

TEST_CASE("a run that has not started in time is cancelled") {
  Harness h;
  h.add_function(timed(2s, std::nullopt));
  send_ahead(h, 1h);
  CHECK(h.core.open_runs() == 1);
  h.advance(2s - 1ms);
  CHECK(h.core.open_runs() == 1);
  h.advance(1ms);
  CHECK(h.core.open_runs() == 0);
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].status == RunStatus::kCancelled);
  CHECK(h.ends[0].error->message ==
        "it had not started 2s after it was scheduled (timeouts.start)");
}

TEST_CASE("a run that starts in time is not cancelled for its start") {
  Harness h;
  h.add_function(timed(2s, std::nullopt));
  send_ahead(h, 1s);
  h.advance(1s);
  CHECK(h.calls.size() == 1);
  h.advance(1h);
  CHECK(h.core.open_runs() == 1);
}

TEST_CASE("CAN-12: a run that has not ended in time is cancelled, and calls nothing more") {
  Harness h;
  h.add_function(timed(std::nullopt, 5s));
  h.send("go");
  h.now += 2s;
  h.reply(h.take_call(), {h.returned("a", "1")});
  h.now += 2s;
  h.reply(h.take_call(), {h.returned("b", "2")});
  const Call third = h.take_call();
  SUBCASE("by its alarm") {
    h.advance(1s);
    CHECK(h.core.open_runs() == 0);
    h.reply(third, {h.returned("c", "3")});
    CHECK(h.out.writes.empty());
  }
  SUBCASE("before the next call, should the alarm be late") {
    h.now += 2s;
    h.reply(third, {h.returned("c", "3")});
    CHECK(h.calls.empty());
    CHECK(h.core.open_runs() == 0);
  }
  REQUIRE(h.ends.size() == 1);
  CHECK(h.ends[0].status == RunStatus::kCancelled);
  CHECK(h.ends[0].error->message == "it had not ended 5s after its start (timeouts.finish)");
}

TEST_CASE("CAN-13: each of ten runs that take too long is cancelled, also asleep") {
  Harness h;
  h.add_function(timed(std::nullopt, 10s));
  for (int i = 0; i < 10; ++i) {
    h.send("go");
    h.reply(h.take_call(), {h.op("s", Sleep{h.in(1h)})});
    h.now += 100ms;
  }
  h.advance(10s);
  CHECK(h.core.open_runs() == 0);
  CHECK(h.ends.size() == 10);
}

TEST_CASE("time that a run waits for its function's code counts for its start") {
  Harness h;
  h.add_function(timed(1min, 1h));
  // Another process registered it: here its code is not at hand.
  Core core({}, Random(7));
  Transition out;
  core.begin_recovery({.epoch = 2, .last_pos = 100});
  core.recover_functions({{.config = h.configs[0]}});
  RunRecord queued;
  queued.no = 3;
  queued.id = RunId{Ulid::make(h.now, 1, 1)};
  queued.function = {"f"};
  queued.created_at = h.now;
  RunRecord running = queued;
  running.no = 4;
  running.id = RunId{Ulid::make(h.now, 1, 2)};
  running.status = RunStatus::kRunning;
  running.started_at = h.now;
  core.recover_runs({{.run = queued}, {.run = running}}, h.now + 30s);
  core.finish_recovery(h.now + 30s, out);
  CHECK(core.check().empty());
  core.apply(TimePassed{}, h.now + 1min - 1ms, 1, out);
  CHECK(core.open_runs() == 2);
  core.apply(TimePassed{}, h.now + 1min, 2, out);
  CHECK(core.open_runs() == 1);
  core.apply(TimePassed{}, h.now + 1h, 3, out);
  CHECK(core.open_runs() == 0);
}

TEST_CASE("CAN-10: with one slot and a long body, one of three runs starts and two are cancelled") {
  Harness h;
  FunctionConfig config = timed(2s, std::nullopt);
  config.flow.step_concurrency = {{.limit = 1}};
  h.add_function(config);
  for (int i = 0; i < 3; ++i) h.send("go");
  const Call first = h.take_call();
  CHECK(h.calls.empty());
  const FunctionView view = h.core.function_view({"f"}, h.now).value();
  CHECK(view.queued == 2);
  CHECK(view.running == 1);
  CHECK(view.attempts == 1);
  REQUIRE(view.limits.size() == 1);
  CHECK(view.limits[0].limit == "concurrency[0]");
  CHECK(view.limits[0].used == 1);
  CHECK(view.limits[0].of == 1);
  CHECK(view.limits[0].waiting == 2);
  h.advance(2s);
  CHECK(h.ends.size() == 2);
  CHECK(h.core.open_runs() == 1);
  h.returns(first);
  CHECK(h.ends.back().status == RunStatus::kCompleted);
}

TEST_CASE("whoever is too late when room comes ends with all its events, at once") {
  Harness h({.calls_max = 1});
  h.add_function(timed(2s, std::nullopt));
  h.add_function(Harness::function("listener", std::string(kFunctionCancelled)));
  h.send("go");
  h.send("go");
  const Call first = h.take_call();
  CHECK(h.calls.empty());
  h.now += 3s;
  h.returns(first);
  REQUIRE(h.ends.size() == 2);
  CHECK(h.ends[1].status == RunStatus::kCancelled);
  // Recorded with the end, and it has started what listens to it.
  const auto is_cancelled = [](const auto& event) {
    return event.second.event.name == kFunctionCancelled;
  };
  CHECK(std::count_if(h.events.begin(), h.events.end(), is_cancelled) == 1);
  CHECK(h.core.open_runs() == 1);
  CHECK(h.take_call().run->function.slug == "listener");
}

TEST_CASE("timeouts that are changed count for open runs at once") {
  Harness h;
  h.add_function(timed(std::nullopt, 1min));
  h.send("go");
  h.reply(h.take_call(), {h.op("s", Sleep{h.in(24h)})});
  const auto change = [&](std::optional<Duration> finish) {
    h.configs.clear();
    h.add_function(timed(std::nullopt, finish));
  };
  SUBCASE("longer") {
    change(1h);
    h.advance(1h - 1ms);
    CHECK(h.core.open_runs() == 1);
    h.advance(1ms);
  }
  SUBCASE("shorter") {
    change(10s);
    h.advance(10s - 1ms);
    CHECK(h.core.open_runs() == 1);
    h.advance(1ms);
  }
  SUBCASE("removed, and there again") {
    change(std::nullopt);
    h.advance(2min);
    CHECK(h.core.open_runs() == 1);
    change(1min);
    h.apply(TimePassed{});
  }
  CHECK(h.core.open_runs() == 0);
}

}  // namespace
}  // namespace stepwell::core::testing
