// What a start reads: open runs in pages, recent events, functions.
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

CONFORMANCE("there are no open runs in a new journal") {
  Fixture<Backend> f;
  CHECK(f.reader->open_runs(0, 10)->empty());
  CHECK(f.reader->recent_events(at(0), 10, 1u << 20)->empty());
  CHECK(f.reader->functions()->empty());
}

CONFORMANCE("open runs come in pages, in the order of their numbers") {
  Fixture<Backend> f;
  std::vector<Record> records;
  for (RunNo no = 1; no <= 25; ++no) {
    RunRecord run = make_run(no);
    if (no % 3 == 0) run.status = RunStatus::kScheduled;
    records.push_back(PutRun{run});
  }
  f.commit(std::move(records));
  f.commit({UpdateRun{ended(make_run(5), RunStatus::kCompleted, 30)},
            UpdateRun{ended(make_run(25), RunStatus::kFailed, 31)}});
  std::vector<RunNo> found;
  RunNo after = 0;
  size_t pages = 0;
  for (;; ++pages) {
    auto page = f.reader->open_runs(after, 4);
    REQUIRE(page.ok());
    CHECK(page->size() <= 4);
    if (page->empty()) break;
    for (const OpenRun& open : *page) found.push_back(open.run.no);
    after = found.back();
  }
  CHECK(pages == 6);
  std::vector<RunNo> expected;
  for (RunNo no = 1; no <= 24; ++no) {
    if (no != 5) expected.push_back(no);
  }
  CHECK(found == expected);
}

CONFORMANCE("an open run comes with what is pending, and with its last positions") {
  Fixture<Backend> f;
  RunRecord run = make_run(2, 1);
  StepRecord wait = make_wait(4, 2, "wait");
  StepRecord nap = make_wait(5, 2, "nap");
  nap.kind = StepKind::kSleep;
  nap.target.clear();
  nap.expression.clear();
  StepRecord first = make_wait(3, 2, "first");
  f.commit({PutEvent{make_event(1)}, PutRun{run}, PutStep{first}, PutStep{nap}, PutStep{wait}});
  f.commit({UpdateStep{resolved(first, 9, 0)}, PutStep{make_step(7, 2, "other")}});
  f.restart();
  auto open = f.reader->open_runs(0, 10);
  REQUIRE(open.ok());
  REQUIRE(open->size() == 1);
  OpenRun expected{.run = run, .pending = {wait, nap}, .last_resolved = 9, .last_record = 9};
  CHECK(text_of((*open)[0]) == text_of(expected));
}

CONFORMANCE("an attempt counts as what was last recorded of a run") {
  Fixture<Backend> f;
  f.commit({PutRun{make_run(1)}, PutRun{make_run(2)}, PutStep{make_wait(3, 1, "a")},
            PutAttempt{make_attempt(8, 1)}});
  auto open = f.reader->open_runs(0, 10);
  REQUIRE(open->size() == 2);
  CHECK((*open)[0].last_resolved == 0);
  CHECK((*open)[0].last_record == 8);
  CHECK((*open)[1].last_resolved == 0);
  CHECK((*open)[1].last_record == 2);
}

CONFORMANCE("recent events are the newest of the window, oldest first, without internal ones") {
  Fixture<Backend> f;
  std::vector<Record> records;
  for (Position pos = 1; pos <= 9; ++pos) {
    records.push_back(PutEvent{make_event(pos, pos == 8 ? "Inngest/function.failed" : "test/a")});
  }
  f.commit(std::move(records));
  auto positions = [&](int64_t since, size_t limit) {
    std::vector<Position> found;
    auto events = f.reader->recent_events(at(since), limit, 1u << 20);
    REQUIRE(events.ok());
    for (const EventRecord& event : *events) found.push_back(event.pos);
    return found;
  };
  CHECK(positions(5, 100) == std::vector<Position>{5, 6, 7, 9});
  CHECK(positions(5, 2) == std::vector<Position>{7, 9});
  CHECK(positions(10, 2).empty());
}

CONFORMANCE("recent events are as many of the newest as fit") {
  Fixture<Backend> f;
  std::vector<Record> records;
  for (Position pos = 1; pos <= 4; ++pos) {
    EventRecord event = make_event(pos);
    event.event.data = "\"" + std::string(pos == 1 ? 5 : 1000, 'x') + "\"";
    records.push_back(PutEvent{event});
  }
  f.commit(std::move(records));
  auto count = [&](size_t bytes_max) {
    auto events = f.reader->recent_events(at(0), 100, bytes_max);
    REQUIRE(events.ok());
    if (!events->empty()) CHECK(events->back().pos == 4);
    return events->size();
  };
  CHECK(count(1000) == 0);
  CHECK(count(1500) == 1);
  // What is older and would fit is left out too: the window has no holes.
  CHECK(count(2500) == 2);
  CHECK(count(10'000) == 4);
}

CONFORMANCE("recent events go by their receipt, also when the clock went back") {
  Fixture<Backend> f;
  EventRecord before = make_event(1);
  before.received_at = at(5000);
  EventRecord after = make_event(2);
  after.received_at = at(100);
  EventRecord last = make_event(3);
  last.received_at = at(5001);
  f.commit({PutEvent{before}, PutEvent{after}, PutEvent{last}});
  CHECK(text_of(f.reader->recent_events(at(4000), 9, 1u << 20)) ==
        text_of(std::vector{before, last}));
}

CONFORMANCE("what was committed is there after a restart, again and again") {
  Fixture<Backend> f;
  f.commit({PutFunction{make_function("app-fn"), false, 1}, PutEvent{make_event(2)}});
  for (Position round = 1; round <= 5; ++round) {
    Position base = round * 10;
    f.commit({PutRun{make_run(base, 2)}, PutStep{make_step(base + 1, base, "a")},
              PutStep{make_wait(base + 2, base, "b")}});
    f.restart();
    CHECK(f.owner.ownership.epoch == round + 1);
    CHECK(f.owner.ownership.last_pos == base + 2);
    CHECK(f.reader->open_runs(0, 100)->size() == round);
    f.require_sound();
  }
}
