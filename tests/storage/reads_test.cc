// Single records, histories, statistics, and what a reader may rely on.
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

std::vector<EventHistory::Resumed> resumed_by_thing(RunNo run) {
  return {{run, "test/thing"}};
}

std::vector<Position> positions_of(const EventHistory& history) {
  std::vector<Position> positions;
  for (const EventHistory::Copy& copy : history.copies) positions.push_back(copy.pos);
  return positions;
}

}  // namespace

CONFORMANCE("what is not there is nothing, and no error") {
  Fixture<Backend> f;
  CHECK_FALSE(f.reader->find_run(run_id(1))->has_value());
  CHECK_FALSE(f.reader->event_at(1)->has_value());
  CHECK_FALSE(f.reader->find_event("no such")->has_value());
  CHECK_FALSE(f.reader->find_event("")->has_value());
  CHECK_FALSE(f.reader->find_event(event_id(1).to_string())->has_value());
  auto run = f.reader->load_run(1, true);
  REQUIRE_FALSE(run.ok());
  CHECK(run.error().code == ErrorCode::kNotFound);
  CHECK(run.error().message.find('1') != std::string::npos);
}

CONFORMANCE("a snapshot says how many batches it has seen") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}});
  CHECK(f.reader->load_run(1, false)->as_of_seq == 1);
  f.commit({});
  f.commit({PutStep{make_step(2, 1, "a")}});
  CHECK(f.reader->load_run(1, false)->as_of_seq == 3);
}

CONFORMANCE("a reader sees each commit, and each reader does") {
  Fixture<Backend> f;
  auto other = f.journal->open_reader().value();
  f.commit({PutEvent{make_event(1)}});
  CHECK(f.reader->event_at(1)->has_value());
  CHECK(other->event_at(1)->has_value());
  f.commit({PutEvent{make_event(2)}});
  CHECK(other->event_at(2)->has_value());
}

CONFORMANCE("steps and attempts come by position, in whatever order they were put") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}, PutStep{make_step(9, 1, "z")}, PutStep{make_step(4, 1, "a")},
            PutStep{make_step(6, 1, "m")}, PutAttempt{make_attempt(8, 1)},
            PutAttempt{make_attempt(5, 1)}});
  auto snapshot = f.reader->load_run(1, true);
  REQUIRE(snapshot.ok());
  CHECK(snapshot->steps[0].pos == 4);
  CHECK(snapshot->steps[1].pos == 6);
  CHECK(snapshot->steps[2].pos == 9);
  CHECK(snapshot->attempts[0].pos == 5);
  CHECK(snapshot->attempts[1].pos == 8);
}

CONFORMANCE("an event is found by its internal id and by its sender's, the newest copy") {
  Fixture<Backend> f;
  f.commit({PutEvent{make_sent_event(1, "order-1")}, PutEvent{make_sent_event(2, "order-1")},
            PutEvent{make_event(3)}});
  CHECK((*f.reader->find_event("order-1"))->pos == 2);
  CHECK((*f.reader->find_event(event_id(1).to_string()))->pos == 1);
  CHECK((*f.reader->find_event(event_id(3).to_string()))->pos == 3);
}

CONFORMANCE("a sender that repeats its seed repeats internal ids: the first event is found") {
  Fixture<Backend> f;
  EventRecord first = make_event(1);
  first.has_user_id = true;
  EventRecord copy = first;
  copy.pos = 2;
  f.commit({PutEvent{first}});
  f.commit({PutEvent{copy}, PutEvent{make_event(3)}});
  std::string id = event_id(1).to_string();
  CHECK((*f.reader->find_event(id))->pos == 1);
  CHECK(positions_of(*f.reader->event_history(first.event.id, at(0))) ==
        std::vector<Position>{1, 2});
  CHECK(f.reader->check(true)->empty());
}

CONFORMANCE("a sender's id that looks like an internal one is found too") {
  Fixture<Backend> f;
  std::string id = run_id(77).to_string();
  f.commit({PutEvent{make_sent_event(1, id)}});
  CHECK((*f.reader->find_event(id))->pos == 1);
}

