// Lists with filters and cursors.
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

std::vector<RunNo> numbers(JournalReader& reader, const RunFilter& filter) {
  auto runs = reader.list_runs(filter);
  REQUIRE(runs.ok());
  std::vector<RunNo> found;
  for (const RunRecord& run : *runs) found.push_back(run.no);
  return found;
}

std::vector<Position> positions(JournalReader& reader, const EventFilter& filter) {
  auto events = reader.list_events(filter);
  REQUIRE(events.ok());
  std::vector<Position> found;
  for (const EventRecord& event : *events) found.push_back(event.pos);
  return found;
}

using Numbers = std::vector<uint64_t>;

// Runs 1 to 12: odd ones of app-odd, even ones of app-fn; 1 to 4 completed, 5 and 6 failed, 7
// cancelled, 8 and 9 scheduled, 10 to 12 running.
std::vector<Record> dozen() {
  std::vector<Record> records;
  for (RunNo no = 1; no <= 12; ++no) {
    RunRecord run = make_run(no, 100);
    if (no % 2 == 1) run.function.slug = "app-odd";
    if (no >= 8 && no <= 9) run.status = RunStatus::kScheduled;
    if (no <= 4) run = ended(run, RunStatus::kCompleted, 50 + no);
    if (no == 5 || no == 6) run = ended(run, RunStatus::kFailed, 50 + no);
    if (no == 7) run = ended(run, RunStatus::kCancelled, 50 + no);
    records.push_back(PutRun{run});
  }
  return records;
}

}  // namespace

CONFORMANCE("runs are listed newest first, in pages") {
  Fixture<Backend> f;
  f.commit(dozen());
  CHECK(numbers(*f.reader, {.limit = 5}) == Numbers{12, 11, 10, 9, 8});
  CHECK(numbers(*f.reader, {.before = 8, .limit = 5}) == Numbers{7, 6, 5, 4, 3});
  CHECK(numbers(*f.reader, {.before = 3, .limit = 5}) == Numbers{2, 1});
  CHECK(numbers(*f.reader, {.before = 1}).empty());
  CHECK(numbers(*f.reader, {}).size() == 12);
}

CONFORMANCE("runs of a function") {
  Fixture<Backend> f;
  f.commit(dozen());
  CHECK(numbers(*f.reader, {.function = FunctionId{"app-odd"}, .limit = 3}) == Numbers{11, 9, 7});
  CHECK(numbers(*f.reader, {.function = FunctionId{"app-odd"}, .before = 7}) == Numbers{5, 3, 1});
  CHECK(numbers(*f.reader, {.function = FunctionId{"app-o"}}).empty());
}

CONFORMANCE("runs of one or more statuses") {
  Fixture<Backend> f;
  f.commit(dozen());
  using enum RunStatus;
  CHECK(numbers(*f.reader, {.statuses = {kFailed}}) == Numbers{6, 5});
  CHECK(numbers(*f.reader, {.statuses = {kScheduled}}) == Numbers{9, 8});
  CHECK(numbers(*f.reader, {.statuses = {kCompleted, kRunning, kCancelled}, .limit = 6}) ==
        Numbers{12, 11, 10, 7, 4, 3});
  CHECK(numbers(*f.reader, {.statuses = {kCompleted, kRunning}, .before = 11, .limit = 3}) ==
        Numbers{10, 4, 3});
  CHECK(numbers(*f.reader, {.statuses = {kFailed, kFailed}}) == Numbers{6, 5});
  CHECK(numbers(*f.reader, {.statuses = {kSkipped}}).empty());
}

CONFORMANCE("runs of a function and a status") {
  Fixture<Backend> f;
  f.commit(dozen());
  using enum RunStatus;
  CHECK(numbers(*f.reader, {.function = FunctionId{"app-odd"},
                            .statuses = {kCompleted, kFailed}}) == Numbers{5, 3, 1});
}

CONFORMANCE("a run moves between the lists as it ends") {
  Fixture<Backend> f;
  f.commit(dozen());
  using enum RunStatus;
  RunRecord run = make_run(10, 100);
  f.commit({UpdateRun{ended(run, kFailed, 99)}});
  CHECK(numbers(*f.reader, {.statuses = {kFailed}}) == Numbers{10, 6, 5});
  CHECK(numbers(*f.reader, {.statuses = {kRunning}}) == Numbers{12, 11});
}

CONFORMANCE("runs created in a span of time") {
  Fixture<Backend> f;
  f.commit(dozen());
  CHECK(numbers(*f.reader, {.created_from = at(4), .created_until = at(7)}) == Numbers{6, 5, 4});
  CHECK(numbers(*f.reader, {.created_until = at(3)}) == Numbers{2, 1});
  CHECK(numbers(*f.reader, {.created_from = at(13)}).empty());
  CHECK(numbers(*f.reader, {.function = FunctionId{"app-fn"}, .created_from = at(7), .limit = 2}) ==
        Numbers{12, 10});
}

CONFORMANCE("runs that an event triggered, as the first or as another one") {
  Fixture<Backend> f;
  RunRecord first = make_run(3, 1);
  RunRecord second = make_run(4);
  second.events = {2, 1};
  RunRecord other = make_run(5, 2);
  f.commit({PutEvent{make_event(1)}, PutEvent{make_event(2)}, PutRun{first}, PutRun{second},
            PutRun{other}});
  CHECK(numbers(*f.reader, {.of_event = 1}) == Numbers{4, 3});
  CHECK(numbers(*f.reader, {.of_event = 2}) == Numbers{5, 4});
  CHECK(numbers(*f.reader, {.of_event = 1, .before = 4}) == Numbers{3});
  CHECK(numbers(*f.reader, {.of_event = 9}).empty());
  CHECK(numbers(*f.reader, {.statuses = {RunStatus::kFailed}, .of_event = 1}).empty());
  CHECK(numbers(*f.reader, {.statuses = {RunStatus::kRunning}, .of_event = 1}) == Numbers{4, 3});
  CHECK(f.reader->list_runs({.of_event = 1})->front().events == Numbers{2, 1});
}

