#include "api/embedded/test_engine_impl.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "api/embedded/function_config_of.h"
#include "api/embedded/requests.h"
#include "engine/core/functions.h"
#include "engine/core/lookback.h"

namespace stepwell::detail {
namespace {

constexpr size_t kRecoveryPage = 1000;
// What can still be written as a date, and counted on from.
constexpr Time kTimeMax = std::chrono::sys_days(std::chrono::year(10'000) / 1 / 1) - Duration(1);

template <class T>
T must(Result<T> result) {
  if (!result) throw std::logic_error(result.error().message);
  return std::move(result).value();
}

}  // namespace

TestEngineImpl::TestEngineImpl(const TestOptions& options)
    : options_(options),
      random_(options.seed),
      now_(options.start),
      executor_(random_.stream("executor")),
      journal_(std::make_unique<storage::MemoryJournal>()) {}

TestEngineImpl::~TestEngineImpl() = default;

std::string_view TestEngineImpl::add(FunctionOptions options,
                                     std::shared_ptr<const FunctionCode> code) {
  if (pipeline_) {
    throw EngineError(EngineError::Code::kConflict,
                      "function \"" + options.id +
                          "\" comes too late: functions are registered before the first event");
  }
  FunctionConfig config = config_of(options, "test");
  if (const Result<void> checked = core::check_function(config); !checked) raise(checked.error());
  native::RegisteredFunction function{std::move(code), options.determinism, &stubs_};
  auto [place, is_new] = functions_.try_emplace(options.id, std::move(function));
  if (!is_new) {
    throw EngineError(EngineError::Code::kConflict,
                      "function \"" + options.id + "\" is registered twice");
  }
  if (options.on_failure) failure_callbacks_.emplace(options.id, std::move(options.on_failure));
  configs_.push_back(std::move(config));
  return place->first;
}

const native::RegisteredFunction& TestEngineImpl::function(std::string_view id) const {
  auto found = functions_.find(id);
  if (found == functions_.end()) {
    throw std::logic_error("function \"" + std::string(id) + "\" is not registered");
  }
  return found->second;
}

// -- Starting, from whatever the journal holds --------------------------------------------------

void TestEngineImpl::start() {
  driver_ = std::make_unique<native::NativeDriver>(
      executor_, [this](core::Reply reply) { replies_.push_back(std::move(reply)); },
      [this](const std::string& run, const std::string& text) {
        warnings_.push_back("run " + run + ": " + text);
      });
  for (const auto& [id, function] : functions_) driver_->add(FunctionId{id}, function);
  storage::Ownership ownership = must(journal_->acquire(0));
  reader_ = must(journal_->open_reader());
  core::Transition recovered;
  core::Core core = recover(ownership, recovered);
  core::PipelinePort& port = *this;
  pipeline_ = std::make_unique<core::Pipeline>(std::move(core), ownership, port);
  pipeline_->adopt(std::move(recovered));
  ask(core::RegisterFunctions{.app = "test", .functions = configs_});
  ask(core::RegisterTopics{.topics = topics_, .of_process = true});
}

core::Core TestEngineImpl::recover(const storage::Ownership& ownership,
                                   core::Transition& recovered) {
  core::Settings settings;
  settings.always_evict = options_.always_evict;
  core::Core core(settings, random_.stream("epoch " + std::to_string(ownership.epoch)));
  core.begin_recovery(ownership);
  core.recover_functions(must(reader_->functions()));
  core.recover_topics(must(reader_->topics()));
  core.recover_messages(must(reader_->messages(0, kRecoveryPage)).messages);
  core.recover_events(must(reader_->recent_events(
      now_ - core::Lookback::kAgeMax, core::Lookback::kEventsMax, core::Lookback::kBytesMax)));
  std::optional<storage::FlowStateKey> after;
  for (;;) {
    auto page = must(reader_->flow_states(after, kRecoveryPage));
    if (page.empty()) break;
    after = page.back().key;
    core.recover_flow_states(std::move(page), now_);
  }
  RunNo last = 0;
  for (;;) {
    auto page = must(reader_->open_runs(last, kRecoveryPage));
    if (page.empty()) break;
    last = page.back().run.no;
    core.recover_runs(std::move(page), now_);
  }
  core.finish_recovery(now_, recovered);
  return core;
}

void TestEngineImpl::crash_and_restart() {
  if (!pipeline_) return start();
  executor_.forget_all();
  work_.clear();
  replies_.clear();
  pipeline_.reset();
  driver_.reset();
  reader_.reset();
  journal_ = journal_->crash(storage::LastBatch::kKept);
  start();
}

// -- One thing after the other, until nothing is left to do -------------------------------------

core::Answer TestEngineImpl::ask(core::Input input) {
  if (!pipeline_) start();
  core::RequestId request = ++last_request_;
  std::visit(
      [request](auto& each) {
        if constexpr (requires { each.request; }) each.request = request;
      },
      input);
  pipeline_->submit(std::move(input), now_);
  settle();
  auto answer = answers_.extract(request);
  if (answer.empty()) throw std::logic_error("the engine has not answered");
  if (answer.mapped().error) throw std::logic_error(answer.mapped().error->message);
  return std::move(answer.mapped());
}

void TestEngineImpl::settle() {
  for (;;) {
    while (executor_.run_one()) {
    }
    for (core::Reply& reply : std::exchange(replies_, {})) {
      pipeline_->submit(core::CallReplied{.reply = std::move(reply), .histories = {}}, now_);
    }
    pipeline_->flush(now_);
    if (!work_.empty()) {
      std::function<void()> next = std::move(work_.front());
      work_.pop_front();
      next();
    } else if (replies_.empty() && pipeline_->is_idle() && !executor_.run_one()) {
      return;
    }
  }
}

void TestEngineImpl::advance_by(Duration duration) {
  if (duration < Duration::zero()) {
    throw std::logic_error("time does not go back: advance() by what is not less than nothing");
  }
  if (!pipeline_) start();
  // In this order: what is added must not be more than can be counted.
  Time target = now_ + std::min(duration, std::max(kTimeMax - now_, Duration::zero()));
  for (std::optional<Time> due = pipeline_->core().next_due(); due && *due <= target;
       due = pipeline_->core().next_due()) {
    now_ = std::max(now_, *due);
    pipeline_->submit(core::TimePassed{}, now_);
    settle();
  }
  now_ = target;
}

bool TestEngineImpl::advance_to_next() {
  if (!pipeline_) start();
  std::optional<Time> due = pipeline_->core().next_due();
  if (!due || *due > kTimeMax) return false;
  advance_by(std::max(*due - now_, Duration(0)));
  return true;
}

// -- The pipeline's port ------------------------------------------------------------------------

void TestEngineImpl::commit(storage::Batch batch) {
  work_.push_back(
      [this, batch = std::move(batch)] { pipeline_->committed(journal_->commit(batch), now_); });
}

void TestEngineImpl::fetch(core::FetchId id, const core::Lookup& lookup) {
  work_.push_back([this, id, lookup] {
    pipeline_->fetched(id, core::look_up(*reader_, lookup, now_ - core::kDeduplicationWindow),
                       now_);
  });
}

void TestEngineImpl::perform(core::Effect effect) {
  struct Visitor {
    TestEngineImpl& engine;
    void operator()(core::Answer& answer) {
      core::RequestId request = answer.request;
      engine.answers_[request] = std::move(answer);
    }
    void operator()(core::StartCall& start) { engine.driver_->start(std::move(start.call)); }
    void operator()(core::DropRun& drop) { engine.driver_->drop(drop.run); }
    void operator()(core::LoadRun& load) {
      engine.work_.push_back([&engine = engine, run = load.run] {
        engine.pipeline_->submit(
            core::RunLoaded{.run = run, .snapshot = engine.reader_->load_run(run, false)},
            engine.now_);
      });
    }
    void operator()(core::ReadEvents& wanted) {
      engine.work_.push_back([&engine = engine, wanted] {
        Result<core::EventsRead> read = core::read_events(*engine.reader_, wanted);
        CHECK_INVARIANT(read.ok(), "a journal in memory is read");
        engine.pipeline_->submit(std::move(*read), engine.now_);
      });
    }
    void operator()(core::Publish& publish) {
      for (core::PublishedMessage& message : publish.messages) {
        std::string run = message.run ? message.run->to_string() : std::string();
        engine.published_.push_back({std::to_string(engine.published_.size() + 1),
                                     std::move(message.channel), std::move(message.topic),
                                     std::move(message.data), std::move(run)});
      }
    }
    void operator()(core::RunEnded& ended) { engine.run_failed(ended); }
  };
  std::visit(Visitor{*this}, effect);
}

void TestEngineImpl::run_failed(const core::RunEnded& ended) {
  auto callback = failure_callbacks_.find(ended.function.slug);
  if (ended.status != RunStatus::kFailed || callback == failure_callbacks_.end()) return;
  Failure failure{ended.function.slug, ended.id.to_string(), ended.error->name,
                  ended.error->message};
  work_.push_back([call = callback->second, failure = std::move(failure)] { call(failure); });
}

// The journal in memory never runs out of space by itself.
void TestEngineImpl::rebuild() {
  throw std::logic_error("the journal in memory is full");
}

void TestEngineImpl::fatal(storage::CommitOutcome, const std::string& message) {
  throw std::logic_error("the journal cannot be trusted: " + message);
}

// -- Looking in ---------------------------------------------------------------------------------

storage::RunSnapshot TestEngineImpl::load(std::string_view run_id) {
  std::optional<RunId> id = RunId::parse(run_id);
  auto run = id && reader_ ? must(reader_->find_run(*id)) : std::optional<RunRecord>();
  if (!run) throw std::logic_error("there is no run " + std::string(run_id));
  return must(reader_->load_run(run->no, false));
}

std::vector<RunRecord> TestEngineImpl::runs() {
  if (!reader_) return {};
  storage::RunFilter filter;
  filter.limit = static_cast<size_t>(-1);
  auto runs = must(reader_->list_runs(filter));
  std::reverse(runs.begin(), runs.end());
  return runs;
}

std::vector<RunRecord> TestEngineImpl::runs_of(const EventId& event) {
  auto record = must(reader_->find_event(event.to_string()));
  if (!record) return {};
  storage::RunFilter filter;
  filter.of_event = record->pos;
  return must(reader_->list_runs(filter));
}

}  // namespace stepwell::detail