CONFORMANCE("the history of an event id: batches that a copy is in, and no reruns of them") {
  Fixture<Backend> f;
  RunRecord batch = make_run(4, 1);
  batch.events = {1, 2, 3};
  batch.event_id = "order-1";
  RunRecord other = make_run(5, 3);
  other.function = {"app-other"};
  other.events = {3, 2};
  RunRecord rerun = make_run(6, 1);
  rerun.events = {1, 2, 3};
  rerun.rerun_of = batch.id;
  f.commit({PutEvent{make_sent_event(1, "order-1")}, PutEvent{make_sent_event(2, "order-2")},
            PutEvent{make_event(3)}, PutRun{batch}, PutRun{other}, PutRun{rerun}});
  const auto numbers = [&](std::string_view id, Time since) {
    std::vector<RunNo> runs;
    const auto history = f.reader->event_history(id, since);
    REQUIRE(history.ok());
    for (const EventHistory::Started& started : history->started) runs.push_back(started.run);
    return runs;
  };
  CHECK(numbers("order-1", at(0)) == std::vector<RunNo>{4});
  CHECK(numbers("order-2", at(0)) == std::vector<RunNo>{4, 5});
  CHECK(numbers("order-2", batch.created_at + Duration(1'000'000)).empty());
  CHECK(f.reader->event_history("order-1", at(0))->resumed == resumed_by_thing(6));
  CHECK(f.reader->event_history("order-2", at(0))->resumed == resumed_by_thing(6));
}

CONFORMANCE("the history of an event id: copies, runs that they started, runs that they resumed") {
  Fixture<Backend> f;
  RunRecord started = make_run(2, 1);
  started.event_id = "order-1";
  RunRecord other = make_run(3, 1);
  other.event_id = "order-2";
  RunRecord waiting = make_run(4);
  StepRecord wait = make_wait(5, 4, "a");
  StepRecord second = make_wait(6, 4, "b");
  StepRecord elsewhere = make_wait(7, 2, "a");
  f.commit({PutEvent{make_sent_event(1, "order-1")}, PutRun{started}, PutRun{other},
            PutRun{waiting}, PutStep{wait}, PutStep{second}, PutStep{elsewhere},
            PutEvent{make_sent_event(8, "order-1")}, PutEvent{make_sent_event(9, "order-2")}});
  f.commit({UpdateStep{resolved(wait, 10, 8)}, UpdateStep{resolved(second, 11, 1)},
            UpdateStep{resolved(elsewhere, 12, 9)}});
  auto history = f.reader->event_history("order-1", at(0));
  REQUIRE(history.ok());
  CHECK(positions_of(*history) == std::vector<Position>{1, 8});
  REQUIRE(history->started.size() == 1);
  CHECK(history->started[0].run == 2);
  CHECK(history->started[0].function.slug == "app-fn");
  CHECK(history->resumed == resumed_by_thing(4));
  CHECK(text_of(f.reader->event_history("unknown", at(0))) == text_of(EventHistory{}));
  CHECK(text_of(f.reader->event_history("", at(0))) == text_of(EventHistory{}));
}

CONFORMANCE("the history of an id that several events have says which of them did what") {
  Fixture<Backend> f;
  EventRecord created = make_sent_event(1, "order-1");
  created.event.name = "order/created";
  EventRecord paid = make_sent_event(2, "order-1");
  paid.event.name = "order/paid";
  RunRecord started = make_run(3, 1);
  started.event_id = "order-1";
  RunRecord batch = make_run(4, 9);
  batch.events = {9, 2};
  RunRecord rerun = make_run(5, 2);
  rerun.rerun_of = started.id;
  const StepRecord wait = make_wait(6, 3, "a");
  const StepRecord second = make_wait(7, 3, "b");
  f.commit({PutEvent{created}, PutEvent{paid}, PutEvent{make_event(9)}, PutRun{started},
            PutRun{batch}, PutRun{rerun}, PutStep{wait}, PutStep{second}});
  f.commit({UpdateStep{resolved(wait, 10, 2)}, UpdateStep{resolved(second, 11, 2)}});
  const auto history = f.reader->event_history("order-1", at(0));
  REQUIRE(history.ok());
  CHECK(positions_of(*history) == std::vector<Position>{1, 2});
  const std::vector<EventHistory::Started> began = {{{"app-fn"}, 3, "order/created"},
                                                    {{"app-fn"}, 4, "order/paid"}};
  CHECK(history->started == began);
  const std::vector<EventHistory::Resumed> moved = {{3, "order/paid"}, {5, "order/paid"}};
  CHECK(history->resumed == moved);
}

