// S-1: an acknowledged event is stored exactly once, as it was sent and under an id of its own, and
// each function that it triggers has exactly one run of it; copies of an event (the same id within
// 24 hours) start none.
#include <fmt/core.h>

#include <map>
#include <set>
#include <tuple>

#include "tests/simulation/checkers.h"
#include "tests/simulation/triggers.h"

namespace stepwell::sim {
namespace {

constexpr Duration kWindow = std::chrono::hours(24);
constexpr Duration kEdge = std::chrono::minutes(1);  // near the window's end either is right

// How many started of each function.
using RunsOf = std::map<std::string, int>;

class EventChecker : public Checker {
 public:
  void after_batch(const storage::Batch& batch, const History& history, Time now) override {
    std::map<Position, RunsOf> runs;
    for (const storage::Record& record : batch.records) {
      const auto* run = std::get_if<storage::PutRun>(&record);
      if (run == nullptr || run->run.invoked_by || run->run.rerun_of) continue;
      ++runs[run->run.events.front()][run->run.function.slug];
    }
    for (const storage::Record& record : batch.records) {
      if (const auto* function = std::get_if<storage::PutFunction>(&record)) {
        functions_[function->config.id.slug] = Triggers(*function);
      }
      if (const auto* put = std::get_if<storage::PutEvent>(&record)) {
        if (!stored_.emplace(put->event.id, put->event.pos).second) {
          fail("S-1", "event " + put->event.id.to_string() + " is stored twice");
        }
        const std::string& name = put->event.event.name;
        if (name == kFunctionInvoked || name == kScheduledTimer) continue;  // S-11, S-13
        const EventRecord event = history.shown(put->event);
        const std::string json = event_json(event.event);
        const RunsOf& started = runs[put->event.pos];
        for (const auto& [slug, function] : functions_) {
          auto of_function = started.find(slug);
          check_trigger(function, event, json,
                        of_function == started.end() ? 0 : of_function->second, now);
        }
      }
    }
  }

  void events_acked(const AcceptedEvents& accepted, const History& history) override {
    const auto& [sent, ids] = accepted;
    if (sent.size() != ids.size()) {
      return fail("S-1",
                  fmt::format("{} events were sent, {} are acknowledged", sent.size(), ids.size()));
    }
    Position before = 0;
    for (size_t i = 0; i < ids.size(); ++i) {
      auto stored = stored_.find(ids[i]);
      if (stored == stored_.end()) {
        return fail("S-1", "acknowledged, not stored: " + ids[i].to_string());
      }
      if (!acked_.insert(ids[i]).second) {
        fail("S-1", "two events are acknowledged as " + ids[i].to_string());
      }
      const EventRecord& event = history.events.at(stored->second);
      if (event.pos <= before)
        fail("S-1", "events are stored in another order than they were sent");
      before = event.pos;
      check_content(sent[i], event);
    }
  }

 private:
  // What the sender left out, the engine has filled in.
  void check_content(const Event& sent, const EventRecord& event) {
    const Event& stored = event.event;
    const Time ts = sent.ts == Time{} ? event.received_at : sent.ts;
    const std::string id = sent.id.empty() ? event.id.to_string() : sent.id;
    const bool is_same = stored.name == sent.name && stored.id == id && stored.data == sent.data &&
                         stored.user == sent.user && stored.version == sent.version &&
                         stored.ts == ts && event.has_user_id != sent.id.empty() &&
                         event.of_run == 0;
    if (is_same) return;
    fail("S-1", fmt::format("event {} \"{}\" is not stored as it was sent", sent.name, id));
  }

  void check_trigger(const Triggers& function, const EventRecord& event, const std::string& json,
                     int runs, Time now) {
    if (function.gathers()) return;  // S-9 looks at those
    int expected = function.match(event.event, json, now) ? 1 : 0;
    if (expected == 0 && runs == 0) return;
    bool has_id = event.has_user_id || is_internal_event_name(event.event.name);
    std::pair key{function.config().id.slug, event.event.id};
    auto before = started_.find(key);
    if (expected == 1 && has_id && before != started_.end()) {
      Duration age = now - before->second;
      if (age > kWindow - kEdge && age < kWindow + kEdge) expected = runs;
      if (age <= kWindow - kEdge) expected = 0;
    }
    if (runs != expected) {
      fail("S-1", fmt::format("event {} \"{}\" started {} runs of {}, not {}", event.event.name,
                              event.event.id, runs, function.config().id.slug, expected));
    }
    if (runs > 0 && has_id) started_[key] = now;
  }

  std::map<EventId, Position> stored_;
  std::set<EventId> acked_;
  std::map<std::string, Triggers> functions_;
  std::map<std::pair<std::string, std::string>, Time> started_;
};

}  // namespace

std::unique_ptr<Checker> check_events() {
  return std::make_unique<EventChecker>();
}

}  // namespace stepwell::sim
