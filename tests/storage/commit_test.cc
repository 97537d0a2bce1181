// What a commit does, and what it refuses.
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

using enum CommitOutcome;

std::string loaded(JournalReader& reader, RunNo no) {
  return text_of(reader.load_run(no, true));
}

}  // namespace

CONFORMANCE("a new journal has no owner, no batches and is clean") {
  Fixture<Backend> f;
  CHECK(f.owner.ownership.epoch == 1);
  CHECK(f.owner.ownership.next_seq == 0);
  CHECK(f.owner.ownership.last_pos == 0);
  CHECK(f.owner.ownership.was_clean);
}

CONFORMANCE("each acquisition raises the epoch and finds the journal in use") {
  Fixture<Backend> f;
  f.commit({PutEvent{make_event(7)}});
  f.restart();
  CHECK(f.owner.ownership.epoch == 2);
  CHECK(f.owner.ownership.next_seq == 1);
  CHECK(f.owner.ownership.last_pos == 7);
  CHECK_FALSE(f.owner.ownership.was_clean);
}

CONFORMANCE("a clean stop is found, and a commit behind it unmarks it") {
  Fixture<Backend> f;
  Batch stop = f.owner.batch({});
  stop.clean_stop = true;
  CHECK(f.owner.commit(*f.journal, stop).outcome == kCommitted);
  f.restart();
  CHECK(f.owner.ownership.was_clean);
  stop = f.owner.batch({});
  stop.clean_stop = true;
  CHECK(f.owner.commit(*f.journal, stop).outcome == kCommitted);
  f.commit({});
  f.restart();
  CHECK_FALSE(f.owner.ownership.was_clean);
}

CONFORMANCE("only shard 0 can be taken") {
  Fixture<Backend> f;
  auto other = f.journal->acquire(1);
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().code == ErrorCode::kInvalid);
}

CONFORMANCE("an empty batch counts") {
  Fixture<Backend> f;
  f.commit({});
  f.restart();
  CHECK(f.owner.ownership.next_seq == 1);
}

CONFORMANCE("the highest position survives and never falls") {
  Fixture<Backend> f;
  Batch batch = f.owner.batch({PutEvent{make_event(5)}});
  batch.last_pos = 90;
  CHECK(f.owner.commit(*f.journal, batch).outcome == kCommitted);
  f.commit({PutEvent{make_event(6)}});  // says 6
  f.restart();
  CHECK(f.owner.ownership.last_pos == 90);
}

CONFORMANCE("a batch with a wrong number is refused, and the right one is taken after it") {
  Fixture<Backend> f;
  Batch batch = f.owner.batch({PutEvent{make_event(1)}});
  batch.expect_seq = 4;
  CommitResult result = f.journal->commit(batch);
  CHECK(result.outcome == kPreconditionFailed);
  CHECK(result.message.find("batch 4") != std::string::npos);
  f.commit({PutEvent{make_event(1)}});
}

CONFORMANCE("a batch is not committed twice") {
  Fixture<Backend> f;
  Batch batch = f.owner.batch({PutEvent{make_event(1)}});
  CHECK(f.owner.commit(*f.journal, batch).outcome == kCommitted);
  CHECK(f.owner.commit(*f.journal, batch).outcome == kPreconditionFailed);
}

CONFORMANCE("a newer owner fences the older, for ever") {
  Fixture<Backend> f;
  f.commit({PutEvent{make_event(1)}});
  auto intruder = f.backend.intrude(*f.journal);
  Owner other;
  other.take(*intruder);
  CHECK(other.ownership.epoch == 2);
  CommitResult result = f.try_commit({PutEvent{make_event(2)}});
  CHECK(result.outcome == kFenced);
  CHECK(result.message.find("epoch 2") != std::string::npos);
  CHECK(f.outcome({}) == kFenced);
  CHECK(f.journal->maintain(true).outcome == kFenced);
  CHECK(other.commit(*intruder, other.batch({PutEvent{make_event(3)}})).outcome == kCommitted);
  auto reader = intruder->open_reader().value();
  CHECK(text_of(reader->event_at(2)) == "(nothing)");
  CHECK(text_of(reader->event_at(3)) != "(nothing)");
}

