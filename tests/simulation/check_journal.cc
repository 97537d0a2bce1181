// S-15: at each crash and at the end the journal holds exactly what was committed, and its tables
// agree with each other. Most crashes of a random world look only at what has changed since the
// last.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

constexpr size_t kPage = 16;

bool is_same(const Event& a, const Event& b) {
  return a.name == b.name && a.id == b.id && a.data == b.data && a.user == b.user &&
         a.version == b.version && a.ts == b.ts;
}

bool is_same(const EventRecord& a, const EventRecord& b) {
  return a.pos == b.pos && a.id == b.id && a.has_user_id == b.has_user_id &&
         a.received_at == b.received_at && a.of_run == b.of_run && is_same(a.event, b.event);
}

bool is_same(const AttemptRecord& a, const AttemptRecord& b) {
  return a.pos == b.pos && a.run == b.run && a.step == b.step && a.attempt == b.attempt &&
         a.started_at == b.started_at && a.ended_at == b.ended_at && a.error == b.error &&
         a.retry_at == b.retry_at;
}

bool is_same(const storage::StoredFunction& a, const storage::StoredFunction& b) {
  return a.archived == b.archived &&
         function_config_json(a.config) == function_config_json(b.config);
}

bool is_same(const StepRecord& a, const StepRecord& b) {
  return a.pos == b.pos && a.run == b.run && a.key == b.key && a.id == b.id && a.kind == b.kind &&
         a.state == b.state && a.resolved_pos == b.resolved_pos && a.base == b.base &&
         a.registered_at == b.registered_at && a.resolved_at == b.resolved_at && a.due == b.due &&
         a.attempts == b.attempts && a.target == b.target && a.expression == b.expression &&
         a.data == b.data && a.error == b.error && a.resolved_event == b.resolved_event &&
         a.invoked_run == b.invoked_run;
}

bool is_same(const RunRecord& a, const RunRecord& b) {
  return a.no == b.no && a.id == b.id && a.function == b.function && a.status == b.status &&
         a.events == b.events && a.event_id == b.event_id && a.created_at == b.created_at &&
         a.start_at == b.start_at && a.started_at == b.started_at && a.ended_at == b.ended_at &&
         a.ended_pos == b.ended_pos && a.output == b.output && a.error == b.error &&
         a.invoked_by == b.invoked_by && a.rerun_of == b.rerun_of && a.end_events == b.end_events &&
         a.flow == b.flow && a.attempt == b.attempt && a.retry_at == b.retry_at &&
         a.deaths == b.deaths && a.deaths_alone == b.deaths_alone && a.deaths_pos == b.deaths_pos &&
         a.dialect == b.dialect;
}

// Whether the rows, in their order, are those that were committed, which are kept by a key.
template <typename Key, typename T>
bool are_same(const std::map<Key, T>& known, const std::vector<T>& found) {
  return std::equal(known.begin(), known.end(), found.begin(), found.end(),
                    [](const auto& a, const T& b) { return is_same(a.second, b); });
}

// What is kept of the run; nothing: an empty map.
template <typename T>
const std::map<Position, T>& of_run(const std::map<RunNo, std::map<Position, T>>& all, RunNo run) {
  static const std::map<Position, T> kNone;
  auto found = all.find(run);
  return found == all.end() ? kNone : found->second;
}

