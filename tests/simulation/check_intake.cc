// S-9, of what comes in: no stretch of a rate limit's period holds more starts than the limit, and
// nothing is turned away below it; each event is in exactly one batch, and no batch is too large or
// starts too early; of events in quick succession exactly the last starts a run.
//
// Judges functions whose keys are `event.data.key` or none. What it says about time holds while the
// clock does not jump.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/core/condition.h"
#include "schema/json.h"
#include "schema/run_flow.h"
#include "tests/simulation/checkers.h"
#include "tests/simulation/triggers.h"

namespace stepwell::sim {
namespace {

constexpr Duration kWindow = std::chrono::hours(24);
constexpr Duration kEdge = std::chrono::minutes(1);  // near the window's end either is right

// An event that triggered a function.
struct Arrival {
  Position pos = 0;
  Time ts{};
  Time at{};
  // It need not start anything: an event of the same id came before, or it is an invocation.
  bool is_copy = false;
  // A later one may have been waiting when it came: then it never took a place.
  bool may_be_too_old = false;
  bool has_started = false;
  bool is_over = false;  // it waits no more
};

struct Watched {
  Triggers function;
  core::Condition is_batched;                            // of its events, which
  std::map<std::string, std::vector<Arrival>> arrivals;  // by key
  std::map<std::string, std::vector<Time>> starts;       // by key
  std::set<Position> used;                               // events of its runs
  std::map<std::string, Time> ids;                       // sender's ids of those, and when
  std::set<std::string> seen_ids;                        // sender's ids of all that came for it
};

class IntakeChecker : public Checker {
 public:
  explicit IntakeChecker(const CheckOptions& options) : knows_time_(options.knows_lookback) {}

  void after_batch(const storage::Batch& batch, const History& history, Time) override {
    std::map<std::pair<std::string, Position>, const RunRecord*> runs;
    for (const storage::Record& record : batch.records) {
      const auto* put = std::get_if<storage::PutRun>(&record);
      if (put == nullptr || put->run.events.empty()) continue;
      runs.emplace(std::pair(put->run.function.slug, put->run.events.front()), &put->run);
    }
    for (const storage::Record& record : batch.records) {
      if (const auto* function = std::get_if<storage::PutFunction>(&record)) {
        Triggers triggers(*function);
        if (triggers.gathers()) watch(std::move(triggers));
      } else if (const auto* event = std::get_if<storage::PutEvent>(&record)) {
        for (auto& [slug, watched] : watched_) {
          const auto run = runs.find({slug, event->event.pos});
          arrived(watched, event->event, history, run == runs.end() ? nullptr : run->second);
        }
      } else if (const auto* state = std::get_if<storage::PutFlowState>(&record)) {
        if (state->key.kind == storage::FlowKind::kDebounce) invoked(*state, history);
      } else if (const auto* put = std::get_if<storage::PutRun>(&record)) {
        const auto watched = watched_.find(put->run.function.slug);
        if (watched != watched_.end() && !put->run.rerun_of) {
          started(watched->second, put->run, history);
        }
      }
    }
  }

  void clock_jumps(Time before) override {
    knows_time_ = false;
    latest_ = std::max(latest_, before);
  }

  void ended(const History&) override {
    for (const auto& [slug, watched] : watched_) {
      if (watched.function.is_archived()) continue;
      for (const auto& [key, arrivals] : watched.arrivals) {
        for (const Arrival& arrival : arrivals) {
          if (arrival.is_copy || arrival.has_started) continue;
          if (watched.function.config().flow.batching) {
            fail("S-9", fmt::format("event {} is in no batch of {}", arrival.pos, slug));
          } else if (knows_debounced(watched) && knows_time_ &&
                     !is_superseded(watched, arrivals, arrival, true)) {
            fail("S-9", fmt::format("event {} was debounced by {}, and no other took its place",
                                    arrival.pos, slug));
          }
        }
      }
    }
  }

 private:
  void watch(Triggers function) {
    Watched& watched = watched_[function.config().id.slug];
    const std::optional<Batching>& batching = function.config().flow.batching;
    if (batching) watched.is_batched = core::Condition::compile(batching->condition).value();
    watched.function = std::move(function);
  }
  static bool may_join_batch(const Watched& watched, const std::string& json, Time now) {
    return watched.function.config().flow.batching && watched.is_batched.matches_trigger(json, now);
  }

