// What a function's code asks for, one op at a time.
//
//   StepReturned ──► completed                StepThrew ──► planned again later, or failed
//   StepPlanned  ──► planned                  Sleep     ──► sleeping, or completed when it is past
//   WaitForEvent ──► completed by look-back, waiting, or completed as timed out
//   WaitForSignal ─► waiting; a second waiter is refused or takes over
//   Invoke       ──► invoking, with a run of its own; failed when there is no such function
//   SendEvents   ──► completed, and the events are accepted
//   CallOut      ──► planned: the engine makes the request
//   An op that is known already changes nothing: the first record wins.
#include <fmt/core.h>

#include <algorithm>

#include "engine/core/state.h"
#include "schema/json.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

constexpr Duration kSleepMax = std::chrono::hours(24 * 366);
constexpr Duration kYear = std::chrono::hours(24 * 365);

StepRecord new_step(const StepOp& op) {
  StepRecord step;
  step.key = op.key;
  step.id = op.id;
  step.kind = step_kind(op);
  return step;
}

}  // namespace

State::Known State::recognise(Run& run, const StepOp& op) {
  bool has_result =
      std::holds_alternative<StepReturned>(op.body) || std::holds_alternative<StepThrew>(op.body);
  // A result belongs to whichever body the step has; else the kinds are the same or it is no step
  // that the code asked for before.
  auto fits = [&](StepKind recorded) {
    return recorded == step_kind(op) || (has_result && has_body(recorded));
  };
  auto found = run.memory->known.find(op.key);
  if (found != run.memory->known.end()) {
    if (has_result && mutant("second-result-wins")) return Known::kNew;
    return fits(found->second.kind) ? Known::kRepeat : Known::kMismatch;
  }
  const PendingStep* pending = find_pending(run, op.key);
  if (pending == nullptr) return Known::kNew;
  if (!fits(pending->kind)) return Known::kMismatch;
  // A planned step is resolved by its result; everything else was registered before.
  return has_result ? Known::kNew : Known::kRepeat;
}

bool State::take_op(Run& run, const CallUnderWay& call, StepOp op) {
  switch (recognise(run, op)) {
    case Known::kRepeat:
      return true;
    case Known::kMismatch: {
      auto known = run.memory->known.find(op.key);
      StepKind recorded =
          known != run.memory->known.end() ? known->second.kind : find_pending(run, op.key)->kind;
      fail_run(run, {.name = "NonDeterminismError",
                     .message = fmt::format("step \"{}\" was recorded as {}, the function now asks "
                                            "for {}: restore the code or rerun",
                                            op.id, step_kind_name(recorded),
                                            step_kind_name(step_kind(op)))});
      return false;
    }
    case Known::kNew:
      break;
  }
  // What may cancel the run is registered like a step, but is none.
  size_t steps = run.memory->known.size() +
                 static_cast<size_t>(std::count_if(
                     run.pending.begin(), run.pending.end(),
                     [](const PendingStep& step) { return step.kind != StepKind::kCancelOn; }));
  if (steps >= static_cast<size_t>(settings_.steps_max) && find_pending(run, op.key) == nullptr) {
    fail_run(run, {.name = "InngestErrFunctionOverflowed",
                   .message = fmt::format("function run exceeded the step limit of {} steps",
                                          settings_.steps_max)});
    return false;
  }
  struct Visitor {
    State& state;
    Run& run;
    const CallUnderWay& call;
    StepOp& op;
    bool operator()(StepReturned& body) { return state.step_returned(run, call, op, body); }
    bool operator()(StepThrew& body) { return state.step_threw(run, call, op.key, op.id, body); }
    bool operator()(StepPlanned&) { return state.plan_step(run, op); }
    bool operator()(Sleep& body) { return state.sleep(run, op, body); }
    bool operator()(WaitForEvent& body) { return state.wait_for_event(run, call, op, body); }
    bool operator()(WaitForSignal& body) { return state.wait_for_signal(run, op, body); }
    bool operator()(InvokeFunction& body) { return state.invoke(run, op, body); }
    bool operator()(SendEvents& body) { return state.send_events(run, call, op, body); }
    bool operator()(CallOut& body) { return state.call_out(run, op, body); }
  };
  return std::visit(Visitor{*this, run, call, op}, op.body);
}