CONFORMANCE("an event comes back as it was put") {
  Fixture<Backend> f;
  EventRecord plain = make_event(1);
  EventRecord full = make_sent_event(2, "order-17");
  full.event.user = R"({"id":9})";
  full.event.version = "2026-01";
  full.event.data = R"({"text":"\u0000 ü 😀","list":[1,2.50,null]})";
  f.commit({PutEvent{plain}, PutEvent{full}});
  CHECK(text_of(f.reader->event_at(1)) == text_of(plain));
  CHECK(text_of(f.reader->event_at(2)) == text_of(full));
  f.restart();
  CHECK(text_of(f.reader->event_at(2)) == text_of(full));
}

CONFORMANCE("an event's public id may be neither its own nor its sender's") {
  Fixture<Backend> f;
  EventRecord event = make_event(1, "inngest/function.failed");
  event.event.id = "01HF7YAT00000000000000000A";
  f.commit({PutEvent{event}});
  CHECK(text_of(f.reader->event_at(1)) == text_of(event));
  CHECK(f.reader->event_history(event.event.id, at(0))->copies.empty());
}

CONFORMANCE("an event that was seeded is found under its own id") {
  Fixture<Backend> f;
  EventRecord event = make_event(1);
  event.has_user_id = true;
  f.commit({PutEvent{event}});
  CHECK(text_of(f.reader->event_at(1)) == text_of(event));
  CHECK(f.reader->event_history(event.event.id, at(0))->copies ==
        std::vector<EventHistory::Copy>{{1, event.event.name}});
}

CONFORMANCE("two events cannot have one position") {
  Fixture<Backend> f;
  f.commit({PutEvent{make_event(1)}});
  EventRecord other = make_event(1, "test/other");
  other.id = event_id(99);
  CommitResult result = f.try_commit({PutEvent{other}});
  CHECK(result.outcome == kPreconditionFailed);
  CHECK(result.message.find("PutEvent 1") != std::string::npos);
  CHECK(text_of(f.reader->event_at(1)) == text_of(make_event(1)));
}

CONFORMANCE("a failed precondition takes the whole batch with it") {
  Fixture<Backend> f;
  f.commit({PutEvent{make_event(1)}, PutRun{make_run(2, 1)}});
  std::string before = loaded(*f.reader, 2);
  CHECK(f.outcome({PutEvent{make_event(3)}, PutStep{make_step(4, 2, "a")},
                   UpdateRun{ended(make_run(2, 1), RunStatus::kCompleted, 5)},
                   PutFunction{make_function("app-fn"), false, 6}, PutRun{make_run(2, 1)}}) ==
        kPreconditionFailed);
  CHECK(text_of(f.reader->event_at(3)) == "(nothing)");
  CHECK(loaded(*f.reader, 2) == before);
  CHECK(f.reader->functions()->empty());
  CHECK(text_of(f.reader->stats()) == "events=1 runs=1 open=1 pending=0");
  f.commit({PutEvent{make_event(3)}});
}

CONFORMANCE("a run comes back as it was put") {
  Fixture<Backend> f;
  RunRecord run = make_run(3, 1);
  run.event_id = "order-17";
  run.invoked_by = InvokedBy{2, step_key("child")};
  run.rerun_of = run_id(77);
  run.end_events = EndEvents::kNone;
  run.attempt = 3;
  run.retry_at = at(5000);
  run.deaths = 2;
  run.deaths_alone = 1;
  run.deaths_pos = 2;
  run.dialect = 1;
  run.status = RunStatus::kScheduled;
  run.start_at = at(9000);
  run.started_at.reset();
  f.commit({PutEvent{make_event(1)}, PutRun{run}});
  CHECK(text_of(f.reader->find_run(run.id)) == text_of(run));
  f.restart();
  CHECK(text_of(f.reader->find_run(run.id)) == text_of(run));
}

