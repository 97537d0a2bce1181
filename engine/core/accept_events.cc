// An event comes in: it is stored, ends waits, cancels runs, and triggers functions.
//
//   accepted ──► stored ──► waits of its name that match: resolved
//                       ──► registered cancellations that match: their runs end
//                       ──► functions that it triggers: a run each, unless a copy started one
//
// Waits come before triggers, so that no run meets the event that started it.
#include <algorithm>
#include <set>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

// The id under which copies of an event are recognised; empty: it has none.
std::string deduplication_id(const Event& event, const std::optional<EventId>& seeded) {
  if (!event.id.empty()) return event.id;
  return seeded ? seeded->to_string() : std::string();
}

// Whom an earlier copy started or resumed, and the reruns of those: a copy resolves no wait of
// them, and cancels none. An event of another name is no copy, though it has the same id.
std::set<RunNo> moved_by(const storage::EventHistory& history, const std::string& name) {
  std::set<RunNo> runs;
  const auto add = [&](const auto& moved) {
    if (moved.event == name || mutant("copy-by-id-alone")) runs.insert(moved.run);
  };
  std::for_each(history.started.begin(), history.started.end(), add);
  std::for_each(history.resumed.begin(), history.resumed.end(), add);
  return runs;
}

// Of what had the same id, the events that are for the function: no other can wait in its batches
// and debounces.
std::vector<Position> copies_for(const Function& function, const storage::EventHistory& history) {
  std::vector<Position> copies;
  for (const storage::EventHistory::Copy& copy : history.copies) {
    const std::vector<std::string> names = trigger_names(copy.event);
    const bool is_for_it =
        std::any_of(function.config.triggers.begin(), function.config.triggers.end(),
                    [&](const Trigger& trigger) {
                      return std::find(names.begin(), names.end(), trigger.event) != names.end();
                    });
    if (is_for_it) copies.push_back(copy.pos);
  }
  return copies;
}

}  // namespace

Lookup Core::lookups_of(const Input& input) const {
  Lookup lookup;
  if (const auto* accept = std::get_if<AcceptEvents>(&input)) {
    for (const AcceptEvents::Item& item : accept->events) {
      std::string id = deduplication_id(item.event, item.seeded);
      if (!id.empty()) lookup.event_ids.push_back(std::move(id));
    }
  } else if (const auto* replied = std::get_if<CallReplied>(&input)) {
    const auto* yielded = std::get_if<Yielded>(&replied->reply.outcome);
    if (yielded == nullptr) return lookup;
    for (const StepOp& op : yielded->ops) {
      const auto* send = std::get_if<SendEvents>(&op.body);
      if (send == nullptr) continue;
      for (const Event& event : send->events) {
        if (!event.id.empty()) lookup.event_ids.push_back(event.id);
      }
    }
  } else if (const auto* read = std::get_if<EventsRead>(&input)) {
    for (const EventsRead::Item& item : read->events) {
      if (item.event && item.event->has_user_id) lookup.event_ids.push_back(item.event->event.id);
    }
  } else if (const auto* cancel = std::get_if<CancelRun>(&input)) {
    if (state_->runs_.find(cancel->id) == nullptr) lookup.run = cancel->id;
  } else if (const auto* rerun = std::get_if<RerunRun>(&input)) {
    lookup.run = rerun->id;
    lookup.whole_run = true;
  } else if (const auto* invoke = std::get_if<InvokeDirectly>(&input)) {
    const std::string& key = invoke->idempotency_key;
    if (!key.empty()) lookup.event_ids.push_back(invocation_id(invoke->function, key));
  }
  return lookup;
}

EventRecord State::make_event(Event event, std::optional<EventId> seeded) {
  EventRecord record;
  record.pos = next_pos();
  record.id = seeded ? *seeded : EventId{new_ulid()};
  record.has_user_id = !event.id.empty() || seeded.has_value();
  record.event = std::move(event);
  record.received_at = now_;
  if (record.event.id.empty()) record.event.id = record.id.to_string();
  if (record.event.ts == Time{} || mutant("event-time-overwritten")) record.event.ts = now_;
  return record;
}

