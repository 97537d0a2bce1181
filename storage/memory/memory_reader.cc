#include "storage/memory/memory_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace stepwell::storage {
namespace {

Error corrupt(std::string_view what, Position pos) {
  return Error{ErrorCode::kCorrupt,
               fmt::format("{} {} is damaged: its checksum is wrong", what, pos)};
}

Error corrupt(const FlowStateKey& key) {
  return Error{ErrorCode::kCorrupt,
               fmt::format("a flow state of function \"{}\" is damaged: its checksum is wrong",
                           key.function)};
}

template <typename T>
bool is_sound(const Checked<T>& checked) {
  return checksum_of(checked.record) == checked.checksum;
}

bool matches(const RunFilter& filter, const RunRecord& run) {
  if (filter.function && run.function != *filter.function) return false;
  if (!filter.statuses.empty() && std::find(filter.statuses.begin(), filter.statuses.end(),
                                            run.status) == filter.statuses.end()) {
    return false;
  }
  if (filter.created_from && run.created_at < *filter.created_from) return false;
  if (filter.created_until && run.created_at >= *filter.created_until) return false;
  if (filter.of_event &&
      std::find(run.events.begin(), run.events.end(), *filter.of_event) == run.events.end()) {
    return false;
  }
  return !filter.before || run.no < *filter.before;
}

bool matches(const EventFilter& filter, const EventRecord& event) {
  if (filter.name && event.event.name != *filter.name) return false;
  if (!filter.include_internal && is_internal_event_name(event.event.name)) return false;
  if (filter.received_from && event.received_at < *filter.received_from) return false;
  if (filter.received_until && event.received_at >= *filter.received_until) return false;
  return !filter.before || event.pos < *filter.before;
}

}  // namespace

MemoryReader::MemoryReader(std::shared_ptr<MemoryJournal::Shared> shared)
    : shared_(std::move(shared)) {}

std::optional<Error> MemoryReader::refusal() {
  if (shared_->is_dead) return Error{ErrorCode::kUnavailable, "the process has died"};
  if (shared_->reads_to_fail == 0) return std::nullopt;
  --shared_->reads_to_fail;
  return Error{ErrorCode::kUnavailable, "the read took too long"};
}

Result<std::optional<RunRecord>> MemoryReader::run_at(RunNo no) const {
  const Checked<RunRecord>* run = store().run(no);
  if (run == nullptr) return std::optional<RunRecord>();
  if (!is_sound(*run)) return corrupt("run", no);
  return std::optional<RunRecord>(run->record);
}

Result<std::optional<EventRecord>> MemoryReader::stored_event_at(Position pos) const {
  const Checked<EventRecord>* event = store().event(pos);
  if (event == nullptr) return std::optional<EventRecord>();
  if (!is_sound(*event)) return corrupt("event", pos);
  return std::optional<EventRecord>(event->record);
}

Result<std::optional<EventRecord>> MemoryReader::filled_event_at(Position pos) const {
  Result<std::optional<EventRecord>> event = stored_event_at(pos);
  if (!event || !event->has_value()) return event;
  auto filled = fill_event_data(**event, {[this](RunNo no) { return run_at(no); },
                                          [this](Position at) { return stored_event_at(at); }});
  if (!filled) return filled.error();
  return event;
}

Result<StepRecord> MemoryReader::step_at(Position pos) const {
  const Checked<StepRecord>* step = store().step(pos);
  CHECK_INVARIANT(step != nullptr, "an index names steps that are there");
  if (!is_sound(*step)) return corrupt("step", pos);
  return step->record;
}

Result<OpenRun> MemoryReader::open_run(RunNo no) const {
  Result<std::optional<RunRecord>> run = run_at(no);
  if (!run) return run.error();
  OpenRun open{.run = std::move(**run), .last_record = no};
  open.run.output.clear();
  for (Position pos : store().steps_of(no)) {
    const StepRecord& step = store().step(pos)->record;
    open.last_resolved = std::max(open.last_resolved, step.resolved_pos);
    open.last_record = std::max({open.last_record, pos, step.resolved_pos});
    if (step.state != StepState::kPending) continue;
    Result<StepRecord> pending = step_at(pos);
    if (!pending) return pending.error();
    pending->data.clear();
    open.pending.push_back(std::move(*pending));
  }
  for (Position pos : store().attempts_of(no)) open.last_record = std::max(open.last_record, pos);
  return open;
}