CONFORMANCE("the history has what the newest copies did, and all runs that copies began") {
  Fixture<Backend> f;
  constexpr Position kLast = kCopiesMax + 2;
  RunRecord started = make_run(5000, 1);
  started.event_id = "x";
  RunRecord batch = make_run(5001, 4000);
  batch.events = {4000, 1, 3};
  RunRecord forgotten = make_run(5002, 4000);
  forgotten.events = {4000, 2};
  std::vector<Record> records;
  for (Position pos = 1; pos <= kLast; ++pos)
    records.push_back(PutEvent{make_sent_event(pos, "x")});
  records.push_back(PutEvent{make_event(4000)});
  for (const RunRecord& run : {started, batch, forgotten}) records.push_back(PutRun{run});
  const StepRecord early = make_wait(5003, started.no, "a");
  const StepRecord late = make_wait(5004, batch.no, "a");
  records.push_back(PutStep{early});
  records.push_back(PutStep{late});
  f.commit(std::move(records));
  f.commit({UpdateStep{resolved(early, 5005, 2)}, UpdateStep{resolved(late, 5006, 3)}});
  const auto history = f.reader->event_history("x", at(0));
  REQUIRE(history.ok());
  REQUIRE(history->copies.size() == kCopiesMax);
  CHECK(history->copies.front().pos == 3);
  CHECK(history->copies.back().pos == kLast);
  REQUIRE(history->started.size() == 2);
  CHECK(history->started[0].run == started.no);
  CHECK(history->started[1].run == batch.no);
  CHECK(history->resumed == resumed_by_thing(batch.no));
}

CONFORMANCE("the history ends at its window") {
  Fixture<Backend> f;
  RunRecord old_run = make_run(3, 1);
  old_run.event_id = "x";
  RunRecord new_run = make_run(30, 20);
  new_run.event_id = "x";
  f.commit({PutEvent{make_sent_event(1, "x")}, PutRun{old_run}, PutEvent{make_sent_event(20, "x")},
            PutRun{new_run}});
  auto history = f.reader->event_history("x", at(20));
  CHECK(positions_of(*history) == std::vector<Position>{20});
  REQUIRE(history->started.size() == 1);
  CHECK(history->started[0].run == 30);
  CHECK(f.reader->event_history("x", at(21))->copies.empty());
}

CONFORMANCE("the data of an event that a run's end made is built from the run") {
  Fixture<Backend> f;
  EventRecord end = make_event(4, "inngest/function.finished");
  end.event.data = "{\"not\":\"stored\"}";
  end.of_run = 2;
  f.commit({PutEvent{make_event(1)}, PutRun{make_run(2, 1)}, PutEvent{end},
            UpdateRun{ended(make_run(2, 1), RunStatus::kCompleted, 3)}});
  auto event = f.reader->event_at(4);
  REQUIRE(event.ok());
  REQUIRE(event->has_value());
  const std::string& data = (*event)->event.data;
  CHECK(data.find("\"not\"") == std::string::npos);
  CHECK(data.find(R"("function_id":"app-fn")") != std::string::npos);
  CHECK(data.find(R"("result":{"ok":true})") != std::string::npos);
  CHECK(data.find(R"("data":{"n":1})") != std::string::npos);
  CHECK(data.find(R"("status":"Completed")") != std::string::npos);
  CHECK(data.find(run_id(2).to_string()) != std::string::npos);
  auto found = f.reader->find_event(event_id(4).to_string());
  CHECK((*found)->event.data == data);
  auto listed = f.reader->list_events({.include_internal = true, .limit = 1});
  CHECK((*listed)[0].event.data == data);
}

