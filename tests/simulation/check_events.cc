// S-1: an acknowledged event is stored exactly once, and each function that it triggers has exactly
// one run of it; copies of an event (the same id within 24 hours) start none.
#include <fmt/core.h>

#include <map>
#include <tuple>

#include "engine/core/condition.h"
#include "tests/simulation/checkers.h"

namespace stepwell::sim {
namespace {

constexpr Duration kWindow = std::chrono::hours(24);
constexpr Duration kEdge = std::chrono::minutes(1);  // near the window's end either is right

bool names_match(const std::string& trigger, const std::string& event) {
  if (!trigger.ends_with('*')) return trigger == event;
  std::string_view prefix(trigger.data(), trigger.size() - 1);
  return event.starts_with(prefix) && (prefix.ends_with('/') || prefix.ends_with('.'));
}

class EventChecker : public Checker {
 public:
  void after_batch(const storage::Batch& batch, const History& history, Time now) override {
    std::map<std::pair<std::string, Position>, int> runs;
    for (const storage::Record& record : batch.records) {
      const auto* run = std::get_if<storage::PutRun>(&record);
      if (run == nullptr || run->run.invoked_by || run->run.rerun_of) continue;
      ++runs[{run->run.function.slug, run->run.events.front()}];
    }
    for (const storage::Record& record : batch.records) {
      if (const auto* function = std::get_if<storage::PutFunction>(&record)) {
        registered(*function);
      }
      if (const auto* put = std::get_if<storage::PutEvent>(&record)) {
        if (++stored_[put->event.id] > 1) {
          fail("S-1", "event " + put->event.id.to_string() + " is stored twice");
        }
        const std::string& name = put->event.event.name;
        if (name == kFunctionInvoked || name == kScheduledTimer) continue;  // S-11, S-13
        const EventRecord event = history.shown(put->event);
        const std::string json = event_json(event.event);
        for (const auto& [slug, function] : functions_) {
          check_trigger(function, event, json, runs[{slug, put->event.pos}], now);
        }
      }
    }
  }

  void events_acked(const std::vector<EventId>& ids, const History&) override {
    for (const EventId& id : ids) {
      if (!stored_.contains(id)) fail("S-1", "acknowledged, not stored: " + id.to_string());
    }
  }

 private:
  struct Known {
    FunctionConfig config;
    std::vector<core::Condition> conditions;  // of its triggers
    bool is_archived = false;
  };

  void registered(const storage::PutFunction& put) {
    Known known{put.config, {}, put.archived};
    for (const Trigger& trigger : put.config.triggers) {
      known.conditions.push_back(core::Condition::compile(trigger.expression).value());
    }
    functions_[put.config.id.slug] = std::move(known);
  }

  void check_trigger(const Known& function, const EventRecord& event, const std::string& json,
                     int runs, Time now) {
    bool is_triggered = false;
    for (size_t i = 0; i < function.conditions.size() && !function.is_archived; ++i) {
      is_triggered =
          is_triggered || (names_match(function.config.triggers[i].event, event.event.name) &&
                           function.conditions[i].matches_trigger(json, now));
    }
    int expected = is_triggered ? 1 : 0;
    bool has_id = event.has_user_id || is_internal_event_name(event.event.name);
    std::pair key{function.config.id.slug, event.event.id};
    auto before = started_.find(key);
    if (expected == 1 && has_id && before != started_.end()) {
      Duration age = now - before->second;
      if (age > kWindow - kEdge && age < kWindow + kEdge) expected = runs;
      if (age <= kWindow - kEdge) expected = 0;
    }
    if (runs != expected) {
      fail("S-1", fmt::format("event {} \"{}\" started {} runs of {}, not {}", event.event.name,
                              event.event.id, runs, function.config.id.slug, expected));
    }
    if (runs > 0 && has_id) started_[key] = now;
  }

  std::map<EventId, int> stored_;
  std::map<std::string, Known> functions_;
  std::map<std::pair<std::string, std::string>, Time> started_;
};

}  // namespace

std::unique_ptr<Checker> check_events() {
  return std::make_unique<EventChecker>();
}

}  // namespace stepwell::sim