class JournalChecker : public Checker {
 public:
  void before_batch(const storage::Batch& batch, const History&) override {
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutEvent>(&record)) {
        changed_events_.insert(put->event.pos);
      } else if (std::holds_alternative<storage::PutFunction>(record)) {
        has_new_functions_ = true;
      } else if (RunNo run = run_of(record)) {
        changed_runs_.insert(run);
      }
    }
  }

  void audit(storage::JournalReader& reader, const History& history, Extent extent) override {
    if (extent == Extent::kEverything) {
      auto findings = reader.check(true);
      if (!findings) return fail("S-15", "the journal cannot be checked");
      for (const std::string& finding : *findings) fail("S-15", finding);
      for (const auto& [pos, event] : history.events) check_event(reader, history, event);
      for (const auto& [no, run] : history.runs) check_run(reader, history, run);
    } else {
      for (Position pos : changed_events_) check_event(reader, history, history.events.at(pos));
      for (RunNo no : changed_runs_) check_run(reader, history, history.runs.at(no));
    }
    changed_events_.clear();
    changed_runs_.clear();
    if (extent == Extent::kEverything || has_new_functions_) check_functions(reader, history);
    has_new_functions_ = false;
    check_open_runs(reader, history);
    check_flow_states(reader, history);
    check_messages(reader, history);
  }

 private:
  void check_messages(storage::JournalReader& reader, const History& history) {
    const auto page = reader.messages(0, history.messages.size() + 1);
    const auto is_same = [](const auto& known, const MessageRecord& found) {
      const MessageRecord& wanted = known.second;
      return wanted.pos == found.pos && wanted.run == found.run &&
             wanted.created_at == found.created_at &&
             wanted.content.channel == found.content.channel &&
             wanted.content.topic == found.content.topic &&
             wanted.content.data == found.content.data;
    };
    const bool is_equal = page.ok() && page->dropped_through == history.messages_dropped &&
                          page->messages.size() == history.messages.size() &&
                          std::equal(history.messages.begin(), history.messages.end(),
                                     page->messages.begin(), is_same);
    if (!is_equal) fail("S-15", "the messages are not those that were committed");
  }

  void check_event(storage::JournalReader& reader, const History& history,
                   const EventRecord& event) {
    auto found = reader.event_at(event.pos);
    bool is_stored = found && *found && is_same(**found, history.shown(event));
    if (!is_stored) {
      fail("S-15", fmt::format("the event at {} is not what was committed", event.pos));
    }
  }

  void check_run(storage::JournalReader& reader, const History& history, const RunRecord& run) {
    auto snapshot = reader.load_run(run.no, true);
    if (!snapshot || !is_same(snapshot->run, run)) {
      return fail("S-15", fmt::format("run {} is not what was committed", run.no));
    }
    const auto& steps = of_run(history.steps, run.no);
    if (!are_same(steps, snapshot->steps)) {
      fail("S-15", fmt::format("the steps of run {} differ", run.no));
    }
    if (!are_same(of_run(history.attempts, run.no), snapshot->attempts)) {
      fail("S-15", fmt::format("the attempts of run {} differ", run.no));
    }
    for (const auto& [pos, step] : steps) {
      if (is_terminal(run.status) && step.state == StepState::kPending) {
        fail("S-15", fmt::format("run {} has ended and step \"{}\" is pending", run.no, step.id));
      }
      if (step.resolved_event != 0 && !history.events.contains(step.resolved_event)) {
        fail("S-15", fmt::format("step \"{}\" was resolved by no event", step.id));
      }
    }
  }

  void check_functions(storage::JournalReader& reader, const History& history) {
    auto functions = reader.functions();
    if (functions) {
      std::sort(functions->begin(), functions->end(),
                [](const auto& a, const auto& b) { return a.config.id.slug < b.config.id.slug; });
    }
    if (!functions || !are_same(history.functions, *functions)) {
      fail("S-15", "the functions are not those that were committed");
    }
  }

  void check_flow_states(storage::JournalReader& reader, const History& history) {
    auto expected = history.flow_states.begin();
    std::optional<storage::FlowStateKey> after;
    for (;;) {
      auto page = reader.flow_states(after, kPage);
      if (!page || page->empty()) break;
      for (const storage::FlowState& found : *page) {
        const bool is_same = expected != history.flow_states.end() &&
                             expected->first == found.key && expected->second.at == found.at &&
                             expected->second.data == found.data;
        if (!is_same) return fail("S-15", "the flow state is not what was committed");
        ++expected;
      }
      after = page->back().key;
    }
    if (expected != history.flow_states.end()) fail("S-15", "flow state is missing");
  }

  void check_open_runs(storage::JournalReader& reader, const History& history) {
    std::vector<RunNo> open;
    for (RunNo after = 0;;) {
      auto page = reader.open_runs(after, kPage);
      if (!page || page->empty()) break;
      for (const storage::OpenRun& run : *page) open.push_back(run.run.no);
      after = open.back();
    }
    std::vector<RunNo> expected;
    for (const auto& [no, run] : history.runs) {
      if (!is_terminal(run.status)) expected.push_back(no);
    }
    if (open != expected) fail("S-15", "the open runs of the journal are not those that are open");
  }

  std::set<Position> changed_events_;
  std::set<RunNo> changed_runs_;
  bool has_new_functions_ = false;
};

}  // namespace

std::unique_ptr<Checker> check_journal() {
  return std::make_unique<JournalChecker>();
}

void add_all_checkers(Ledger& ledger, const CheckOptions& options) {
  ledger.add(check_events());
  ledger.add(check_facts());
  ledger.add(check_memos());
  ledger.add(check_attempts());
  ledger.add(check_ends());
  ledger.add(check_wake_sources(options.may_stay_open));
  ledger.add(check_waits(options));
  ledger.add(check_signals());
  ledger.add(check_timers(options));
  ledger.add(check_limits(options));
  ledger.add(check_intake(options));
  ledger.add(check_cancellations());
  ledger.add(check_invokes());
  ledger.add(check_crons(options));
  ledger.add(check_journal());
  ledger.add(check_pauses(options));
}

}  // namespace stepwell::sim
