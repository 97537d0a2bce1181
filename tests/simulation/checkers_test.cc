// Each checker must notice when its promise is broken, and be silent when it is kept.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "storage/memory/memory_journal.h"
#include "tests/simulation/checkers.h"
#include "tests/simulation/world.h"

namespace stepwell::sim {
namespace {

using namespace std::chrono_literals;

// Tells a ledger a made-up story; positions are given by hand.
class Story {
 public:
  Story() : ledger([this] { return now; }, Log::kNone) { add_all_checkers(ledger, {}); }

  Time now = World::kStart;
  Ledger ledger;
  Position last = 0;

  static EventId event_id(Position pos) { return {Ulid::make(World::kStart, 1, pos)}; }
  static RunId run_id(RunNo no) { return {Ulid::make(World::kStart, 2, no)}; }

  // -- records --
  static storage::PutFunction function(std::string id, std::string event, int retries = 4) {
    storage::PutFunction put;
    put.config.id = {std::move(id)};
    put.config.triggers = {{std::move(event), ""}};
    put.config.retries = retries;
    return put;
  }
  storage::PutEvent event(Position pos, std::string name, std::string id = "") const {
    storage::PutEvent put;
    put.event.pos = pos;
    put.event.id = event_id(pos);
    put.event.has_user_id = !id.empty();
    put.event.event.name = std::move(name);
    put.event.event.id = id.empty() ? put.event.id.to_string() : id;
    put.event.event.ts = now;
    put.event.received_at = now;
    return put;
  }
  storage::PutRun run(RunNo no, std::string function, Position event) const {
    storage::PutRun put;
    put.run.no = no;
    put.run.id = run_id(no);
    put.run.function = {std::move(function)};
    put.run.status = RunStatus::kRunning;
    put.run.events = {event};
    put.run.created_at = now;
    put.run.start_at = now;
    return put;
  }
  storage::UpdateRun end(RunNo no, RunStatus status, std::string output = "1") const {
    storage::UpdateRun update;
    update.run.no = no;
    update.run.id = run_id(no);
    update.run.status = status;
    update.run.output = std::move(output);
    return update;
  }
  storage::PutEvent end_event(Position pos, RunNo run, std::string_view name) const {
    storage::PutEvent put = event(pos, std::string(name));
    put.event.of_run = run;
    return put;
  }
  StepRecord step(RunNo run, Position pos, std::string id, StepKind kind) const {
    StepRecord record;
    record.run = run;
    record.pos = pos;
    record.key = StepKey::of(id);
    record.id = std::move(id);
    record.kind = kind;
    record.registered_at = now;
    return record;
  }
  StepRecord resolved(StepRecord record, Position at, std::string data) const {
    record.state = StepState::kCompleted;
    record.resolved_pos = at;
    record.resolved_at = now;
    record.base = at;
    record.data = std::move(data);
    return record;
  }
  static storage::PutAttempt attempt(RunNo run, Position pos, std::string step, int number,
                                     std::optional<Time> retry_at = {}) {
    storage::PutAttempt put;
    put.attempt.run = run;
    put.attempt.pos = pos;
    put.attempt.step = StepKey::of(step);
    put.attempt.attempt = number;
    put.attempt.retry_at = retry_at;
    return put;
  }

