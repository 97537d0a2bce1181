// S-9: of no limit is more in use than it allows, counted by the calls that the engine has under
// way and by the runs that have started; throttles let no more start in any span of time than they
// say; of a singleton one run is open, and none is skipped or cancelled for another that is none.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "schema/run_flow.h"
#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

class LimitChecker : public Checker {
 public:
  explicit LimitChecker(bool knows_clock) : knows_clock_(knows_clock) {}

  void after_batch(const storage::Batch& batch, const History& history, Time now) override {
    touched_.clear();
    for (const storage::Record& record : batch.records) {
      const auto* put = std::get_if<storage::PutRun>(&record);
      if (put != nullptr && !put->run.flow.empty()) {
        flows_[put->run.no] = parse_run_flow(put->run.flow);
      }
    }
    check_singletons(batch, history);
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutRun>(&record)) {
        moved(history.runs.at(put->run.no), history, now);
      }
      if (const auto* update = std::get_if<storage::UpdateRun>(&record)) {
        moved(history.runs.at(update->run.no), history, now);
        // Its slots are free from now on, whatever its code still does. Others may be called with
        // them before clients hear of the end.
        if (is_terminal(update->run.status)) forget_calls_of(update->run.no);
      }
    }
    for (const std::string& pool : touched_) check_pool(pool);
  }

  void call_started(const core::Call& call, const History& history, Time) override {
    const RunNo run = call.run->no;
    const RunRecord* record = history.find_run(run);
    if (record == nullptr) return;  // other checkers say so
    const FunctionConfig& config = history.functions.at(record->function.slug).config;
    calls_[call.id.number] = run;
    for (const ConcurrencyLimit& limit : config.flow.step_concurrency) {
      const std::string pool = pool_of("calls", limit, config.id.slug, run);
      if (limit.limit <= 0 || pool.empty()) continue;
      const Use use = use_of(limit, pool, history);
      if (use.calls <= use.limit) continue;
      fail("S-9",
           fmt::format("{} calls of \"{}\" are under way, {} may be", use.calls, pool, use.limit));
    }
  }

  void call_answered(const core::CallId& call) override { calls_.erase(call.number); }
  void run_ended(const core::RunEnded& end, const History&) override { forget_calls_of(end.run); }
  void crashed() override { calls_.clear(); }

 private:
  void forget_calls_of(RunNo run) {
    std::erase_if(calls_, [&](const auto& call) { return call.second == run; });
  }

  // Before what ends in the batch has ended.
  void check_singletons(const storage::Batch& batch, const History& history) {
    for (const storage::Record& record : batch.records) {
      if (const auto* put = std::get_if<storage::PutRun>(&record)) {
        if (put->run.status == RunStatus::kSkipped) check_skipped(put->run, history);
        if (const auto pool = singleton_of(put->run)) newest_[*pool] = put->run.no;
      }
    }
    for (const storage::Record& record : batch.records) {
      const auto* update = std::get_if<storage::UpdateRun>(&record);
      if (update == nullptr || !is_terminal(update->run.status)) continue;
      const RunRecord& run = history.runs.at(update->run.no);
      ended_.insert(run.no);
      const std::string message = run.error ? run.error->message : "";
      if (run.status != RunStatus::kCancelled || !message.ends_with("newer run of this singleton"))
        continue;
      const auto pool = singleton_of(run);
      if (!pool || newest_[*pool] <= run.no || mode_of(run, history) != SingletonMode::kCancel) {
        fail("S-9", fmt::format("run {} is cancelled, and no newer one took its place", run.no));
      }
    }
  }

  // "run ID of this singleton has not ended"
  void check_skipped(const RunRecord& run, const History& history) {
    const std::string message = run.error ? run.error->message : "";
    if (!message.ends_with(" of this singleton has not ended")) return;
    const std::optional<RunId> named = RunId::parse(message.substr(4, 26));
    const auto other = named ? history.run_by_id.find(*named) : history.run_by_id.end();
    const auto pool = singleton_of(run);
    if (other == history.run_by_id.end() || !pool || ended_.contains(other->second) ||
        singleton_of(history.runs.at(other->second)) != pool ||
        mode_of(run, history) != SingletonMode::kSkip) {
      fail("S-9", fmt::format("run {} is skipped, and no other is open: {}", run.no, message));
    }
  }

  std::optional<std::string> singleton_of(const RunRecord& run) const {
    const auto flow = flows_.find(run.no);
    if (flow == flows_.end() || !flow->second.singleton) return std::nullopt;
    return "singleton " + run.function.slug + " " + *flow->second.singleton;
  }
  static std::optional<SingletonMode> mode_of(const RunRecord& run, const History& history) {
    const auto& singleton = history.functions.at(run.function.slug).config.flow.singleton;
    if (!singleton) return std::nullopt;
    return singleton->mode;
  }

  // What the run shares with others under this limit; empty: it is not for this run.
  std::string pool_of(std::string_view what, const ConcurrencyLimit& limit,
                      const std::string& function, RunNo run) {
    std::string owner = limit.scope == ConcurrencyScope::kFunction
                            ? "function " + function + " " + limit.key
                            : fmt::format("scope {}", static_cast<int>(limit.scope));
    std::string value = "all";
    if (!limit.key.empty()) {
      const auto& keys = flows_[run].keys;
      auto found = keys.find(limit.key);
      if (found == keys.end()) return "";
      value = found->second ? "=" + *found->second : "?";
    }
    return fmt::format("{} {} {}", what, owner, value);
  }

  // Of all functions that share the pool. Each has a number of its own for it, and has its slot
  // before it is called, while its run is read: others with a larger number may come in between,
  // so that the largest is the bound.
  struct Use {
    int64_t calls = 0;
    int64_t limit = 0;
  };
  Use use_of(const ConcurrencyLimit& limit, const std::string& pool, const History& history) {
    Use use;
    for (const auto& [number, run] : calls_) {
      const std::string& slug = history.runs.at(run).function.slug;
      for (const ConcurrencyLimit& other :
           history.functions.at(slug).config.flow.step_concurrency) {
        if (other.scope != limit.scope || other.limit <= 0) continue;
        if (pool_of("calls", other, slug, run) != pool) continue;
        ++use.calls;
        use.limit = std::max(use.limit, other.limit);
        break;
      }
    }
    return use;
  }

  void moved(const RunRecord& run, const History& history, Time now) {
    const FunctionConfig& config = history.functions.at(run.function.slug).config;
    const bool is_open = !is_terminal(run.status);
    for (const ConcurrencyLimit& limit : config.flow.run_concurrency) {
      const std::string pool = pool_of("runs", limit, config.id.slug, run.no);
      if (limit.limit <= 0 || pool.empty()) continue;
      const bool is_shared = limit.scope != ConcurrencyScope::kFunction;
      sizes_[pool] = is_shared ? std::max(sizes_[pool], limit.limit) : limit.limit;
      hold(pool, run.no, is_open && run.status == RunStatus::kRunning);
    }
    if (const auto pool = singleton_of(run)) {
      sizes_[*pool] = 1;
      hold(*pool, run.no, is_open && !run.error);
    }
    const bool starts = run.status == RunStatus::kRunning && started_.insert(run.no).second;
    if (starts && config.flow.throttle && knows_clock_) {
      throttled(*config.flow.throttle, config.id.slug, run, now);
    }
  }

  void hold(const std::string& pool, RunNo run, bool holds) {
    holds ? (void)holders_[pool].insert(run) : (void)holders_[pool].erase(run);
    touched_.insert(pool);
  }

  void check_pool(const std::string& pool) {
    const auto in_use = static_cast<int64_t>(holders_[pool].size());
    if (in_use <= sizes_[pool]) return;
    fail("S-9", fmt::format("{} hold \"{}\", {} may", in_use, pool, sizes_[pool]));
  }

  void throttled(const Throttle& throttle, const std::string& slug, const RunRecord& run,
                 Time now) {
    std::string value = "all";
    if (!throttle.key.empty()) {
      const auto& keys = flows_[run.no].keys;
      auto found = keys.find(throttle.key);
      if (found == keys.end()) return;
      value = found->second ? "=" + *found->second : "?";
    }
    std::vector<Time>& starts = starts_[slug + " " + value];
    const Time start = run.started_at.value_or(now);
    // A batch may tell of a run that is created and started in it before one that started sooner.
    const auto place = starts.insert(std::upper_bound(starts.begin(), starts.end(), start), start);
    const auto last = static_cast<size_t>(place - starts.begin());
    const int64_t capacity = throttle.limit + throttle.burst;
    for (size_t first = 0; first <= last; ++first) {
      const auto count = static_cast<int64_t>(last + 1 - first);
      // So many take at least so long: exact, in whole milliseconds times the limit.
      const int64_t least = (count - capacity) * throttle.period.count();
      if ((start - starts[first]).count() * throttle.limit + throttle.limit > least) continue;
      fail("S-9", fmt::format("{} runs of {} start within {}", count, slug,
                              format_duration(start - starts[first])));
      return;
    }
  }

  bool knows_clock_;
  std::map<RunNo, RunFlow> flows_;
  std::map<uint64_t, RunNo> calls_;
  std::set<RunNo> ended_;                // in batches before
  std::map<std::string, RunNo> newest_;  // of each singleton
  std::map<std::string, std::set<RunNo>> holders_;
  std::map<std::string, int64_t> sizes_;
  std::set<std::string> touched_;
  std::set<RunNo> started_;
  std::map<std::string, std::vector<Time>> starts_;
};

}  // namespace

std::unique_ptr<Checker> check_limits(const CheckOptions& options) {
  return std::make_unique<LimitChecker>(options.knows_lookback);
}

}  // namespace stepwell::sim
