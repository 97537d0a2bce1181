// A journal that a test fills by hand, for what only reads.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "storage/journal.h"

namespace stepwell::server {

class FakeReader : public storage::JournalReader {
 public:
  std::vector<EventRecord> events;  // by position
  std::vector<RunRecord> runs;      // by number
  std::vector<StepRecord> steps;
  std::vector<AttemptRecord> attempts;
  std::vector<storage::StoredFunction> stored_functions;
  std::vector<TopicRecord> stored_topics;
  std::vector<std::string> findings;
  storage::EventHistory history;
  std::optional<Error> damage;  // of the file: what checks and statistics meet

  Result<std::vector<storage::OpenRun>> open_runs(RunNo after, size_t limit) override {
    std::vector<storage::OpenRun> found;
    for (const RunRecord& run : runs) {
      if (run.no <= after || is_terminal(run.status) || found.size() == limit) continue;
      storage::OpenRun open{.run = run};
      for (const StepRecord& step : steps) {
        const bool is_of_it = step.run == run.no && step.state == StepState::kPending;
        if (is_of_it) open.pending.push_back(step);
      }
      found.push_back(std::move(open));
    }
    return found;
  }
  Result<storage::RunSnapshot> load_run(RunNo no, bool with_attempts) override {
    storage::RunSnapshot snapshot;
    for (const RunRecord& run : runs) {
      if (run.no == no) snapshot.run = run;
    }
    if (snapshot.run.no == 0) return Error{ErrorCode::kNotFound, "no such run"};
    for (Position pos : snapshot.run.events) snapshot.events.push_back(**event_at(pos));
    for (const StepRecord& step : steps) {
      if (step.run == no) snapshot.steps.push_back(step);
    }
    for (const AttemptRecord& attempt : attempts) {
      if (with_attempts && attempt.run == no) snapshot.attempts.push_back(attempt);
    }
    return snapshot;
  }
  Result<std::optional<RunRecord>> find_run(const RunId& id) override {
    for (const RunRecord& run : runs) {
      if (run.id == id) return std::optional(run);
    }
    return std::optional<RunRecord>();
  }
  Result<storage::EventHistory> event_history(std::string_view, Time) override { return history; }
  Result<std::vector<storage::FlowState>> flow_states(const std::optional<storage::FlowStateKey>&,
                                                      size_t) override {
    return std::vector<storage::FlowState>();
  }
  Result<std::vector<EventRecord>> recent_events(Time, size_t, size_t) override {
    return std::vector<EventRecord>();
  }
  Result<std::vector<storage::StoredFunction>> functions() override { return stored_functions; }
  Result<storage::MessagePage> messages(Position, size_t) override {
    return storage::MessagePage();
  }
  Result<std::vector<TopicRecord>> topics() override { return stored_topics; }
  Result<std::vector<RunRecord>> list_runs(const storage::RunFilter& filter) override {
    std::vector<RunRecord> found;
    for (auto run = runs.rbegin(); run != runs.rend() && found.size() < filter.limit; ++run) {
      const bool is_meant = (!filter.before || run->no < *filter.before) &&
                            (!filter.function || run->function == *filter.function) &&
                            (filter.statuses.empty() || contains(filter.statuses, run->status)) &&
                            (!filter.of_event || contains(run->events, *filter.of_event)) &&
                            (!filter.resumed_by || is_moved(*run, *filter.resumed_by, false)) &&
                            (!filter.cancelled_by || is_moved(*run, *filter.cancelled_by, true)) &&
                            (!filter.created_from || run->created_at >= *filter.created_from) &&
                            (!filter.created_until || run->created_at < *filter.created_until);
      if (is_meant) found.push_back(*run);
    }
    return found;
  }
  Result<std::vector<EventRecord>> list_events(const storage::EventFilter& filter) override {
    std::vector<EventRecord> found;
    for (auto event = events.rbegin(); event != events.rend() && found.size() < filter.limit;
         ++event) {
      const bool is_meant = (!filter.before || event->pos < *filter.before) &&
                            (!filter.name || event->event.name == *filter.name) &&
                            (filter.include_internal || !is_internal_event_name(event->event.name));
      if (is_meant) found.push_back(*event);
    }
    return found;
  }
  Result<std::optional<EventRecord>> find_event(std::string_view id) override {
    for (auto event = events.rbegin(); event != events.rend(); ++event) {
      if (event->event.id == id || event->id.to_string() == id) return std::optional(*event);
    }
    return std::optional<EventRecord>();
  }
  Result<std::optional<EventRecord>> event_at(Position pos) override {
    for (const EventRecord& event : events) {
      if (event.pos == pos) return std::optional(event);
    }
    return std::optional<EventRecord>();
  }
  Result<storage::JournalStats> stats() override {
    if (damage) return *damage;
    return storage::JournalStats{.events = events.size(), .runs = runs.size()};
  }
  Result<std::vector<std::string>> check(bool deep) override {
    if (damage) return *damage;
    return deep ? findings : std::vector<std::string>();
  }

 private:
  bool is_moved(const RunRecord& run, Position event, bool is_cancelled) const {
    return std::any_of(steps.begin(), steps.end(), [&](const StepRecord& step) {
      return step.run == run.no && step.resolved_event == event &&
             (step.kind == StepKind::kCancelOn) == is_cancelled;
    });
  }
  template <typename T>
  static bool contains(const std::vector<T>& values, const T& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  }
};

}  // namespace stepwell::server
