// One life of the engine's process: recovery, then the core behind its pipeline, with the ports
// that a runtime would give it. Everything it does takes virtual time; nothing survives it but the
// journal.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "engine/core/pipeline.h"
#include "tests/simulation/driver.h"
#include "tests/simulation/host.h"
#include "tests/simulation/wire_link.h"

namespace stepwell::sim {

class Process : public core::PipelinePort {
 public:
  Process(Host& host, int number);

  // Begins the recovery.
  void start();
  // Recovery is over: inputs are taken.
  bool serves() const { return pipeline_ != nullptr && !is_rebuilding_; }
  void submit(core::Input input);
  void stop_in_order();
  void register_functions();
  // The alarm is set anew: it was set for the old time.
  void clock_jumped();

  // Looks at what happened since the last time: what the core finds wrong with itself, in the runs
  // that were touched, and now and then in everything.
  void inspect();
  void inspect_all();
  std::string why_it_waits(const RunId& run) const;
  // The batch that the journal was busy with, if any.
  std::optional<storage::Batch> take_unfinished_batch() { return std::move(unfinished_); }
  size_t open_runs() const { return pipeline_ ? pipeline_->core().open_runs() : 0; }

  // core::PipelinePort
  void commit(storage::Batch batch) override;
  void fetch(core::FetchId id, const core::Lookup& lookup) override;
  void perform(core::Effect effect) override;
  void rebuild() override;
  void fatal(storage::CommitOutcome outcome, const std::string& message) override;

  // Does it later, if this process is still alive then.
  void later(Duration delay, std::function<void()> thing);
  Duration some_delay();
  int number() const { return number_; }

 private:
  // Something without which there is no going on failed: the process ends.
  bool is_fine(const std::optional<Error>& error, std::string_view doing);
  bool find_messages();
  void read_functions();
  void read_flow_page(std::optional<storage::FlowStateKey> after);
  void read_messages(Position after);
  void read_page(RunNo after);
  bool dies_at_page();
  void finish_recovery();
  void commit_done(const storage::Batch& batch);
  void keep_house(bool idle);
  const CrashPoint* crash_here(int batch) const;
  void load(RunNo run);
  void read_events(const core::ReadEvents& wanted);
  void probe();
  void touched();
  void touch(const std::vector<storage::Record>& records);
  void arm();
  // A read of the journal, which may fail.
  storage::JournalReader& read();
  core::Driver& driver_of(const core::Call& call);
  void commit_with_fate(const storage::Batch& batch);

  Host& host_;
  int number_;
  SimDriver driver_;  // of native functions
  WireLink link_;     // of those behind HTTP
  storage::Ownership ownership_;
  std::unique_ptr<storage::JournalReader> reader_;
  std::optional<core::Core> recovering_;
  std::unique_ptr<core::Pipeline> pipeline_;
  const CrashPoint* crash_ = nullptr;  // of this life
  int batches_ = 0;
  int pages_ = 0;
  int releasing_ = -1;     // the batch whose effects happen
  int effects_left_ = -1;  // before the process dies; -1: it does not
  bool is_rebuilding_ = false;
  bool is_stopping_ = false;  // in order: no alarm is set any more
  bool was_touched_ = false;
  std::set<RunNo> touched_runs_;
  std::optional<storage::Batch> unfinished_;
  bool will_flush_ = false;
  uint64_t inspections_ = 0;
  std::optional<Time> alarm_;
  uint64_t alarm_number_ = 0;
};

}  // namespace stepwell::sim