Result<std::vector<OpenRun>> MemoryReader::open_runs(RunNo after, size_t limit) {
  return in_call<std::vector<OpenRun>>([&]() -> Result<std::vector<OpenRun>> {
    std::vector<OpenRun> page;
    const std::set<RunNo>& open = store().open_runs();
    for (auto it = open.upper_bound(after); it != open.end() && page.size() < limit; ++it) {
      Result<OpenRun> run = open_run(*it);
      if (!run) return run.error();
      page.push_back(std::move(*run));
    }
    return page;
  });
}

Result<RunSnapshot> MemoryReader::load_run(RunNo no, bool with_attempts) {
  return in_call<RunSnapshot>([&]() -> Result<RunSnapshot> {
    Result<std::optional<RunRecord>> run = run_at(no);
    if (!run) return run.error();
    if (!run->has_value()) {
      return Error{ErrorCode::kNotFound, fmt::format("there is no run with the number {}", no)};
    }
    RunSnapshot snapshot{.run = std::move(**run), .as_of_seq = store().commit_seq};
    for (Position pos : snapshot.run.events) {
      Result<std::optional<EventRecord>> event = filled_event_at(pos);
      if (!event) return event.error();
      if (!event->has_value()) {
        return Error{ErrorCode::kCorrupt,
                     fmt::format("event {}, which triggered run {}, is missing", pos, no)};
      }
      snapshot.events.push_back(std::move(**event));
    }
    for (Position pos : store().steps_of(no)) {
      Result<StepRecord> step = step_at(pos);
      if (!step) return step.error();
      snapshot.steps.push_back(std::move(*step));
    }
    for (Position pos : with_attempts ? store().attempts_of(no) : std::vector<Position>()) {
      const Checked<AttemptRecord>& attempt = store().attempts().at(pos);
      if (!is_sound(attempt)) return corrupt("attempt", pos);
      snapshot.attempts.push_back(attempt.record);
    }
    return snapshot;
  });
}

Result<std::optional<RunRecord>> MemoryReader::find_run(const RunId& id) {
  return in_call<std::optional<RunRecord>>([&]() -> Result<std::optional<RunRecord>> {
    std::optional<RunNo> no = store().run_of_id(id);
    return no ? run_at(*no) : std::optional<RunRecord>();
  });
}

// Runs that the event is a further one of: batches.
void MemoryReader::add_started_by_further(Position event, Time since, EventHistory& history) const {
  for (RunNo no : store().runs_of_event(event)) {
    const RunRecord& run = store().run(no)->record;
    if (run.rerun_of || run.created_at < since) continue;
    if (std::find(run.events.begin() + 1, run.events.end(), event) == run.events.end()) continue;
    history.started.push_back({run.function, no, event_name(event)});
  }
}

std::string MemoryReader::event_name(Position pos) const {
  const auto* stored = store().event(pos);
  return stored == nullptr ? "" : stored->record.event.name;
}

Result<EventHistory> MemoryReader::event_history(std::string_view event_id, Time since) {
  return in_call<EventHistory>([&]() -> Result<EventHistory> {
    EventHistory history;
    if (event_id.empty()) return history;
    const std::string id(event_id);
    std::set<EventHistory::Resumed> resumed;
    const std::vector<Position> all = store().events_of_user_id(id);
    const size_t older = all.size() - std::min(all.size(), kCopiesMax);
    for (auto at = all.begin() + static_cast<ptrdiff_t>(older); at != all.end(); ++at) {
      const Position pos = *at;
      if (store().event(pos)->record.received_at < since) continue;
      history.copies.push_back({pos, event_name(pos)});
      for (bool is_cancelled : {false, true}) {
        for (RunNo run : store().runs_moved_by(pos, is_cancelled)) {
          resumed.insert({run, event_name(pos)});
        }
      }
      for (RunNo run : store().runs_of_event(pos)) {
        if (store().run(run)->record.rerun_of) resumed.insert({run, event_name(pos)});
      }
    }
    for (RunNo no : store().runs_of_event_id(id)) {
      const RunRecord& run = store().run(no)->record;
      if (run.created_at < since) continue;
      history.started.push_back({run.function, no, event_name(run.events.front())});
    }
    for (const auto& copy : history.copies) add_started_by_further(copy.pos, since, history);
    sort_started(history);
    history.resumed.assign(resumed.begin(), resumed.end());
    return history;
  });
}

Result<std::vector<EventRecord>> MemoryReader::recent_events(Time since, size_t limit,
                                                             size_t bytes_max) {
  return in_call<std::vector<EventRecord>>([&]() -> Result<std::vector<EventRecord>> {
    std::vector<EventRecord> events;
    size_t bytes = 0;
    for (auto it = store().events().rbegin(); it != store().events().rend(); ++it) {
      if (events.size() == limit) break;
      const EventRecord& event = it->second.record;
      if (event.received_at < since || is_internal_event_name(event.event.name)) continue;
      if (!is_sound(it->second)) return corrupt("event", event.pos);
      bytes += text_bytes(event.event);
      if (bytes > bytes_max) break;
      events.push_back(event);
    }
    std::reverse(events.begin(), events.end());
    return events;
  });
}

