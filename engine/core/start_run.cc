// A run begins: from an event, from another run that invokes it, or from a person's rerun.
//
//   (start) ──► Scheduled   its start lies ahead, or its function's code is not at hand
//           ──► Running     it is called as soon as this is durable
//           ──► Failed      what would cancel it can't be told
#include <fmt/core.h>

#include "engine/core/state.h"
#include "schema/mutant.h"

namespace stepwell::core {
namespace {

constexpr Duration kCancelOnDefault = std::chrono::hours(24 * 365);

ParallelMode default_parallel(DriverKind driver) {
  return driver == DriverKind::kNative ? ParallelMode::kRace : ParallelMode::kCoalesce;
}

// What is stored of the run's flow control.
std::string flow_of(const State::NewRun& request) {
  RunFlow flow = request.flow;
  if (request.invokers.size() > 1) {
    flow.further_invokers.assign(request.invokers.begin() + 1, request.invokers.end());
  }
  return run_flow_json(flow);
}

size_t context_bytes(const RunContext& context) {
  size_t bytes = sizeof(RunContext);
  for (const Event& event : context.events) bytes += sizeof(Event) + text_bytes(event);
  return bytes;
}

}  // namespace

State::Started State::start_run(NewRun request) {
  RunRecord record;
  record.no = next_pos();
  record.id = RunId{new_ulid()};
  record.function = request.function->config.id;
  record.events = std::move(request.positions);
  record.event_id = std::move(request.event_id);
  record.created_at = now_;
  record.start_at = std::max(request.start_at, now_);
  record.flow = flow_of(request);
  if (!request.invokers.empty()) record.invoked_by = request.invokers.front();
  record.rerun_of = request.rerun_of;
  record.end_events = end_events_behind(request.events);
  auto run = std::make_unique<Run>();
  run->no = record.no;
  run->id = record.id;
  run->function = request.function;
  run->end_events = record.end_events;
  run->created_at = record.created_at;
  run->start_at = record.start_at > now_ ? record.start_at : Time{};
  join_limits(*run, request.flow);
  hold_singleton(*run, request.flow);
  if (record.start_at <= now_ && request.function->is_available && may_start_now(*run)) {
    record.status = RunStatus::kRunning;
    record.started_at = now_;
  }
  run->status = record.status;
  run->parallel = default_parallel(request.function->config.driver);
  touch(*run);
  run->started_at = record.started_at;
  link_invokers(request, record.no);
  if (!request.invokers.empty()) {
    run->invokers = std::make_unique<const std::vector<InvokedBy>>(std::move(request.invokers));
  }

  if (request.rerun_of) {  // copies that were looked up before it is durable do not know of it
    for (const Event& event : request.events) lookback_.take(key_of(event), record.no, now_);
  }
  auto memory = std::make_unique<Memory>();
  memory->trigger_json = std::move(request.json);
  memory->look_base = record.no;
  memory->context = std::make_shared<const RunContext>(RunContext{
      record.no, record.id, record.function, std::move(request.events), record.created_at});
  memory->bytes =
      settings_.frame_bytes + memory->trigger_json.size() + context_bytes(*memory->context);
  hot_bytes_ += memory->bytes;
  run->memory = std::move(memory);

  Run& started = *run;
  runs_.add(std::move(run));
  const Started result{Started::How::kStarted, started.no, started.id, ""};
  write(storage::PutRun{std::move(record)});
  take_over(started, request);
  if (auto error = register_cancellations(started, now_)) {
    fail_run(started, std::move(*error));
    return result;
  }
  run_created(started);
  if (started.started_at) run_started(started);
  if (started.start_at > now_) {
    timers_.add({started.start_at, started.no, 0, Timer::Kind::kRunStart});
  }
  pump(started);
  return result;
}

std::optional<ErrorInfo> State::register_cancellations(Run& run, Time created_at) {
  const FunctionConfig& config = run.function->config;
  for (size_t i = 0; i < config.cancel_on.size(); ++i) {
    const CancelOn& cancel = config.cancel_on[i];
    Result<Condition> bound = run.function->cancel_on[i].bind(run.memory->trigger_json);
    if (!bound) {
      return ErrorInfo{.name = "InvalidExpression",
                       .message = fmt::format("cancelOn of event \"{}\": {}", cancel.event,
                                              bound.error().message)};
    }
    if (bound->is_never() || mutant("cancellation-not-registered")) continue;
    StepRecord step;
    step.key = cancellation_key(i);
    step.id = fmt::format("cancelOn:{}", i);
    step.kind = StepKind::kCancelOn;
    Duration timeout = cancel.timeout.value_or(kCancelOnDefault);
    if (mutant("cancellation-expires-early")) timeout /= 2;
    step.due = cancel.until.value_or(created_at + timeout);
    if (*step.due <= now_) continue;  // its time was over before the run began
    step.target = cancel.event;
    step.expression = bound->text();
    std::string expression = mutant("cancellation-ignores-condition") ? "" : step.expression;
    PendingStep& pending = record_pending(run, std::move(step));
    waits_.add(cancel.event, expression, {run.no, pending.pos});
  }
  return std::nullopt;
}

// Whoever asked for the run learns which it is; or why there is none; or, when it waits for further
// events, only that it was taken in.
void State::answer_start(Answer reply, const Started& started) {
  switch (started.how) {
    case Started::How::kStarted:
      reply.run = mutant("start-told-under-another-id") ? RunId{new_ulid()} : started.id;
      return answer(std::move(reply));
    case Started::How::kHeld:
      return answer(std::move(reply));
    case Started::How::kSkipped:
      return refuse(reply.request, ErrorCode::kConflict,
                    fmt::format("run {} was skipped: {}", started.id.to_string(), started.why));
    case Started::How::kDropped:
      return refuse(reply.request, ErrorCode::kConflict, started.why);
  }
}

void State::invoke_directly(InvokeDirectly input) {
  Function* function = functions_.find(input.function.slug);
  if (function == nullptr || function->is_archived) {
    return refuse(input.request, ErrorCode::kNotFound,
                  fmt::format("no function \"{}\"", input.function.slug));
  }
  for (const storage::EventHistory::Started& earlier : input.history.started) {
    if (earlier.function != function->config.id) continue;
    return refuse(input.request, ErrorCode::kConflict,
                  fmt::format("the key \"{}\" has started a run of \"{}\" already",
                              input.idempotency_key, input.function.slug));
  }
  input.event.name = std::string(kFunctionInvoked);
  const bool has_key = !input.idempotency_key.empty();
  input.event.id = has_key ? invocation_id(input.function, input.idempotency_key) : "";
  EventRecord record = make_event(std::move(input.event), std::nullopt);
  Event event = record.event;
  std::string event_id = has_key ? event.id : "";
  std::vector<Position> copies;
  for (const storage::EventHistory::Copy& copy : input.history.copies) copies.push_back(copy.pos);
  Answer reply{.request = input.request, .event_ids = {record.id}};
  Position pos = record.pos;
  const Time start_at = std::max(event.ts, now_);
  write(storage::PutEvent{std::move(record)});
  const Started started = trigger({.source = NewRun::Source::kApi,
                                   .function = function,
                                   .events = {std::move(event)},
                                   .positions = {pos},
                                   .event_id = std::move(event_id),
                                   .copies = std::move(copies),
                                   .start_at = start_at});
  answer_start(std::move(reply), started);
}

}  // namespace stepwell::core
