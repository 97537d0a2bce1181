// The same of the checkers of flow control, schedules, pauses and timeouts.
#include <doctest/doctest.h>

#include "engine/core/functions.h"
#include "tests/simulation/story.h"

namespace stepwell::sim {

using namespace std::chrono_literals;

namespace {

// A run of "f" that has begun, with what its limits go by.
storage::PutRun started_run(Story& story, RunNo no, std::string flow) {
  storage::PutRun put = story.run(no, "f", 1);
  put.run.flow = std::move(flow);
  put.run.started_at = story.now;
  return put;
}

core::CallId call_of(Story& story, RunNo no, uint64_t number) {
  core::Call made;
  auto context = std::make_shared<core::RunContext>();
  context->no = no;
  context->id = Story::run_id(no);
  made.run = context;
  made.id.number = number;
  story.ledger.call_started(made);
  return made.id;
}

}  // namespace

TEST_CASE("S-9: limits, throttles, singletons") {
  Story story;
  storage::PutFunction f = Story::function("f", "go");
  const auto started = [&](RunNo no, std::string flow = "") {
    return started_run(story, no, std::move(flow));
  };
  const auto call = [&](RunNo no, uint64_t number) { return call_of(story, no, number); };
  const std::string a = R"({"k":{"event.data.k":"a"}})";
  const std::string b = R"({"k":{"event.data.k":"b"}})";
  bool is_sound = false;
  SUBCASE("calls of one key") {
    f.config.flow.step_concurrency = {{1, "event.data.k"}};
    story.commit({f, story.event(1, "go"), started(2, a), started(3, a)});
    call(2, 1);
    call(3, 2);
  }
  SUBCASE("calls of different keys, and one after the other") {
    f.config.flow.step_concurrency = {{1, "event.data.k"}};
    story.commit({f, story.event(1, "go"), started(2, a), started(3, b), started(4, a)});
    const core::CallId first = call(2, 1);
    call(3, 2);
    story.ledger.call_answered(first);
    call(4, 3);
    story.ledger.crashed();
    call(2, 4);
    is_sound = true;
  }
  SUBCASE("calls of functions that share a limit") {
    f.config.flow.step_concurrency = {{1, "\"x\"", ConcurrencyScope::kAccount}};
    storage::PutFunction g = f;
    g.config.id = {"g"};
    const std::string x = R"({"k":{"\"x\"":"x"}})";
    storage::PutRun other = started(3, x);
    other.run.function = {"g"};
    story.commit({f, g, story.event(1, "go"), started(2, x), other});
    call(2, 1);
    call(3, 2);
  }
  SUBCASE("runs") {
    f.config.flow.run_concurrency = {{1}};
    story.commit({f, story.event(1, "go"), started(2), started(3)});
  }
  SUBCASE("a throttle") {
    f.config.flow.throttle = Throttle{.limit = 2, .period = 10s};
    story.commit({f, story.event(1, "go"), started(2), started(3)});
    story.now += 4s;
    story.commit({started(4)});
  }
  SUBCASE("a throttle that is kept") {
    f.config.flow.throttle = Throttle{.limit = 2, .period = 10s};
    story.commit({f, story.event(1, "go"), started(2), started(3)});
    story.now += 5s;
    story.commit({started(4)});
    is_sound = true;
  }
  SUBCASE("a singleton") {
    f.config.flow.singleton.emplace();
    story.commit({f, story.event(1, "go"), started(2, R"({"s":"u"})"), started(3, R"({"s":"u"})")});
  }
  CHECK(story.breaks("S-9") != is_sound);
}

