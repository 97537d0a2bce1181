#include "api/embedded/engine_impl.h"

#include <cstdio>
#include <cstdlib>
#include <future>

#include "api/embedded/function_config_of.h"
#include "engine/core/functions.h"
#include "engine/runtime/clock.h"
#include "engine/runtime/hub_feed.h"
#include "schema/entropy.h"
#include "storage/memory/memory_journal.h"
#include "storage/sqlite/sqlite_journal.h"

namespace stepwell::detail {
namespace {

// sysexits.h EX_IOERR: what a supervisor sees when the journal cannot be trusted any more.
constexpr int kExitIoError = 74;

EngineError::Code code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return EngineError::Code::kNotFound;
    case ErrorCode::kConflict:
      return EngineError::Code::kConflict;
    case ErrorCode::kUnavailable:
      return EngineError::Code::kUnavailable;
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
      return EngineError::Code::kStorage;
    default:
      return EngineError::Code::kInvalid;
  }
}

[[noreturn]] void raise(const Error& error) {
  throw EngineError(code_of(error.code), error.message);
}

core::Settings core_settings(const EngineOptions& options) {
  core::Settings settings;
  settings.hot_bytes_max = options.memory_budget;
  settings.always_evict = options.always_evict;
  settings.wait_lookback = options.wait_lookback;
  settings.retry_interval = options.retry_interval;
  settings.durable_channels = options.durable_channels;
  return settings;
}

RunState state_of(RunStatus status) {
  switch (status) {
    case RunStatus::kScheduled:
      return RunState::kScheduled;
    case RunStatus::kRunning:
      return RunState::kRunning;
    case RunStatus::kCompleted:
      return RunState::kCompleted;
    case RunStatus::kFailed:
      return RunState::kFailed;
    case RunStatus::kCancelled:
      return RunState::kCancelled;
    case RunStatus::kSkipped:
      return RunState::kSkipped;
  }
  return RunState::kFailed;
}

}  // namespace

RunInfo run_info(const RunRecord& run) {
  RunInfo info{.id = run.id.to_string(),
               .function_id = run.function.slug,
               .state = state_of(run.status),
               .output = run.output};
  if (run.error) {
    info.error_name = run.error->name;
    info.error_message = run.error->message;
  }
  return info;
}

EngineImpl::EngineImpl(EngineOptions options)
    : options_(std::move(options)),
      hub_(runtime::with_durable_channels({}, core_settings(options_)), entropy_seed() >> 16,
           runtime::wall_clock()) {
  if (!options_.on_warning) {
    options_.on_warning = [](const std::string& line) {
      std::fprintf(stderr, "stepwell: %s\n", line.c_str());
    };
  }
  if (!options_.on_fatal) {
    options_.on_fatal = [](const std::string& reason) {
      std::fprintf(stderr, "stepwell: %s\n", reason.c_str());
      std::_Exit(kExitIoError);
    };
  }
}

EngineImpl::~EngineImpl() {
  stop();
}

std::string_view EngineImpl::add(FunctionOptions options,
                                 std::shared_ptr<const FunctionCode> code) {
  if (is_running()) {
    throw EngineError(EngineError::Code::kConflict,
                      "function \"" + options.id + "\" comes too late: register it before start()");
  }
  auto [place, is_new] = code_.try_emplace(
      options.id, native::RegisteredFunction{std::move(code), options.determinism});
  if (!is_new) {
    throw EngineError(EngineError::Code::kConflict,
                      "function \"" + options.id + "\" is registered twice");
  }
  FunctionConfig config = config_of(options, options_.app);
  if (const Result<void> checked = core::check_function(config); !checked) {
    code_.erase(place);
    raise(checked.error());
  }
  if (options.on_failure) failure_callbacks_.emplace(options.id, std::move(options.on_failure));
  configs_.push_back(std::move(config));
  return place->first;
}

std::unique_ptr<storage::Journal> EngineImpl::open_journal() const {
  if (options_.journal.path.empty()) return std::make_unique<storage::MemoryJournal>();
  storage::SqliteOptions options{.path = options_.journal.path};
  if (options_.journal.durability == Durability::kRelaxed) {
    options.durability = storage::Durability::kRelaxed;
  }
  auto journal = storage::open_sqlite_journal(options);
  if (!journal) raise(journal.error());
  return std::move(*journal);
}

