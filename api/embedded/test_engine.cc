#include "api/embedded/engine_impl.h"
#include "api/embedded/replay_check.h"
#include "api/embedded/requests.h"
#include "api/embedded/test_engine_impl.h"

namespace stepwell {

// -- TestRun ------------------------------------------------------------------------------------

RunInfo TestRun::info() const {
  return detail::run_info(engine_->load(id_).run);
}

std::string TestRun::output() const {
  RunInfo run = info();
  if (run.state == RunState::kCompleted) return run.output;
  if (run.state == RunState::kFailed) {
    throw std::logic_error("the run failed: " + run.error_name + ": " + run.error_message);
  }
  std::string waits;
  for (const std::string& id : waiting()) waits += " " + id;
  throw std::logic_error(run.has_ended() ? "the run was cancelled"
                                         : "the run has not ended; it waits at:" + waits);
}

std::vector<std::string> TestRun::waiting() const {
  std::vector<std::string> ids;
  for (const StepRecord& step : engine_->load(id_).steps) {
    bool is_step = step.kind != StepKind::kCancelOn;
    if (is_step && step.state == StepState::kPending) ids.push_back(step.id);
  }
  return ids;
}

bool TestRun::is_waiting_at(std::string_view step_id) const {
  std::vector<std::string> ids = waiting();
  return std::find(ids.begin(), ids.end(), step_id) != ids.end();
}

std::string TestRun::step_json(std::string_view step_id) const {
  for (const StepRecord& step : engine_->load(id_).steps) {
    if (step.id == step_id && step.state == StepState::kCompleted) return step.data;
  }
  throw std::logic_error("step \"" + std::string(step_id) + "\" has no result");
}

std::vector<std::string> TestRun::steps() const {
  std::vector<std::string> ids;
  for (const StepRecord& step : engine_->load(id_).steps) {
    if (step.kind != StepKind::kCancelOn) ids.push_back(step.id);
  }
  return ids;
}

std::vector<Message> TestRun::published() const {
  std::vector<Message> messages;
  for (const Message& message : engine_->published()) {
    if (message.run_id == id_) messages.push_back(message);
  }
  return messages;
}

std::string TestRun::journal_text() const {
  return detail::journal_text(engine_->load(id_));
}

// -- TestEngine ---------------------------------------------------------------------------------

TestEngine::TestEngine() : TestEngine(TestOptions()) {}
TestEngine::TestEngine(const TestOptions& options)
    : impl_(std::make_unique<detail::TestEngineImpl>(options)) {}
TestEngine::~TestEngine() = default;

void TestEngine::add_topic(const std::string& channel, const std::string& name,
                           std::string schema) {
  impl_->add_topic({channel, name, std::move(schema)});
}

std::string_view TestEngine::add(FunctionOptions options,
                                 std::shared_ptr<const detail::FunctionCode> code) {
  return impl_->add(std::move(options), std::move(code));
}

void TestEngine::stub_json(std::string_view step_id, std::string json) {
  impl_->stubs()[std::string(step_id)] = {.data = std::move(json), .error = std::nullopt};
}

void TestEngine::stub_step_error(std::string_view step_id, const NamedError& error) {
  impl_->stubs()[std::string(step_id)] = {
      .error = ErrorInfo{.name = error.name(), .message = error.what(), .cause = error.cause()}};
}

static core::AcceptEvents accept(const NewEvent& event) {
  core::AcceptEvents input;
  input.events.push_back(detail::item_of(event));
  return input;
}

TestRun TestEngine::start(const NewEvent& event) {
  EventId id = impl_->ask(accept(event)).event_ids.front();
  std::vector<RunRecord> runs = impl_->runs_of(id);
  if (runs.size() != 1) {
    throw std::logic_error("event \"" + event.name() + "\" started " + std::to_string(runs.size()) +
                           " runs, not one");
  }
  return TestRun(impl_.get(), runs.front().id.to_string());
}

std::string TestEngine::send(const NewEvent& event) {
  return impl_->ask(accept(event)).event_ids.front().to_string();
}

void TestEngine::send_signal_json(std::string_view signal, const std::string& json) {
  detail::check_json("the data of a signal", json);
  impl_->ask(core::SendSignal{.signal = std::string(signal), .data = json});
}

void TestEngine::cancel(const TestRun& run) {
  impl_->ask(core::CancelRun{.id = impl_->load(run.id()).run.id});
}

void TestEngine::advance_by(std::chrono::milliseconds duration) {
  impl_->advance_by(duration);
}
bool TestEngine::advance_to_next() {
  return impl_->advance_to_next();
}
std::chrono::sys_time<std::chrono::milliseconds> TestEngine::now() const {
  return impl_->now();
}
void TestEngine::crash_and_restart() {
  impl_->crash_and_restart();
}

std::vector<TestRun> TestEngine::runs() {
  std::vector<TestRun> runs;
  for (const RunRecord& run : impl_->runs()) runs.emplace_back(impl_.get(), run.id.to_string());
  return runs;
}
const std::vector<Message>& TestEngine::published() const {
  return impl_->published();
}
const std::vector<std::string>& TestEngine::warnings() const {
  return impl_->warnings();
}

std::vector<std::string> TestEngine::check_replay(std::string_view function_id,
                                                  std::string_view journal_text) {
  return detail::check_replay(impl_->function(function_id), journal_text);
}

}  // namespace stepwell
