// S-2: nothing that the world was told is undone: it was durable when it was told, and every
// journal that a crash leaves behind still says so. What is durable is not denied.
#include <fmt/core.h>

#include <map>
#include <set>

#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class FactChecker : public Checker {
 public:
  void events_acked(const AcceptedEvents& accepted, const History&) override {
    acked_.insert(accepted.ids.begin(), accepted.ids.end());
    new_acked_.insert(accepted.ids.begin(), accepted.ids.end());
  }

  // S-15 sees to it that what the history holds is in every journal.
  void run_told(const RunId& run, const History& history) override {
    if (!history.run_by_id.contains(run)) {
      fail("S-2", "somebody was told of a run that is not stored: " + run.to_string());
    }
  }

  void run_denied(const RunId& run, const History& history) override {
    if (history.run_by_id.contains(run)) {
      fail("S-2", "somebody was told that there is no run " + run.to_string());
    }
  }

  void call_started(const core::Call& call, const History& history, Time) override {
    const RunRecord* run = history.find_run(call.run->no);
    if (run == nullptr) {
      return fail("S-2", fmt::format("run {} is called and not stored", call.run->no));
    }
    for (const core::MemoEntry& entry : call.memo) {
      const StepRecord* step = history.find_step(call.run->no, entry.key);
      bool is_stored = step != nullptr && step->state == entry.state && step->data == entry.data &&
                       step->resolved_pos == entry.resolved_pos;
      if (!is_stored) {
        fail("S-2", fmt::format("the memo \"{}\" of run {} is shown and not stored so", entry.id,
                                call.run->no));
      }
    }
  }

  void cancel_acked(const RunId& run, const History&) override {
    ended_[run] = new_ended_[run] = {RunStatus::kCancelled, ""};
  }

  void run_ended(const core::RunEnded& end, const History& history) override {
    const RunRecord* run = history.find_run(end.run);
    if (run == nullptr || run->status != end.status || run->output != end.output) {
      fail("S-2", fmt::format("the end of run {} is told and not stored", end.run));
    }
    ended_[end.id] = new_ended_[end.id] = {end.status, end.output};
  }

  void audit(storage::JournalReader& reader, const History&, Extent extent) override {
    const bool is_all = extent == Extent::kEverything;
    for (const EventId& id : is_all ? acked_ : new_acked_) {
      auto found = reader.find_event(id.to_string());
      if (!found || !*found) fail("S-2", "an acknowledged event is gone: " + id.to_string());
    }
    for (const auto& [id, end] : is_all ? ended_ : new_ended_) {
      auto found = reader.find_run(id);
      bool is_same = found && *found && (*found)->status == end.status &&
                     (end.output.empty() || (*found)->output == end.output);
      if (!is_same) fail("S-2", "an end that was told is undone: run " + id.to_string());
    }
    new_acked_.clear();
    new_ended_.clear();
  }

 private:
  struct End {
    RunStatus status;
    std::string output;
  };
  std::set<EventId> acked_;
  std::set<EventId> new_acked_;  // since the last audit
  std::map<RunId, End> ended_;
  std::map<RunId, End> new_ended_;
};

}  // namespace

std::unique_ptr<Checker> check_facts() {
  return std::make_unique<FactChecker>();
}

}  // namespace stepwell::sim