CONFORMANCE("a run keeps all of its events in their order") {
  Fixture<Backend> f;
  RunRecord run = make_run(9);
  run.events = {4, 2, 3};
  f.commit(
      {PutEvent{make_event(2)}, PutEvent{make_event(3)}, PutEvent{make_event(4)}, PutRun{run}});
  auto snapshot = f.reader->load_run(9, false);
  REQUIRE(snapshot.ok());
  CHECK(snapshot->run.events == run.events);
  REQUIRE(snapshot->events.size() == 3);
  CHECK(snapshot->events[0].pos == 4);
  CHECK(snapshot->events[2].pos == 3);
}

CONFORMANCE("a run without events is possible") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}});
  auto snapshot = f.reader->load_run(1, true);
  REQUIRE(snapshot.ok());
  CHECK(snapshot->run.events.empty());
}

CONFORMANCE("a step of every kind comes back as it was put") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}});
  std::vector<StepKind> kinds;
  for (int number = 1; step_kind_name(static_cast<StepKind>(number)) != "unknown"; ++number) {
    kinds.push_back(static_cast<StepKind>(number));
  }
  CHECK(kinds.back() == StepKind::kInfer);
  Position pos = 1;
  for (const StepKind kind : kinds) {
    StepRecord step = make_wait(++pos, 1, step_kind_name(kind));
    step.kind = kind;
    step.expression = "{}";
    f.commit({PutStep{step}});
  }
  f.restart();
  auto snapshot = f.reader->load_run(1, true);
  REQUIRE(snapshot.ok());
  REQUIRE(snapshot->steps.size() == kinds.size());
  for (size_t i = 0; i < kinds.size(); ++i) CHECK(snapshot->steps[i].kind == kinds[i]);
}

CONFORMANCE("two runs cannot have one number, or one id") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}});
  RunRecord same_number = make_run(1);
  same_number.id = run_id(50);
  CHECK(f.outcome({PutRun{same_number}}) == kPreconditionFailed);
  RunRecord same_id = make_run(2);
  same_id.id = run_id(1);
  CommitResult result = f.try_commit({PutRun{same_id}});
  CHECK(result.outcome == kPreconditionFailed);
  CHECK(result.message.find("PutRun 2") != std::string::npos);
}

CONFORMANCE("an update of a run leaves what its creation fixed") {
  Fixture<Backend> f;
  RunRecord run = make_run(3, 1);
  run.event_id = "order-17";
  run.invoked_by = InvokedBy{2, step_key("child")};
  run.end_events = EndEvents::kNone;
  f.commit({PutEvent{make_event(1)}, PutRun{run}});
  RunRecord update;
  update.no = 3;
  update.id = run_id(99);
  update.function.slug = "other";
  update.status = RunStatus::kRunning;
  update.started_at = at(70);
  update.attempt = 2;
  update.retry_at = at(900);
  update.deaths = 1;
  update.deaths_pos = 3;
  update.dialect = 2;
  f.commit({UpdateRun{update}});
  run.started_at = at(70);
  run.attempt = 2;
  run.retry_at = at(900);
  run.deaths = 1;
  run.deaths_pos = 3;
  run.dialect = 2;
  CHECK(text_of(f.reader->find_run(run.id)) == text_of(run));
}

