// The calls of an engine that runs: how they reach its threads, and wait for them.
#include <algorithm>
#include <chrono>
#include <future>
#include <optional>

#include "api/embedded/engine_impl.h"
#include "api/embedded/requests.h"
#include "engine/runtime/clock.h"

namespace stepwell::detail {
namespace {

// A read that was refused for now is tried again so much later.
constexpr std::chrono::milliseconds kReadAgainAfter{20};
// Longer than a process lives, and added to any clock it can still be counted.
constexpr std::chrono::milliseconds kWaitMax = std::chrono::hours(24 * 365 * 100);

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

void EngineImpl::check_may_block() const {
  if (!is_loop_thread()) return;
  throw EngineError(EngineError::Code::kInvalid,
                    "this call waits for the engine's thread: do not make it there (in on_fatal, "
                    "on_ready, or a subscriber's callback)");
}

core::Answer EngineImpl::ask(core::Input input) {
  check_may_block();
  const Call call(gate_);
  // Shared with the callback alone: when the journal fails that is dropped without an answer.
  auto promise = std::make_shared<std::promise<core::Answer>>();
  std::future<core::Answer> answered = promise->get_future();
  runtime_->submit(std::move(input), [promise = std::move(promise)](core::Answer answer) {
    promise->set_value(std::move(answer));
  });
  core::Answer answer;
  try {
    answer = answered.get();
  } catch (const std::future_error&) {
    answer.error = Error{ErrorCode::kIo,
                         "the journal cannot be trusted any more: what this call "
                         "asked for may or may not be recorded"};
  }
  if (answer.error) raise(*answer.error);
  return answer;
}

Result<void> EngineImpl::try_query(const std::function<void(storage::JournalReader&)>& query) {
  std::promise<void> done;
  Result<void> submitted = runtime_->query([&](storage::JournalReader& reader) {
    query(reader);
    done.set_value();
  });
  if (submitted) done.get_future().wait();
  return submitted;
}

void EngineImpl::query(const std::function<void(storage::JournalReader&)>& query) {
  check_may_block();
  const Call call(gate_);
  if (const Result<void> asked = try_query(query); !asked) raise(asked.error());
}

RunInfo EngineImpl::wait_for(const RunId& id, std::chrono::milliseconds timeout) {
  check_may_block();
  const Call call(gate_);
  const auto deadline = std::chrono::steady_clock::now() +
                        std::clamp(timeout, std::chrono::milliseconds::zero(), kWaitMax);
  while (true) {
    uint64_t seen;
    {
      std::lock_guard lock(mutex_);
      seen = ends_;
    }
    Result<std::optional<RunRecord>> found = Error{};
    const Result<void> asked =
        try_query([&](storage::JournalReader& reader) { found = reader.find_run(id); });
    if (!asked) found = asked.error();
    auto again = deadline;
    if (!found) {
      if (found.error().code != ErrorCode::kUnavailable) raise(found.error());
      again = std::min(again, std::chrono::steady_clock::now() + kReadAgainAfter);
    } else if (!*found) {
      throw EngineError(EngineError::Code::kNotFound, "there is no run " + id.to_string());
    } else if (is_terminal((*found)->status)) {
      return run_info(**found);
    }
    std::unique_lock lock(mutex_);
    run_ended_.wait_until(lock, again, [&] { return ends_ != seen || !gate_.is_open(); });
    gate_.check();
    if (std::chrono::steady_clock::now() >= deadline) {
      throw EngineError(EngineError::Code::kUnavailable,
                        "run " + id.to_string() + " has not ended in time");
    }
  }
}

void EngineImpl::wait_for_ends(uint64_t count) {
  check_may_block();
  const Call call(gate_);
  std::unique_lock lock(mutex_);
  run_ended_.wait(lock, [&] { return ends_ >= count || !gate_.is_open(); });
  if (ends_ < count) gate_.check();
}

void EngineImpl::wake_waiting() {
  // Under the lock: whoever has just looked at the gate waits by now.
  std::lock_guard lock(mutex_);
  run_ended_.notify_all();
}

// For those who have passed the gate: the loop runs until they have left.
void EngineImpl::on_loop(std::function<void()> task) {
  if (is_loop_thread()) return task();
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
  const Call call(gate_);
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
  result->listener_ = std::make_shared<Listener>(std::move(callback), std::move(options.on_gap),
                                                 [this](const std::string& line) { warn(line); });
  on_loop([&] {
    uint64_t number = ++last_listener_;
    result->number_ = number;
    Subscribed& subscribed = listeners_[number];
    subscribed.listener = result->listener_;
    const auto ready = [this, number] { loop_->post([this, number] { deliver(number); }); };
    subscribed.subscription =
        hub_.subscribe({std::move(topic)}, start, runtime::wall_clock(), ready);
    if (subscribed.subscription->has_waiting()) ready();
  });
  return result;
}

void EngineImpl::deliver(uint64_t number) {
  while (true) {
    auto found = listeners_.find(number);
    if (found == listeners_.end()) return;
    // Kept here: a callback may end this or another subscription.
    const std::shared_ptr<Listener> listener = found->second.listener;
    const std::optional<realtime::Delivery> delivery = found->second.subscription->take();
    if (!delivery || !listener->tell(*delivery)) return;
  }
}

void EngineImpl::unsubscribe(uint64_t number, Listener& listener) {
  listener.end();
  if (!gate_.enter()) return;
  loop_->post([this, number] { listeners_.erase(number); });
  gate_.leave();
}

}  // namespace stepwell::detail