runtime::Runtime& EngineImpl::prepare(runtime::Loop& loop) {
  if (is_running()) throw EngineError(EngineError::Code::kConflict, "the engine runs already");
  std::unique_ptr<storage::Journal> journal = open_journal();
  loop_ = &loop;
  runtime::RuntimeOptions options;
  options.settings = core_settings(options_);
  runtime_ = std::make_unique<runtime::Runtime>(loop, std::move(journal), options);
  workers_ = std::make_unique<native::WorkerPool>(options_.workers);
  driver_ = std::make_unique<native::NativeDriver>(
      *workers_, [this](core::Reply reply) { runtime_->reply(std::move(reply)); },
      [this](const std::string& run_id, const std::string& text) {
        options_.on_warning("run " + run_id + ": " + text);
      });
  for (const auto& [id, code] : code_) driver_->add(FunctionId{id}, code);
  runtime_->set_driver(DriverKind::kNative, driver_.get());
  runtime::feed_hub(*runtime_, hub_);
  runtime_->on_run_ended([this](const core::RunEnded& ended) {
    run_failed(ended);
    std::lock_guard lock(mutex_);
    ++ends_;
    run_ended_.notify_all();
  });
  runtime_->on_space([this](bool is_out) {
    options_.on_warning(std::string(is_out ? runtime::kDiskIsFull : runtime::kDiskHasRoom));
  });
  runtime_->on_fatal([this](storage::CommitOutcome outcome, const std::string& message) {
    options_.on_fatal("the journal cannot be trusted any more (" +
                      std::string(commit_outcome_name(outcome)) + "): " + message);
  });
  return *runtime_;
}

void EngineImpl::start_prepared(std::function<void(Result<void>)> ready) {
  Result<void> started = runtime_->start([this, ready](Result<void> recovered) {
    if (!recovered) return ready(std::move(recovered));
    register_functions(ready);
  });
  if (!started) raise(started.error());
}

void EngineImpl::register_functions(std::function<void(Result<void>)> done) {
  runtime_->submit(core::RegisterFunctions{.app = options_.app, .functions = configs_},
                   [this, done = std::move(done)](const core::Answer& answer) {
                     if (answer.error) return done(*answer.error);
                     register_topics(done);
                   });
}

void EngineImpl::register_topics(std::function<void(Result<void>)> done) {
  if (topics_.empty()) return done({});
  runtime_->submit(core::RegisterTopics{.topics = topics_, .of_process = true},
                   [done = std::move(done)](const core::Answer& answer) {
                     done(answer.error ? Result<void>(*answer.error) : Result<void>());
                   });
}

void EngineImpl::add_topic(TopicRecord topic) {
  if (is_running()) {
    throw EngineError(EngineError::Code::kConflict,
                      "topic \"" + topic.topic + "\" comes too late: register it before start()");
  }
  topics_.push_back(std::move(topic));
}

void EngineImpl::stop_prepared(std::function<void()> done) {
  runtime_->stop(std::move(done));
}

void EngineImpl::finish() {
  if (workers_) workers_->stop();
  listeners_.clear();
  driver_.reset();
  runtime_.reset();
  workers_.reset();
  loop_ = nullptr;
}

void EngineImpl::start() {
  auto loop = std::make_unique<runtime::PlainLoop>();
  prepare(*loop);
  own_loop_ = std::move(loop);
  std::promise<Result<void>> ready;
  try {
    start_prepared([&ready](Result<void> result) { ready.set_value(std::move(result)); });
  } catch (...) {
    finish();
    throw;
  }
  {
    std::lock_guard lock(mutex_);
    is_stopped_ = false;
  }
  own_thread_ = std::thread([this] { own_loop_->run(); });
  Result<void> result = ready.get_future().get();
  if (result) return;
  stop();
  raise(result.error());
}

void EngineImpl::stop() {
  if (!own_thread_.joinable()) return;
  std::promise<void> stopped;
  own_loop_->post([this, &stopped] { stop_prepared([&stopped] { stopped.set_value(); }); });
  stopped.get_future().wait();
  own_loop_->stop();
  own_thread_.join();
  finish();
  own_loop_.reset();
  std::lock_guard lock(mutex_);
  is_stopped_ = true;
  stopped_.notify_all();
}

int EngineImpl::run() {
  start();
  std::unique_lock lock(mutex_);
  stopped_.wait(lock, [this] { return is_stopped_; });
  return 0;
}

core::Answer EngineImpl::ask(core::Input input) {
  if (!is_running()) {
    throw EngineError(EngineError::Code::kUnavailable, "the engine is not started");
  }
  auto promise = std::make_shared<std::promise<core::Answer>>();
  runtime_->submit(std::move(input),
                   [promise](core::Answer answer) { promise->set_value(std::move(answer)); });
  core::Answer answer = promise->get_future().get();
  if (answer.error) raise(*answer.error);
  return answer;
}