CONFORMANCE("runs of which an event ended a wait") {
  Fixture<Backend> f;
  const auto resumed = [](Position pos, RunNo run, Position event) {
    StepRecord step = make_step(pos, run, "wait");
    step.kind = StepKind::kWaitForEvent;
    step.resolved_event = event;
    return PutStep{step};
  };
  f.commit({PutEvent{make_event(1)}, PutEvent{make_event(2)}, PutRun{make_run(3, 1)},
            PutRun{make_run(4, 1)}, PutRun{make_run(5, 1)}, resumed(6, 3, 2), resumed(7, 5, 2)});
  CHECK(numbers(*f.reader, {.resumed_by = 2}) == Numbers{5, 3});
  CHECK(numbers(*f.reader, {.of_event = 1, .resumed_by = 2, .limit = 1}) == Numbers{5});
  CHECK(numbers(*f.reader, {.of_event = 2, .resumed_by = 2}).empty());
  CHECK(numbers(*f.reader, {.resumed_by = 1}).empty());
  CHECK(numbers(*f.reader, {.statuses = {RunStatus::kFailed}, .resumed_by = 2}).empty());
}

CONFORMANCE("runs that an event cancelled are told from those of which it ended a wait") {
  Fixture<Backend> f;
  StepRecord wait = make_step(5, 3, "wait");
  wait.kind = StepKind::kWaitForEvent;
  wait.resolved_event = 2;
  StepRecord cancellation = make_step(6, 4, "cancelOn:0");
  cancellation.kind = StepKind::kCancelOn;
  cancellation.resolved_event = 2;
  f.commit({PutEvent{make_event(1)}, PutEvent{make_event(2)}, PutRun{make_run(3, 1)},
            PutRun{make_run(4, 1)}, PutStep{wait}, PutStep{cancellation}});
  CHECK(numbers(*f.reader, {.resumed_by = 2}) == Numbers{3});
  CHECK(numbers(*f.reader, {.cancelled_by = 2}) == Numbers{4});
  CHECK(numbers(*f.reader, {.cancelled_by = 1}).empty());
}

CONFORMANCE("events are listed newest first, in pages") {
  Fixture<Backend> f;
  std::vector<Record> records;
  for (Position pos = 1; pos <= 9; ++pos) records.push_back(PutEvent{make_event(pos)});
  f.commit(std::move(records));
  CHECK(positions(*f.reader, {.limit = 4}) == Numbers{9, 8, 7, 6});
  CHECK(positions(*f.reader, {.before = 6, .limit = 4}) == Numbers{5, 4, 3, 2});
  CHECK(positions(*f.reader, {.before = 2, .limit = 4}) == Numbers{1});
}

CONFORMANCE("events of a name, exactly") {
  Fixture<Backend> f;
  f.commit({PutEvent{make_event(1, "a/b")}, PutEvent{make_event(2, "a/c")},
            PutEvent{make_event(3, "a/b")}, PutEvent{make_event(4, "A/B")}});
  CHECK(positions(*f.reader, {.name = "a/b"}) == Numbers{3, 1});
  CHECK(positions(*f.reader, {.name = "a/b", .before = 3}) == Numbers{1});
  CHECK(positions(*f.reader, {.name = "a/%"}).empty());
}

CONFORMANCE("internal events are listed only if asked for") {
  Fixture<Backend> f;
  EventRecord end = make_event(5, "inngest/function.finished");
  end.of_run = 2;
  f.commit({PutEvent{make_event(1)}, PutRun{make_run(2, 1)}, PutEvent{end},
            PutEvent{make_event(6, "InnGest/custom")}, PutEvent{make_event(7, "inngest.x")},
            UpdateRun{ended(make_run(2, 1), RunStatus::kCompleted, 3)}});
  CHECK(positions(*f.reader, {}) == Numbers{7, 1});
  CHECK(positions(*f.reader, {.include_internal = true}) == Numbers{7, 6, 5, 1});
  CHECK(positions(*f.reader, {.name = "inngest/function.finished"}).empty());
  CHECK(positions(*f.reader, {.name = "inngest/function.finished", .include_internal = true}) ==
        Numbers{5});
}

CONFORMANCE("events received in a span of time") {
  Fixture<Backend> f;
  std::vector<Record> records;
  for (Position pos = 1; pos <= 9; ++pos) records.emplace_back(PutEvent{make_event(pos)});
  f.commit(std::move(records));
  CHECK(positions(*f.reader, {.received_from = at(3), .received_until = at(6)}) ==
        Numbers{5, 4, 3});
  CHECK(positions(*f.reader, {.received_from = at(8)}) == Numbers{9, 8});
  CHECK(positions(*f.reader, {.received_until = at(3), .limit = 1}) == Numbers{2});
  CHECK(positions(*f.reader, {.name = "test/thing", .received_until = at(3)}) == Numbers{2, 1});
}

CONFORMANCE("a span with many events is read to its page") {
  Fixture<Backend> f;
  std::vector<Record> records;
  for (Position pos = 1; pos <= 3000; ++pos) records.push_back(PutEvent{make_event(pos)});
  f.commit(std::move(records));
  CHECK(positions(*f.reader, {.received_from = at(1), .limit = 2}) == Numbers{3000, 2999});
  CHECK(positions(*f.reader, {.received_until = at(2901), .before = 2500, .limit = 2}) ==
        Numbers{2499, 2498});
}
