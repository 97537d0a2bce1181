// Group commit around the core (design.md, "The one rule"): inputs are applied as they come, what
// they write gathers in the open batch, at most one batch is at the journal, and the effects of a
// batch happen when it is durable. Has no threads and no clock: the real loop and the simulator
// both drive it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/core/core.h"

namespace stepwell::core {

using FetchId = uint64_t;

// What the pipeline asks of the world. All of it is asynchronous: none of these may call back into
// the pipeline before it has returned.
class PipelinePort {
 public:
  virtual ~PipelinePort() = default;

  // Commit this batch; answer with Pipeline::committed. At most one at a time.
  virtual void commit(storage::Batch batch) = 0;

  // Look this up in the committed journal; answer with Pipeline::fetched.
  virtual void fetch(FetchId id, const Lookup& lookup) = 0;

  // Do it. Its batch is durable.
  virtual void perform(Effect effect) = 0;

  // The disk is full: nothing of the last batches was written. Drop all frames of all drivers, read
  // the journal again as at a start, and call Pipeline::resume_after_no_space with the new core.
  virtual void rebuild() = 0;

  // Nothing can be trusted any more: stop answering and end the process (embedded: on_fatal).
  virtual void fatal(storage::CommitOutcome outcome, const std::string& message) = 0;
};

class Pipeline {
 public:
  // `core` has finished its recovery; `ownership` is what the journal gave.
  Pipeline(Core core, const storage::Ownership& ownership, PipelinePort& port);

  // Takes an input: applies it at once, or after its look-up. Its answer comes as an effect.
  // While the disk is full, inputs that are not essential are answered kUnavailable.
  void submit(Input input, Time now);

  // Adds what the core wrote outside of apply (finish_recovery).
  void adopt(Transition transition);

  // Seals the open batch if the journal is idle. Call it when no input is at hand any more.
  void flush(Time now);

  // The answer to PipelinePort::commit. Seals the next batch by itself.
  void committed(const storage::CommitResult& result, Time now);

  // The journal has failed between commits and will commit nothing more. Waiting for the next
  // commit to tell would wait for ever where reads fail too: what needs a look-up never commits.
  void journal_failed(const storage::CommitResult& result);

  // The answer to PipelinePort::fetch.
  void fetched(FetchId id, Result<LookupResult> result, Time now);

  // The answer to PipelinePort::rebuild: the core as recovered from the journal.
  void resume_after_no_space(Core core, const storage::Ownership& ownership, Transition recovered);

  // While the disk is full: tries whether there is room again. Once there is, what was held back
  // (calls of functions) happens. Call it now and then.
  void probe(Time now);

  // Commits the mark of an orderly stop behind everything else; `done` runs when it is durable, or
  // when the disk is found full (not at all after another failure). Inputs are refused from now on.
  // Call flush() next.
  void stop(std::function<void()> done);

  Core& core() { return core_; }
  const Core& core() const { return core_; }
  bool is_idle() const;  // nothing open, nothing at the journal, nothing being fetched
  bool is_out_of_space() const { return out_of_space_; }
  // What was computed and not given to the journal yet, for inspection.
  const Transition& open_batch() const { return open_; }
  uint64_t committed_batches() const { return next_seq_; }

 private:
  struct Fetching {
    Input input;
    std::vector<std::string> keys;
  };

  void apply(Input input, std::vector<std::string> keys, Time now);
  void seal(bool clean_stop);
  void release(std::vector<Effect> effects);
  void refuse(const Input& input);
  bool hold(const std::vector<std::string>& keys);
  void let_go(const std::vector<std::string>& keys, Time now);
  void forget_held_calls(const Effect& effect);
  void run_out_of_space(bool is_locked);

  Core core_;
  PipelinePort& port_;
  uint64_t epoch_ = 0;
  uint64_t next_seq_ = 0;

  Transition open_;                     // batch N+1
  bool is_dirty_ = false;               // something was applied to it
  std::vector<std::string> open_keys_;  // held until it is durable
  bool at_journal_ = false;             // batch N is being committed
  bool is_probe_ = false;               // batch N only looks whether there is room
  std::vector<Effect> sealed_effects_;  // of batch N
  std::vector<std::string> sealed_keys_;

  FetchId next_fetch_ = 1;
  std::map<FetchId, Fetching> fetching_;
  std::set<std::string> held_;  // event ids of inputs that are not durable yet
  std::deque<Input> waiting_;   // inputs that need a held key, in order

  bool out_of_space_ = false;
  const char* refusal_ = "";          // why nothing new is accepted then
  std::vector<StartCall> held_back_;  // until there is room for their results
  bool rebuilding_ = false;
  bool has_failed_ = false;  // nothing is committed, applied or answered any more
  bool stopped_ = false;
  bool stop_requested_ = false;
  bool is_stopping_ = false;  // the batch at the journal is the last
  std::function<void()> on_stopped_;
};

}  // namespace stepwell::core