CONFORMANCE("a run ends with an output or an error, and only once") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}, PutRun{make_run(2)}});
  RunRecord completed = ended(make_run(1), RunStatus::kCompleted, 3);
  RunRecord failed = ended(make_run(2), RunStatus::kFailed, 4);
  f.commit({UpdateRun{completed}, UpdateRun{failed}});
  CHECK(text_of(f.reader->find_run(run_id(1))) == text_of(completed));
  CHECK(text_of(f.reader->find_run(run_id(2))) == text_of(failed));
  CommitResult result = f.try_commit({UpdateRun{ended(make_run(1), RunStatus::kCancelled, 5)}});
  CHECK(result.outcome == kPreconditionFailed);
  CHECK(result.message.find("UpdateRun 1") != std::string::npos);
  CHECK(f.outcome({UpdateRun{make_run(2)}}) == kPreconditionFailed);
  CHECK(text_of(f.reader->find_run(run_id(1))) == text_of(completed));
}

CONFORMANCE("a run that nobody knows cannot be updated") {
  Fixture<Backend> f;
  CHECK(f.outcome({UpdateRun{make_run(1)}}) == kPreconditionFailed);
}

CONFORMANCE("a run may be over when it is put") {
  Fixture<Backend> f;
  RunRecord skipped = ended(make_run(1), RunStatus::kSkipped, 1);
  f.commit({PutRun{skipped}});
  CHECK(text_of(f.reader->find_run(run_id(1))) == text_of(skipped));
  CHECK(f.reader->open_runs(0, 10)->empty());
  CHECK(f.outcome({UpdateRun{make_run(1)}}) == kPreconditionFailed);
}

CONFORMANCE("a step that came with its result comes back as it was put") {
  Fixture<Backend> f;
  StepRecord step = make_step(2, 1, "charge");
  step.attempts = 2;
  StepRecord failed = make_step(3, 1, "notify");
  failed.state = StepState::kFailed;
  failed.data.clear();
  failed.error = ErrorInfo{.name = "StepError",
                           .message = "\"quoted\" ü",
                           .stack = "at x",
                           .cause = R"({"code":[1,"a"]})"};
  f.commit({PutRun{make_run(1)}, PutStep{step}, PutStep{failed}});
  auto snapshot = f.reader->load_run(1, true);
  REQUIRE(snapshot.ok());
  CHECK(text_of(snapshot->steps) == text_of(std::vector{step, failed}));
  CHECK(snapshot->as_of_seq == 1);
}

CONFORMANCE("a run has one step of a key") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}, PutRun{make_run(2)}, PutStep{make_step(3, 1, "a")}});
  CommitResult result = f.try_commit({PutStep{make_step(4, 1, "a")}});
  CHECK(result.outcome == kPreconditionFailed);
  CHECK(result.message.find("PutStep 4 of run 1") != std::string::npos);
  CHECK(f.outcome({PutStep{make_step(3, 1, "b")}}) == kPreconditionFailed);
  f.commit({PutStep{make_step(4, 1, "b")}, PutStep{make_step(5, 2, "a")}});
}

CONFORMANCE("one batch cannot put a step twice") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}});
  CHECK(f.outcome({PutStep{make_step(2, 1, "a")}, PutStep{make_step(3, 1, "a")}}) ==
        kPreconditionFailed);
  CHECK(f.reader->load_run(1, false)->steps.empty());
}

CONFORMANCE("a pending step is resolved, keeping what its registration fixed") {
  Fixture<Backend> f;
  StepRecord wait = make_wait(2, 1, "answer");
  f.commit({PutRun{make_run(1)}, PutStep{wait}, PutEvent{make_event(3, "test/answer")}});
  StepRecord update = resolved(wait, 4, 3);
  update.key = step_key("other");
  update.id = "other";
  update.kind = StepKind::kRun;
  update.target = "x";
  update.expression = "y";
  update.registered_at = at(999);
  f.commit({UpdateStep{update}});
  CHECK(text_of(f.reader->load_run(1, false)->steps) == text_of(std::vector{resolved(wait, 4, 3)}));
}

