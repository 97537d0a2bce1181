// The same random batches, sound ones and refused ones, on both journals: every answer and every
// read must be the same. STEPWELL_SEED=n repeats a run.
#include <cstdlib>
#include <set>

#include "schema/random.h"
#include "tests/storage/backends.h"

using namespace stepwell;
using namespace stepwell::storage;

namespace {

uint64_t seed_of_this_run() {
  const char* text = std::getenv("STEPWELL_SEED");
  return text == nullptr ? 20'261'123 : std::strtoull(text, nullptr, 10);
}

// Makes records that mostly fit what was made before; some refer to what is not there, or come
// again.
class Maker {
 public:
  explicit Maker(Random random) : random_(random) {}

  std::vector<Record> batch() {
    std::vector<Record> records;
    size_t count = random_.chance(0.05) ? 0 : 1 + random_.below(8);
    while (records.size() < count) records.push_back(record());
    return records;
  }

  uint64_t below(uint64_t bound) { return random_.below(bound); }
  bool chance(double probability) { return random_.chance(probability); }
  // A position that was given out, now and then one that was not.
  Position known() { return 1 + random_.below(last_ + 2); }
  RunNo known_run() { return runs_.empty() || chance(0.03) ? known() : pick(runs_); }
  FlowStateKey flow_key() {
    return {"app-" + std::to_string(random_.below(3)), static_cast<FlowKind>(1 + random_.below(7)),
            chance(0.3) ? "" : "key \"" + std::to_string(random_.below(3)), random_.below(4)};
  }
  std::string user_id() { return "id-" + std::to_string(random_.below(6)); }

 private:
  template <typename T>
  const T& pick(const std::vector<T>& items) {
    return items[random_.below(items.size())];
  }

  Position next() { return chance(0.02) ? known() : ++last_; }
  Time moment() { return at(static_cast<int64_t>(random_.below(5000))); }
  std::string payload() {
    return '"' + std::string(random_.below(chance(0.02) ? 9000 : 40), 'p') + '"';
  }
  ErrorInfo error() {
    return {.name = "E", .message = payload(), .cause = chance(0.5) ? "[1]" : ""};
  }

  Record record() {
    switch (random_.below(17)) {
      case 0:
      case 1:
        return PutEvent{event()};
      case 2:
        return PutRun{run()};
      case 3:
        return UpdateRun{update(known_run())};
      case 4:
      case 5:
      case 6:
        return PutStep{step()};
      case 7:
      case 8:
        return UpdateStep{moved()};
      case 9:
        return DropPendingSteps{known_run(), ++last_, moment()};
      case 10:
        return PutAttempt{attempt()};
      case 11:
        return PutFlowState{flow_key(), moment(), payload()};
      case 12: {
        const FlowStateKey key = flow_key();
        if (chance(0.3)) return DropFlowState{key.function, key.kind, key.key};
        const Position from = chance(0.5) ? 0 : flow_key().pos;
        return DropFlowState{key.function, key.kind, key.key, std::max(from, key.pos), from};
      }
      case 13:
        return PutMessage{message()};
      case 14:
        return DropMessages{chance(0.2) ? known() : 0};
      case 15:
        return PutTopic{{"c" + std::to_string(random_.below(3)),
                         "t" + std::to_string(random_.below(3)), chance(0.3) ? "" : payload()},
                        1};
      default:
        return PutFunction{make_function("app-" + std::to_string(random_.below(4))), chance(0.2),
                           1};
    }
  }

  EventRecord event() {
    EventRecord event = chance(0.4) ? make_sent_event(next(), user_id()) : make_event(next());
    if (chance(0.1)) event.id = event_id(known());  // a repeated seed
    if (chance(0.1)) event.event.name = "inngest/custom";
    if (chance(0.3)) event.event.name = "test/answer";
    event.received_at = moment();
    event.event.data = "{\"p\":" + payload() + "}";
    if (chance(0.05) && !runs_.empty()) {
      event.event.name = "inngest/function.finished";
      event.of_run = pick(runs_);
    }
    events_.push_back(event.pos);
    return event;
  }

  RunRecord run() {
    RunRecord run = make_run(next());
    run.function.slug = "app-" + std::to_string(random_.below(3));
    if (!events_.empty()) run.events.push_back(pick(events_));
    while (chance(0.1) && !events_.empty()) run.events.push_back(pick(events_));
    if (chance(0.5)) run.event_id = user_id();
    if (chance(0.5)) run.status = RunStatus::kScheduled;
    if (chance(0.05)) run = ended(run, RunStatus::kSkipped, run.no);
    if (chance(0.3)) run.flow = payload();
    run.created_at = moment();
    runs_.push_back(run.no);
    return run;
  }

  RunRecord update(RunNo no) {
    RunRecord run = make_run(no);
    run.attempt = static_cast<int>(random_.below(4));
    if (chance(0.3)) run.retry_at = moment();
    if (chance(0.3)) run = ended(run, static_cast<RunStatus>(3 + random_.below(3)), ++last_);
    return run;
  }

  StepRecord step() {
    std::string id = "step-" + std::to_string(random_.below(60));
    Position pos = next();
    StepRecord step =
        chance(0.5) ? make_step(pos, known_run(), id) : make_wait(pos, known_run(), id);
    if (chance(0.2)) step.invoked_run = known();
    if (step.state != StepState::kPending) step.data = payload();
    if (step.state == StepState::kPending) pending_.push_back(step);
    return step;
  }