CONFORMANCE("a run that the end of another run triggered shows that run's data") {
  Fixture<Backend> f;
  EventRecord end = make_event(4, "inngest/function.failed");
  end.of_run = 2;
  RunRecord handler = make_run(5, 4);
  handler.end_events = EndEvents::kNone;
  f.commit({PutEvent{make_event(1)}, PutRun{make_run(2, 1)}, PutEvent{end}, PutRun{handler},
            UpdateRun{ended(make_run(2, 1), RunStatus::kFailed, 3)}});
  auto snapshot = f.reader->load_run(5, false);
  REQUIRE(snapshot.ok());
  CHECK(snapshot->events[0].event.data.find("no luck") != std::string::npos);
}

CONFORMANCE("events of ends that refer to each other are read however far it goes") {
  Fixture<Backend> f;
  f.commit({PutEvent{make_event(1)}, PutRun{make_run(2, 1)},
            UpdateRun{ended(make_run(2, 1), RunStatus::kFailed, 3)}});
  Position last = 2;
  for (int i = 0; i < 8; ++i) {
    EventRecord end = make_event(last + 2, "inngest/function.failed");
    end.of_run = last;
    const RunRecord handler = make_run(last + 3, last + 2);
    f.commit(
        {PutEvent{end}, PutRun{handler}, UpdateRun{ended(handler, RunStatus::kFailed, last + 4)}});
    last += 3;
  }
  auto snapshot = f.reader->load_run(last, false);
  REQUIRE(snapshot.ok());
  CHECK(snapshot->events[0].event.data.find(run_id(2).to_string()) != std::string::npos);
}

CONFORMANCE("references that go in circles are damage") {
  Fixture<Backend> f;
  EventRecord end = make_event(1, "inngest/function.failed");
  end.of_run = 2;
  f.commit({PutEvent{end}, PutRun{make_run(2, 1)},
            UpdateRun{ended(make_run(2, 1), RunStatus::kFailed, 3)}});
  auto event = f.reader->event_at(1);
  REQUIRE_FALSE(event.ok());
  CHECK(event.error().code == ErrorCode::kCorrupt);
}

CONFORMANCE("an event of a run that is gone is damage, not an empty event") {
  Fixture<Backend> f;
  EventRecord end = make_event(4, "inngest/function.finished");
  end.of_run = 2;
  f.commit({PutEvent{end}});
  auto event = f.reader->event_at(4);
  REQUIRE_FALSE(event.ok());
  CHECK(event.error().code == ErrorCode::kCorrupt);
}

CONFORMANCE("a run whose trigger is gone is damage") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(2, 1)}});
  auto run = f.reader->load_run(2, false);
  REQUIRE_FALSE(run.ok());
  CHECK(run.error().code == ErrorCode::kCorrupt);
}

CONFORMANCE("statistics follow what happens") {
  Fixture<Backend> f;
  CHECK(text_of(f.reader->stats()) == "events=0 runs=0 open=0 pending=0");
  StepRecord wait = make_wait(3, 2, "a");
  f.commit({PutEvent{make_event(1)}, PutRun{make_run(2, 1)}, PutStep{wait},
            PutStep{make_wait(4, 2, "b")}, PutStep{make_step(5, 2, "c")}});
  CHECK(text_of(f.reader->stats()) == "events=1 runs=1 open=1 pending=2");
  f.commit({UpdateStep{resolved(wait, 6, 0)}});
  CHECK(text_of(f.reader->stats()) == "events=1 runs=1 open=1 pending=1");
  f.commit(
      {DropPendingSteps{2, 7, at(7)}, UpdateRun{ended(make_run(2, 1), RunStatus::kCancelled, 7)}});
  f.restart();
  CHECK(text_of(f.reader->stats()) == "events=1 runs=1 open=0 pending=0");
}

CONFORMANCE("the check of a sound journal finds nothing") {
  Fixture<Backend> f;
  EventRecord end = make_event(9, "inngest/function.finished");
  end.of_run = 3;
  RunRecord run = make_run(3, 1);
  run.events = {1, 2};
  StepRecord wait = make_wait(4, 3, "a");
  f.commit({PutFunction{make_function("app-fn"), false, 1}, PutEvent{make_event(1)},
            PutEvent{make_event(2)}, PutRun{run}, PutStep{wait}, PutStep{make_wait(5, 3, "b")},
            PutAttempt{make_attempt(6, 3)}, UpdateStep{resolved(wait, 7, 2)}});
  f.require_sound();
  f.commit({DropPendingSteps{3, 8, at(8)}, PutEvent{end},
            UpdateRun{ended(run, RunStatus::kCompleted, 8)}});
  f.require_sound();
  CHECK(f.reader->check(false)->empty());
}