TEST_CASE("S-9: only an open singleton skips, and only a newer one cancels") {
  Story story;
  storage::PutFunction f = Story::function("f", "go");
  f.config.flow.singleton.emplace();
  const auto skipped_for = [&](RunNo no, RunNo other, std::string flow) {
    storage::PutRun put = started_run(story, no, std::move(flow));
    put.run.status = RunStatus::kSkipped;
    put.run.error = ErrorInfo{
        .name = "Skipped",
        .message = "run " + Story::run_id(other).to_string() + " of this singleton has not ended"};
    return put;
  };
  const auto cancelled = [&](RunNo no) {
    storage::UpdateRun end = story.end(no, RunStatus::kCancelled);
    end.run.error =
        ErrorInfo{.name = "Cancelled", .message = "cancelled by a newer run of this singleton"};
    return end;
  };
  const std::string u = R"({"s":"u"})";
  const std::string v = R"({"s":"v"})";
  bool is_sound = false;
  SUBCASE("skipped for one that is open") {
    story.commit({f, story.event(1, "go"), started_run(story, 2, u)});
    story.commit({skipped_for(3, 2, u)});
    is_sound = true;
  }
  SUBCASE("skipped for one of another value") {
    story.commit({f, story.event(1, "go"), started_run(story, 2, v)});
    story.commit({skipped_for(3, 2, u)});
  }
  SUBCASE("skipped for one that has ended") {
    story.commit({f, story.event(1, "go"), started_run(story, 2, u)});
    story.commit({story.end(2, RunStatus::kCompleted)});
    story.commit({skipped_for(3, 2, u)});
  }
  SUBCASE("cancelled for a newer one") {
    f.config.flow.singleton->mode = SingletonMode::kCancel;
    story.commit({f, story.event(1, "go"), started_run(story, 2, u)});
    story.commit({cancelled(2), started_run(story, 3, u)});
    is_sound = true;
  }
  SUBCASE("cancelled, and none is newer") {
    f.config.flow.singleton->mode = SingletonMode::kCancel;
    story.commit({f, story.event(1, "go"), started_run(story, 2, u)});
    story.commit({cancelled(2), started_run(story, 3, v)});
  }
  CHECK(story.breaks("S-9") != is_sound);
}

TEST_CASE("S-10: a run is cancelled for what cancels it, and for nothing else") {
  Story story;
  storage::PutFunction f = Story::function("f", "go");
  f.config.cancel_on.push_back({.event = "stop", .expression = "async.data.n == 1"});
  StepRecord step = story.step(2, 3, "cancelOn:0", StepKind::kCancelOn);
  step.key = core::cancellation_key(0);
  step.target = "stop";
  step.expression = "async.data.n == 1";
  step.due = story.now + 24h * 365;
  storage::UpdateRun end = story.end(2, RunStatus::kCancelled);
  end.run.error = ErrorInfo{.name = "Cancelled", .message = "cancelled by event stop-1"};
  const auto stop_with = [&](std::string data) {
    storage::PutEvent put = story.event(5, "stop", "stop-1");
    put.event.event.data = std::move(data);
    return put;
  };
  StepRecord met = step;
  met.state = StepState::kDropped;
  met.resolved_event = 5;
  met.resolved_at = story.now;
  const auto begin = [&] {
    story.commit({f, story.event(1, "go", "go-1"), story.run(2, "f", 1), storage::PutStep{step}});
  };
  bool is_sound = false;
  SUBCASE("by an event that matches") {
    begin();
    story.commit({stop_with(R"({"n":1})"), storage::UpdateStep{met}, end});
    is_sound = true;
  }
  SUBCASE("by one that does not") {
    begin();
    story.commit({stop_with(R"({"n":2})"), storage::UpdateStep{met}, end});
  }
  SUBCASE("for an event, and none came") {
    begin();
    story.commit({end});
  }
  SUBCASE("for a reason that nobody knows") {
    begin();
    end.run.error->message = "it was in the way";
    story.commit({end});
  }
  SUBCASE("with another condition than the function's") {
    step.expression = "";
    begin();
  }
  CHECK(story.breaks("S-10") != is_sound);
}

namespace {

// A function of a schedule, which has run once.
struct TenMinutely : Story {
  explicit TenMinutely(const CheckOptions& options = {}) : Story(options) {
    storage::PutFunction f = function("f", "");
    f.config.triggers = {{.cron = "*/10 * * * *"}};
    commit({f, row(now)});
    now = began;
    commit({row(began), tick(1, began), run(2, "f", 1)});
    CHECK(first() == "");
  }
  static storage::PutFlowState row(Time seen) {
    storage::PutFlowState put;
    put.key = {.function = "f", .kind = storage::FlowKind::kCron, .key = "*/10 * * * *"};
    put.at = seen;
    return put;
  }
  storage::PutEvent tick(Position pos, Time instant) const {
    storage::PutEvent put = event(pos, std::string(kScheduledTimer));
    put.event.event.id = format_rfc3339(instant);
    return put;
  }

  const Time began = parse_rfc3339("2026-09-21T14:20:00Z").value();
};

}  // namespace

TEST_CASE("S-13: while faults strike, an instant is passed over only when the engine was down") {
  CheckOptions options;
  options.calm_since = World::kStart + 24h;
  TenMinutely story(options);
  const Time began = story.began;
  bool is_to_be_noticed = false;
  SUBCASE("it was not") {
    is_to_be_noticed = true;
  }
  SUBCASE("it was, long before") {
    story.ledger.crashed();
    story.commit({});
    is_to_be_noticed = true;
  }
  SUBCASE("it was") {
    story.ledger.crashed();
  }
  SUBCASE("it was, just before") {
    story.now = began + 6min;
    story.ledger.crashed();
    story.commit({});
  }
  SUBCASE("the clock jumped") {
    story.ledger.clock_jumps();
  }
  story.now = began + 20min;
  story.commit({story.row(story.now), story.tick(3, story.now), story.run(4, "f", 3)});
  CHECK(story.breaks("S-13") == is_to_be_noticed);
}

