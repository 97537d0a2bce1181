#include "engine/native/run_frame.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "engine/native/checks.h"
#include "engine/native/errors.h"
#include "schema/check.h"

namespace stepwell::detail {
namespace {

thread_local RunFrame* current_frame = nullptr;

StepKind kind_of(StepType type) {
  switch (type) {
    case StepType::kRun:
    case StepType::kPublish:
      return StepKind::kRun;
    case StepType::kSleep:
      return StepKind::kSleep;
    case StepType::kWaitForEvent:
      return StepKind::kWaitForEvent;
    case StepType::kWaitForSignal:
      return StepKind::kWaitForSignal;
    case StepType::kInvoke:
      return StepKind::kInvoke;
    case StepType::kSendEvents:
      return StepKind::kSendEvent;
  }
  return StepKind::kRun;
}

// "charge:2" is the name of the second repeat of "charge": its base and its number.
std::optional<std::pair<std::string, int>> as_repeat(const std::string& id) {
  size_t colon = id.rfind(':');
  if (colon == std::string::npos || colon + 1 == id.size()) return std::nullopt;
  int number = 0;
  const char* end = id.data() + id.size();
  auto [stop, fault] = std::from_chars(id.data() + colon + 1, end, number);
  if (fault != std::errc() || stop != end) return std::nullopt;
  return std::pair(id.substr(0, colon), number);
}

void set_failure(AwaitedStep& step, std::optional<ErrorInfo> error) {
  if (!error) return;
  step.failure = std::make_unique<AwaitedStep::Failure>(AwaitedStep::Failure{
      std::move(error->name), std::move(error->message), std::move(error->cause)});
}

}  // namespace

RunFrame::RunFrame(std::shared_ptr<const core::RunContext> run, const Options& options)
    : run_(std::move(run)),
      determinism_(options.determinism),
      warn_(options.warn),
      stubs_(options.stubs) {
  RunStart start{.frame = this,
                 .event_json = run_->events.empty() ? "{}" : event_json(run_->events.front()),
                 .run_id = run_->id.to_string(),
                 .attempt = options.attempt};
  code_ = options.code.start(std::move(start));
  main_.frame = this;
  main_.next = code_.handle();
  code_.handle().promise().chain = &main_;
  make_ready(main_);
}

RunFrame::~RunFrame() {
  is_torn_down_ = true;
  code_.reset();
}

RunFrame* RunFrame::current() {
  return current_frame;
}

// -- What the engine brings ---------------------------------------------------------------------

void RunFrame::add(std::vector<core::MemoEntry> memo,
                   const std::vector<core::RegisteredStep>& registered) {
  if (next_ == memo_.size() && given_unmet_ == 0) {
    memo_.clear();
    next_ = 0;
  }
  for (core::MemoEntry& entry : memo) {
    auto [found, is_new] = slots_.try_emplace(entry.key);
    Slot& slot = found->second;
    if (is_new || slot.state == Slot::State::kRegistered) slot.state = Slot::State::kRecorded;
    if (is_new) slot.kind = entry.kind;
    if (slot.kind != entry.kind && slot.step != nullptr) fail_mismatch(*slot.step, entry.kind);
    slot.has_memo = true;
    slot.memo = memo_.size();
    memo_.push_back(std::move(entry));
  }
  for (const core::RegisteredStep& step : registered) {
    auto [found, is_new] = slots_.try_emplace(step.key);
    if (is_new) found->second.kind = step.kind;
  }
}

void RunFrame::advance() {
  resume_ready();
  while (!outcome_ && ready_.empty() && next_ < memo_.size()) {
    give_next();
    resume_ready();
  }
}

void RunFrame::resume_ready() {
  RunFrame* outer = std::exchange(current_frame, this);
  while (!outcome_ && !ready_.empty() && !is_gated(*ready_.front())) {
    Chain* chain = ready_.front();
    ready_.pop_front();
    chain->is_queued = false;
    resume(*chain);
  }
  current_frame = outer;
}

void RunFrame::resume(Chain& chain) {
  chain.awaits = nullptr;
  resumed_ = &chain;
  while (chain.next) std::exchange(chain.next, nullptr).resume();
  resumed_ = nullptr;
  if (!chain.is_done || outcome_) return;
  if (chain.join != nullptr) {
    chain.join->branch_ended(chain);
  } else {
    finish();
  }
}

// The result that is next in the order of the journal.
void RunFrame::give_next() {
  core::MemoEntry& entry = memo_[next_++];
  auto found = slots_.find(entry.key);
  Slot& slot = found->second;
  switch (slot.state) {
    case Slot::State::kAwaited: {
      AwaitedStep& step = *slot.step;
      slots_.erase(found);
      --awaited_;
      hand_over(step, entry);
      step.chain->next = step.waiting;
      return make_ready(*step.chain);
    }
    case Slot::State::kAbandoned:
      slots_.erase(found);
      return;
    case Slot::State::kRegistered:
    case Slot::State::kRecorded:
    case Slot::State::kGiven:
      slot.state = Slot::State::kGiven;
      ++given_unmet_;
      return;
  }
}

void RunFrame::hand_over(AwaitedStep& step, core::MemoEntry& entry) {
  step.phase = AwaitedStep::Phase::kResolved;
  step.result = std::exchange(entry.data, {}).text();
  if (entry.state == StepState::kFailed) {
    set_failure(step, std::move(entry.error).value_or(ErrorInfo{}));
  }
  Seen& seen = step.chain->seen;
  if (entry.resolved_pos > seen.position) seen = {entry.resolved_pos, entry.key.bytes};
}

// -- What the code asks for ---------------------------------------------------------------------

bool RunFrame::begin(AwaitedStep& step) {
  if (step.phase == AwaitedStep::Phase::kResolved) return true;
  if (step.phase == AwaitedStep::Phase::kAwaited || current_frame != this || resumed_ == nullptr) {
    throw std::logic_error("step \"" + step.request.id +
                           "\" is awaited twice, or by code that is not its run's");
  }
  step.phase = AwaitedStep::Phase::kAwaited;
  step.chain = resumed_;
  name(step);
  if (stubs_ != nullptr && begin_stubbed(step)) return true;
  auto [found, is_new] = slots_.try_emplace(StepKey{step.key});
  Slot& slot = found->second;
  if (!is_new) return begin_known(step, slot);
  if (const Result<void> checked = native::check_request(step.request); !checked) {
    slots_.erase(found);
    step.phase = AwaitedStep::Phase::kNew;
    throw NonRetriableError("step \"" + step.full_id + "\": " + checked.error().message);
  }
  slot = {.kind = kind_of(step.request.type), .state = Slot::State::kAwaited, .step = &step};
  ++awaited_;
  new_steps_.push_back(&step);
  return false;
}

bool RunFrame::begin_stubbed(AwaitedStep& step) {
  auto stub = stubs_->find(step.full_id);
  if (stub == stubs_->end()) return false;
  step.phase = AwaitedStep::Phase::kResolved;
  step.result = stub->second.data;
  set_failure(step, stub->second.error);
  return true;
}

bool RunFrame::begin_known(AwaitedStep& step, Slot& slot) {
  if (slot.kind != kind_of(step.request.type)) {
    fail_mismatch(step, slot.kind);
    return false;
  }
  if (slot.state == Slot::State::kGiven) {
    hand_over(step, memo_[slot.memo]);
    --given_unmet_;
    slots_.erase(StepKey{step.key});
    return true;
  }
  CHECK_INVARIANT(slot.step == nullptr && slot.state != Slot::State::kAbandoned,
                  "each step of a run has a key of its own");
  slot.state = Slot::State::kAwaited;
  slot.step = &step;
  ++awaited_;
  return give_up_to(step);
}

// Gives results in their order until `step` has its own. Only while nobody else would be resumed by
// that: it must look as if the step had been suspended.
bool RunFrame::give_up_to(const AwaitedStep& step) {
  while (ready_.empty() && next_ < memo_.size()) {
    core::MemoEntry& entry = memo_[next_];
    auto found = slots_.find(entry.key);
    Slot& slot = found->second;
    if (slot.step == &step) {
      ++next_;
      --awaited_;
      hand_over(*slot.step, entry);
      slots_.erase(found);
      return true;
    }
    if (slot.state == Slot::State::kAwaited) return false;
    give_next();
  }
  return false;
}

void RunFrame::name(AwaitedStep& step) {
  const std::string& id = step.request.id;
  auto [use, is_first] = uses_.try_emplace(id, 0);
  bool is_taken = !is_first;
  if (is_first) {
    if (auto repeat = as_repeat(id)) {
      auto base = uses_.find(repeat->first);
      is_taken = base != uses_.end() && base->second >= repeat->second && repeat->second > 0;
    }
  }
  step.full_id = id;
  while (is_taken) {
    step.full_id = id + ":" + std::to_string(++use->second);
    is_taken = uses_.contains(step.full_id);
  }
  step.key = StepKey::of(step.full_id).bytes;
  if (use->second != 1 || awaited_ == 0) return;
  auto first = slots_.find(StepKey::of(id));
  if (first != slots_.end() && first->second.state == Slot::State::kAwaited) {
    warn_or_fail(fmt::format(
        "step id \"{}\" is used by parallel code: which is \"{}:1\" depends on their order", id,
        id));
  }
}

void RunFrame::forget(AwaitedStep& step) {
  if (is_torn_down_) return;
  auto found = slots_.find(StepKey{step.key});
  if (found == slots_.end() || found->second.step != &step) return;
  CHECK_INVARIANT(!step.is_running, "a step is not destroyed while its body runs");
  --awaited_;
  auto unsent = std::find(new_steps_.begin(), new_steps_.end(), &step);
  if (unsent != new_steps_.end()) {
    new_steps_.erase(unsent);
    slots_.erase(found);
    return;
  }
  found->second.step = nullptr;
  found->second.state = Slot::State::kAbandoned;
}

void RunFrame::make_ready(Chain& chain) {
  chain.is_queued = true;
  ready_.push_back(&chain);
}

void RunFrame::remove_from_queue(Chain& chain) {
  if (!chain.is_queued || is_torn_down_) return;
  chain.is_queued = false;
  ready_.erase(std::find(ready_.begin(), ready_.end(), &chain));
}

void RunFrame::publish(Publication message) {
  publications_.push_back(std::move(message));
}

// -- Bodies -------------------------------------------------------------------------------------

void RunFrame::body_started(AwaitedStep& step, std::stop_source* stop) {
  step.is_running = true;
  step.stop = stop;
  running_.push_back(&step);
}

void RunFrame::body_ended(AwaitedStep& step) {
  step.is_running = false;
  step.stop = nullptr;
  running_.erase(std::find(running_.begin(), running_.end(), &step));
}

static bool is_under(const Chain* chain, const Join& join) {
  for (; chain != nullptr; chain = chain->parent) {
    if (chain->join == &join) return true;
  }
  return false;
}

void RunFrame::join_decided(const Join& join) {
  for (AwaitedStep* step : running_) {
    if (step->stop != nullptr && is_under(step->chain, join)) step->stop->request_stop();
  }
}

// Code that would destroy the locals of a running body waits for it; and since everything must come
// in order, so does all that is behind it in the queue.
bool RunFrame::is_gated(const Chain& chain) const {
  return chain.awaits != nullptr &&
         std::any_of(running_.begin(), running_.end(),
                     [&](const AwaitedStep* step) { return is_under(step->chain, *chain.awaits); });
}

// -- What the driver takes ----------------------------------------------------------------------

std::vector<AwaitedStep*> RunFrame::take_new_steps() {
  return std::exchange(new_steps_, {});
}

AwaitedStep* RunFrame::sole_new_body() const {
  bool is_sole = new_steps_.size() == 1 && awaited_ == 1 && running_.empty() && ready_.empty();
  return is_sole && new_steps_.front()->request.body ? new_steps_.front() : nullptr;
}

std::pair<RunFrame::Planned, AwaitedStep*> RunFrame::find_planned(const StepKey& key) const {
  auto found = slots_.find(key);
  if (found == slots_.end()) return {Planned::kNotMet, nullptr};
  const Slot& slot = found->second;
  if (slot.state == Slot::State::kAbandoned) return {Planned::kAbandoned, nullptr};
  if (slot.step == nullptr || !slot.step->request.body) return {Planned::kNotMet, nullptr};
  return {Planned::kFound, slot.step};
}

bool RunFrame::has_met(const StepKey& key) const {
  auto found = slots_.find(key);
  return found == slots_.end() || found->second.state == Slot::State::kAwaited ||
         found->second.state == Slot::State::kAbandoned;
}

std::vector<Publication> RunFrame::take_publications() {
  return std::exchange(publications_, {});
}

// -- The end ------------------------------------------------------------------------------------

void RunFrame::finish() {
  auto& promise = code_.handle().promise();
  if (promise.error) {
    core::Threw threw = native::describe(promise.error);
    // What the code decodes is recorded: it would find the same again.
    if (native::is_decode_error(promise.error)) threw.retriable = false;
    outcome_ = std::move(threw);
    return;
  }
  report_unreached();
  if (!outcome_) outcome_ = core::Returned{promise.take()};
}

void RunFrame::report_unreached() {
  for (const core::MemoEntry& entry : memo_) {
    auto found = slots_.find(entry.key);
    if (found == slots_.end()) continue;
    Slot::State state = found->second.state;
    if (state != Slot::State::kRecorded && state != Slot::State::kGiven) continue;
    warn_or_fail(
        fmt::format("step \"{}\" is recorded, but the function returned without it", entry.id));
    if (outcome_) return;
  }
}

void RunFrame::fail_mismatch(const AwaitedStep& step, StepKind recorded) {
  std::string text = fmt::format(
      "step \"{}\" was recorded as {}, the function now asks for {}: restore the code or rerun",
      step.full_id, step_kind_name(recorded), step_kind_name(kind_of(step.request.type)));
  outcome_ = native::describe(std::make_exception_ptr(NonDeterminismError(text)));
}

void RunFrame::warn_or_fail(const std::string& text) {
  if (determinism_ == Determinism::kStrict) {
    outcome_ = native::describe(std::make_exception_ptr(NonDeterminismError(text)));
  } else if (warn_) {
    warn_(run_->id.to_string(), text);
  }
}

}  // namespace stepwell::detail