  static std::string key_of(const EventRecord& event) {
    const auto key = JsonView::trusted(event.event.data).find("key");
    return key ? std::string(key->text()) : "";
  }
  static std::string place_of(const Watched& watched, const EventRecord& event) {
    const FlowControl& flow = watched.function.config().flow;
    const bool has_key = !flow.idempotency.empty() ||
                         (flow.rate_limit && !flow.rate_limit->key.empty()) ||
                         (flow.debounce && !flow.debounce->key.empty()) ||
                         (flow.batching && !flow.batching->key.empty());
    return has_key ? key_of(event) : "";
  }

  void arrived(Watched& watched, const EventRecord& event, const History& history,
               const RunRecord* run) {
    const Event shown = history.shown(event).event;
    const std::string json = event_json(shown);
    if (!watched.function.match(shown, json, event.received_at)) return;
    // What had the same id and was not for this function makes no copy of it.
    const bool is_copy = event.has_user_id && !watched.seen_ids.insert(event.event.id).second;
    if (run != nullptr && is_skipped_by_pause(*run)) return;
    const std::string place = place_of(watched, event);
    const FlowControl& flow = watched.function.config().flow;
    if (flow.batching && !may_join_batch(watched, json, event.received_at)) {
      if (run != nullptr || is_copy) return;
      return fail("S-9", fmt::format("event {} is for no batch, and starts no run", event.pos));
    }
    add(watched.arrivals[place], event, is_copy);
    if (const auto limit = rate_of(watched)) {
      if (run == nullptr && !is_copy) turned_away(watched, *limit, place, event);
    } else if (run != nullptr) {
      fail("S-9", fmt::format("event {} started a run at once", event.pos));
    }
  }

  // What an invocation is for does not stand in its event: it is known where it takes the place of
  // others.
  void invoked(const storage::PutFlowState& state, const History& history) {
    const auto watched = watched_.find(state.key.function);
    const auto latest = JsonView::trusted(state.data).find("e");
    if (watched == watched_.end() || !latest) return;
    const auto pos = static_cast<Position>(latest->as_int64().value_or(0));
    const EventRecord& event = history.events.at(pos);
    if (event.event.name != kFunctionInvoked) return;
    add(watched->second.arrivals[place_of(watched->second, event)], event, true);
  }

  static void add(std::vector<Arrival>& arrivals, const EventRecord& event, bool is_copy) {
    Arrival added{
        .pos = event.pos, .ts = event.event.ts, .at = event.received_at, .is_copy = is_copy};
    added.may_be_too_old = std::any_of(arrivals.begin(), arrivals.end(), [&](const Arrival& other) {
      return !other.is_over && other.pos < added.pos && other.ts > added.ts;
    });
    arrivals.push_back(added);
  }

  static std::optional<RateLimit> rate_of(const Watched& watched) {
    const FlowControl& flow = watched.function.config().flow;
    if (!flow.idempotency.empty()) return RateLimit{1, kMaxRateLimitPeriod, flow.idempotency};
    return flow.rate_limit;
  }
  // What lacks the key that the limit goes by, as invocations without data do.
  static bool is_unlimited(const Watched& watched, const std::string& place) {
    return place.empty() && !rate_of(watched)->key.empty();
  }

  void turned_away(const Watched& watched, const RateLimit& limit, const std::string& place,
                   const EventRecord& event) {
    if (watched.function.config().flow.debounce || !knows_time_) return;
    int64_t recent = 0;
    if (const auto starts = watched.starts.find(place); starts != watched.starts.end()) {
      for (const Time start : starts->second) recent += start + limit.period > event.received_at;
    }
    if (recent >= limit.limit) return;
    fail("S-9", fmt::format("event {} was turned away by {} after {} starts", event.pos,
                            watched.function.config().id.slug, recent));
  }

  void started(Watched& watched, const RunRecord& run, const History& history) {
    const std::string& slug = watched.function.config().id.slug;
    const EventRecord& first = history.events.at(run.events.front());
    const std::string place = place_of(watched, first);
    for (const Position pos : run.events) {
      const EventRecord& event = history.events.at(pos);
      if (!watched.used.insert(pos).second) {
        fail("S-9", fmt::format("event {} is in two runs of {}", pos, slug));
      }
      if (place_of(watched, event) != place) {
        fail("S-9", fmt::format("run {} of {} has events of two keys", run.no, slug));
      }
      if (event.has_user_id) check_id(watched, event, run);
      for (Arrival& arrival : watched.arrivals[place]) {
        arrival.has_started |= arrival.pos == pos;
        arrival.is_over |= arrival.pos <= pos;
      }
    }
    if (is_skipped_by_pause(run)) return;
    const FlowControl& flow = watched.function.config().flow;
    const std::string json = event_json(history.shown(first).event);
    if (may_join_batch(watched, json, first.received_at)) {
      return check_batch(*flow.batching, run, first);
    }
    if (run.events.size() != 1) fail("S-9", fmt::format("run {} is a batch", run.no));
    if (flow.debounce) return check_debounced(watched, run, first, place);
    check_rate(watched, run, place);
  }