  // -- facts --
  void commit(std::vector<storage::Record> records) {
    storage::Batch batch;
    batch.expect_seq = ledger.history().seq;
    batch.last_pos = 1000;
    batch.records = std::move(records);
    ledger.batch_durable(batch);
  }
  // One function, one event, one run of it: run 2.
  void begin(int retries = 4) {
    commit({function("f", "go", retries), event(1, "go", "go-1"), run(2, "f", 1)});
  }
  void body(std::string id, std::string data, int number = 0) {
    BodyFact fact{run_id(2), StepKey::of(id), id, number, false, ""};
    ledger.body_started(fact);
    fact.has_returned = true;
    fact.data = std::move(data);
    ledger.body_finished(fact);
  }
  void call(std::vector<core::MemoEntry> memo, int number = 0) {
    core::Call made;
    auto context = std::make_shared<core::RunContext>();
    context->no = 2;
    context->id = run_id(2);
    made.run = context;
    made.memo = std::move(memo);
    made.attempt = number;
    ledger.call_started(made);
  }
  void call_of(std::string function) {
    core::Call made;
    auto context = std::make_shared<core::RunContext>();
    context->no = 2;
    context->id = run_id(2);
    context->function = {std::move(function)};
    made.run = context;
    ledger.call_started(made);
  }
  static core::MemoEntry memo(const StepRecord& step) {
    return {step.key, step.id, step.kind, step.state, step.data, step.error, step.resolved_pos};
  }