// As the app says, moved into the time of the call: its clock may be another. Else the whole call.
std::pair<Time, Time> State::time_of_body(const CallUnderWay& call,
                                          const std::optional<BodyTime>& ran) const {
  if (!ran || now_ <= call.started_at) return {call.started_at, now_};
  const Duration took = std::clamp(ran->took, Duration::zero(), now_ - call.started_at);
  const Time began_at = std::clamp(ran->began_at, call.started_at, now_ - took);
  return {began_at, began_at + took};
}

bool State::step_returned(Run& run, const CallUnderWay& call, StepOp& op, StepReturned& body) {
  if (body.data.size() > settings_.step_output_bytes_max) {
    StepThrew threw{
        .error = {.name = "StepOutputTooLarge",
                  .message = fmt::format("step output size is greater than the limit of "
                                         "{} bytes",
                                         settings_.step_output_bytes_max)}};
    return step_threw(run, call, op.key, op.id, threw);
  }
  if (run.memory->output_bytes + body.data.size() > settings_.state_bytes_max) {
    end_overflowed(run);
    return false;
  }
  if (std::optional<ErrorInfo> misfit = misfit_of(body.publications)) {
    StepThrew threw{.error = std::move(*misfit), .retriable = false};
    return step_threw(run, call, op.key, op.id, threw);
  }
  publish(run, std::move(body.publications));
  if (const PendingStep* pending = find_pending(run, op.key)) {
    resolve(run, pending_index(run, pending->pos), {.data = std::move(body.data)});
    return true;
  }
  StepRecord step = new_step(op);
  const auto [began_at, ended_at] = time_of_body(call, body.ran);
  step.state = StepState::kCompleted;
  step.registered_at = began_at;
  step.resolved_at = ended_at;
  step.base = call.code_pos;
  step.data = std::move(body.data);
  record_resolved(run, std::move(step));
  return true;
}

bool State::step_threw(Run& run, const CallUnderWay& call, const StepKey& key,
                       const std::string& id, StepThrew& body) {
  // A body that failed has its own error; what it published and does not fit stays unsaid.
  std::erase_if(body.publications,
                [this](const Publication& each) { return topics_.misfit(each).has_value(); });
  publish(run, std::move(body.publications));
  hold_to_limit(body.error);
  PendingStep* pending = find_pending(run, key);
  int attempt = pending != nullptr ? pending->attempts : 0;
  const int attempts_max = run.function->max_attempts() + (mutant("one-attempt-more") ? 1 : 0);
  bool is_final =
      mutant("failure-final-at-once") || (!body.retriable && !mutant("final-failure-retried"));
  bool goes_on = !is_final && attempt + 1 < attempts_max;
  const auto [began_at, ended_at] = time_of_body(call, body.ran);
  AttemptRecord record{.pos = next_pos(),
                       .run = run.no,
                       .step = key,
                       .attempt = attempt,
                       .started_at = began_at,
                       .ended_at = ended_at,
                       .error = body.error};
  if (goes_on) record.retry_at = now_ + retry_delay(attempt + 1, body.retry_after);
  std::optional<Time> retry_at = record.retry_at;
  write(storage::PutAttempt{std::move(record)});
  touch(run);

  if (pending == nullptr) {
    // The first attempt was made inside the function's call: from now on the step is on its own.
    StepRecord step;
    step.key = key;
    step.id = id;
    step.attempts = attempt + 1;
    if (!goes_on) {
      step.state = StepState::kFailed;
      step.base = call.code_pos;
      step.registered_at = began_at;
      step.resolved_at = ended_at;
      step.error = std::move(body.error);
      record_resolved(run, std::move(step));
      return true;
    }
    step.due = retry_at;
    record_pending(run, std::move(step));
    return true;
  }
  pending->attempts = attempt + 1;
  if (!goes_on) {
    resolve(run, pending_index(run, pending->pos),
            {.state = StepState::kFailed, .error = std::move(body.error)});
    return true;
  }
  pending->due = retry_at;
  StepRecord update{.pos = pending->pos,
                    .run = run.no,
                    .key = key,
                    .kind = pending->kind,
                    .base = pending->base,
                    .due = retry_at,
                    .attempts = pending->attempts};
  if (pending->kind != StepKind::kRun) update.data = run.memory->requests.at(key);
  write(storage::UpdateStep{std::move(update)});
  timers_.add({*retry_at, run.no, pending->pos, Timer::Kind::kStep});
  return true;
}

