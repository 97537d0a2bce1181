// S-13: each instant of a schedule starts its function exactly once: never twice, never early,
// never at another time; the note that it was seen to comes with the run. Several that are due at
// once count as their latest, which happens only when the engine was down or the clock jumped.
#include <fmt/core.h>

#include <map>
#include <set>

#include "engine/expr/zone.h"
#include "engine/flow/cron_book.h"
#include "engine/flow/schedule.h"
#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class CronChecker : public Checker {
 public:
  explicit CronChecker(const CheckOptions& options)
      : lateness_(options.lateness), calm_since_(options.calm_since) {}

  void crashed() override { is_disturbed_ = true; }
  void clock_jumps(Time) override { is_disturbed_ = true; }

  void after_batch(const storage::Batch& batch, const History& history, Time now) override {
    if (is_disturbed_) quiet_since_ = now;
    is_disturbed_ = false;
    for (const storage::Record& record : batch.records) {
      if (const auto* function = std::get_if<storage::PutFunction>(&record)) {
        functions_[function->config.id.slug] = *function;
      }
      if (const auto* put = std::get_if<storage::PutRun>(&record)) started(put->run, history);
    }
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutFlowState>(&record)) {
        if (put->key.kind == storage::FlowKind::kCron) seen(*put, now);
      }
      if (const auto* drop = std::get_if<storage::DropFlowState>(&record)) {
        if (drop->kind == storage::FlowKind::kCron) seen_.erase({drop->function, drop->key});
      }
    }
  }

 private:
  // After a start, or a full disk: until then it may be busy with itself.
  static constexpr Duration kRest = std::chrono::minutes(5);

  void started(const RunRecord& run, const History& history) {
    const Event& event = history.events.at(run.events.front()).event;
    if (event.name != kScheduledTimer || run.rerun_of) return;
    const Time instant = parse_rfc3339(event.id).value();
    const std::string& slug = run.function.slug;
    if (!instants_[slug].insert(instant).second) {
      fail("S-13", fmt::format("{} is started twice for {}", slug, event.id));
    }
    if (run.created_at < instant) {
      fail("S-13", fmt::format("{} is started for {} before it", slug, event.id));
    }
    bool is_due = false;
    for (const Trigger& trigger : functions_[slug].config.triggers) {
      if (trigger.cron.empty()) continue;
      if (!flow::Schedule::parse(trigger.cron).value().is_due_at(instant)) continue;
      is_due = true;
      note_local_time(slug, trigger.cron, instant);
    }
    if (!is_due || functions_[slug].archived) {
      fail("S-13", fmt::format("{} is started for {}, which it does not name", slug, event.id));
    }
  }

  // Clocks that are put back show a time twice, and it counts once; unless it is for every hour.
  void note_local_time(const std::string& slug, const std::string& text, Time instant) {
    const Cron cron = parse_cron(text).value();
    if (cron.hours == (uint64_t{1} << 24) - 1) return;
    const int64_t second = to_millis(instant) / 1000;
    const int64_t local = second + expr::zone_offset(cron.zone, second).value();
    if (!local_times_[slug + "\n" + text].insert(local).second) {
      fail("S-13", fmt::format("{} is started twice for one time of \"{}\"", slug, text));
    }
  }

  // Up to `row.at` all instants of this schedule have been seen to.
  void seen(const storage::PutFlowState& row, Time now) {
    const std::pair key{row.key.function, row.key.key};
    const auto before = seen_.find(key);
    if (before == seen_.end()) {
      seen_[key] = row.at;
      return;
    }
    const flow::Schedule schedule = flow::Schedule::parse(row.key.key).value();
    if (!instants_[row.key.function].contains(row.at)) {
      fail("S-13", fmt::format("{} of {} was seen to without a run", format_rfc3339(row.at),
                               row.key.function));
    }
    const std::optional<Time> first = schedule.next(before->second);
    const bool is_calm = first && *first > calm_since_ && lateness_ > Duration(0);
    const bool is_quiet = first && *first > quiet_since_ + kRest;
    if ((is_calm || is_quiet) && *first != row.at) {
      fail("S-13",
           fmt::format("{} of {} was passed over", format_rfc3339(*first), row.key.function));
    }
    if (is_calm && now - row.at > lateness_ + shift_of(row.key)) {
      fail("S-13", fmt::format("{} of {} is run {} late", format_rfc3339(row.at), row.key.function,
                               format_duration(now - row.at)));
    }
    before->second = row.at;
  }

  Duration shift_of(const storage::FlowStateKey& key) {
    for (const Trigger& trigger : functions_[key.function].config.triggers) {
      if (trigger.cron == key.key) return flow::cron_shift(key.function, key.key, trigger.jitter);
    }
    return Duration(0);
  }

  Duration lateness_;
  Time calm_since_;
  Time quiet_since_{};  // the first commit after the last crash or jump
  bool is_disturbed_ = false;
  std::map<std::string, storage::PutFunction> functions_;
  std::map<std::string, std::set<Time>> instants_;        // that started each function
  std::map<std::string, std::set<int64_t>> local_times_;  // by function and schedule
  std::map<std::pair<std::string, std::string>, Time> seen_;
};

}  // namespace

std::unique_ptr<Checker> check_crons(const CheckOptions& options) {
  return std::make_unique<CronChecker>(options);
}

}  // namespace stepwell::sim