CONFORMANCE("the data of a pending step is kept until it ends or is dropped") {
  Fixture<Backend> f;
  StepRecord fetch = make_wait(2, 1, "fetch");
  fetch.kind = StepKind::kFetch;
  fetch.data = R"({"key":"secret"})";
  f.commit({PutRun{make_run(1)}, PutStep{fetch}});
  const auto stored = [&] { return f.reader->load_run(1, false)->steps.at(0); };
  CHECK(stored().data == fetch.data);
  SUBCASE("moved") {
    fetch.attempts = 1;
    f.commit({UpdateStep{fetch}});
    CHECK(stored().data == fetch.data);
  }
  SUBCASE("ended") {
    StepRecord ended = resolved(fetch, 4, 0);
    ended.data = "1";
    f.commit({UpdateStep{ended}});
    CHECK(stored().data == "1");
  }
  SUBCASE("dropped") {
    f.commit({DropPendingSteps{1, 7, at(7)}});
    CHECK(stored().state == StepState::kDropped);
    CHECK(stored().data.empty());
  }
  f.restart();
  CHECK(f.reader->load_run(1, false).ok());  // its checksums fit
}

CONFORMANCE("a pending step can be moved") {
  Fixture<Backend> f;
  StepRecord step = make_wait(2, 1, "flaky");
  step.kind = StepKind::kRun;
  f.commit({PutRun{make_run(1)}, PutStep{step}});
  step.due = at(777);
  step.attempts = 1;
  f.commit({UpdateStep{step}, PutAttempt{make_attempt(3, 1)}});
  step.attempts = 2;
  step.due.reset();
  f.commit({UpdateStep{step}});
  CHECK(text_of(f.reader->load_run(1, false)->steps) == text_of(std::vector{step}));
  CHECK(text_of(f.reader->stats()) == "events=0 runs=1 open=1 pending=1");
}

CONFORMANCE("a step is resolved once") {
  Fixture<Backend> f;
  StepRecord wait = make_wait(2, 1, "answer");
  f.commit({PutRun{make_run(1)}, PutStep{wait}, UpdateStep{resolved(wait, 3, 0)}});
  std::string before = loaded(*f.reader, 1);
  CommitResult result = f.try_commit({UpdateStep{resolved(wait, 4, 0)}});
  CHECK(result.outcome == kPreconditionFailed);
  CHECK(result.message.find("UpdateStep 2 of run 1") != std::string::npos);
  CHECK(loaded(*f.reader, 1) == before);
}

CONFORMANCE("an update names a step by its run and its position") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}, PutRun{make_run(2)}, PutStep{make_wait(3, 1, "a")}});
  CHECK(f.outcome({UpdateStep{resolved(make_wait(3, 2, "a"), 5, 0)}}) == kPreconditionFailed);
  CHECK(f.outcome({UpdateStep{resolved(make_wait(4, 1, "a"), 5, 0)}}) == kPreconditionFailed);
  f.commit({UpdateStep{resolved(make_wait(3, 1, "a"), 5, 0)}});
}

CONFORMANCE("what is pending of a run is dropped, and nothing else") {
  Fixture<Backend> f;
  StepRecord done = make_step(3, 1, "done");
  StepRecord first = make_wait(4, 1, "first");
  StepRecord second = make_wait(5, 1, "second");
  StepRecord other = make_wait(6, 2, "first");
  f.commit({PutRun{make_run(1)}, PutRun{make_run(2)}, PutStep{done}, PutStep{first},
            PutStep{second}, PutStep{other}});
  f.commit({DropPendingSteps{1, 7, at(7)}});
  for (StepRecord* step : {&first, &second}) {
    step->state = StepState::kDropped;
    step->resolved_pos = 7;
    step->resolved_at = at(7);
  }
  CHECK(text_of(f.reader->load_run(1, false)->steps) == text_of(std::vector{done, first, second}));
  CHECK(text_of(f.reader->load_run(2, false)->steps) == text_of(std::vector{other}));
  CHECK(text_of(f.reader->stats()) == "events=0 runs=2 open=2 pending=1");
  CHECK(f.outcome({UpdateStep{resolved(make_wait(4, 1, "first"), 8, 0)}}) == kPreconditionFailed);
}