  void check_id(Watched& watched, const EventRecord& event, const RunRecord& run) {
    const auto [before, is_new] = watched.ids.try_emplace(event.event.id, run.created_at);
    if (!is_new && run.created_at - before->second < kWindow - kEdge) {
      fail("S-9", fmt::format("copies of event \"{}\" are in two runs of {}", event.event.id,
                              run.function.slug));
    }
    before->second = run.created_at;
  }

  void check_batch(const Batching& batching, const RunRecord& run, const EventRecord& first) {
    const auto size = static_cast<int64_t>(run.events.size());
    if (!parse_run_flow(run.flow).batched_at) {
      fail("S-9", fmt::format("run {} is no batch", run.no));
    }
    if (size > batching.max_size) {
      fail("S-9",
           fmt::format("a batch of {} events, at most {} are asked for", size, batching.max_size));
    }
    if (size < batching.max_size && knows_time_ &&
        run.created_at < first.received_at + batching.timeout) {
      fail("S-9", fmt::format("run {} has {} events before its timeout", run.no, size));
    }
    if (!std::is_sorted(run.events.begin(), run.events.end())) {
      fail("S-9", fmt::format("run {} has events out of order", run.no));
    }
  }

  void check_debounced(const Watched& watched, const RunRecord& run, const EventRecord& event,
                       const std::string& place) {
    const Debounce& debounce = *watched.function.config().flow.debounce;
    if (debounce.timeout || !knows_time_) return;
    if (run.created_at < event.received_at + debounce.period) {
      fail("S-9", fmt::format("run {} did not wait for its debounce", run.no));
    }
    const Arrival own{.pos = event.pos, .ts = event.event.ts, .at = event.received_at};
    if (knows_debounced(watched) &&
        is_superseded(watched, watched.arrivals.at(place), own, false)) {
      fail("S-9", fmt::format("run {} has event {}, which another had taken the place of", run.no,
                              event.pos));
    }
  }

  // A rate limit comes before the debounce: which events it let through is not told here.
  static bool knows_debounced(const Watched& watched) {
    return watched.function.config().flow.debounce && !rate_of(watched);
  }

  // Another event came while it waited, or was there when it came, and is later. A copy of an event
  // may have done so or not, and so may one that came while a still later one was there.
  static bool is_superseded(const Watched& watched, const std::vector<Arrival>& arrivals,
                            const Arrival& arrival, bool counts_unsure) {
    const Duration period = watched.function.config().flow.debounce->period;
    return std::any_of(arrivals.begin(), arrivals.end(), [&](const Arrival& other) {
      if (other.is_copy && !counts_unsure) return false;
      if (other.pos > arrival.pos) {
        return other.ts >= arrival.ts && other.at < arrival.at + period;
      }
      if (other.may_be_too_old && !counts_unsure) return false;
      return other.pos < arrival.pos && other.ts > arrival.ts && arrival.at < other.at + period;
    });
  }

  void check_rate(Watched& watched, const RunRecord& run, const std::string& place) {
    const auto limit = rate_of(watched);
    if (!limit || is_unlimited(watched, place)) return;
    std::vector<Time>& starts = watched.starts[place];
    // What was over once stays forgotten when the clock is put back.
    const Time now = std::max(run.created_at, latest_);
    int64_t recent = 1;
    for (const Time start : starts) recent += start + limit->period > now;
    if (recent > limit->limit) {
      fail("S-9", fmt::format("{} starts of {} in {}", recent, run.function.slug,
                              format_duration(limit->period)));
    }
    starts.push_back(run.created_at);
  }

  std::map<std::string, Watched> watched_;
  bool knows_time_;
  Time latest_{};  // that the clock showed before it was put back
};

}  // namespace

std::unique_ptr<Checker> check_intake(const CheckOptions& options) {
  return std::make_unique<IntakeChecker>(options);
}

}  // namespace stepwell::sim
