// The reading side of the journal in memory. May be used by another thread than the journal.
#pragma once

#include <memory>
#include <string>

#include "storage/memory/memory_journal.h"

namespace stepwell::storage {

class MemoryReader : public JournalReader {
 public:
  explicit MemoryReader(std::shared_ptr<MemoryJournal::Shared> shared);

  Result<std::vector<OpenRun>> open_runs(RunNo after, size_t limit) override;
  Result<RunSnapshot> load_run(RunNo no, bool with_attempts) override;
  Result<std::optional<RunRecord>> find_run(const RunId& id) override;
  Result<EventHistory> event_history(std::string_view event_id, Time since) override;
  Result<std::vector<EventRecord>> recent_events(Time since, size_t limit,
                                                 size_t bytes_max) override;
  Result<std::vector<StoredFunction>> functions() override;
  Result<std::vector<FlowState>> flow_states(const std::optional<FlowStateKey>& after,
                                             size_t limit) override;
  Result<MessagePage> messages(Position after, size_t limit) override;
  Result<std::vector<TopicRecord>> topics() override;
  Result<std::vector<RunRecord>> list_runs(const RunFilter& filter) override;
  Result<std::vector<EventRecord>> list_events(const EventFilter& filter) override;
  Result<std::optional<EventRecord>> find_event(std::string_view id) override;
  Result<std::optional<EventRecord>> event_at(Position pos) override;
  Result<JournalStats> stats() override;
  Result<std::vector<std::string>> check(bool deep) override;

 private:
  // Runs `body` under the lock, unless the call is to fail.
  template <typename T, typename Body>
  Result<T> in_call(const Body& body) {
    std::lock_guard lock(shared_->mutex);
    if (auto refused = refusal()) return *refused;
    return body();
  }
  std::optional<Error> refusal();

  // With the lock held:
  Result<std::optional<RunRecord>> run_at(RunNo no) const;
  Result<std::optional<EventRecord>> stored_event_at(Position pos) const;
  Result<std::optional<EventRecord>> filled_event_at(Position pos) const;
  Result<StepRecord> step_at(Position pos) const;
  Result<OpenRun> open_run(RunNo no) const;
  void add_started_by_further(Position event, Time since, EventHistory& history) const;
  std::string event_name(Position pos) const;  // empty: there is none

  const MemoryStore& store() const { return shared_->store; }

  std::shared_ptr<MemoryJournal::Shared> shared_;
};

}  // namespace stepwell::storage
