// Each checker must notice when its promise is broken, and be silent when it is kept.
#include <doctest/doctest.h>

#include "tests/simulation/story.h"

namespace stepwell::sim {

using namespace std::chrono_literals;

TEST_CASE("a sound story breaks no promise") {
  Story story;
  story.begin();
  story.ack(1);
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
    story.ledger.events_acked({{{.name = "go"}}, {Story::event_id(9)}});
  }
  SUBCASE("one is stored under the id of another") {
    story.begin();
    story.ack(1);
    story.ack(1);
  }
  SUBCASE("one of two is left out") {
    story.begin();
    const Event& sent = story.ledger.history().events.at(1).event;
    story.ledger.events_acked({{sent, sent}, {Story::event_id(1)}});
  }
  SUBCASE("stored in another order") {
    story.begin();
    story.commit({story.event(8, "other")});
    const auto& events = story.ledger.history().events;
    story.ledger.events_acked(
        {{events.at(8).event, events.at(1).event}, {Story::event_id(8), Story::event_id(1)}});
  }
  SUBCASE("stored with something else") {
    story.begin();
    Event sent = story.ledger.history().events.at(1).event;
    SUBCASE("as name") {
      sent.name = "went";
    }
    SUBCASE("as data") {
      sent.data = R"({"a":1})";
    }
    SUBCASE("as user") {
      sent.user = R"({"a":1})";
    }
    SUBCASE("as time") {
      sent.ts += 1ms;
    }
    SUBCASE("as version") {
      sent.version = "2";
    }
    SUBCASE("as id") {
      sent.id = "go-2";
    }
    SUBCASE("as id, of which there was none") {
      sent.id = "";
    }
    story.ledger.events_acked({{sent}, {Story::event_id(1)}});
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
  SUBCASE("a run that is not stored") {
    story.ledger.run_told(Story::run_id(2));
    CHECK(story.first() == "");
    story.ledger.run_told(Story::run_id(3));
  }
  SUBCASE("a run that is stored is denied") {
    story.ledger.run_denied(Story::run_id(3));
    CHECK(story.first() == "");
    story.ledger.run_denied(Story::run_id(2));
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
  SUBCASE("a body once more than it was lost, of late") {
    story.body("a", "1");
    story.ledger.crashed();
    story.ledger.crashed();
    story.body("a", "2");
    CHECK(story.first() == "");
    story.body("a", "3");
  }
  SUBCASE("a body of a call that was made before a crash, and of the next, and once more") {
    story.call({});
    story.ledger.crashed();
    story.body("a", "1");
    story.call({});
    story.body("a", "2");
    CHECK(story.first() == "");
    story.body("a", "3");
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
  const std::string memo = R"({"signal":"door","data":1})";
  const SignalFact signal{"door", "1", 1000};
  SUBCASE("the last one gets it") {
    story.ledger.signal_answered({"door", "1", 9}, false);  // sent before it waited
    story.ledger.signal_answered({"gate", "1", 1000}, false);
    story.ledger.signal_sent(signal);
    story.commit({storage::UpdateStep{story.resolved(second, 12, memo)}});
    story.ledger.signal_answered(signal, true);
    story.ledger.signal_answered(signal, false);  // the other was replaced
    story.commit({storage::UpdateStep{story.resolved(first, 13, "null")}});
    CHECK(story.first() == "");
    return;
  }
  SUBCASE("one that was replaced gets it") {
    story.ledger.signal_sent(signal);
    story.commit({storage::UpdateStep{story.resolved(first, 12, memo)}});
  }
  SUBCASE("it gets another signal") {
    story.ledger.signal_sent({"gate", "1", 1000});
    story.commit(
        {storage::UpdateStep{story.resolved(second, 12, R"({"signal":"gate","data":1})")}});
  }
  SUBCASE("it gets other data") {
    story.ledger.signal_sent(signal);
    story.commit(
        {storage::UpdateStep{story.resolved(second, 12, R"({"signal":"door","data":2})")}});
  }
  SUBCASE("it gets nothing that is a signal") {
    story.commit({storage::UpdateStep{story.resolved(second, 12, "{}")}});
  }
  SUBCASE("it is answered as taken, and nobody has it") {
    story.ledger.signal_sent(signal);
    story.ledger.signal_answered(signal, true);
  }
  SUBCASE("it is taken once, and answered so twice") {
    story.ledger.signal_sent(signal);
    story.commit({storage::UpdateStep{story.resolved(second, 12, memo)}});
    story.ledger.signal_answered(signal, true);
    CHECK(story.first() == "");
    story.ledger.signal_answered(signal, true);
  }
  SUBCASE("it is refused, and somebody waits") {
    story.ledger.signal_answered(signal, false);
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

}  // namespace stepwell::sim