bool State::plan_step(Run& run, const StepOp& op) {
  record_pending(run, new_step(op));
  return true;
}

bool State::call_out(Run& run, const StepOp& op, CallOut& body) {
  StepRecord step = new_step(op);
  step.data = body.request;  // goes when the step ends: there may be keys in it
  record_pending(run, std::move(step));
  run.memory->requests.emplace(op.key, std::move(body.request));
  return true;
}

bool State::sleep(Run& run, const StepOp& op, const Sleep& body) {
  Time due = deadline_time(body.until);
  if (due > now_ + kSleepMax) {
    fail_run(run, {.name = "InngestErrTimeoutTooLong",
                   .message = fmt::format("step \"{}\" sleeps longer than 366 days", op.id)});
    return false;
  }
  StepRecord step = new_step(op);
  step.due = mutant("sleep-too-short") ? due - Duration(1) : due;
  if (due > now_) {
    record_pending(run, std::move(step));
    return true;
  }
  step.state = StepState::kCompleted;
  step.registered_at = now_;
  step.data = "null";
  record_resolved(run, std::move(step));
  return true;
}

bool State::wait_for_event(Run& run, const CallUnderWay& call, const StepOp& op,
                           WaitForEvent& body) {
  Time due = deadline_time(body.timeout);
  if (due > now_ + kSleepMax) {
    fail_run(run, {.name = "InngestErrTimeoutTooLong",
                   .message = fmt::format("step \"{}\" waits longer than 366 days", op.id)});
    return false;
  }
  Result<Condition> condition = Condition::compile(body.expression);
  if (condition) condition = condition->bind(run.memory->trigger_json);
  if (!condition) {
    fail_run(run, {.name = "InvalidExpression",
                   .message = fmt::format("step \"{}\": {}", op.id, condition.error().message)});
    return false;
  }
  StepRecord step = new_step(op);
  step.due = due;
  step.target = std::move(body.event);
  step.expression = condition->text();

  auto earlier = look_back(run, call, op, step.target, *condition);
  if (earlier || due <= now_) {
    step.state = StepState::kCompleted;
    step.registered_at = now_;
    step.data = earlier ? event_json(earlier->event) : "null";
    step.resolved_event = earlier ? earlier->pos : 0;
    if (earlier) lookback_.take(key_of(earlier->event), run.no, now_);
    record_resolved(run, std::move(step));
    return true;
  }
  std::string event_name = step.target;
  std::string expression = step.expression;
  PendingStep& pending = record_pending(run, std::move(step));
  waits_.add(event_name, expression, {run.no, pending.pos});
  return true;
}

std::shared_ptr<const EventRecord> State::look_back(const Run& run, const CallUnderWay& call,
                                                    const StepOp& op, std::string_view event_name,
                                                    const Condition& condition) const {
  Duration reach = run.function->config.wait_lookback.value_or(settings_.wait_lookback);
  reach = std::min(reach, Lookback::kAgeMax);
  if (reach <= Duration::zero() || condition.is_never()) return nullptr;
  if (mutant("lookback-missing")) return nullptr;
  const Memory& memory = *run.memory;
  Position base = call.look_base;
  if (op.seen) {
    auto seen = memory.known.find(*op.seen);
    if (seen != memory.known.end()) base = seen->second.base;
  }
  if (mutant("lookback-too-far")) base = run.no;
  auto is_spent = [&](const EventRecord& event) {
    // The run's own triggers, and what ended a wait of this run already, and their copies.
    const EventKey key = key_of(event.event);
    for (const Event& trigger : memory.context->events) {
      if (key_of(trigger) == key) return !mutant("lookback-takes-its-trigger");
    }
    if (mutant("lookback-takes-the-same-again")) return false;
    return std::find(memory.spent.begin(), memory.spent.end(), key) != memory.spent.end();
  };
  return lookback_.find(event_name, base, now_ - reach, [&](const EventRecord& event) {
    if (is_spent(event)) return false;
    return condition.is_always() || condition.matches_wait(event_json(event.event), now_);
  });
}

