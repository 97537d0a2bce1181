#include "engine/core/pipeline.h"

#include <utility>

#include "schema/mutant.h"

namespace stepwell::core {
namespace {

constexpr const char* kNoSpaceMessage =
    "the disk is full: nothing new is accepted until there is room again";
constexpr const char* kLockedMessage =
    "another program holds the lock of the database: nothing new is accepted until it lets go";

RequestId request_of(const Input& input) {
  return std::visit(
      [](const auto& value) -> RequestId {
        if constexpr (requires { value.request; }) return value.request;
        return 0;
      },
      input);
}

}  // namespace

Pipeline::Pipeline(Core core, const storage::Ownership& ownership, PipelinePort& port)
    : core_(std::move(core)), port_(port), epoch_(ownership.epoch), next_seq_(ownership.next_seq) {}

void Pipeline::submit(Input input, Time now) {
  if (has_failed_) return;
  if (stopped_ || rebuilding_ || (out_of_space_ && !is_essential(input))) return refuse(input);
  Lookup lookup = core_.lookups_of(input);
  if (lookup.empty()) return apply(std::move(input), {}, now);
  // From here until the batch is durable nobody else may decide about these ids: two copies of an
  // event would both find that there was none before.
  if (!waiting_.empty() || !hold(lookup.event_ids)) {
    waiting_.push_back(std::move(input));
    return;
  }
  FetchId id = next_fetch_++;
  fetching_.emplace(id, Fetching{std::move(input), lookup.event_ids});
  port_.fetch(id, lookup);
}

void Pipeline::fetched(FetchId id, Result<LookupResult> result, Time now) {
  auto found = fetching_.find(id);
  // Dropped when the disk was full, or nothing is answered any more.
  if (found == fetching_.end() || has_failed_) return;
  Fetching fetching = std::move(found->second);
  fetching_.erase(found);
  if (!result) {
    RequestId request = request_of(fetching.input);
    if (request == 0 && !stopped_) {
      // A reply to a call must not be lost: its run would wait for it for ever.
      Lookup lookup = core_.lookups_of(fetching.input);
      fetching_.emplace(id, std::move(fetching));
      return port_.fetch(id, lookup);
    }
    if (request != 0) port_.perform(Answer{.request = request, .error = result.error()});
    return let_go(fetching.keys, now);
  }
  attach(fetching.input, std::move(*result));
  apply(std::move(fetching.input), std::move(fetching.keys), now);
}

void Pipeline::apply(Input input, std::vector<std::string> keys, Time now) {
  // Batch N is at the journal or there is none: what is written now is batch N+1.
  uint64_t batch = next_seq_ + (at_journal_ ? 1 : 0);
  core_.apply(std::move(input), now, batch, open_);
  open_keys_.insert(open_keys_.end(), std::make_move_iterator(keys.begin()),
                    std::make_move_iterator(keys.end()));
  is_dirty_ = true;
}

void Pipeline::adopt(Transition transition) {
  open_.writes.insert(open_.writes.end(), std::make_move_iterator(transition.writes.begin()),
                      std::make_move_iterator(transition.writes.end()));
  open_.effects.insert(open_.effects.end(), std::make_move_iterator(transition.effects.begin()),
                       std::make_move_iterator(transition.effects.end()));
  is_dirty_ = true;
}

void Pipeline::flush(Time now) {
  if (has_failed_) return;
  while (!at_journal_ && !rebuilding_ && is_dirty_) {
    if (!open_.writes.empty()) return seal(false);
    // Nothing to write, and nothing that was written before is still on its way.
    is_dirty_ = false;
    std::vector<Effect> effects = std::exchange(open_.effects, {});
    std::vector<std::string> keys = std::exchange(open_keys_, {});
    release(std::move(effects));
    let_go(keys, now);
  }
  bool is_done = !at_journal_ && !rebuilding_ && !is_dirty_ && fetching_.empty();
  if (stop_requested_ && is_done) seal(true);
}

void Pipeline::seal(bool clean_stop) {
  storage::Batch batch;
  batch.epoch = epoch_;
  batch.expect_seq = next_seq_;
  batch.last_pos = core_.last_pos();
  batch.clean_stop = clean_stop;
  batch.records = std::exchange(open_.writes, {});
  sealed_effects_ = std::exchange(open_.effects, {});
  sealed_keys_ = std::exchange(open_keys_, {});
  is_dirty_ = false;
  if (mutant("effects-before-commit")) release(std::exchange(sealed_effects_, {}));
  at_journal_ = true;
  is_stopping_ = clean_stop;
  is_probe_ = batch.records.empty() && !clean_stop;
  if (clean_stop) stop_requested_ = false;
  port_.commit(std::move(batch));
}

void Pipeline::committed(const storage::CommitResult& result, Time now) {
  CHECK_INVARIANT(at_journal_, "a commit is answered once");
  at_journal_ = false;
  if (has_failed_) return;
  switch (result.outcome) {
    case storage::CommitOutcome::kCommitted:
      break;
    case storage::CommitOutcome::kNoSpace:
      // A probe that finds the disk still full loses nothing.
      if (is_probe_ && !is_dirty_ && !stopped_) return;
      return run_out_of_space(result.is_locked);
    default:
      if (mutant("unknown-taken-for-committed")) break;
      // What is in this batch and the next may or may not exist: no answer, recovery decides.
      return journal_failed(result);
  }
  ++next_seq_;
  out_of_space_ = result.uses_reserve;
  refusal_ = kNoSpaceMessage;
  std::vector<Effect> effects = std::exchange(sealed_effects_, {});
  std::vector<std::string> keys = std::exchange(sealed_keys_, {});
  // The journal works while the effects happen.
  if (!open_.writes.empty() && !is_stopping_) seal(false);
  release(std::move(effects));
  if (is_stopping_) {
    is_stopping_ = false;
    if (on_stopped_) std::exchange(on_stopped_, nullptr)();
    return;
  }
  let_go(keys, now);
  flush(now);
}

void Pipeline::journal_failed(const storage::CommitResult& result) {
  if (has_failed_) return;
  has_failed_ = true;
  open_ = {};
  port_.fatal(result.outcome, result.message);
}

void Pipeline::release(std::vector<Effect> effects) {
  for (const Effect& effect : effects) forget_held_calls(effect);
  if (!out_of_space_) {
    for (StartCall& call : std::exchange(held_back_, {})) port_.perform(std::move(call));
  }
  for (Effect& effect : effects) {
    // A body that ran while its result cannot be recorded would only run again.
    if (out_of_space_ && std::holds_alternative<StartCall>(effect)) {
      held_back_.push_back(std::get<StartCall>(std::move(effect)));
      continue;
    }
    forget_held_calls(effect);
    port_.perform(std::move(effect));
  }
}

// A run that ended while its call waited for room, cancelled by somebody say, is not called.
void Pipeline::forget_held_calls(const Effect& effect) {
  const auto* drop = std::get_if<DropRun>(&effect);
  if (drop == nullptr) return;
  std::erase_if(held_back_, [&](const StartCall& held) { return held.call.run->no == drop->run; });
}

void Pipeline::refuse(const Input& input) {
  RequestId request = request_of(input);
  if (request == 0) return;
  port_.perform(Answer{
      .request = request,
      .error = Error{ErrorCode::kUnavailable, stopped_ ? "the engine is stopping" : refusal_}});
}

void Pipeline::run_out_of_space(bool is_locked) {
  refusal_ = is_locked ? kLockedMessage : kNoSpaceMessage;
  // Nothing of batches N and N+1 is or will be stored: forget them, and read again what is.
  std::vector<Effect> dropped = std::exchange(sealed_effects_, {});
  for (Effect& effect : open_.effects) dropped.push_back(std::move(effect));
  open_ = {};
  open_keys_.clear();
  sealed_keys_.clear();
  is_dirty_ = false;
  out_of_space_ = true;
  rebuilding_ = !stopped_ && !mutant("full-disk-keeps-state");
  held_.clear();
  held_back_.clear();
  for (const Effect& effect : dropped) {
    const auto* answer = std::get_if<Answer>(&effect);
    if (answer == nullptr || mutant("full-disk-forgets-answers")) continue;
    port_.perform(
        Answer{.request = answer->request, .error = Error{ErrorCode::kUnavailable, refusal_}});
  }
  for (RequestId request : core_.unanswered()) {
    port_.perform(Answer{.request = request, .error = Error{ErrorCode::kUnavailable, refusal_}});
  }
  for (auto& [id, fetching] : fetching_) refuse(fetching.input);
  fetching_.clear();
  for (const Input& input : waiting_) refuse(input);
  waiting_.clear();
  if (!stopped_) return rebuilding_ ? port_.rebuild() : void();
  // Whoever wants to stop does not wait for room: without the mark the next start is unclean.
  has_failed_ = true;
  if (on_stopped_) std::exchange(on_stopped_, nullptr)();
}

void Pipeline::resume_after_no_space(Core core, const storage::Ownership& ownership,
                                     Transition recovered) {
  core_ = std::move(core);
  epoch_ = ownership.epoch;
  next_seq_ = ownership.next_seq;
  rebuilding_ = false;
  adopt(std::move(recovered));
}

void Pipeline::probe(Time now) {
  if (!out_of_space_ || rebuilding_ || stopped_ || has_failed_) return;
  flush(now);
  if (!at_journal_ && !rebuilding_) seal(false);
}

void Pipeline::stop(std::function<void()> done) {
  stopped_ = true;
  stop_requested_ = true;
  on_stopped_ = std::move(done);
}

bool Pipeline::is_idle() const {
  return !at_journal_ && !is_dirty_ && fetching_.empty() && waiting_.empty() && !rebuilding_;
}

bool Pipeline::hold(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    if (held_.contains(key) && !mutant("copies-decided-at-once")) return false;
  }
  held_.insert(keys.begin(), keys.end());
  return true;
}

void Pipeline::let_go(const std::vector<std::string>& keys, Time now) {
  if (keys.empty()) return;
  for (const std::string& key : keys) {
    if (!mutant("event-ids-held-for-ever")) held_.erase(key);
  }
  std::deque<Input> waiting = std::exchange(waiting_, {});
  for (Input& input : waiting) submit(std::move(input), now);
}

}  // namespace stepwell::core
