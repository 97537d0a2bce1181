// The engine of the tests of user code: a real core and a real driver, a journal in memory, and one
// thread on which everything happens in an order that the seed decides.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/pipeline.h"
#include "engine/native/driver.h"
#include "engine/native/manual_executor.h"
#include "stepwell/testing.h"
#include "storage/memory/memory_journal.h"

namespace stepwell::detail {

class TestEngineImpl : private core::PipelinePort {
 public:
  explicit TestEngineImpl(const TestOptions& options);
  ~TestEngineImpl() override;

  // See TestEngine. The first input starts the engine: functions come before it.
  std::string_view add(FunctionOptions options, std::shared_ptr<const FunctionCode> code);
  void add_topic(TopicRecord topic) { topics_.push_back(std::move(topic)); }
  native::Stubs& stubs() { return stubs_; }
  core::Answer ask(core::Input input);
  void advance_by(Duration duration);
  bool advance_to_next();
  Time now() const { return now_; }
  void crash_and_restart();

  // What is committed.
  storage::RunSnapshot load(std::string_view run_id);
  std::vector<RunRecord> runs();
  std::vector<RunRecord> runs_of(const EventId& event);

  const std::vector<Message>& published() const { return published_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  // The function of this id; std::logic_error if there is none.
  const native::RegisteredFunction& function(std::string_view id) const;

 private:
  // The pipeline's port.
  void commit(storage::Batch batch) override;
  void fetch(core::FetchId id, const core::Lookup& lookup) override;
  void perform(core::Effect effect) override;
  void rebuild() override;
  void fatal(storage::CommitOutcome outcome, const std::string& message) override;

  void start();
  core::Core recover(const storage::Ownership& ownership, core::Transition& recovered);
  void settle();
  void run_failed(const core::RunEnded& ended);

  TestOptions options_;
  Random random_;
  Time now_;
  std::vector<FunctionConfig> configs_;
  std::vector<TopicRecord> topics_;
  std::map<std::string, native::RegisteredFunction, std::less<>> functions_;
  std::map<std::string, std::function<void(const Failure&)>> failure_callbacks_;
  native::Stubs stubs_;

  native::ManualExecutor executor_;
  std::vector<core::Reply> replies_;
  std::unique_ptr<native::NativeDriver> driver_;
  std::unique_ptr<storage::MemoryJournal> journal_;
  std::unique_ptr<storage::JournalReader> reader_;
  std::unique_ptr<core::Pipeline> pipeline_;

  std::deque<std::function<void()>> work_;  // what the port was asked to do
  core::RequestId last_request_ = 0;
  std::map<core::RequestId, core::Answer> answers_;
  std::vector<Message> published_;
  std::vector<std::string> warnings_;
};

}  // namespace stepwell::detail