void State::accept_events(AcceptEvents input) {
  Answer reply{.request = input.request};
  Histories histories;  // copies inside one request know of each other
  for (AcceptEvents::Item& item : input.events) {
    std::string id = deduplication_id(item.event, item.seeded);
    storage::EventHistory fresh;
    storage::EventHistory* history = &fresh;
    if (!id.empty()) {
      history = &histories.try_emplace(id, std::move(item.history)).first->second;
    }
    if (mutant("copy-left-out") && !history->copies.empty()) continue;
    EventRecord record = make_event(std::move(item.event), item.seeded);
    reply.event_ids.push_back(record.id);
    accept_event(std::move(record), *history);
  }
  answer(std::move(reply));
}

void State::accept_event(EventRecord record, storage::EventHistory& history) {
  auto event = std::make_shared<const EventRecord>(std::move(record));
  storage::PutEvent put{*event};
  if (event->of_run != 0) put.event.event.data.clear();  // read from the run's own row
  if (!mutant("event-not-stored")) write(std::move(put));
  const Event& content = event->event;
  bool is_internal = is_internal_event_name(content.name);

  const std::vector<Functions::Candidate> candidates = functions_.triggered_by(content.name);
  if (waits_.has(content.name) || !candidates.empty()) {
    std::string json = event_json(content);
    const std::set<RunNo> moved = moved_by(history, content.name);
    std::vector<storage::EventHistory::Resumed> resumed;
    for (const WaitRef& ref : waits_.match(content.name, json, now_)) {
      Run* run = find_run(ref.run);
      if (run == nullptr) continue;  // ended by an earlier match of this event
      size_t index = pending_index(*run, ref.step);
      if (index == run->pending.size()) continue;
      bool is_spent = moved.contains(run->no) || lookback_.was_taken(key_of(content), run->no);
      if (is_spent && !mutant("copy-resolves-a-wait")) continue;
      if (run->pending[index].kind == StepKind::kCancelOn) {
        drop_cancellation(*run, index, event->pos);
        if (mutant("cancellation-passed-over")) continue;
        end_cancelled(*run, {.name = "Cancelled", .message = "cancelled by event " + content.id},
                      0);
        continue;
      }
      resumed.push_back({run->no, content.name});
      wake(*run, index, {.data = json, .resolved_event = event->pos});
      if (mutant("event-ends-one-wait-only")) break;
    }
    history.resumed.insert(history.resumed.end(), resumed.begin(), resumed.end());
    for (const Functions::Candidate& candidate : candidates) {
      Function& function = *candidate.function;
      bool has_started =
          std::any_of(history.started.begin(), history.started.end(),
                      [&](const auto& started) { return started.function == function.config.id; });
      if (mutant("copy-starts-a-run")) has_started = false;
      if (has_started || !function.triggers[candidate.trigger].matches_trigger(json, now_)) {
        continue;
      }
      const Started started =
          trigger({.source = NewRun::Source::kEvent,
                   .function = &function,
                   .events = {content},
                   .positions = {event->pos},
                   .json = json,
                   .event_id = event->has_user_id || is_internal ? content.id : "",
                   .copies = copies_for(function, history),
                   .start_at = std::max(content.ts, now_)});
      // Further triggers of the same function, and copies in this input, find that it was there.
      history.started.push_back({function.config.id, started.no, content.name});
      if (mutant("one-function-is-enough")) break;
    }
  }
  history.copies.push_back({event->pos, content.name});
  if (!is_internal) lookback_.add(std::move(event));
}

void State::drain_internal_events() {
  while (!internal_events_.empty()) {
    EventRecord record = std::move(internal_events_.front());
    internal_events_.pop_front();
    storage::EventHistory history;
    accept_event(std::move(record), history);
  }
}

}  // namespace stepwell::core
