#include "storage/memory/memory_store.h"

#include <algorithm>
#include <utility>

#include "schema/mutant.h"
#include "storage/checksum.h"
#include "storage/describe.h"

namespace stepwell::storage {
namespace {

template <typename Map, typename Key>
const typename Map::mapped_type* find_in(const Map& map, const Key& key) {
  auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

std::vector<Position> listed(const std::set<Position>* positions) {
  if (positions == nullptr) return {};
  return {positions->begin(), positions->end()};
}

template <typename Index, typename Key>
void remove_from(Index& index, const Key& key, Position pos) {
  auto it = index.find(key);
  it->second.erase(pos);
  if (it->second.empty()) index.erase(it);
}

template <typename T>
Checked<T> checked(T record) {
  uint32_t checksum = checksum_of(record);
  return {std::move(record), checksum};
}

void add_error(Checksum& checksum, const std::optional<ErrorInfo>& error) {
  if (error) checksum.add(error->name).add(error->message).add(error->stack).add(error->cause);
}

void damage(std::string& payload) {
  if (payload.empty()) payload.push_back('\0');
  payload[payload.size() / 2] ^= '\x01';
}

}  // namespace

uint32_t checksum_of(const EventRecord& event) {
  const Event& content = event.event;
  return Checksum().add(content.name).add(content.id).add(content.user).add(content.data).value();
}

uint32_t checksum_of(const RunRecord& run) {
  Checksum checksum;
  checksum.add(run.function.slug).add(run.event_id).add(run.flow).add(run.output);
  add_error(checksum, run.error);
  return checksum.value();
}

uint32_t checksum_of(const StepRecord& step) {
  Checksum checksum;
  checksum.add(step.id).add(step.target).add(step.expression).add(step.data);
  add_error(checksum, step.error);
  return checksum.value();
}

uint32_t checksum_of(const AttemptRecord& attempt) {
  Checksum checksum;
  add_error(checksum, attempt.error);
  return checksum.value();
}

uint32_t checksum_of(const FlowState& state) {
  return Checksum().add(state.key.function).add(state.key.key).add(state.data).value();
}

uint32_t checksum_of(const MessageRecord& message) {
  const Publication& content = message.content;
  return Checksum().add(content.channel).add(content.topic).add(content.data).value();
}

std::optional<std::string> MemoryStore::apply(const std::vector<Record>& records) {
  undo_.clear();
  for (const Record& record : records) {
    if (mutant("batch-half-written") && &record == &records.back()) break;
    if (std::visit([&](const auto& each) { return put(each); }, record)) continue;
    undo();
    return describe(record);
  }
  return std::nullopt;
}

void MemoryStore::undo() {
  for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) {
    std::visit([&](auto& each) { revert(each); }, *it);
  }
  undo_.clear();
}

bool MemoryStore::put(const PutEvent& put) {
  const EventRecord& event = put.event;
  if (events_.contains(event.pos)) return false;
  EventRecord stored = event;
  if (stored.of_run != 0) stored.event.data.clear();
  events_.emplace_hint(events_.end(), event.pos, checked(std::move(stored)));
  events_by_id_[event.id].insert(event.pos);
  if (event.has_user_id) events_by_user_id_[event.event.id].insert(event.pos);
  undo_.emplace_back(RemoveEvent{event.pos});
  return true;
}

void MemoryStore::revert(RemoveEvent& undo) {
  auto node = events_.extract(undo.pos);
  const EventRecord& event = node.mapped().record;
  remove_from(events_by_id_, event.id, event.pos);
  if (event.has_user_id) remove_from(events_by_user_id_, event.event.id, event.pos);
}

bool MemoryStore::put(const PutRun& put) {
  const RunRecord& run = put.run;
  if (runs_.contains(run.no) || run_by_id_.contains(run.id)) return false;
  runs_.emplace_hint(runs_.end(), run.no, checked(run));
  run_by_id_.emplace(run.id, run.no);
  if (!run.event_id.empty()) runs_by_event_id_[run.event_id].insert(run.no);
  for (Position event : run.events) runs_by_event_[event].insert(run.no);
  if (!is_terminal(run.status)) open_.insert(run.no);
  undo_.emplace_back(RemoveRun{run.no});
  return true;
}

void MemoryStore::revert(RemoveRun& undo) {
  auto node = runs_.extract(undo.no);
  const RunRecord& run = node.mapped().record;
  run_by_id_.erase(run.id);
  if (!run.event_id.empty()) remove_from(runs_by_event_id_, run.event_id, run.no);
  std::set<Position> events(run.events.begin(), run.events.end());
  for (Position event : events) remove_from(runs_by_event_, event, run.no);
  open_.erase(run.no);
}

bool MemoryStore::put(const UpdateRun& update) {
  auto it = runs_.find(update.run.no);
  if (it == runs_.end() || is_terminal(it->second.record.status)) return false;
  RunRecord next = update.run;
  RunRecord& old = it->second.record;
  next.id = old.id;
  next.function = old.function;
  next.events = old.events;
  next.event_id = old.event_id;
  next.created_at = old.created_at;
  next.start_at = old.start_at;
  next.invoked_by = old.invoked_by;
  next.rerun_of = old.rerun_of;
  next.end_events = old.end_events;
  next.flow = old.flow;
  if (is_terminal(next.status)) open_.erase(next.no);
  undo_.emplace_back(RestoreRun{std::exchange(it->second, checked(std::move(next)))});
  return true;
}

void MemoryStore::revert(RestoreRun& undo) {
  open_.insert(undo.run.record.no);  // only an open run is updated
  runs_.at(undo.run.record.no) = std::move(undo.run);
}

void MemoryStore::index_step(const StepRecord& step) {
  if (step.state == StepState::kPending) {
    of_run_[step.run].pending.insert(step.pos);
    ++pending_count_;
  }
  if (step.resolved_event != 0) steps_by_event_[step.resolved_event].insert(step.pos);
}

void MemoryStore::unindex_step(const StepRecord& step) {
  if (step.state == StepState::kPending) {
    of_run_[step.run].pending.erase(step.pos);
    --pending_count_;
  }
  if (step.resolved_event != 0) remove_from(steps_by_event_, step.resolved_event, step.pos);
}

bool MemoryStore::put(const PutStep& put) {
  const StepRecord& step = put.step;
  OfRun& of_run = of_run_[step.run];
  if (steps_.contains(step.pos) || !of_run.keys.emplace(step.key, step.pos).second) return false;
  steps_.emplace_hint(steps_.end(), step.pos, checked(step));
  index_step(step);
  undo_.emplace_back(RemoveStep{step.pos});
  return true;
}

void MemoryStore::revert(RemoveStep& undo) {
  auto node = steps_.extract(undo.pos);
  const StepRecord& step = node.mapped().record;
  unindex_step(step);
  of_run_[step.run].keys.erase(step.key);
}

Checked<StepRecord> MemoryStore::replace_step(Checked<StepRecord> step) {
  Checked<StepRecord>& place = steps_.at(step.record.pos);
  unindex_step(place.record);
  index_step(step.record);
  return std::exchange(place, std::move(step));
}

bool MemoryStore::put(const UpdateStep& update) {
  auto it = steps_.find(update.step.pos);
  if (it == steps_.end()) return false;
  const StepRecord& old = it->second.record;
  if (old.run != update.step.run || old.state != StepState::kPending) return false;
  StepRecord next = update.step;
  next.key = old.key;
  next.id = old.id;
  next.kind = old.kind;
  next.registered_at = old.registered_at;
  next.target = old.target;
  next.expression = old.expression;
  undo_.emplace_back(RestoreStep{replace_step(checked(std::move(next)))});
  return true;
}

bool MemoryStore::put(const DropPendingSteps& drop) {
  for (Position pos : pending_of(drop.run)) {
    Checked<StepRecord> step = steps_.at(pos);
    step.record.state = StepState::kDropped;
    step.record.resolved_pos = drop.pos;
    step.record.resolved_at = drop.at;
    if (!step.record.data.empty()) {
      step.record.data.clear();
      step = checked(std::move(step.record));
    }
    undo_.emplace_back(RestoreStep{replace_step(std::move(step))});
  }
  return true;
}

void MemoryStore::revert(RestoreStep& undo) {
  replace_step(std::move(undo.step));
}

bool MemoryStore::put(const PutAttempt& put) {
  if (mutant("failed-attempt-not-written")) return true;
  if (attempts_.contains(put.attempt.pos)) return false;
  attempts_.emplace_hint(attempts_.end(), put.attempt.pos, checked(put.attempt));
  of_run_[put.attempt.run].attempts.insert(put.attempt.pos);
  undo_.emplace_back(RemoveAttempt{put.attempt.pos});
  return true;
}

void MemoryStore::revert(RemoveAttempt& undo) {
  auto node = attempts_.extract(undo.pos);
  of_run_[node.mapped().record.run].attempts.erase(undo.pos);
}

bool MemoryStore::put(const PutFunction& put) {
  auto [it, is_new] = functions_.try_emplace(put.config.id.slug);
  RestoreFunction undo{put.config.id.slug, std::nullopt};
  if (!is_new) undo.function = std::move(it->second);
  it->second = {put.config, put.archived};
  undo_.emplace_back(std::move(undo));
  return true;
}

void MemoryStore::revert(RestoreFunction& undo) {
  if (undo.function) {
    functions_[undo.id] = std::move(*undo.function);
  } else {
    functions_.erase(undo.id);
  }
}

bool MemoryStore::put(const PutFlowState& put) {
  auto [it, is_new] = flow_states_.try_emplace(put.key);
  RestoreFlowState undo{put.key, std::nullopt};
  if (!is_new) undo.state = std::move(it->second);
  it->second = checked(put);
  undo_.emplace_back(std::move(undo));
  return true;
}

bool MemoryStore::put(const PutMessage& put) {
  const Position pos = put.message.pos;
  if (!messages_.emplace(pos, checked(put.message)).second) return false;
  undo_.emplace_back(RemoveMessage{pos});
  return true;
}

void MemoryStore::revert(RemoveMessage& undo) {
  messages_.erase(undo.pos);
}

bool MemoryStore::put(const DropMessages& drop) {
  RestoreMessages undo{{}, messages_dropped_};
  messages_dropped_ = std::max(messages_dropped_, drop.through);
  while (!messages_.empty() && messages_.begin()->first <= drop.through) {
    undo.messages.insert(messages_.extract(messages_.begin()));
  }
  undo_.emplace_back(std::move(undo));
  return true;
}

bool MemoryStore::put(const DropFlowState& drop) {
  auto it = flow_states_.lower_bound({drop.function, drop.kind, drop.key, drop.from});
  const auto end = flow_states_.upper_bound({drop.function, drop.kind, drop.key, drop.up_to});
  while (it != end) {
    undo_.emplace_back(RestoreFlowState{it->first, std::move(it->second)});
    it = flow_states_.erase(it);
  }
  return true;
}

void MemoryStore::revert(RestoreFlowState& undo) {
  if (undo.state) {
    flow_states_[undo.key] = std::move(*undo.state);
  } else {
    flow_states_.erase(undo.key);
  }
}

void MemoryStore::revert(RestoreMessages& undo) {
  messages_dropped_ = undo.dropped_through;
  messages_.merge(undo.messages);
}

bool MemoryStore::put(const PutTopic& put) {
  std::pair name(put.topic.channel, put.topic.topic);
  RestoreTopic undo{name, std::nullopt};
  if (const TopicRecord* known = find_in(topics_, name)) undo.topic = *known;
  if (put.topic.schema.empty()) {
    topics_.erase(name);
  } else {
    topics_[std::move(name)] = put.topic;
  }
  undo_.emplace_back(std::move(undo));
  return true;
}

void MemoryStore::revert(RestoreTopic& undo) {
  if (undo.topic) {
    topics_[undo.name] = std::move(*undo.topic);
  } else {
    topics_.erase(undo.name);
  }
}

const Checked<EventRecord>* MemoryStore::event(Position pos) const {
  return find_in(events_, pos);
}

const Checked<RunRecord>* MemoryStore::run(RunNo no) const {
  return find_in(runs_, no);
}

const Checked<StepRecord>* MemoryStore::step(Position pos) const {
  return find_in(steps_, pos);
}

std::vector<Position> MemoryStore::events_of_user_id(const std::string& id) const {
  return listed(find_in(events_by_user_id_, id));
}

std::vector<RunNo> MemoryStore::runs_of_event_id(const std::string& id) const {
  return listed(find_in(runs_by_event_id_, id));
}

std::vector<RunNo> MemoryStore::runs_of_event(Position event) const {
  return listed(find_in(runs_by_event_, event));
}

std::vector<RunNo> MemoryStore::runs_moved_by(Position event, bool is_cancelled) const {
  std::set<RunNo> runs;
  for (Position pos : listed(find_in(steps_by_event_, event))) {
    const StepRecord& step = steps_.at(pos).record;
    if ((step.kind == StepKind::kCancelOn) == is_cancelled) runs.insert(step.run);
  }
  return listed(&runs);
}

std::vector<Position> MemoryStore::steps_of(RunNo run) const {
  std::set<Position> positions;
  if (const OfRun* of_run = find_in(of_run_, run)) {
    for (const auto& [key, pos] : of_run->keys) positions.insert(pos);
  }
  return listed(&positions);
}

std::vector<Position> MemoryStore::pending_of(RunNo run) const {
  const OfRun* of_run = find_in(of_run_, run);
  return of_run == nullptr ? std::vector<Position>() : listed(&of_run->pending);
}

std::vector<Position> MemoryStore::attempts_of(RunNo run) const {
  const OfRun* of_run = find_in(of_run_, run);
  return of_run == nullptr ? std::vector<Position>() : listed(&of_run->attempts);
}

std::optional<Position> MemoryStore::event_of_id(const EventId& id) const {
  const std::set<Position>* copies = find_in(events_by_id_, id);
  return copies == nullptr ? std::nullopt : std::optional<Position>(*copies->begin());
}

std::optional<RunNo> MemoryStore::run_of_id(const RunId& id) const {
  const RunNo* no = find_in(run_by_id_, id);
  return no == nullptr ? std::nullopt : std::optional<RunNo>(*no);
}

bool MemoryStore::corrupt(Position pos) {
  if (auto it = events_.find(pos); it != events_.end()) {
    damage(it->second.record.event.data);
  } else if (auto run = runs_.find(pos); run != runs_.end()) {
    damage(run->second.record.output);
  } else if (auto step = steps_.find(pos); step != steps_.end()) {
    damage(step->second.record.data);
  } else if (auto attempt = attempts_.find(pos); attempt != attempts_.end()) {
    damage(attempt->second.record.error.message);
  } else if (auto message = messages_.find(pos); message != messages_.end()) {
    damage(message->second.record.content.data);
  } else {
    return false;
  }
  return true;
}

bool MemoryStore::corrupt(const FlowStateKey& key) {
  auto it = flow_states_.find(key);
  if (it == flow_states_.end()) return false;
  damage(it->second.record.data);
  return true;
}

}  // namespace stepwell::storage
