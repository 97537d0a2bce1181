#include "engine/runtime/runtime.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "engine/runtime/clock.h"
#include "engine/runtime/lifecycle.h"
#include "schema/entropy.h"

namespace stepwell::runtime {
namespace {

// EX_IOERR of sysexits.h: what the journal holds is for the next start to find out.
constexpr int kExitIoError = 74;

// The engine's own reads are bounded by what it asks for, never refused.
constexpr size_t kUnbounded = static_cast<size_t>(-1);

// The runs of which a batch records something, each once.
std::vector<RunNo> runs_of(const storage::Batch& batch) {
  struct Visitor {
    RunNo operator()(const storage::PutEvent&) const { return 0; }
    RunNo operator()(const storage::PutRun& put) const { return put.run.no; }
    RunNo operator()(const storage::UpdateRun& update) const { return update.run.no; }
    RunNo operator()(const storage::PutStep& put) const { return put.step.run; }
    RunNo operator()(const storage::UpdateStep& update) const { return update.step.run; }
    RunNo operator()(const storage::DropPendingSteps& drop) const { return drop.run; }
    RunNo operator()(const storage::PutAttempt& put) const { return put.attempt.run; }
    RunNo operator()(const storage::PutFunction&) const { return 0; }
    RunNo operator()(const storage::PutFlowState&) const { return 0; }
    RunNo operator()(const storage::DropFlowState&) const { return 0; }
    RunNo operator()(const storage::PutMessage&) const { return 0; }
    RunNo operator()(const storage::DropMessages&) const { return 0; }
    RunNo operator()(const storage::PutTopic&) const { return 0; }
  };
  std::vector<RunNo> runs;
  for (const storage::Record& record : batch.records) {
    const RunNo run = std::visit(Visitor{}, record);
    if (run != 0) runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end());
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  return runs;
}

bool starts_runs(const core::Input& input) {
  return std::holds_alternative<core::AcceptEvents>(input) ||
         std::holds_alternative<core::InvokeDirectly>(input) ||
         std::holds_alternative<core::RerunRun>(input);
}

// How much of the room for waiting work an input takes.
size_t work_of(const core::Input& input) {
  const auto* events = std::get_if<core::AcceptEvents>(&input);
  return events == nullptr ? 1 : std::max<size_t>(events->events.size(), 1);
}

}  // namespace

Runtime::Runtime(Loop& loop, std::unique_ptr<storage::Journal> journal, RuntimeOptions options)
    : loop_(loop), options_(options), unopened_journal_(std::move(journal)) {}

Runtime::~Runtime() {
  // The threads first: what they hand to the loop looks at alive_.
  queries_.reset();
  reads_.reset();
  journal_.reset();
  alive_.reset();
}

void Runtime::set_driver(DriverKind kind, core::Driver* driver) {
  drivers_[kind] = driver;
}

void Runtime::on_publish(std::function<void(core::PublishedMessage)> callback) {
  on_publish_ = std::move(callback);
}

void Runtime::on_lifecycle(std::function<void(core::PublishedMessage)> callback) {
  on_lifecycle_ = std::move(callback);
}

void Runtime::on_messages_found(std::function<void(const storage::MessagePage&)> callback) {
  on_messages_found_ = std::move(callback);
}

void Runtime::on_run_ended(std::function<void(const core::RunEnded&)> callback) {
  on_run_ended_ = std::move(callback);
}

void Runtime::on_commit(std::function<void(const std::vector<RunNo>&)> callback) {
  on_commit_ = std::move(callback);
}

void Runtime::on_fatal(std::function<void(storage::CommitOutcome, const std::string&)> callback) {
  on_fatal_ = std::move(callback);
}

void Runtime::on_space(std::function<void(bool)> callback) {
  on_space_ = std::move(callback);
}

Result<void> Runtime::start(std::function<void(Result<void>)> ready) {
  CHECK_INVARIANT(state_ == RuntimeState::kStopped && unopened_journal_, "a runtime starts once");
  Result<storage::Ownership> ownership = unopened_journal_->acquire(0);
  if (!ownership) return ownership.error();
  ownership_ = *ownership;
  std::vector<std::unique_ptr<storage::JournalReader>> readers;
  for (size_t i = 0; i < options_.query_threads + 1; ++i) {
    auto reader = unopened_journal_->open_reader();
    if (!reader) return reader.error();
    readers.push_back(std::move(*reader));
  }
  std::vector<std::unique_ptr<storage::JournalReader>> own;
  own.push_back(std::move(readers.back()));
  own.back()->serve_engine();
  if (const Result<void> found = find_messages(*own.back()); !found) return found.error();
  readers.pop_back();
  reads_ = std::make_unique<ReadPool>(std::move(own), kUnbounded);
  queries_ = std::make_unique<ReadPool>(std::move(readers), options_.query_queue_max);
  auto on_committed = [this, alive = std::weak_ptr(alive_)](const storage::CommitResult& result) {
    if (!alive.expired()) committed(result);
  };
  auto on_failed = [this, alive = std::weak_ptr(alive_)](const storage::CommitResult& result) {
    if (!alive.expired()) journal_failed(result);
  };
  journal_ = std::make_unique<JournalThread>(std::move(unopened_journal_), loop_, on_committed,
                                             on_failed, metrics_);
  state_ = RuntimeState::kRecovering;
  post([this, ready = std::move(ready)]() mutable { recover(std::move(ready)); });
  return {};
}

// Before anybody can subscribe: who resumes must find what there was.
Result<void> Runtime::find_messages(storage::JournalReader& reader) {
  if (!on_messages_found_) return {};
  for (Position last = 0;;) {
    Result<storage::MessagePage> page = reader.messages(last, options_.recovery_page);
    if (!page) return page.error();
    on_messages_found_(*page);
    if (page->messages.empty()) return {};
    last = page->messages.back().pos;
  }
}

void Runtime::post(std::function<void()> task) {
  loop_.post([alive = std::weak_ptr(alive_), task = std::move(task)] {
    if (!alive.expired()) task();
  });
}

void Runtime::committed(const storage::CommitResult& result) {
  told_of_commit(result);
  std::vector<core::PublishedMessage> lifecycle = std::exchange(lifecycle_, {});
  pipeline_->committed(result, wall_clock());
  if (result.outcome == storage::CommitOutcome::kCommitted) {
    for (core::PublishedMessage& message : lifecycle) on_lifecycle_(std::move(message));
  }
  const bool is_out = pipeline_->is_out_of_space();
  if (is_out_of_space_.exchange(is_out) != is_out && on_space_) on_space_(is_out);
  set_alarm();
}

void Runtime::journal_failed(const storage::CommitResult& result) {
  if (pipeline_ && state_ != RuntimeState::kStopped) pipeline_->journal_failed(result);
}

void Runtime::submit(core::Input input, AnswerCallback callback) {
  // What ends something has room of its own: without it an overload could not be ended.
  const size_t own_room = core::is_essential(input) ? options_.work_max / 5 + 1 : 0;
  const size_t work = callback ? work_of(input) : 0;
  if (callback && starts_runs(input) && crowd_ >= options_.crowd_max) {
    work_ += work;
    return post([this, callback = std::move(callback), work]() mutable {
      refuse(std::move(callback), work, "too many runs wait their turn: try again in a while");
    });
  }
  if (const size_t before = work_.fetch_add(work);
      before != 0 && before + work > options_.work_max + own_room && callback) {
    return post([this, callback = std::move(callback), work]() mutable {
      refuse(std::move(callback), work, "too many requests wait: try again in a moment");
    });
  }
  bool was_empty;
  {
    std::lock_guard lock(mutex_);
    was_empty = inbox_.empty();
    inbox_.push_back({std::move(input), std::move(callback), work, Clock::now()});
  }
  if (was_empty) post([this] { drain(); });
}

void Runtime::refuse(AnswerCallback callback, size_t work, const char* why) {
  work_ -= work;
  metrics_.refused.fetch_add(1, std::memory_order_relaxed);
  callback(core::Answer{.error = Error{ErrorCode::kUnavailable, why}});
}

void Runtime::reply(core::Reply reply) {
  submit(core::CallReplied{.reply = std::move(reply), .histories = {}}, nullptr);
}

Result<void> Runtime::query(Query query) {
  if (!queries_ || !queries_->submit(std::move(query))) {
    return Error{ErrorCode::kUnavailable, "too many queries wait: try again in a moment"};
  }
  return {};
}

// Everything that came in meanwhile becomes part of one batch.
void Runtime::drain() {
  std::vector<Submitted> inbox;
  {
    std::lock_guard lock(mutex_);
    inbox.swap(inbox_);
  }
  if (inbox.empty()) return;
  auto waited = Clock::now() - inbox.front().at;
  metrics_.input_wait_micros.record(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(waited).count()));
  metrics_.inputs.fetch_add(inbox.size(), std::memory_order_relaxed);
  Time now = wall_clock();
  for (Submitted& submitted : inbox) apply(std::move(submitted), now);
  flush();
}

