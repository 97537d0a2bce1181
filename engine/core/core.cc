#include "engine/core/core.h"

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

// The end of each input: events that it made, and room that it gave back. Whoever gets room may
// turn out to be too late, and end: what its end brings about belongs to this input too, or a crash
// could take it away.
void settle(State& state) {
  state.drain_internal_events();
  state.hand_on();
  while (state.try_suspects() || !state.internal_events_.empty()) {
    state.drain_internal_events();
    // With very many that wait, the rest have their turns in further inputs.
    if (!state.turns_alarm_) state.hand_on();
  }
}

}  // namespace

Core::Core(Settings settings, Random random)
    : state_(std::make_unique<State>(settings, std::move(random))) {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

void Core::begin_recovery(const storage::Ownership& ownership) {
  state_->begin_recovery(ownership);
}

void Core::carry_over(const Core& before) {
  state_->last_call_ = before.state_->last_call_;
  for (const auto& [slug, function] : before.state_->functions_.all()) {
    Function* known = state_->functions_.find(slug);
    if (known != nullptr) known->is_available = function->is_available;
  }
  state_->topics_.adopt_process_topics(before.state_->topics_);
}

void Core::recover_functions(std::vector<storage::StoredFunction> functions) {
  state_->recover_functions(std::move(functions));
}

void Core::recover_topics(const std::vector<TopicRecord>& topics) {
  for (const TopicRecord& topic : topics) {
    const Result<void> put = state_->topics_.put(topic, Topics::Origin::kJournal);
    CHECK_INVARIANT(put.ok(), "a stored schema compiled when it was registered");
  }
}

void Core::recover_messages(const std::vector<MessageRecord>& page) {
  for (const MessageRecord& message : page) state_->recorded_messages_.add(message);
}

void Core::recover_events(std::vector<EventRecord> events) {
  if (mutant("lookback-lost-at-restart")) return;
  for (EventRecord& event : events) {
    state_->lookback_.add(std::make_shared<const EventRecord>(std::move(event)));
  }
}

void Core::recover_flow_states(std::vector<storage::FlowState> page, Time now) {
  state_->now_ = now;
  for (storage::FlowState& state : page) state_->recover_flow_state(std::move(state));
}

void Core::recover_runs(std::vector<storage::OpenRun> page, Time now) {
  state_->now_ = now;
  state_->recover_runs(std::move(page));
}

void Core::finish_recovery(Time now, Transition& out) {
  state_->now_ = now;
  state_->out_ = &out;
  state_->finish_recovery();
  settle(*state_);
  state_->drop_void_timers();
  state_->out_ = nullptr;
}

void Core::apply(Input input, Time now, uint64_t batch, Transition& out) {
  State& state = *state_;
  state.now_ = now;
  state.batch_ = batch;
  state.out_ = &out;
  std::visit(
      [&state](auto&& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, AcceptEvents>) state.accept_events(std::move(value));
        if constexpr (std::is_same_v<T, RegisterFunctions>) {
          state.register_functions(std::move(value));
        }
        if constexpr (std::is_same_v<T, CallReplied>) state.call_replied(std::move(value));
        if constexpr (std::is_same_v<T, CancelRun>) state.cancel_run(std::move(value));
        if constexpr (std::is_same_v<T, SendSignal>) state.send_signal(std::move(value));
        if constexpr (std::is_same_v<T, RerunRun>) state.rerun_run(std::move(value));
        if constexpr (std::is_same_v<T, InvokeDirectly>) state.invoke_directly(std::move(value));
        if constexpr (std::is_same_v<T, PublishMessages>) state.publish_messages(std::move(value));
        if constexpr (std::is_same_v<T, RegisterTopics>) state.register_topics(std::move(value));
        if constexpr (std::is_same_v<T, RunLoaded>) state.run_loaded(std::move(value));
        if constexpr (std::is_same_v<T, EventsRead>) state.events_read(std::move(value));
        if constexpr (std::is_same_v<T, TimePassed>) state.fire_timers();
        if constexpr (std::is_same_v<T, RecordProgress>) state.record_progress(std::move(value));
        if constexpr (std::is_same_v<T, PauseFunction>) state.pause_function(std::move(value));
      },
      std::move(input));
  settle(state);
  state.evict_over_budget();
  state.drop_void_timers();
  state.out_ = nullptr;
}

std::optional<Time> Core::next_due() const {
  return state_->timers_.next_due();
}
Position Core::last_pos() const {
  return state_->last_pos_;
}
uint64_t Core::epoch() const {
  return state_->epoch_;
}
size_t Core::open_runs() const {
  return state_->runs_.size();
}
size_t Core::crowd() const {
  return state_->crowd_.size();
}
size_t Core::hot_bytes() const {
  return state_->hot_bytes_;
}
std::vector<RequestId> Core::unanswered() const {
  std::vector<RequestId> requests;
  for (RunNo no : state_->runs_.numbers()) {
    const Run& run = state_->runs_.at(no);
    if (!run.pending_end) continue;
    const std::vector<RequestId>& waiting = run.pending_end->requests;
    requests.insert(requests.end(), waiting.begin(), waiting.end());
  }
  return requests;
}
std::optional<FunctionView> Core::function_view(const FunctionId& id, Time now) const {
  return state_->function_view(id, now);
}
std::vector<FunctionId> Core::paused_functions() const {
  std::vector<FunctionId> paused;
  for (const auto& [slug, function] : state_->functions_.all()) {
    if (function->paused_at) paused.push_back({slug});
  }
  return paused;
}
std::vector<Finding> Core::check() const {
  return state_->check();
}
std::vector<Finding> Core::check(RunNo run) const {
  std::vector<Finding> findings;
  if (const Run* open = state_->find_run(run)) state_->check_run(*open, findings);
  return findings;
}
uint64_t Core::lookback_overflows() const {
  return state_->lookback_.overflows();
}

std::optional<RunId> Core::run_id(RunNo run) const {
  const Run* open = state_->find_run(run);
  return open == nullptr ? std::nullopt : std::optional(open->id);
}

std::optional<WakeSource> Core::wake_source(const RunId& id) const {
  const Run* run = state_->runs_.find(id);
  return run == nullptr ? std::nullopt : std::optional(state_->wake_source(*run));
}

}  // namespace stepwell::core