  bool breaks(std::string_view promise) const {
    return std::any_of(ledger.violations().begin(), ledger.violations().end(),
                       [&](const Violation& found) { return found.promise == promise; });
  }
  // What the first violation says; empty: there is none.
  std::string first() const {
    return ledger.violations().empty() ? "" : ledger.violations().front().what;
  }
};

}  // namespace

TEST_CASE("a sound story breaks no promise") {
  Story story;
  story.begin();
  story.ledger.events_acked({Story::event_id(1)});
  story.call({});
  story.body("a", "1");
  StepRecord a = story.resolved(story.step(2, 3, "a", StepKind::kRun), 3, "1");
  story.commit({storage::PutStep{a}});
  story.call({Story::memo(a)});
  StepRecord nap = story.step(2, 4, "nap", StepKind::kSleep);
  nap.due = story.now + 1h;
  story.commit({storage::PutStep{nap}});
  story.now += 1h;
  story.commit({storage::UpdateStep{story.resolved(nap, 5, "null")}});
  story.commit({story.end_event(7, 2, kFunctionFinished), story.end(2, RunStatus::kCompleted)});
  story.ledger.ended();
  CHECK(story.first() == "");
}

TEST_CASE("S-1: events and their runs") {
  Story story;
  SUBCASE("acknowledged, not stored") {
    story.begin();
    story.ledger.events_acked({Story::event_id(9)});
  }
  SUBCASE("stored twice") {
    story.begin();
    storage::PutEvent again = story.event(8, "other");
    again.event.id = Story::event_id(1);
    story.commit({again});
  }
  SUBCASE("a trigger without a run") {
    story.commit({Story::function("f", "go"), story.event(1, "go")});
  }
  SUBCASE("a copy that starts a second run") {
    story.begin();
    story.commit({story.event(8, "go", "go-1"), story.run(9, "f", 8)});
  }
  SUBCASE("a run of an event that does not trigger it") {
    story.begin();
    story.commit({story.event(8, "other"), story.run(9, "f", 8)});
  }
  CHECK(story.breaks("S-1"));
}

TEST_CASE("S-2: what was told is durable") {
  Story story;
  story.begin();
  StepRecord a = story.resolved(story.step(2, 3, "a", StepKind::kRun), 3, "1");
  SUBCASE("a memo that is not stored") {
    story.call({Story::memo(a)});
  }
  SUBCASE("an end that is not stored") {
    core::RunEnded end;
    end.run = 2;
    end.id = Story::run_id(2);
    end.output = "1";
    story.ledger.run_ended(end);
  }
  CHECK(story.breaks("S-2"));
}

TEST_CASE("S-3: one memo for each step, the same for ever") {
  Story story;
  story.begin();
  story.body("a", "1");
  StepRecord a = story.resolved(story.step(2, 3, "a", StepKind::kRun), 3, "1");
  SUBCASE("returned by no body") {
    a.data = "2";
    story.commit({storage::PutStep{a}});
  }
  SUBCASE("recorded twice") {
    story.commit({storage::PutStep{a}});
    a.pos = 9;
    story.commit({storage::PutStep{a}});
  }
  SUBCASE("resolved twice") {
    StepRecord planned = story.step(2, 3, "a", StepKind::kRun);
    story.commit({storage::PutStep{planned}});
    story.commit({storage::UpdateStep{story.resolved(planned, 4, "1")}});
    story.commit({storage::UpdateStep{story.resolved(planned, 5, "1")}});
  }
  SUBCASE("shown out of order") {
    StepRecord b = story.resolved(story.step(2, 4, "b", StepKind::kSleep), 4, "null");
    story.commit({storage::PutStep{a}, storage::PutStep{b}});
    story.call({Story::memo(b), Story::memo(a)});
  }
  CHECK(story.breaks("S-3"));
}

TEST_CASE("S-4: attempts") {
  Story story;
  story.begin(1);
  SUBCASE("a gap") {
    story.commit({Story::attempt(2, 5, "a", 1)});
  }
  SUBCASE("too many") {
    story.commit(
        {Story::attempt(2, 5, "a", 0), Story::attempt(2, 6, "a", 1), Story::attempt(2, 7, "a", 2)});
  }
  SUBCASE("a body twice in one attempt") {
    story.body("a", "1");
    story.body("a", "2");
  }
  SUBCASE("a body after its result was recorded") {
    story.body("a", "1");
    story.commit({storage::PutStep{story.resolved(story.step(2, 3, "a", StepKind::kRun), 3, "1")}});
    story.ledger.crashed();
    story.body("a", "2");
  }
  SUBCASE("a body with the number of another attempt") {
    story.body("a", "1", 1);
  }
  CHECK(story.breaks("S-4"));
}

TEST_CASE("S-5: ends") {
  Story story;
  story.begin();
  SUBCASE("without its event") {
    story.commit({story.end(2, RunStatus::kCompleted)});
  }
  SUBCASE("failed, and nobody is told") {
    story.commit({story.end_event(7, 2, kFunctionFinished), story.end(2, RunStatus::kFailed)});
  }
  SUBCASE("the event of a run that goes on") {
    story.commit({story.end_event(7, 2, kFunctionFinished)});
  }
  SUBCASE("a step after the end") {
    story.commit({story.end_event(7, 2, kFunctionFinished), story.end(2, RunStatus::kCompleted)});
    story.commit({storage::PutStep{story.step(2, 9, "late", StepKind::kSleep)}});
  }
  SUBCASE("an end after the end") {
    story.commit({story.end_event(7, 2, kFunctionFinished), story.end(2, RunStatus::kCompleted)});
    story.commit({story.end_event(9, 2, kFunctionFinished), story.end(2, RunStatus::kCompleted)});
  }
  CHECK(story.breaks("S-5"));
}

TEST_CASE("S-6: nothing is stuck") {
  Story story;
  story.begin();
  SUBCASE("the engine says so itself") {
    story.ledger.found({Story::run_id(2), "nothing will wake it"});
  }
  SUBCASE("a run is open when the world ends") {
    story.ledger.ended();
  }
  CHECK(story.breaks("S-6"));
}

TEST_CASE("S-7: waits") {
  Story story;
  story.begin();
  StepRecord wait = story.step(2, 10, "w", StepKind::kWaitForEvent);
  wait.target = "x";
  SUBCASE("a matching event does not end it") {
    story.commit({storage::PutStep{wait}});
    story.commit({story.event(11, "x")});
  }
  SUBCASE("another event ends it") {
    story.commit({storage::PutStep{wait}, story.event(11, "y")});
    StepRecord taken = story.resolved(wait, 12, "{}");
    taken.resolved_event = 11;
    story.commit({storage::UpdateStep{taken}});
  }
  SUBCASE("an event before it in the window is overlooked") {
    story.commit({story.event(8, "x")});
    story.commit({storage::PutStep{wait}});
  }
  SUBCASE("it takes the later of two") {
    story.commit({story.event(8, "x"), story.event(9, "x")});
    StepRecord taken = story.resolved(wait, 10, "{}");
    taken.resolved_event = 9;
    story.commit({storage::PutStep{taken}});
  }
  SUBCASE("it takes an event that is too old") {
    story.commit({story.event(8, "x")});
    story.now += 2min;
    StepRecord taken = story.resolved(wait, 10, "{}");
    taken.registered_at = story.now;
    taken.resolved_event = 8;
    story.commit({storage::PutStep{taken}});
  }
  SUBCASE("it takes an event that ended a wait before") {
    story.commit({story.event(8, "x", "x-1")});
    StepRecord taken = story.resolved(wait, 10, "{}");
    taken.resolved_event = 8;
    StepRecord again = story.resolved(story.step(2, 11, "v", StepKind::kWaitForEvent), 11, "{}");
    again.target = "x";
    again.resolved_event = 8;
    story.commit({storage::PutStep{taken}, storage::PutStep{again}});
  }
  CHECK(story.breaks("S-7"));
}

TEST_CASE("S-7: signals") {
  Story story;
  story.begin();
  StepRecord first = story.step(2, 10, "w", StepKind::kWaitForSignal);
  StepRecord second = story.step(2, 11, "v", StepKind::kWaitForSignal);
  first.target = second.target = "door";
  story.commit({storage::PutStep{first}, storage::PutStep{second}});
  SUBCASE("the last one gets it") {
    story.commit({storage::UpdateStep{story.resolved(second, 12, "{}")}});
    story.commit({storage::UpdateStep{story.resolved(first, 13, "null")}});
    CHECK(story.first() == "");
    return;
  }
  SUBCASE("one that was replaced gets it") {
    story.commit({storage::UpdateStep{story.resolved(first, 12, "{}")}});
  }
  CHECK(story.breaks("S-7"));
}

TEST_CASE("S-8: time") {
  Story story;
  story.begin();
  StepRecord nap = story.step(2, 10, "nap", StepKind::kSleep);
  nap.due = story.now + 1h;
  SUBCASE("a sleep ends early") {
    story.commit({storage::PutStep{nap}});
    story.now += 1h - 1ms;
    story.commit({storage::UpdateStep{story.resolved(nap, 11, "null")}});
  }
  SUBCASE("a sleep ends late") {
    story.commit({storage::PutStep{nap}});
    story.now += 2h;
    story.commit({storage::UpdateStep{story.resolved(nap, 11, "null")}});
  }
  SUBCASE("an attempt comes early") {
    storage::PutAttempt failed = Story::attempt(2, 5, "", 0, story.now + 1min);
    failed.attempt.step.reset();
    story.commit({failed});
    story.now += 59s;
    story.call({}, 1);
  }
  CHECK(story.breaks("S-8"));
}

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

TEST_CASE("S-10: cancellations") {
  Story story;
  story.begin();
  auto cancel = [&] {
    story.commit({story.end_event(7, 2, kFunctionFinished),
                  story.end_event(8, 2, kFunctionCancelled),
                  story.end(2, RunStatus::kCancelled, "")});
  };
  StepRecord cancel_on = story.step(2, 5, "cancelOn:0", StepKind::kCancelOn);
  cancel_on.target = "stop";
  SUBCASE("acknowledged, not stored") {
    story.ledger.cancel_acked(Story::run_id(2));
  }
  SUBCASE("called afterwards") {
    cancel();
    story.ledger.cancel_acked(Story::run_id(2));
    story.call({});
  }
  SUBCASE("its event came, and it completes") {
    story.commit({storage::PutStep{cancel_on}});
    story.commit({story.event(6, "stop")});
    story.commit({story.end_event(7, 2, kFunctionFinished), story.end(2, RunStatus::kCompleted)});
  }
  SUBCASE("its event came, and it is open in the end") {
    story.commit({storage::PutStep{cancel_on}});
    story.commit({story.event(6, "stop")});
    story.ledger.ended();
  }
  SUBCASE("its time is not over, and it is dropped") {
    cancel_on.due = story.now + 1h;
    story.commit({storage::PutStep{cancel_on}});
    StepRecord dropped = story.resolved(cancel_on, 6, "");
    dropped.state = StepState::kDropped;
    story.commit({storage::UpdateStep{dropped}});
  }
  storage::PutFunction function = Story::function("g", "run");
  function.config.cancel_on = {{.event = "stop", .timeout = 1h}};
  SUBCASE("its function names one, and it begins without") {
    story.commit({function, story.event(20, "run"), story.run(21, "g", 20)});
  }
  SUBCASE("it expires at another time than its function says") {
    cancel_on.run = 21;
    cancel_on.pos = 22;
    cancel_on.due = story.now + 59min;
    story.commit(
        {function, story.event(20, "run"), story.run(21, "g", 20), storage::PutStep{cancel_on}});
  }
  CHECK(story.breaks("S-10"));
}

TEST_CASE("S-15: the journal holds what was committed") {
  Story story;
  storage::MemoryJournal journal;
  auto ownership = journal.acquire(0).value();
  storage::Batch batch;
  batch.epoch = ownership.epoch;
  batch.last_pos = 3;
  batch.records = {Story::function("f", "go"), story.event(1, "go", "go-1"), story.run(2, "f", 1),
                   storage::PutStep{story.step(2, 3, "nap", StepKind::kSleep)}};
  REQUIRE(journal.commit(batch).outcome == storage::CommitOutcome::kCommitted);
  using Extent = Checker::Extent;
  SUBCASE("it does") {
    story.ledger.batch_durable(batch);
    story.ledger.audit(*journal.open_reader().value(), Extent::kChanges);
    story.ledger.audit(*journal.open_reader().value(), Extent::kEverything);
    CHECK(story.first() == "");
    return;
  }
  Extent extent = Extent::kEverything;
  SUBCASE("a step is missing") {
    batch.records.push_back(storage::PutStep{story.step(2, 4, "more", StepKind::kSleep)});
    story.ledger.batch_durable(batch);
  }
  SUBCASE("a run has ended") {
    batch.records.push_back(story.end_event(7, 2, kFunctionFinished));
    batch.records.push_back(story.end(2, RunStatus::kCompleted));
    story.ledger.batch_durable(batch);
  }
  SUBCASE("an event differs") {
    std::get<storage::PutEvent>(batch.records[1]).event.event.data = R"({"other":1})";
    story.ledger.batch_durable(batch);
  }
  SUBCASE("a new step is missing, and only what is new is looked at") {
    batch.records.push_back(storage::PutStep{story.step(2, 4, "more", StepKind::kSleep)});
    story.ledger.batch_durable(batch);
    extent = Extent::kChanges;
  }
  story.ledger.audit(*journal.open_reader().value(), extent);
  CHECK(story.breaks("S-15"));
}

TEST_CASE("S-13: each instant of a schedule is run once") {
  Story story;
  storage::PutFunction f = Story::function("f", "");
  f.config.triggers = {{.cron = "*/10 * * * *"}};
  const auto row = [](Time seen) {
    storage::PutFlowState put;
    put.key = {.function = "f", .kind = storage::FlowKind::kCron, .key = "*/10 * * * *"};
    put.at = seen;
    return put;
  };
  const auto tick = [&story](Position pos, Time instant) {
    storage::PutEvent put = story.event(pos, std::string(kScheduledTimer));
    put.event.event.id = format_rfc3339(instant);
    return put;
  };
  const Time first = parse_rfc3339("2026-09-21T14:20:00Z").value();
  story.commit({f, row(story.now)});
  story.now = first;
  story.commit({row(first), tick(1, first), story.run(2, "f", 1)});
  CHECK(story.first() == "");
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
