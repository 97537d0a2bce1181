// Of a paused function nothing is called that was not called before, and what triggers it is
// skipped, from the commit of the pause to that of the resumption. A run that did not start or end
// in time is cancelled, soon; and only such a run is cancelled for it.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

// What faults may take from an engine that is late.
constexpr Duration kFaults = std::chrono::minutes(10);

class PauseChecker : public Checker {
 public:
  explicit PauseChecker(const CheckOptions& options)
      : lateness_(options.lateness),
        calm_since_(options.calm_since),
        knows_time_(options.knows_lookback) {}

  void after_batch(const storage::Batch& batch, const History& history, Time now) override {
    for (const storage::Record& record : batch.records) {
      if (const auto* function = std::get_if<storage::PutFunction>(&record)) {
        flows_[function->config.id.slug] = function->config.flow;
        known_since_[function->config.id.slug] = now;
      }
      if (const auto* put = std::get_if<storage::PutFlowState>(&record)) {
        if (put->key.kind == storage::FlowKind::kPaused) paused_.insert(put->key.function);
      }
      if (const auto* drop = std::get_if<storage::DropFlowState>(&record)) {
        if (drop->kind == storage::FlowKind::kPaused) paused_.erase(drop->function);
      }
      if (const auto* put = std::get_if<storage::PutRun>(&record)) created(put->run);
      if (const auto* update = std::get_if<storage::UpdateRun>(&record)) {
        const RunRecord& run = history.runs.at(update->run.no);
        ended(update->run, history, now);
        check_timeouts(run);
      }
    }
  }

  void call_started(const core::Call& call, const History& history, Time) override {
    // A call that was decided before the pause may leave in its batch; what is durable counts.
    const std::string& slug = call.run->function.slug;
    if (paused_.contains(slug) && history.seq > paused_before_[slug]) {
      fail("pause", fmt::format("run {} of {}, which is paused, is called", call.run->no, slug));
    }
  }

  void clock_jumps(Time before) override {
    latest_ = std::max(latest_, before);
    knows_time_ = false;
  }

  void before_batch(const storage::Batch& batch, const History& history) override {
    for (const storage::Record& record : batch.records) {
      const auto* put = std::get_if<storage::PutFlowState>(&record);
      if (put != nullptr && put->key.kind == storage::FlowKind::kPaused) {
        paused_before_[put->key.function] = history.seq + 1;
      }
    }
  }

 private:
  void created(const RunRecord& run) {
    const bool is_for_pause = is_skipped_by_pause(run);
    if (is_for_pause != paused_.contains(run.function.slug)) {
      fail("pause",
           fmt::format("run {} of {} begins as {}, and the function is {}paused", run.no,
                       run.function.slug, run_status_name(run.status), is_for_pause ? "not " : ""));
    }
  }

  void ended(const RunRecord& run, const History& history, Time now) {
    if (!is_terminal(run.status)) return;
    now = std::max(now, latest_);
    const RunRecord& whole = history.runs.at(run.no);
    const FlowControl& flow = flows_[whole.function.slug];
    const std::string message = run.error ? run.error->message : "";
    if (message.ends_with("(timeouts.start)")) {
      if (whole.started_at || now < whole.created_at + flow.start_timeout.value()) {
        fail("timeouts", fmt::format("run {} is cancelled for a start in time", run.no));
      }
    } else if (message.ends_with("(timeouts.finish)")) {
      if (!whole.started_at || now < *whole.started_at + flow.finish_timeout.value()) {
        fail("timeouts", fmt::format("run {} is cancelled too early", run.no));
      }
    }
  }

  // However the run ends, a limit of time that it broke would have ended it before.
  void check_timeouts(const RunRecord& run) {
    if (lateness_ == Duration(0) || !knows_time_) return;
    const FlowControl& flow = flows_[run.function.slug];
    const std::optional<Time> moved = run.started_at ? run.started_at : run.ended_at;
    if (flow.start_timeout && moved) {
      check_in_time(run, *moved, run.created_at + *flow.start_timeout, "start");
    }
    if (flow.finish_timeout && run.started_at && run.ended_at) {
      check_in_time(run, *run.ended_at, *run.started_at + *flow.finish_timeout, "finish");
    }
  }

  void check_in_time(const RunRecord& run, Time at, Time due, std::string_view what) {
    due = std::max(due, known_since_[run.function.slug]);
    const Duration most = due < calm_since_ ? lateness_ + kFaults : lateness_;
    if (at <= due + most) return;
    fail("timeouts",
         fmt::format("run {} is {} past its timeouts.{}", run.no, format_duration(at - due), what));
  }

  Duration lateness_;
  Time calm_since_;
  bool knows_time_;
  Time latest_{};  // that the clock showed before it was put back: decisions may be that old
  std::map<std::string, FlowControl> flows_;
  std::map<std::string, Time> known_since_;  // the configuration
  std::set<std::string> paused_;
  std::map<std::string, uint64_t> paused_before_;  // by function: the batch of its pause
};

}  // namespace

std::unique_ptr<Checker> check_pauses(const CheckOptions& options) {
  return std::make_unique<PauseChecker>(options);
}

}  // namespace stepwell::sim
