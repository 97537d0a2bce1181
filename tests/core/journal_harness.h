// A core over a journal in memory, in virtual time: what is written is committed, runs that are
// read from the journal come back at once, alarms go off when they are due, and a crash is
// survived.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/core.h"
#include "engine/core/functions.h"
#include "storage/memory/memory_journal.h"

namespace stepwell::core::testing {

class JournalHarness {
 public:
  explicit JournalHarness(Settings settings = {}) : settings_(settings) {
    journal_ = std::make_unique<storage::MemoryJournal>();
    start();
  }

  Time now{Duration(1'790'000'000'000)};
  // What has not been answered yet, the oldest first.
  std::deque<Call> calls;
  std::vector<Answer> answers;
  std::vector<RunEnded> ends;
  std::vector<FunctionConfig> configs;

  Core& core() { return *core_; }
  storage::JournalReader& reader() { return *reader_; }

  static FunctionConfig function(std::string id, std::string event) {
    FunctionConfig config;
    config.id = {std::move(id)};
    if (!event.empty()) config.triggers = {{std::move(event), ""}};
    return config;
  }

  // Registers it beside those that are there, or in place of one of the same id.
  void add_function(FunctionConfig config) {
    std::erase_if(configs, [&](const FunctionConfig& known) { return known.id == config.id; });
    configs.push_back(std::move(config));
    register_all();
  }
  void register_all() {
    apply(RegisterFunctions{.request = 1, .app = "app", .functions = configs});
    REQUIRE_MESSAGE(!answers.back().error,
                    (answers.back().error ? answers.back().error->message : ""));
  }

  void send(std::string name, std::string data = "{}", std::string id = "") {
    AcceptEvents input{.request = 2};
    input.events.push_back(
        {.event = {.name = std::move(name), .id = std::move(id), .data = std::move(data)}});
    apply(std::move(input));
  }

  void apply(Input input) {
    waiting_.push_back(std::move(input));
    apply_waiting();
  }

  // Time passes; each alarm goes off at its moment.
  void advance(Duration by) {
    const Time until = now + by;
    for (;;) {
      const std::optional<Time> due = core_->next_due();
      if (!due || *due > until) break;
      now = std::max(now, *due);
      apply(TimePassed{});
    }
    now = until;
  }

  Call take_call() {
    REQUIRE(!calls.empty());
    Call call = std::move(calls.front());
    calls.pop_front();
    return call;
  }
  void reply(const Call& call, std::vector<StepOp> ops, ParallelMode mode = ParallelMode::kRace) {
    apply(CallReplied{.reply = {call.id, call.run->no, Yielded{std::move(ops)}, {}, mode}});
  }
  void returns(const Call& call, std::string output = "null") {
    apply(CallReplied{.reply = {call.id, call.run->no, Returned{std::move(output)}, {}, {}}});
  }
  void throws(const Call& call, Threw threw) {
    apply(CallReplied{.reply = {call.id, call.run->no, std::move(threw), {}, {}}});
  }
  void cancel(const RunId& run) { apply(CancelRun{.request = 3, .id = run}); }
  static StepOp op(std::string id, decltype(StepOp::body) body) {
    StepOp made;
    made.key = StepKey::of(id);
    made.id = std::move(id);
    made.body = std::move(body);
    return made;
  }

  // The process dies. What was under way is forgotten; the functions register again.
  void crash(bool registers = true) {
    calls.clear();
    waiting_.clear();
    reader_.reset();
    journal_ = journal_->crash(storage::LastBatch::kKept);
    start();
    if (registers && !configs.empty()) register_all();
  }

  // All runs, the oldest first.
  std::vector<RunRecord> runs() {
    auto page = reader_->list_runs({.limit = 1000});
    REQUIRE(page.ok());
    std::reverse(page->begin(), page->end());
    return std::move(*page);
  }
  size_t count(RunStatus status) {
    const std::vector<RunRecord> all = runs();
    return static_cast<size_t>(std::count_if(
        all.begin(), all.end(), [&](const RunRecord& run) { return run.status == status; }));
  }
  WakeSource source_of(const RunRecord& run) { return core_->wake_source(run.id).value(); }
  std::vector<storage::FlowState> flow_states() {
    return reader_->flow_states(std::nullopt, 1000).value();
  }

 private:
  void start() {
    const storage::Ownership ownership = journal_->acquire(0).value();
    reader_ = journal_->open_reader().value();
    seq_ = ownership.next_seq;
    core_ = std::make_unique<Core>(settings_, Random(7 + ownership.epoch));
    core_->begin_recovery(ownership);
    core_->recover_functions(reader_->functions().value());
    core_->recover_events(
        reader_->recent_events(now - std::chrono::minutes(1), 1000, 1u << 20).value());
    std::optional<storage::FlowStateKey> after;
    for (;;) {
      auto page = reader_->flow_states(after, 3).value();
      if (page.empty()) break;
      after = page.back().key;
      core_->recover_flow_states(std::move(page), now);
    }
    for (RunNo last = 0;;) {
      auto page = reader_->open_runs(last, 3).value();
      if (page.empty()) break;
      last = page.back().run.no;
      core_->recover_runs(std::move(page), now);
    }
    Transition out;
    core_->finish_recovery(now, out);
    finish(std::move(out));
    apply_waiting();
  }

  void apply_waiting() {
    while (!waiting_.empty()) {
      Input next = std::move(waiting_.front());
      waiting_.pop_front();
      const Lookup lookup = core_->lookups_of(next);
      if (!lookup.empty()) {
        auto found = look_up(*reader_, lookup, now - kDeduplicationWindow);
        REQUIRE(found.ok());
        attach(next, std::move(*found));
      }
      Transition out;
      core_->apply(std::move(next), now, seq_, out);
      finish(std::move(out));
    }
  }

  // Commits, then lets the effects happen.
  void finish(Transition out) {
    const std::vector<Finding> findings = core_->check();
    CHECK_MESSAGE(findings.empty(), (findings.empty() ? "" : findings.front().what));
    const storage::Batch batch{.epoch = core_->epoch(),
                               .expect_seq = seq_,
                               .last_pos = core_->last_pos(),
                               .records = std::move(out.writes)};
    const storage::CommitResult committed = journal_->commit(batch);
    REQUIRE_MESSAGE(committed.outcome == storage::CommitOutcome::kCommitted, committed.message);
    ++seq_;
    for (Effect& effect : out.effects) perform(std::move(effect));
  }

  void perform(Effect effect) {
    if (auto* start = std::get_if<StartCall>(&effect)) calls.push_back(std::move(start->call));
    if (auto* answer = std::get_if<Answer>(&effect)) answers.push_back(std::move(*answer));
    if (auto* load = std::get_if<LoadRun>(&effect)) {
      waiting_.push_back(RunLoaded{load->run, reader_->load_run(load->run, false)});
    }
    if (const auto* read = std::get_if<ReadEvents>(&effect)) {
      auto events = read_events(*reader_, *read);
      REQUIRE(events.ok());
      waiting_.push_back(std::move(*events));
    }
    if (auto* ended = std::get_if<RunEnded>(&effect)) {
      std::erase_if(calls, [&](const Call& call) { return call.run->no == ended->run; });
      ends.push_back(std::move(*ended));
    }
  }

  Settings settings_;
  std::unique_ptr<storage::MemoryJournal> journal_;
  std::unique_ptr<storage::JournalReader> reader_;
  std::unique_ptr<Core> core_;
  uint64_t seq_ = 0;
  std::deque<Input> waiting_;
};

}  // namespace stepwell::core::testing