void Runtime::apply(Submitted submitted, Time now) {
  RuntimeState state = state_.load();
  if (state != RuntimeState::kServing) {
    if (!submitted.callback || state == RuntimeState::kFailed) return;
    return refuse(
        std::move(submitted.callback), submitted.work,
        state == RuntimeState::kRecovering ? "the engine is recovering" : "the engine is stopping");
  }
  if (submitted.callback) {
    core::RequestId id = ++last_request_;
    asked_.emplace(id, Asked{std::move(submitted.callback), submitted.work});
    std::visit(
        [id](auto& input) {
          if constexpr (requires { input.request; }) input.request = id;
        },
        submitted.input);
  }
  pipeline_->submit(std::move(submitted.input), now);
}

void Runtime::flush() {
  if (!pipeline_) return;
  pipeline_->flush(wall_clock());
  crowd_ = pipeline_->core().crowd();
  set_alarm();
}

void Runtime::set_alarm() {
  if (state_ != RuntimeState::kServing) return;
  std::optional<Time> next = pipeline_->core().next_due();
  auto not_after = [&next](Time at) { next = next ? std::min(*next, at) : at; };
  if (!later_.empty()) not_after(later_at_);
  if (pipeline_->is_out_of_space()) {
    // Timers wait for room too.
    next = wall_clock() + options_.retry_pause;
    if (alarm_ && *alarm_ > wall_clock()) not_after(*alarm_);
  }
  if (next == alarm_) return;
  alarm_ = next;
  loop_.set_alarm(next, [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) alarm_went_off();
  });
}

