// Reading the journal at a start, and again after a full disk: in pages, each read on the reading
// thread and handed to a new core on the loop, which meanwhile goes on serving whoever asks.
#include "engine/core/lookback.h"
#include "engine/runtime/clock.h"
#include "engine/runtime/runtime.h"
#include "schema/entropy.h"

namespace stepwell::runtime {
struct Runtime::Recovery {
  core::Core core;
  std::function<void(Result<void>)> done;
};

void Runtime::recover(std::function<void(Result<void>)> done) {
  core::Settings settings = options_.settings;
  settings.calls_endpoints = drivers_.contains(DriverKind::kHttp);
  auto recovery = std::make_shared<Recovery>(
      Recovery{core::Core(std::move(settings), Random(entropy_seed())), std::move(done)});
  recovery->core.begin_recovery(ownership_);
  Time since = wall_clock() - core::Lookback::kAgeMax;
  bool queued = reads_->submit([this, recovery, since](storage::JournalReader& reader) {
    auto functions = reader.functions();
    auto topics = reader.topics();
    auto events =
        reader.recent_events(since, core::Lookback::kEventsMax, core::Lookback::kBytesMax);
    post([this, recovery, functions = std::move(functions), topics = std::move(topics),
          events = std::move(events)]() mutable {
      if (is_over(*recovery)) return;
      if (!functions) return recovery_failed(recovery, functions.error());
      if (!topics) return recovery_failed(recovery, topics.error());
      if (!events) return recovery_failed(recovery, events.error());
      recovery->core.recover_functions(std::move(*functions));
      recovery->core.recover_topics(*topics);
      if (pipeline_) recovery->core.carry_over(pipeline_->core());
      recovery->core.recover_events(std::move(*events));
      recover_messages(recovery, 0);
    });
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::recover_flow_page(std::shared_ptr<Recovery> recovery,
                                std::optional<storage::FlowStateKey> after) {
  bool queued = reads_->submit([this, recovery, after](storage::JournalReader& reader) {
    auto page = reader.flow_states(after, options_.recovery_page);
    post([this, recovery, page = std::move(page)]() mutable {
      if (is_over(*recovery)) return;
      if (!page) return recovery_failed(recovery, page.error());
      if (page->empty()) return recover_page(recovery, 0);
      storage::FlowStateKey last = page->back().key;
      recovery->core.recover_flow_states(std::move(*page), wall_clock());
      recover_flow_page(recovery, std::move(last));
    });
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::recover_messages(std::shared_ptr<Recovery> recovery, Position after) {
  bool queued = reads_->submit([this, recovery, after](storage::JournalReader& reader) {
    auto page = reader.messages(after, options_.recovery_page);
    post([this, recovery, page = std::move(page)]() mutable {
      if (is_over(*recovery)) return;
      if (!page) return recovery_failed(recovery, page.error());
      if (page->messages.empty()) return recover_flow_page(recovery, std::nullopt);
      recovery->core.recover_messages(page->messages);
      recover_messages(recovery, page->messages.back().pos);
    });
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::recover_page(std::shared_ptr<Recovery> recovery, RunNo after) {
  bool queued = reads_->submit([this, recovery, after](storage::JournalReader& reader) {
    auto page = reader.open_runs(after, options_.recovery_page);
    post([this, recovery, page = std::move(page)]() mutable {
      if (is_over(*recovery)) return;
      if (!page) return recovery_failed(recovery, page.error());
      if (page->empty()) return recovered(recovery);
      RunNo last = page->back().run.no;
      recovery->core.recover_runs(std::move(*page), wall_clock());
      recover_page(recovery, last);
    });
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::recovered(std::shared_ptr<Recovery> recovery) {
  core::Transition transition;
  recovery->core.finish_recovery(wall_clock(), transition);
  if (pipeline_ != nullptr) {
    pipeline_->resume_after_no_space(std::move(recovery->core), ownership_, std::move(transition));
  } else {
    core::PipelinePort& port = *this;
    pipeline_ = std::make_unique<core::Pipeline>(std::move(recovery->core), ownership_, port);
    pipeline_->adopt(std::move(transition));
  }
  alarm_.reset();  // an alarm from before was for another core
  state_ = RuntimeState::kServing;
  recovery->done({});
  flush();
}

// Whether somebody stopped the engine meanwhile, or the journal failed.
bool Runtime::is_over(Recovery& recovery) {
  if (state_ == RuntimeState::kRecovering) return false;
  if (state_ != RuntimeState::kFailed) {
    recovery.done(Error{ErrorCode::kUnavailable, "the engine was stopped while it recovered"});
  }
  return true;
}

void Runtime::recovery_failed(std::shared_ptr<Recovery> recovery, Error error) {
  state_ = RuntimeState::kFailed;
  recovery->done(std::move(error));
}

void Runtime::rebuild() {
  for (auto& [kind, driver] : drivers_) driver->drop_all();
  later_.clear();
  if (state_ == RuntimeState::kStopping) {
    // There is no room for the mark of an orderly stop; the next start recovers as after a crash.
    state_ = RuntimeState::kStopped;
    return stopped();
  }
  state_ = RuntimeState::kRecovering;
  Time now = wall_clock();
  // Each input that is admitted while the disk is full may find it so and end here.
  bool is_again = now - rebuilt_at_ < options_.retry_pause;
  rebuilt_at_ = now;
  if (!is_again) return recover_from_full_disk();
  alarm_.reset();
  loop_.set_alarm(now + options_.retry_pause, [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired() && state_ == RuntimeState::kRecovering) recover_from_full_disk();
  });
}

void Runtime::recover_from_full_disk() {
  // What is committed is there; the core that counted further goes. Its positions are used up all
  // the same: batches in between hold some of them.
  ownership_.next_seq = pipeline_->committed_batches();
  ownership_.last_pos = pipeline_->core().last_pos();
  ownership_.was_clean = true;  // nobody died
  recover([this](Result<void> result) {
    bool has_failed = state_ == RuntimeState::kFailed;
    if (has_failed) fatal(storage::CommitOutcome::kUnknown, result.error().message);
  });
}

}  // namespace stepwell::runtime