TEST_CASE("S-13: each instant of a schedule is run once") {
  TenMinutely story;
  const Time first = story.began;
  const auto row = [&](Time seen) { return story.row(seen); };
  const auto tick = [&](Position pos, Time instant) { return story.tick(pos, instant); };
  SUBCASE("twice") {
    story.commit({tick(3, first), story.run(4, "f", 3)});
  }
  SUBCASE("early") {
    story.commit({row(first + 10min), tick(3, first + 10min), story.run(4, "f", 3)});
  }
  SUBCASE("at an instant that it does not name") {
    story.now = first + 5min;
    story.commit({tick(3, first + 5min), story.run(4, "f", 3)});
  }
  SUBCASE("noted without a run") {
    story.now = first + 10min;
    story.commit({row(first + 10min)});
  }
  SUBCASE("passed over") {
    story.now = first + 20min;
    story.commit({row(first + 20min), tick(3, first + 20min), story.run(4, "f", 3)});
  }
  SUBCASE("late") {
    story.now = first + 12min;
    story.commit({row(first + 10min), tick(3, first + 10min), story.run(4, "f", 3)});
  }
  CHECK(story.breaks("S-13"));
}

TEST_CASE("pauses: what is paused is not called, and skips what triggers it") {
  Story story;
  story.begin();
  storage::PutFlowState pause;
  pause.key = {.function = "f", .kind = storage::FlowKind::kPaused};
  storage::PutRun skipped = story.run(9, "f", 8);
  skipped.run.status = RunStatus::kSkipped;
  skipped.run.error = ErrorInfo{.name = "Skipped", .message = "function \"f\" is paused"};
  SUBCASE("called") {
    story.commit({pause});
    story.commit({story.event(8, "other")});
    story.call_of("f");
  }
  SUBCASE("started") {
    story.commit({pause});
    story.commit({story.event(8, "go", "go-2"), story.run(9, "f", 8)});
  }
  SUBCASE("skipped although it is not paused") {
    story.commit({story.event(8, "go", "go-2"), skipped});
  }
  CHECK(story.breaks("pause"));
}

TEST_CASE("timeouts: what is too late neither starts nor ends in another way") {
  Story story;
  storage::PutFunction f = Story::function("f", "go");
  f.config.flow.start_timeout = 1h;
  f.config.flow.finish_timeout = 2h;
  storage::PutRun run = story.run(2, "f", 1);
  run.run.status = RunStatus::kScheduled;
  story.commit({f, story.event(1, "go", "go-1"), run});
  storage::UpdateRun start;
  start.run.no = 2;
  start.run.id = Story::run_id(2);
  start.run.status = RunStatus::kRunning;
  bool is_sound = false;
  SUBCASE("in time") {
    story.now += 1h;
    start.run.started_at = story.now;
    story.commit({start});
    story.now += 2h;
    storage::UpdateRun end = story.end(2, RunStatus::kCompleted);
    end.run.started_at = start.run.started_at;
    story.commit({end});
    is_sound = true;
  }
  SUBCASE("started too late") {
    story.now += 2h;
    start.run.started_at = story.now;
    story.commit({start});
  }
  SUBCASE("ended too late") {
    start.run.started_at = story.now;
    story.commit({start});
    story.now += 3h;
    storage::UpdateRun end = story.end(2, RunStatus::kCompleted);
    end.run.started_at = start.run.started_at;
    story.commit({end});
  }
  SUBCASE("never started, and ended too late") {
    story.now += 2h;
    story.commit({story.end(2, RunStatus::kFailed)});
  }
  CHECK(story.breaks("timeouts") != is_sound);
}

TEST_CASE("timeouts: only what is too late is cancelled for it") {
  Story story;
  storage::PutFunction f = Story::function("f", "go");
  f.config.flow.finish_timeout = 1h;
  storage::PutRun run = story.run(2, "f", 1);
  run.run.started_at = story.now;
  story.commit({f, story.event(1, "go", "go-1"), run});
  storage::UpdateRun end = story.end(2, RunStatus::kCancelled);
  end.run.started_at = story.now;
  end.run.error = ErrorInfo{.name = "Cancelled", .message = "too late (timeouts.finish)"};
  story.now += 59min;
  story.commit({end});
  CHECK(story.breaks("timeouts"));
}

}  // namespace stepwell::sim
