// S-5: a run ends once, with its events exactly once and in the same batch; nothing is recorded of
// it afterwards. S-6: every open run has something that will wake it, and in the end none is open.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class EndChecker : public Checker {
 public:
  void before_batch(const storage::Batch& batch, const History& history) override {
    std::map<RunNo, RunRecord> ends;
    std::map<std::pair<RunNo, std::string>, int> events;
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutRun>(&record))
        end_events_[put->run.no] = put->run.end_events;
      if (const auto* put = std::get_if<storage::PutEvent>(&record)) {
        if (put->event.of_run != 0) ++events[{put->event.of_run, put->event.event.name}];
      }
      RunNo changed = run_of(record);
      if (changed != 0 && ended_.contains(changed)) {
        fail("S-5", fmt::format("run {} has ended, and something is recorded of it", changed));
      }
      if (const auto* update = std::get_if<storage::UpdateRun>(&record)) {
        if (is_terminal(update->run.status)) {
          ended_.insert(update->run.no);
          ends.emplace(update->run.no, update->run);
        }
      }
    }
    (void)history;  // what has ended is kept here
    for (const auto& [no, run] : ends) check_events_of(run, events);
    for (const auto& [key, count] : events) {
      if (!ends.contains(key.first)) {
        fail("S-5", fmt::format("{} of run {}, which does not end", key.second, key.first));
      }
    }
  }

 private:
  void check_events_of(const RunRecord& run, std::map<std::pair<RunNo, std::string>, int>& events) {
    const EndEvents due = end_events_[run.no];
    auto expect = [&](std::string_view name, bool is_due) {
      int count = events[{run.no, std::string(name)}];
      if (count != (is_due && due != EndEvents::kNone ? 1 : 0)) {
        fail("S-5", fmt::format("run {} ended as {} with {} events {}", run.no,
                                run_status_name(run.status), count, name));
      }
    };
    expect(kFunctionFinished, true);
    expect(kFunctionFailed, run.status == RunStatus::kFailed);
    expect(kFunctionCancelled,
           run.status == RunStatus::kCancelled && due != EndEvents::kNotCancelled);
  }

  std::map<RunNo, EndEvents> end_events_;
  std::set<RunNo> ended_;
};

class WakeChecker : public Checker {
 public:
  explicit WakeChecker(std::vector<std::string> may_stay_open)
      : may_stay_open_(std::move(may_stay_open)) {}

  void found(const core::Finding& finding) override {
    fail("S-6", fmt::format("run {}: {}", finding.run.to_string(), finding.what));
  }

  void ended(const History& history) override {
    for (const auto& [no, run] : history.runs) {
      bool may_stay = std::find(may_stay_open_.begin(), may_stay_open_.end(), run.function.slug) !=
                      may_stay_open_.end();
      if (!is_terminal(run.status) && !may_stay) {
        fail("S-6", fmt::format("run {} of {} never ended", no, run.function.slug));
      }
    }
  }

 private:
  std::vector<std::string> may_stay_open_;
};

}  // namespace

std::unique_ptr<Checker> check_ends() {
  return std::make_unique<EndChecker>();
}

std::unique_ptr<Checker> check_wake_sources(std::vector<std::string> may_stay_open) {
  return std::make_unique<WakeChecker>(std::move(may_stay_open));
}

}  // namespace stepwell::sim
