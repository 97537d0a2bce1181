#include "engine/runtime/runtime.h"

#include <utility>

#include "engine/runtime/clock.h"
#include "schema/entropy.h"

namespace stepwell::runtime {
namespace {

// How often a full disk is tried again.
constexpr Duration kProbeEvery = std::chrono::seconds(1);

// The engine's own reads are bounded by what it asks for, never refused.
constexpr size_t kUnbounded = static_cast<size_t>(-1);

}  // namespace

Runtime::Runtime(Loop& loop, std::unique_ptr<storage::Journal> journal, RuntimeOptions options)
    : loop_(loop), options_(options), unopened_journal_(std::move(journal)) {}

Runtime::~Runtime() {
  queries_.reset();
  reads_.reset();
  journal_.reset();
}

void Runtime::set_driver(DriverKind kind, core::Driver* driver) {
  drivers_[kind] = driver;
}

void Runtime::on_publish(std::function<void(core::PublishedMessage)> callback) {
  on_publish_ = std::move(callback);
}

void Runtime::on_run_ended(std::function<void(const core::RunEnded&)> callback) {
  on_run_ended_ = std::move(callback);
}

void Runtime::on_fatal(std::function<void(storage::CommitOutcome, const std::string&)> callback) {
  on_fatal_ = std::move(callback);
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
  readers.pop_back();
  reads_ = std::make_unique<ReadPool>(std::move(own), kUnbounded);
  queries_ = std::make_unique<ReadPool>(std::move(readers), options_.query_queue_max);
  journal_ = std::make_unique<JournalThread>(std::move(unopened_journal_), loop_,
                                             [this](storage::CommitResult result) {
                                               pipeline_->committed(result, wall_clock());
                                               is_out_of_space_ = pipeline_->is_out_of_space();
                                               set_alarm();
                                             });
  state_ = RuntimeState::kRecovering;
  loop_.post([this, ready = std::move(ready)]() mutable { recover(std::move(ready)); });
  return {};
}

void Runtime::submit(core::Input input, AnswerCallback callback) {
  bool was_empty;
  {
    std::lock_guard lock(mutex_);
    was_empty = inbox_.empty();
    inbox_.push_back({std::move(input), std::move(callback)});
  }
  if (was_empty) loop_.post([this] { drain(); });
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
  Time now = wall_clock();
  for (Submitted& submitted : inbox) apply(std::move(submitted), now);
  flush();
}

void Runtime::apply(Submitted submitted, Time now) {
  RuntimeState state = state_.load();
  if (state != RuntimeState::kServing) {
    if (!submitted.callback || state == RuntimeState::kFailed) return;
    const char* why =
        state == RuntimeState::kRecovering ? "the engine is recovering" : "the engine is stopping";
    return submitted.callback(core::Answer{.error = Error{ErrorCode::kUnavailable, why}});
  }
  if (submitted.callback) {
    core::RequestId id = ++last_request_;
    callbacks_.emplace(id, std::move(submitted.callback));
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
  set_alarm();
}

void Runtime::set_alarm() {
  if (state_ != RuntimeState::kServing) return;
  std::optional<Time> next = pipeline_->core().next_due();
  if (pipeline_->is_out_of_space()) {
    Time probe = wall_clock() + kProbeEvery;
    next = next && *next > wall_clock() ? std::min(*next, probe) : probe;
  }
  if (next == alarm_) return;
  alarm_ = next;
  loop_.set_alarm(next, [this] {
    alarm_.reset();
    Time now = wall_clock();
    if (pipeline_->is_out_of_space()) pipeline_->probe(now);
    pipeline_->submit(core::TimePassed{}, now);
    flush();
  });
}

void Runtime::commit(storage::Batch batch) {
  journal_->commit(std::move(batch));
}

void Runtime::fetch(core::FetchId id, const core::Lookup& lookup) {
  Time since = wall_clock() - core::kDeduplicationWindow;
  bool queued = reads_->submit([this, id, lookup, since](storage::JournalReader& reader) {
    Result<core::LookupResult> result = core::look_up(reader, lookup, since);
    loop_.post([this, id, result = std::move(result)]() mutable {
      pipeline_->fetched(id, std::move(result), wall_clock());
      flush();
    });
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::load_run(RunNo run) {
  bool queued = reads_->submit([this, run](storage::JournalReader& reader) {
    core::RunLoaded loaded{.run = run, .snapshot = reader.load_run(run, false)};
    submit(std::move(loaded), nullptr);
  });
  CHECK_INVARIANT(queued, "the engine's own reads are never refused");
}

void Runtime::answered(core::Answer answer) {
  auto found = callbacks_.find(answer.request);
  if (found == callbacks_.end()) return;
  AnswerCallback callback = std::move(found->second);
  callbacks_.erase(found);
  callback(std::move(answer));
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
  callbacks_.clear();  // dropped unanswered: what they asked for may or may not be durable
  if (on_fatal_) on_fatal_(outcome, message);
}

void Runtime::stop(std::function<void()> done) {
  if (state_ != RuntimeState::kServing) {
    if (done) done();
    return;
  }
  state_ = RuntimeState::kStopping;
  loop_.set_alarm(std::nullopt, nullptr);
  pipeline_->stop([this, done = std::move(done)] {
    state_ = RuntimeState::kStopped;
    if (done) done();
  });
  pipeline_->flush(wall_clock());
}

}  // namespace stepwell::runtime