bool State::wait_for_signal(Run& run, const StepOp& op, const WaitForSignal& body) {
  auto holder = signals_.find(body.signal);
  if (holder != signals_.end() && body.on_conflict == SignalConflict::kFail) {
    fail_run(run, {.name = "SignalConflict",
                   .message = fmt::format("signal \"{}\" is already waited for by another step",
                                          body.signal)});
    return false;
  }
  Time due = body.timeout ? deadline_time(*body.timeout) : now_ + kYear;
  StepRecord step = new_step(op);
  step.target = body.signal;
  step.due = due;
  if (due <= now_) {
    step.state = StepState::kCompleted;
    step.registered_at = now_;
    step.data = "null";
    record_resolved(run, std::move(step));
    return true;
  }
  if (holder != signals_.end()) replace_waiter(holder->second);
  PendingStep& pending = record_pending(run, std::move(step));
  signals_[body.signal] = {run.no, pending.pos};
  return true;
}

// The earlier waiter of a signal stays until its timeout and gets nothing, also after a restart.
void State::replace_waiter(const WaitRef& waiter) {
  Run& run = runs_.at(waiter.run);
  PendingStep& step = run.pending[pending_index(run, waiter.step)];
  if (!mutant("signal-to-the-replaced")) step.attempts = kReplacedWaiter;
  write(storage::UpdateStep{StepRecord{.pos = step.pos,
                                       .run = run.no,
                                       .key = step.key,
                                       .kind = step.kind,
                                       .base = step.base,
                                       .due = step.due,
                                       .attempts = step.attempts}});
  touch(run);
}

bool State::invoke(Run& run, const StepOp& op, InvokeFunction& body) {
  StepRecord step = new_step(op);
  step.target = body.function;
  Function* function = functions_.find(body.function);
  if (function == nullptr || function->is_archived) {
    step.state = StepState::kFailed;
    step.registered_at = now_;
    step.error =
        ErrorInfo{.name = "Error",
                  .message = fmt::format("could not find function with ID {}", body.function)};
    record_resolved(run, std::move(step));
    return true;
  }
  step.due = body.timeout ? deadline_time(*body.timeout) : now_ + kYear;
  RunNo parent = run.no;
  record_pending(run, std::move(step));
  Event event{.name = std::string(kFunctionInvoked),
              .data = std::move(body.data),
              .user = std::move(body.user),
              .version = std::move(body.version)};
  EventRecord record = make_event(std::move(event), std::nullopt);
  Event content = record.event;
  Position pos = record.pos;
  // The child's number is known only once it has started: put it into the step's row then.
  size_t put_step = out_->writes.size() - 1;
  write(storage::PutEvent{std::move(record)});
  const InvokedBy invoker{parent, op.key};
  const Started started = trigger({.source = NewRun::Source::kInvoke,
                                   .function = function,
                                   .events = {std::move(content)},
                                   .positions = {pos},
                                   .invokers = {invoker}});
  // The new run may have taken its place: a singleton that invokes itself.
  if (find_run(parent) == nullptr) return false;
  if (started.how == Started::How::kStarted) {
    std::get<storage::PutStep>(out_->writes[put_step]).step.invoked_run = started.no;
  } else if (started.how != Started::How::kHeld) {
    fail_invokers({invoker}, started.why);
  }
  return true;
}

bool State::send_events(Run& run, const CallUnderWay& call, const StepOp& op, SendEvents& body) {
  StepRecord step = new_step(op);
  step.state = StepState::kCompleted;
  step.registered_at = now_;
  step.base = call.code_pos;
  JsonWriter ids;
  ids.begin_object().key("ids").begin_array();
  std::vector<EventRecord> accepted;
  for (Event& event : body.events) {
    accepted.push_back(make_event(std::move(event), std::nullopt));
    ids.string(accepted.back().id.to_string());
  }
  step.data = ids.end_array().end_object().take();
  RunNo no = run.no;
  record_resolved(run, std::move(step));
  for (EventRecord& record : accepted) {
    storage::EventHistory fresh;
    storage::EventHistory& history = record.has_user_id ? send_histories_[record.event.id] : fresh;
    accept_event(std::move(record), history);
  }
  return find_run(no) != nullptr;  // an event of its own may have cancelled it
}

}  // namespace stepwell::core
