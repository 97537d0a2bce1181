// The tables of the journal in memory: one batch is applied or undone at a time. Plain data without
// locks or faults; memory_journal.h has those.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "storage/event_data.h"
#include "storage/journal.h"

namespace stepwell::storage {

// A record with the checksum of its payload, as it was when it was written.
template <typename T>
struct Checked {
  T record;
  uint32_t checksum = 0;
};

class MemoryStore {
 public:
  // The shard's row.
  uint64_t epoch = 0;
  uint64_t commit_seq = 0;
  Position last_pos = 0;
  bool is_clean = true;

  // Applies all records, or none: then the name of the record whose precondition does not hold.
  // What was applied can be undone until the next call.
  std::optional<std::string> apply(const std::vector<Record>& records);
  // Undoes what the last apply() did.
  void undo();
  // From now on there is nothing to undo.
  void settle() { undo_.clear(); }

  // Looks a record up; null if there is none.
  const Checked<EventRecord>* event(Position pos) const;
  const Checked<RunRecord>* run(RunNo no) const;
  const Checked<StepRecord>* step(Position pos) const;

  // Positions, in rising order. Empty for what nobody has heard of.
  std::vector<Position> events_of_user_id(const std::string& id) const;
  std::vector<RunNo> runs_of_event_id(const std::string& id) const;
  std::vector<RunNo> runs_of_event(Position event) const;
  std::vector<RunNo> runs_moved_by(Position event, bool is_cancelled) const;
  std::vector<Position> steps_of(RunNo run) const;
  std::vector<Position> pending_of(RunNo run) const;
  std::vector<Position> attempts_of(RunNo run) const;
  std::optional<Position> event_of_id(const EventId& id) const;
  std::optional<RunNo> run_of_id(const RunId& id) const;

  const std::map<Position, Checked<EventRecord>>& events() const { return events_; }
  const std::map<RunNo, Checked<RunRecord>>& runs() const { return runs_; }
  const std::map<Position, Checked<StepRecord>>& steps() const { return steps_; }
  const std::map<Position, Checked<AttemptRecord>>& attempts() const { return attempts_; }
  const std::map<std::string, StoredFunction>& functions() const { return functions_; }
  const std::map<FlowStateKey, Checked<FlowState>>& flow_states() const { return flow_states_; }
  const std::map<Position, Checked<MessageRecord>>& messages() const { return messages_; }
  Position messages_dropped() const { return messages_dropped_; }
  const std::map<std::pair<std::string, std::string>, TopicRecord>& topics() const {
    return topics_;
  }
  const std::set<RunNo>& open_runs() const { return open_; }
  size_t pending_steps() const { return pending_count_; }

  // Damages one byte of the payload of whatever is at this position, as a bad disk would; false if
  // nothing is there.
  bool corrupt(Position pos);
  bool corrupt(const FlowStateKey& key);

 private:
  struct OfRun {
    std::map<StepKey, Position> keys;
    std::set<Position> pending;
    std::set<Position> attempts;
  };
  struct RemoveEvent {
    Position pos;
  };
  struct RemoveRun {
    RunNo no;
  };
  struct RemoveStep {
    Position pos;
  };
  struct RemoveAttempt {
    Position pos;
  };
  struct RestoreRun {
    Checked<RunRecord> run;
  };
  struct RestoreStep {
    Checked<StepRecord> step;
  };
  struct RestoreFunction {
    std::string id;
    std::optional<StoredFunction> function;
  };
  struct RestoreFlowState {
    FlowStateKey key;
    std::optional<Checked<FlowState>> state;
  };
  struct RemoveMessage {
    Position pos;
  };
  struct RestoreMessages {
    std::map<Position, Checked<MessageRecord>> messages;
    Position dropped_through;
  };
  struct RestoreTopic {
    std::pair<std::string, std::string> name;
    std::optional<TopicRecord> topic;
  };
  using Undo =
      std::variant<RemoveEvent, RemoveRun, RemoveStep, RemoveAttempt, RestoreRun, RestoreStep,
                   RestoreFunction, RestoreFlowState, RemoveMessage, RestoreMessages, RestoreTopic>;

  bool put(const PutEvent& put);
  bool put(const PutRun& put);
  bool put(const UpdateRun& update);
  bool put(const PutStep& put);
  bool put(const UpdateStep& update);
  bool put(const DropPendingSteps& drop);
  bool put(const PutAttempt& put);
  bool put(const PutFunction& put);
  bool put(const PutFlowState& put);
  bool put(const DropFlowState& drop);
  bool put(const PutMessage& put);
  bool put(const DropMessages& drop);
  bool put(const PutTopic& put);

  void revert(RemoveEvent& undo);
  void revert(RemoveRun& undo);
  void revert(RemoveStep& undo);
  void revert(RemoveAttempt& undo);
  void revert(RestoreRun& undo);
  void revert(RestoreStep& undo);
  void revert(RestoreFunction& undo);
  void revert(RestoreFlowState& undo);
  void revert(RemoveMessage& undo);
  void revert(RestoreMessages& undo);
  void revert(RestoreTopic& undo);

  void index_run(const RunRecord& run);
  // Replaces a step, keeping its indexes, and gives what was there.
  Checked<StepRecord> replace_step(Checked<StepRecord> step);
  void index_step(const StepRecord& step);
  void unindex_step(const StepRecord& step);

  std::map<Position, Checked<EventRecord>> events_;
  std::map<RunNo, Checked<RunRecord>> runs_;
  std::map<Position, Checked<StepRecord>> steps_;
  std::map<Position, Checked<AttemptRecord>> attempts_;
  std::map<std::string, StoredFunction> functions_;
  std::map<FlowStateKey, Checked<FlowState>> flow_states_;
  std::map<Position, Checked<MessageRecord>> messages_;
  Position messages_dropped_ = 0;
  std::map<std::pair<std::string, std::string>, TopicRecord> topics_;

  std::unordered_map<EventId, std::set<Position>> events_by_id_;
  std::unordered_map<std::string, std::set<Position>> events_by_user_id_;
  std::unordered_map<RunId, RunNo> run_by_id_;
  std::unordered_map<std::string, std::set<RunNo>> runs_by_event_id_;
  std::unordered_map<Position, std::set<RunNo>> runs_by_event_;
  std::unordered_map<Position, std::set<Position>> steps_by_event_;
  std::unordered_map<RunNo, OfRun> of_run_;
  std::set<RunNo> open_;
  size_t pending_count_ = 0;
  std::vector<Undo> undo_;
};

// The checksums of payloads.
uint32_t checksum_of(const EventRecord& event);
uint32_t checksum_of(const RunRecord& run);
uint32_t checksum_of(const StepRecord& step);
uint32_t checksum_of(const AttemptRecord& attempt);
uint32_t checksum_of(const FlowState& state);
uint32_t checksum_of(const MessageRecord& message);

}  // namespace stepwell::storage
