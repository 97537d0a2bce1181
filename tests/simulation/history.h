// What a series of committed batches amounts to, worked out naively: the tables of a journal in
// maps. The simulator's journal keeps its durable state in one; the checkers keep another, built
// from what they saw being committed, and compare.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/journal.h"

namespace stepwell::sim {

// A step of a run, as a key of what is looked up all the time.
struct StepRef {
  RunNo run = 0;
  StepKey key;
  bool operator==(const StepRef&) const = default;

  struct Hash {
    size_t operator()(const StepRef& ref) const {
      return std::hash<StepKey>{}(ref.key) ^ (ref.run * 0x9E3779B97F4A7C15ULL);
    }
  };
};
template <typename T>
using PerStep = std::unordered_map<StepRef, T, StepRef::Hash>;

// The run of which the record says something; 0: of none.
RunNo run_of(const storage::Record& record);

struct History {
  std::map<Position, EventRecord> events;
  std::map<RunNo, RunRecord> runs;
  std::vector<RunNo> run_numbers;  // of all runs, in their order
  std::unordered_map<RunId, RunNo> run_by_id;
  std::map<RunNo, std::map<Position, StepRecord>> steps;
  PerStep<Position> step_by_key;
  std::map<RunNo, std::map<Position, AttemptRecord>> attempts;
  std::map<std::string, storage::StoredFunction> functions;
  std::map<storage::FlowStateKey, storage::FlowState> flow_states;
  std::map<std::string, std::vector<Position>> copies;  // by the sender's id of an event
  std::map<std::string, std::vector<RunNo>> started;    // by the event id of runs
  std::map<Position, std::vector<RunNo>> resumed;       // by the event that resolved
  uint64_t seq = 0;
  Position last_pos = 0;

  // Applies one record. The result says which precondition did not hold; nothing if all did.
  std::optional<std::string> apply(const storage::Record& record);

  const RunRecord* find_run(RunNo no) const;
  const StepRecord* find_step(RunNo no, const StepKey& key) const;
  // The event as readers are shown it: data of the engine's own events is built from their run.
  EventRecord shown(const EventRecord& event) const;
};

}  // namespace stepwell::sim