  StepRecord moved() {
    if (pending_.empty()) return make_wait(known(), known_run(), "none");
    StepRecord step = pick(pending_);
    if (chance(0.3)) {
      step.due = moment();
      step.attempts = static_cast<int>(random_.below(9));
      return step;
    }
    step = resolved(step, ++last_, events_.empty() ? 0 : pick(events_));
    step.data = payload();
    if (!chance(0.2)) return step;
    step.state = StepState::kFailed;
    step.error = error();
    step.data.clear();
    return step;
  }

  MessageRecord message() {
    MessageRecord message = make_message(next(), "c" + std::to_string(random_.below(3)));
    message.content.kind = static_cast<MessageKind>(random_.below(7));
    message.content.data = payload() + std::string(chance(0.1) ? 1 : 0, '\0');
    if (chance(0.3)) message.content.metadata = payload();
    if (chance(0.3)) message.content.stream = "s";
    if (chance(0.3)) message.run = run_id(known());
    message.created_at = moment();
    return message;
  }

  AttemptRecord attempt() {
    AttemptRecord attempt = make_attempt(next(), known_run(), static_cast<int>(random_.below(5)));
    if (chance(0.3)) attempt.step.reset();
    attempt.error = error();
    return attempt;
  }

  Random random_;
  Position last_ = 0;
  std::vector<Position> events_;
  std::vector<RunNo> runs_;
  std::vector<StepRecord> pending_;
};

RunFilter random_run_filter(Maker& maker) {
  RunFilter filter;
  filter.limit = 1 + maker.below(20);
  if (maker.chance(0.3)) filter.function = FunctionId{"app-" + std::to_string(maker.below(4))};
  while (maker.chance(0.4)) {
    filter.statuses.push_back(static_cast<RunStatus>(1 + maker.below(6)));
  }
  if (maker.chance(0.2)) filter.created_from = at(static_cast<int64_t>(maker.below(5000)));
  if (maker.chance(0.2)) filter.created_until = at(static_cast<int64_t>(maker.below(5000)));
  if (maker.chance(0.3)) filter.of_event = maker.known();
  if (maker.chance(0.2)) filter.resumed_by = maker.known();
  if (maker.chance(0.1)) filter.cancelled_by = maker.known();
  if (maker.chance(0.3)) filter.before = maker.known();
  return filter;
}

EventFilter random_event_filter(Maker& maker) {
  EventFilter filter;
  filter.limit = 1 + maker.below(20);
  filter.include_internal = maker.chance(0.5);
  if (maker.chance(0.3)) filter.name = maker.chance(0.5) ? "test/answer" : "inngest/custom";
  if (maker.chance(0.2)) filter.received_from = at(static_cast<int64_t>(maker.below(5000)));
  if (maker.chance(0.2)) filter.received_until = at(static_cast<int64_t>(maker.below(5000)));
  if (maker.chance(0.3)) filter.before = maker.known();
  return filter;
}

// What both readers answer to the same questions.
std::vector<std::string> answers(JournalReader& reader, Maker maker) {
  Time since = at(static_cast<int64_t>(maker.below(5000)));
  size_t limit = 1 + maker.below(30);
  Position pos = maker.known();
  return {
      text_of(reader.open_runs(maker.known(), limit)),
      text_of(reader.load_run(maker.known_run(), true)),
      text_of(reader.find_run(run_id(pos))),
      text_of(reader.event_history(maker.user_id(), since)),
      text_of(reader.recent_events(since, limit, 1u << 20)),
      text_of(reader.recent_events(since, limit, maker.below(5000))),
      text_of(reader.functions()),
      text_of(reader.flow_states(std::nullopt, 1000)),
      text_of(reader.flow_states(maker.flow_key(), limit)),
      text_of(reader.list_runs(random_run_filter(maker))),
      text_of(reader.list_events(random_event_filter(maker))),
      text_of(reader.find_event(maker.user_id())),
      text_of(reader.find_event(event_id(pos).to_string())),
      text_of(reader.event_at(pos)),
      text_of(reader.messages(maker.known(), limit)),
      text_of(reader.topics()),
      text_of(reader.stats()),
  };
}

void require_same(JournalReader& left, JournalReader& right, const Maker& maker) {
  std::vector<std::string> of_left = answers(left, maker);
  std::vector<std::string> of_right = answers(right, maker);
  for (size_t i = 0; i < of_left.size(); ++i) {
    INFO("read " << i);
    REQUIRE(of_left[i] == of_right[i]);
  }
}

}  // namespace

TEST_CASE("both journals answer the same to random batches") {
  const uint64_t seed = seed_of_this_run();
  INFO("STEPWELL_SEED=" << seed);
  int committed = 0;
  int refused = 0;
  for (uint64_t round = 0; round < 6; ++round) {
    INFO("round " << round);
    Maker maker(Random(seed).stream("round " + std::to_string(round)));
    Fixture<SqliteBackend> sqlite;
    Fixture<MemoryBackend> memory;
    for (int i = 0; i < 250; ++i) {
      INFO("batch " << i);
      std::vector<Record> records = maker.batch();
      CommitResult left = sqlite.try_commit(records);
      CommitResult right = memory.try_commit(records);
      REQUIRE(left.outcome == right.outcome);
      REQUIRE(left.message == right.message);
      ++(left.outcome == CommitOutcome::kCommitted ? committed : refused);
      require_same(*sqlite.reader, *memory.reader, maker);
      if (!maker.chance(0.01)) continue;
      sqlite.restart();
      memory.restart();
      require_same(*sqlite.reader, *memory.reader, maker);
    }
  }
  // Neither side of the comparison may be empty.
  CHECK(committed > 300);
  CHECK(refused > 100);
}
