#include "api/embedded/engine_impl.h"

#include <cstdio>
#include <cstdlib>
#include <future>

#include "api/embedded/function_config_of.h"
#include "api/embedded/requests.h"
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

core::Settings core_settings(const EngineOptions& options) {
  core::Settings settings;
  settings.hot_bytes_max = options.memory_budget;
  settings.always_evict = options.always_evict;
  settings.wait_lookback = options.wait_lookback;
  settings.retry_interval = options.retry_interval;
  settings.durable_channels = options.durable_channels;
  return settings;
}

void check_lengths(const EngineOptions& options) {
  const auto check = [](const char* what, Duration length) {
    if (length >= Duration::zero()) return;
    throw EngineError(EngineError::Code::kInvalid, std::string(what) + ": it cannot be negative");
  };
  check("wait_lookback", options.wait_lookback);
  check("retry_interval", options.retry_interval.value_or(Duration::zero()));
}

}  // namespace

EngineImpl::EngineImpl(EngineOptions options)
    : options_(std::move(options)),
      hub_(runtime::with_durable_channels({}, core_settings(options_)), entropy_seed() >> 16,
           runtime::wall_clock()) {
  check_lengths(options_);
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

std::unique_ptr<storage::Journal> EngineImpl::open_journal() {
  if (next_journal_) return std::move(next_journal_);
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
  pool_ = workers_.get();
  driver_ = std::make_unique<native::NativeDriver>(
      *workers_, [this](core::Reply reply) { runtime_->reply(std::move(reply)); },
      [this](const std::string& run_id, const std::string& text) {
        warn("run " + run_id + ": " + text);
      });
  for (const auto& [id, code] : code_) driver_->add(FunctionId{id}, code);
  wire();
  is_prepared_ = true;
  return *runtime_;
}

void EngineImpl::wire() {
  runtime_->set_driver(DriverKind::kNative, driver_.get());
  runtime::feed_hub(*runtime_, hub_);
  runtime_->on_run_ended([this](const core::RunEnded& ended) {
    run_failed(ended);
    std::lock_guard lock(mutex_);
    ++ends_;
    run_ended_.notify_all();
  });
  runtime_->on_space([this](bool is_out) {
    warn(std::string(is_out ? runtime::kDiskIsFull : runtime::kDiskHasRoom));
  });
  runtime_->on_fatal([this](storage::CommitOutcome outcome, const std::string& message) {
    journal_failed(outcome, message);
  });
}

void EngineImpl::start_prepared(std::function<void(Result<void>)> ready) {
  // The first thing on the loop, so that whatever calls the user there finds it set.
  loop_->post([this] { loop_thread_ = std::this_thread::get_id(); });
  Result<void> started = runtime_->start([this, ready](Result<void> recovered) {
    if (!recovered) return ready(std::move(recovered));
    register_functions(ready);
  });
  if (!started) raise(started.error());
  gate_.open();
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
  gate_.close();
  wake_waiting();
  runtime_->stop([this, done = std::move(done)] {
    // Nothing calls for the driver any more, and what its bodies return is thrown away.
    driver_->drop_all();
    gate_.when_empty([this, done] { loop_->post(done); });
  });
}

void EngineImpl::finish() {
  gate_.close();
  gate_.wait_for_leavers();
  if (workers_) workers_->stop();
  listeners_.clear();
  driver_.reset();
  runtime_.reset();
  pool_ = nullptr;
  workers_.reset();
  loop_ = nullptr;
  loop_thread_ = std::thread::id();
  is_prepared_ = false;
}

bool EngineImpl::start_unless_stopped() {
  check_may_block();
  // Shared with the callback alone: if that goes without having run, the future says so.
  auto ready = std::make_shared<std::promise<Result<void>>>();
  std::future<Result<void>> is_ready = ready->get_future();
  uint64_t number = 0;
  {
    std::lock_guard lifecycle(lifecycle_);
    auto loop = std::make_unique<runtime::PlainLoop>();
    prepare(*loop);
    own_loop_ = std::move(loop);
    try {
      start_prepared(
          [ready = std::move(ready)](Result<void> result) { ready->set_value(std::move(result)); });
      own_thread_ = std::thread([this] { own_loop_->run(); });
    } catch (...) {
      finish();
      throw;
    }
    std::lock_guard lock(mutex_);
    is_stopped_ = false;
    number = ++starts_;
  }
  Result<void> result = Error{ErrorCode::kIo, "the journal cannot be trusted any more"};
  try {
    result = is_ready.get();
  } catch (const std::future_error&) {
  }
  if (result) return true;
  {
    std::lock_guard lock(mutex_);
    if (stopped_start_ >= number) return false;
  }
  stop();
  raise(result.error());
}

void EngineImpl::start() {
  if (start_unless_stopped()) return;
  throw EngineError(EngineError::Code::kUnavailable, "the engine was stopped while it recovered");
}

void EngineImpl::stop() {
  if (is_loop_thread() || (pool_ != nullptr && pool_ == native::WorkerPool::current())) {
    throw EngineError(EngineError::Code::kInvalid,
                      "stop() waits for this thread: call it from one that is not the engine's");
  }
  std::lock_guard lifecycle(lifecycle_);
  if (!own_thread_.joinable()) {
    if (!is_prepared_) return;
    throw EngineError(EngineError::Code::kConflict, "a Server runs the engine: stop() that");
  }
  {
    std::lock_guard lock(mutex_);
    stopped_start_ = starts_;
  }
  gate_.close();
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
  if (!start_unless_stopped()) return 0;
  std::unique_lock lock(mutex_);
  stopped_.wait(lock, [this] { return is_stopped_; });
  return 0;
}

void EngineImpl::warn(const std::string& line) const {
  try {
    options_.on_warning(line);
  } catch (...) {
    std::fprintf(stderr, "stepwell: on_warning has thrown at: %s\n", line.c_str());
  }
}

void EngineImpl::call_user(const char* what, const std::function<void()>& code) const {
  try {
    code();
  } catch (const std::exception& thrown) {
    warn(std::string(what) + ": " + thrown.what());
  } catch (...) {
    warn(std::string(what) + " has thrown what is no std::exception");
  }
}

void EngineImpl::journal_failed(storage::CommitOutcome outcome, const std::string& message) {
  gate_.fail();
  wake_waiting();
  call_user("on_fatal", [&] {
    options_.on_fatal("the journal cannot be trusted any more (" +
                      std::string(commit_outcome_name(outcome)) + "): " + message);
  });
}

void EngineImpl::run_failed(const core::RunEnded& ended) {
  if (ended.status != RunStatus::kFailed) return;
  auto callback = failure_callbacks_.find(ended.function.slug);
  if (callback == failure_callbacks_.end()) return;
  class FailureJob final : public native::Job {
   public:
    FailureJob(const EngineImpl& engine, const std::function<void(const Failure&)>& call,
               Failure failure)
        : engine_(engine), call_(call), failure_(std::move(failure)) {}
    void run() override {
      engine_.call_user("on_failure", [this] { call_(failure_); });
    }

   private:
    const EngineImpl& engine_;  // outlives its workers, as does what is called
    const std::function<void(const Failure&)>& call_;
    Failure failure_;
  };
  workers_->submit(std::make_shared<FailureJob>(
      *this, callback->second,
      Failure{ended.function.slug, ended.id.to_string(), ended.error->name, ended.error->message}));
}

}  // namespace stepwell::detail