CONFORMANCE("dropping finds steps of its own batch, and nothing is fine too") {
  Fixture<Backend> f;
  f.commit({DropPendingSteps{1, 1, at(1)}});
  f.commit({PutRun{make_run(2)}, PutStep{make_wait(3, 2, "a")}, DropPendingSteps{2, 4, at(4)},
            UpdateRun{ended(make_run(2), RunStatus::kCancelled, 4)}});
  CHECK(f.reader->load_run(2, false)->steps[0].state == StepState::kDropped);
  CHECK(text_of(f.reader->stats()) == "events=0 runs=1 open=0 pending=0");
}

CONFORMANCE("failed attempts come back as they were put") {
  Fixture<Backend> f;
  AttemptRecord of_step = make_attempt(2, 1, 0);
  AttemptRecord of_run = make_attempt(3, 1, 1);
  of_run.step.reset();
  of_run.retry_at.reset();
  f.commit({PutRun{make_run(1)}, PutAttempt{of_step}, PutAttempt{of_run}});
  CHECK(text_of(f.reader->load_run(1, true)->attempts) == text_of(std::vector{of_step, of_run}));
  CHECK(f.reader->load_run(1, false)->attempts.empty());
  CommitResult result = f.try_commit({PutAttempt{make_attempt(3, 1, 2)}});
  CHECK(result.outcome == kPreconditionFailed);
  CHECK(result.message.find("PutAttempt 3") != std::string::npos);
}

CONFORMANCE("a function is put, changed, archived and brought back") {
  Fixture<Backend> f;
  f.commit({PutFunction{make_function("app-b"), false, 1},
            PutFunction{make_function("app-a"), false, 2}});
  auto functions = f.reader->functions();
  REQUIRE(functions.ok());
  REQUIRE(functions->size() == 2);
  CHECK(text_of((*functions)[0]) == text_of(StoredFunction{make_function("app-a"), false}));
  FunctionConfig changed = make_function("app-a");
  changed.retries = 9;
  changed.wait_lookback = Duration(0);
  f.commit({PutFunction{changed, true, 3}});
  CHECK(text_of((*f.reader->functions())[0]) == text_of(StoredFunction{changed, true}));
  f.commit({PutFunction{changed, false, 4}});
  f.restart();
  CHECK(text_of((*f.reader->functions())[0]) == text_of(StoredFunction{changed, false}));
}

CONFORMANCE("messages are put, read in pages, and dropped for good") {
  Fixture<Backend> f;
  MessageRecord raw = make_message(3);
  raw.content.kind = MessageKind::kRaw;
  raw.content.data = std::string("\xff\0x", 3);
  raw.content.metadata = "{}";
  raw.content.stream = "s";
  raw.run = run_id(1);
  f.commit({PutMessage{make_message(1)}, PutMessage{make_message(2)}, PutMessage{raw}});
  CHECK(f.outcome({PutMessage{make_message(2)}}) == kPreconditionFailed);
  f.restart();
  auto page = f.reader->messages(0, 2);
  REQUIRE(page.ok());
  CHECK(text_of(page->messages) == text_of(std::vector{make_message(1), make_message(2)}));
  CHECK(page->dropped_through == 0);
  CHECK(text_of(f.reader->messages(2, 10)->messages) == text_of(std::vector{raw}));
  f.commit({DropMessages{2}, DropMessages{1}});
  f.restart();
  page = f.reader->messages(0, 10);
  CHECK(text_of(page->messages) == text_of(std::vector{raw}));
  CHECK(page->dropped_through == 2);
  f.require_sound();
}