namespace {

// That the check finds exactly one fault, which names `what`.
void require_finding(JournalReader& reader, const std::string& what, bool deep = true) {
  auto findings = reader.check(deep);
  REQUIRE(findings.ok());
  REQUIRE(findings->size() == 1);
  CHECK_MESSAGE(findings->front().find(what) != std::string::npos, findings->front());
}

Record some_function() {
  return PutFunction{make_function("app-fn"), false, 1};
}

}  // namespace

CONFORMANCE("the check finds a pending step of a run that is over") {
  Fixture<Backend> f;
  f.commit({some_function(), PutRun{make_run(1)}, PutStep{make_wait(2, 1, "a")},
            UpdateRun{ended(make_run(1), RunStatus::kCompleted, 3)}});
  require_finding(*f.reader, "step 2 is pending, but its run 1 is over", false);
  require_finding(*f.reader, "step 2 is pending, but its run 1 is over");
}

CONFORMANCE("the check finds steps and attempts without a run") {
  Fixture<Backend> f;
  f.commit({PutStep{make_step(2, 1, "a")}});
  require_finding(*f.reader, "step 2");
  Fixture<Backend> g;
  g.commit({PutAttempt{make_attempt(2, 1)}});
  require_finding(*g.reader, "attempt 2");
}

CONFORMANCE("the check finds a step resolved by an event that is not there") {
  Fixture<Backend> f;
  StepRecord wait = make_wait(2, 1, "a");
  f.commit({some_function(), PutRun{make_run(1)}, PutStep{wait}, UpdateStep{resolved(wait, 4, 3)}});
  require_finding(*f.reader, "step 2 was resolved by");
}

CONFORMANCE("the check finds a step resolved nowhere, or before it was registered") {
  Fixture<Backend> f;
  StepRecord step = make_step(5, 1, "a");
  step.resolved_pos = 4;
  f.commit({some_function(), PutRun{make_run(1)}, PutStep{step}});
  require_finding(*f.reader, "step 5 is resolved, but not at a position");
  Fixture<Backend> g;
  step.resolved_pos = 0;
  g.commit({some_function(), PutRun{make_run(1)}, PutStep{step}});
  require_finding(*g.reader, "step 5 is resolved, but not at a position");
}

CONFORMANCE("the check finds a step that invoked a run that is not there") {
  Fixture<Backend> f;
  StepRecord step = make_step(2, 1, "a");
  step.invoked_run = 9;
  f.commit({some_function(), PutRun{make_run(1)}, PutStep{step}});
  require_finding(*f.reader, "step 2 invoked");
}

CONFORMANCE("the check finds runs without their function or their events") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}});
  require_finding(*f.reader, "run 1 is of function app-fn, which is missing");
  Fixture<Backend> g;
  g.commit({some_function(), PutRun{make_run(2, 1)}});
  require_finding(*g.reader, "run 2 was triggered by event 1, which is missing");
  Fixture<Backend> h;
  RunRecord run = make_run(3, 1);
  run.events = {1, 2};
  h.commit({some_function(), PutEvent{make_event(1)}, PutRun{run}});
  require_finding(*h.reader, "run 3 was triggered by event 2, which is missing");
}

CONFORMANCE("the check finds an event of the end of a run that is open") {
  Fixture<Backend> f;
  EventRecord end = make_event(4, "inngest/function.finished");
  end.of_run = 2;
  f.commit({some_function(), PutRun{make_run(2)}, PutEvent{end}});
  require_finding(*f.reader, "event 4 is of the end of run 2, which is open");
}

CONFORMANCE("the check finds a position that nobody gave out") {
  Fixture<Backend> f;
  Batch batch = f.owner.batch({PutEvent{make_event(50)}});
  batch.last_pos = 40;
  CHECK(f.owner.commit(*f.journal, batch).outcome == CommitOutcome::kCommitted);
  require_finding(*f.reader, "position 50 is above the last one given out, 40");
}