void EngineImpl::query(const std::function<void(storage::JournalReader&)>& query) {
  if (!is_running()) {
    throw EngineError(EngineError::Code::kUnavailable, "the engine is not started");
  }
  std::promise<void> done;
  Result<void> submitted = runtime_->query([&](storage::JournalReader& reader) {
    query(reader);
    done.set_value();
  });
  if (!submitted) raise(submitted.error());
  done.get_future().wait();
}

RunInfo EngineImpl::wait_for(const RunId& id, std::chrono::milliseconds timeout) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    uint64_t seen;
    {
      std::lock_guard lock(mutex_);
      seen = ends_;
    }
    Result<std::optional<RunRecord>> found = Error{};
    query([&](storage::JournalReader& reader) { found = reader.find_run(id); });
    if (!found) raise(found.error());
    if (!*found) {
      throw EngineError(EngineError::Code::kNotFound, "there is no run " + id.to_string());
    }
    if (is_terminal((*found)->status)) return run_info(**found);
    std::unique_lock lock(mutex_);
    if (!run_ended_.wait_until(lock, deadline, [&] { return ends_ != seen; })) {
      throw EngineError(EngineError::Code::kUnavailable,
                        "run " + id.to_string() + " has not ended in time");
    }
  }
}

void EngineImpl::wait_for_ends(uint64_t count) {
  std::unique_lock lock(mutex_);
  run_ended_.wait(lock, [&] { return ends_ >= count; });
}

void EngineImpl::run_failed(const core::RunEnded& ended) {
  if (ended.status != RunStatus::kFailed) return;
  auto callback = failure_callbacks_.find(ended.function.slug);
  if (callback == failure_callbacks_.end()) return;
  class FailureJob final : public native::Job {
   public:
    FailureJob(const std::function<void(const Failure&)>& call, Failure failure)
        : call_(call), failure_(std::move(failure)) {}
    void run() override { call_(failure_); }

   private:
    const std::function<void(const Failure&)>& call_;  // of the engine, which outlives its workers
    Failure failure_;
  };
  workers_->submit(std::make_shared<FailureJob>(
      callback->second,
      Failure{ended.function.slug, ended.id.to_string(), ended.error->name, ended.error->message}));
}

void EngineImpl::on_loop(std::function<void()> task) {
  if (loop_->is_loop_thread()) return task();
  std::promise<void> done;
  loop_->post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

std::unique_ptr<Engine::Subscription> EngineImpl::subscribe(
    realtime::TopicName topic, std::function<void(const Message&)> callback,
    SubscribeOptions options) {
  if (!is_running()) {
    throw EngineError(EngineError::Code::kUnavailable, "the engine is not started");
  }
  realtime::StartFrom start = realtime::FromNow{};
  if (!options.after.empty()) {
    const std::optional<realtime::MessageId> after = realtime::MessageId::parse(options.after);
    if (!after) {
      throw EngineError(EngineError::Code::kInvalid,
                        "\"" + options.after + "\" is not the id of a message");
    }
    start = realtime::After{*after};
  }
  std::unique_ptr<Engine::Subscription> result(new Engine::Subscription());
  result->engine_ = this;
  on_loop([&] {
    uint64_t number = ++last_listener_;
    result->number_ = number;
    Listener& listener = listeners_[number];
    listener.callback = std::move(callback);
    listener.on_gap = std::move(options.on_gap);
    const auto ready = [this, number] { loop_->post([this, number] { deliver(number); }); };
    listener.subscription = hub_.subscribe({std::move(topic)}, start, runtime::wall_clock(), ready);
    if (listener.subscription->has_waiting()) ready();
  });
  return result;
}

void EngineImpl::deliver(uint64_t number) {
  while (true) {
    auto found = listeners_.find(number);
    if (found == listeners_.end()) return;
    std::vector<realtime::Delivery> deliveries = found->second.subscription->take(100);
    if (deliveries.empty()) return;
    // The callback may end this or another subscription.
    std::function<void(const Message&)> callback = found->second.callback;
    std::function<void(std::optional<uint64_t>)> on_gap = found->second.on_gap;
    for (const realtime::Delivery& delivery : deliveries) {
      const auto* message = std::get_if<std::shared_ptr<const realtime::Message>>(&delivery);
      if (message == nullptr) {
        if (on_gap) on_gap(std::get<realtime::Gap>(delivery).missed);
        continue;
      }
      const realtime::Message& published = **message;
      callback({published.id.to_string(), published.channel, published.topic, published.data,
                published.run ? published.run->to_string() : std::string()});
    }
  }
}

void EngineImpl::unsubscribe(uint64_t number) {
  if (!is_running()) return;
  on_loop([&] { listeners_.erase(number); });
}

}  // namespace stepwell::detail