CONFORMANCE("a batch that fails leaves messages and topics as they were") {
  Fixture<Backend> f;
  f.commit({PutMessage{make_message(1)}, PutTopic{{"c", "t", "1"}, 2}});
  CHECK(f.outcome({DropMessages{1}, PutTopic{{"c", "t", "2"}, 3}, PutTopic{{"d", "t", "3"}, 4},
                   PutMessage{make_message(5)}, UpdateRun{make_run(77)}}) == kPreconditionFailed);
  CHECK(f.reader->messages(0, 10)->messages.size() == 1);
  CHECK(f.reader->messages(0, 10)->dropped_through == 0);
  REQUIRE(f.reader->topics()->size() == 1);
  CHECK((*f.reader->topics())[0].schema == "1");
}

CONFORMANCE("a topic is put, changed and forgotten") {
  Fixture<Backend> f;
  f.commit({PutTopic{{"d", "t", "{}"}, 1}, PutTopic{{"c", "u", "true"}, 2},
            PutTopic{{"c", "t", "1"}, 3}});
  f.commit({PutTopic{{"c", "t", "false"}, 4}, PutTopic{{"c", "u", ""}, 5},
            PutTopic{{"none", "t", ""}, 6}});
  f.restart();
  const auto topics = f.reader->topics();
  REQUIRE(topics.ok());
  CHECK(text_of(*topics) ==
        text_of(std::vector<TopicRecord>{{"c", "t", "false"}, {"d", "t", "{}"}}));
  f.require_sound();
}

CONFORMANCE("payloads of many sizes survive") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}});
  std::vector<StepRecord> steps;
  Position pos = 2;
  for (size_t size : {0u, 1u, 100u, 4000u, 4096u, 65'536u, 1'000'000u}) {
    StepRecord step = make_step(pos, 1, "size " + std::to_string(size));
    step.data = '"' + std::string(size, 'x') + '"';
    steps.push_back(step);
    f.commit({PutStep{step}});
    ++pos;
  }
  f.restart();
  CHECK(text_of(f.reader->load_run(1, false)->steps) == text_of(steps));
}

CONFORMANCE("a batch of thousands of records is one commit") {
  Fixture<Backend> f;
  std::vector<Record> records{PutFunction{make_function("app-fn"), false, 1}, PutRun{make_run(1)}};
  for (Position pos = 2; pos < 5002; ++pos) {
    records.push_back(PutStep{make_step(pos, 1, "step " + std::to_string(pos))});
  }
  f.commit(std::move(records));
  CHECK(f.reader->load_run(1, false)->steps.size() == 5000);
  CHECK(f.owner.next_seq == 1);
  f.restart();
  CHECK(f.owner.ownership.next_seq == 1);
  f.require_sound();
}

CONFORMANCE("names and ids may hold anything") {
  Fixture<Backend> f;
  EventRecord event = make_sent_event(1, std::string("a\0b'\"%_\n", 8));
  event.event.name = "na'me/\xC3\xBC%";
  StepRecord step = make_step(3, 2, std::string("x\0y", 3));
  f.commit({PutEvent{event}, PutRun{make_run(2, 1)}, PutStep{step}});
  CHECK(text_of(f.reader->event_at(1)) == text_of(event));
  CHECK(f.reader->event_history(event.event.id, at(0))->copies ==
        std::vector<EventHistory::Copy>{{1, event.event.name}});
  CHECK(f.reader->load_run(2, false)->steps[0].id == step.id);
}

CONFORMANCE("maintenance between commits changes nothing") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}});
  for (Position pos = 2; pos < 300; ++pos) {
    StepRecord step = make_step(pos, 1, std::to_string(pos));
    step.data = '"' + std::string(30'000, 'x') + '"';
    f.commit({PutStep{step}});
    CHECK(f.journal->maintain(pos % 50 == 0).outcome == kCommitted);
  }
  CHECK(f.reader->load_run(1, false)->steps.size() == 298);
  f.restart();
  CHECK(f.reader->load_run(1, false)->steps.size() == 298);
}