void Runtime::alarm_went_off() {
  alarm_.reset();
  if (state_ != RuntimeState::kServing) return;
  Time now = wall_clock();
  if (now >= later_at_) {
    for (auto& task : std::exchange(later_, {})) task();
  }
  if (pipeline_->is_out_of_space()) pipeline_->probe(now);
  pipeline_->submit(core::TimePassed{}, now);
  flush();
}

void Runtime::commit(storage::Batch batch) {
  if (on_commit_) committing_ = runs_of(batch);
  if (on_lifecycle_) {
    lifecycle_ = lifecycle_of(batch, [this](RunNo run) { return pipeline_->core().run_id(run); });
  }
  journal_->commit(std::move(batch));
}

void Runtime::told_of_commit(const storage::CommitResult& result) {
  const std::vector<RunNo> runs = std::exchange(committing_, {});
  if (on_commit_ && result.outcome == storage::CommitOutcome::kCommitted) on_commit_(runs);
}

void Runtime::fetch(core::FetchId id, const core::Lookup& lookup) {
  Time since = wall_clock() - core::kDeduplicationWindow;
  bool queued = reads_->submit([this, id, lookup, since](storage::JournalReader& reader) {
    Result<core::LookupResult> result = core::look_up(reader, lookup, since);
    post([this, id, result = std::move(result)]() mutable { fetched(id, std::move(result)); });
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::fetched(core::FetchId id, Result<core::LookupResult> result) {
  auto answer = [this, id](Result<core::LookupResult> found) {
    pipeline_->fetched(id, std::move(found), wall_clock());
    flush();
  };
  if (result || state_ != RuntimeState::kServing) return answer(std::move(result));
  do_later([answer, error = result.error()] { answer(error); });
}

void Runtime::load_run(RunNo run) {
  bool queued = reads_->submit([this, run](storage::JournalReader& reader) {
    post([this, run, snapshot = reader.load_run(run, false)]() mutable {
      run_loaded(run, std::move(snapshot));
    });
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::run_loaded(RunNo run, Result<storage::RunSnapshot> snapshot) {
  if (state_ != RuntimeState::kServing) return;  // whoever serves next asks anew
  bool is_damaged = !snapshot && snapshot.error().code == ErrorCode::kCorrupt;
  if (!snapshot && !is_damaged) return do_later([this, run] { load_run(run); });
  pipeline_->submit(core::RunLoaded{.run = run, .snapshot = std::move(snapshot)}, wall_clock());
  flush();
}

void Runtime::read_events(std::shared_ptr<const core::ReadEvents> wanted) {
  bool queued = reads_->submit([this, wanted](storage::JournalReader& reader) {
    post([this, wanted, read = core::read_events(reader, *wanted)]() mutable {
      events_read(wanted, std::move(read));
    });
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::events_read(std::shared_ptr<const core::ReadEvents> wanted,
                          Result<core::EventsRead> read) {
  if (state_ != RuntimeState::kServing) return;  // whoever serves next asks anew
  if (!read) return do_later([this, wanted] { read_events(wanted); });
  pipeline_->submit(std::move(*read), wall_clock());
  flush();
}

// The core would ask for it again at once. What fails while others wait goes with them: if it put
// them off, they would never have their turn while more fails.
void Runtime::do_later(std::function<void()> task) {
  metrics_.failed_reads.fetch_add(1, std::memory_order_relaxed);
  if (later_.empty()) later_at_ = wall_clock() + options_.retry_pause;
  later_.push_back(std::move(task));
  set_alarm();
}

void Runtime::answered(core::Answer answer) {
  auto found = asked_.find(answer.request);
  if (found == asked_.end()) return;
  Asked asked = std::move(found->second);
  asked_.erase(found);
  work_ -= asked.work;
  asked.callback(std::move(answer));
}

void Runtime::perform(core::Effect effect) {
  struct Visitor {
    Runtime& runtime;
    void operator()(core::Answer& answer) { runtime.answered(std::move(answer)); }
    void operator()(core::StartCall& start) {
      runtime.drivers_.at(start.driver)->start(std::move(start.call));
    }
    void operator()(core::DropRun& drop) {
      auto driver = runtime.drivers_.find(drop.driver);
      if (driver != runtime.drivers_.end()) driver->second->drop(drop.run);
    }
    void operator()(core::LoadRun& load) { runtime.load_run(load.run); }
    void operator()(core::ReadEvents& read) {
      runtime.read_events(std::make_shared<const core::ReadEvents>(std::move(read)));
    }
    void operator()(core::Publish& publish) {
      if (!runtime.on_publish_) return;
      for (core::PublishedMessage& message : publish.messages) {
        runtime.on_publish_(std::move(message));
      }
    }
    void operator()(core::RunEnded& ended) {
      if (runtime.on_run_ended_) runtime.on_run_ended_(ended);
    }
  };
  std::visit(Visitor{*this}, effect);
}

void Runtime::fatal(storage::CommitOutcome outcome, const std::string& message) {
  state_ = RuntimeState::kFailed;
  // Dropped unanswered: what they asked for may or may not be durable.
  for (const auto& [id, asked] : asked_) work_ -= asked.work;
  asked_.clear();
  if (!on_fatal_) {
    std::fprintf(stderr, "stepwell: the journal cannot be trusted any more: %s\n", message.c_str());
    std::_Exit(kExitIoError);
  }
  on_fatal_(outcome, message);
  stopped();
}

void Runtime::stop(std::function<void()> done) {
  CHECK_INVARIANT(loop_.is_loop_thread(), "a runtime is stopped on its loop");
  if (done) on_stopped_.push_back(std::move(done));
  switch (state_.load()) {
    case RuntimeState::kStopping:
      return;
    case RuntimeState::kRecovering:  // nothing is open
      state_ = RuntimeState::kStopped;
      return stopped();
    case RuntimeState::kStopped:
    case RuntimeState::kFailed:
      return stopped();
    case RuntimeState::kServing:
      break;
  }
  state_ = RuntimeState::kStopping;
  loop_.set_alarm(std::nullopt, nullptr);
  // Not at once: it may be the pipeline that is calling.
  post([this] {
    if (state_ != RuntimeState::kStopping) return;
    for (auto& task : std::exchange(later_, {})) task();
    pipeline_->stop([this] {
      state_ = RuntimeState::kStopped;
      stopped();
    });
    pipeline_->flush(wall_clock());
  });
}

void Runtime::stopped() {
  // What waits for a read that nobody takes any more.
  for (auto& [id, asked] : std::exchange(asked_, {})) {
    refuse(std::move(asked.callback), asked.work, "the engine is stopping");
  }
  // Posted, so that whoever is told may destroy the runtime.
  for (auto& done : std::exchange(on_stopped_, {})) loop_.post(std::move(done));
}

}  // namespace stepwell::runtime