Result<std::vector<StoredFunction>> MemoryReader::functions() {
  return in_call<std::vector<StoredFunction>>([&]() -> Result<std::vector<StoredFunction>> {
    std::vector<StoredFunction> functions;
    for (const auto& [id, function] : store().functions()) functions.push_back(function);
    return functions;
  });
}

Result<std::vector<FlowState>> MemoryReader::flow_states(const std::optional<FlowStateKey>& after,
                                                         size_t limit) {
  return in_call<std::vector<FlowState>>([&]() -> Result<std::vector<FlowState>> {
    std::vector<FlowState> page;
    const auto& states = store().flow_states();
    auto it = after ? states.upper_bound(*after) : states.begin();
    for (; it != states.end() && page.size() < limit; ++it) {
      if (!is_sound(it->second)) return corrupt(it->first);
      page.push_back(it->second.record);
    }
    return page;
  });
}

Result<MessagePage> MemoryReader::messages(Position after, size_t limit) {
  return in_call<MessagePage>([&]() -> Result<MessagePage> {
    MessagePage page{.dropped_through = store().messages_dropped()};
    const auto& messages = store().messages();
    for (auto it = messages.upper_bound(after);
         it != messages.end() && page.messages.size() < limit; ++it) {
      if (!is_sound(it->second)) return corrupt("message", it->first);
      page.messages.push_back(it->second.record);
    }
    return page;
  });
}

Result<std::vector<TopicRecord>> MemoryReader::topics() {
  return in_call<std::vector<TopicRecord>>([&]() -> Result<std::vector<TopicRecord>> {
    std::vector<TopicRecord> topics;
    for (const auto& [name, topic] : store().topics()) topics.push_back(topic);
    return topics;
  });
}

Result<std::vector<RunRecord>> MemoryReader::list_runs(const RunFilter& filter) {
  return in_call<std::vector<RunRecord>>([&]() -> Result<std::vector<RunRecord>> {
    std::vector<RunRecord> page;
    const auto is_moved = [&](RunNo run, const std::optional<Position>& event, bool is_cancelled) {
      if (!event) return true;
      const std::vector<RunNo> moved = store().runs_moved_by(*event, is_cancelled);
      return std::binary_search(moved.begin(), moved.end(), run);
    };
    for (auto it = store().runs().rbegin(); it != store().runs().rend(); ++it) {
      if (page.size() == filter.limit) break;
      if (!matches(filter, it->second.record)) continue;
      if (!is_moved(it->first, filter.resumed_by, false)) continue;
      if (!is_moved(it->first, filter.cancelled_by, true)) continue;
      if (!is_sound(it->second)) return corrupt("run", it->first);
      page.push_back(it->second.record);
    }
    return page;
  });
}

Result<std::vector<EventRecord>> MemoryReader::list_events(const EventFilter& filter) {
  return in_call<std::vector<EventRecord>>([&]() -> Result<std::vector<EventRecord>> {
    std::vector<EventRecord> page;
    for (auto it = store().events().rbegin(); it != store().events().rend(); ++it) {
      if (page.size() == filter.limit) break;
      if (!matches(filter, it->second.record)) continue;
      Result<std::optional<EventRecord>> event = filled_event_at(it->first);
      if (!event) return event.error();
      page.push_back(std::move(**event));
    }
    return page;
  });
}

Result<std::optional<EventRecord>> MemoryReader::find_event(std::string_view id) {
  return in_call<std::optional<EventRecord>>([&]() -> Result<std::optional<EventRecord>> {
    if (auto internal = EventId::parse(id)) {
      if (auto pos = store().event_of_id(*internal)) return filled_event_at(*pos);
    }
    std::vector<Position> copies = store().events_of_user_id(std::string(id));
    if (copies.empty()) return std::optional<EventRecord>();
    return filled_event_at(copies.back());
  });
}

Result<std::optional<EventRecord>> MemoryReader::event_at(Position pos) {
  return in_call<std::optional<EventRecord>>([&] { return filled_event_at(pos); });
}

Result<JournalStats> MemoryReader::stats() {
  return in_call<JournalStats>([&]() -> Result<JournalStats> {
    return JournalStats{.events = store().events().size(),
                        .runs = store().runs().size(),
                        .open_runs = store().open_runs().size(),
                        .pending_steps = store().pending_steps()};
  });
}

}  // namespace stepwell::storage
