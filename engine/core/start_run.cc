// A run begins: from an event, from another run that invokes it, or from a person's rerun.
//
//   (start) ──► Scheduled   its start lies ahead, or its function's code is not at hand
//           ──► Running     it is called as soon as this is durable
//           ──► Failed      what would cancel it can't be told
#include <fmt/core.h>

#include "engine/core/state.h"

namespace stepwell::core {
namespace {

constexpr Duration kCancelOnDefault = std::chrono::hours(24 * 365);

ParallelMode default_parallel(DriverKind driver) {
  return driver == DriverKind::kNative ? ParallelMode::kRace : ParallelMode::kCoalesce;
}

size_t context_bytes(const RunContext& context) {
  size_t bytes = sizeof(RunContext);
  for (const Event& event : context.events) {
    bytes += sizeof(Event) + event.name.size() + event.data.size() + event.user.size();
  }
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
  record.invoked_by = request.invoked_by;
  record.rerun_of = request.rerun_of;
  record.is_quiet = request.is_quiet;
  if (record.start_at <= now_ && request.function->is_available) {
    record.status = RunStatus::kRunning;
    record.started_at = now_;
  }

  auto run = std::make_unique<Run>();
  run->no = record.no;
  run->id = record.id;
  run->function = request.function;
  run->status = record.status;
  run->is_quiet = record.is_quiet;
  run->created_at = record.created_at;
  run->start_at = record.start_at > now_ ? record.start_at : Time{};
  run->parallel = default_parallel(request.function->config.driver);
  touch(*run);
  run->started_at = record.started_at;
  if (record.invoked_by) run->invoked_by = std::make_unique<InvokedBy>(*record.invoked_by);

  auto memory = std::make_unique<Memory>();
  memory->trigger_json = event_json(request.events.front());
  memory->look_base = record.no;
  memory->context = std::make_shared<const RunContext>(RunContext{
      record.no, record.id, record.function, std::move(request.events), record.created_at});
  memory->bytes =
      settings_.frame_bytes + memory->trigger_json.size() + context_bytes(*memory->context);
  hot_bytes_ += memory->bytes;
  run->memory = std::move(memory);

  Run& started = *run;
  run_by_id_.emplace(started.id, started.no);
  runs_.emplace(started.no, std::move(run));
  const Started result{started.no, started.id};
  if (record.invoked_by) {
    // Whoever invokes it learns of its end, however soon that comes.
    find_pending(*find_run(record.invoked_by->run), record.invoked_by->step)->child = started.no;
  }
  write(storage::PutRun{std::move(record)});
  if (auto error = register_cancellations(started, now_)) {
    fail_run(started, std::move(*error));
    return result;
  }
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
    if (bound->is_never()) continue;
    StepRecord step;
    step.key = StepKey::of(fmt::format("cancelOn:{}", i));
    step.id = fmt::format("cancelOn:{}", i);
    step.kind = StepKind::kCancelOn;
    step.due = created_at + cancel.timeout.value_or(kCancelOnDefault);
    step.target = cancel.event;
    step.expression = bound->text();
    std::string expression = step.expression;
    PendingStep& pending = record_pending(run, std::move(step));
    waits_.add(cancel.event, expression, {run.no, pending.pos});
  }
  return std::nullopt;
}

void State::rerun_run(RerunRun input) {
  if (!input.source) {
    return refuse(input.request, ErrorCode::kNotFound,
                  fmt::format("there is no run {}", input.id.to_string()));
  }
  const storage::RunSnapshot& source = *input.source;
  Function* function = functions_.find(source.run.function.slug);
  if (function == nullptr || function->is_archived) {
    return refuse(input.request, ErrorCode::kConflict,
                  fmt::format("function \"{}\" of run {} is not registered any more",
                              source.run.function.slug, input.id.to_string()));
  }
  std::vector<Event> events;
  for (const EventRecord& event : source.events) events.push_back(event.event);
  const Started run = start_run({.function = function,
                                 .events = std::move(events),
                                 .positions = source.run.events,
                                 .rerun_of = source.run.rerun_of.value_or(source.run.id),
                                 .is_quiet = source.run.is_quiet});
  answer(Answer{.request = input.request, .run = run.id});
}

void State::invoke_directly(InvokeDirectly input) {
  Function* function = functions_.find(input.function.slug);
  if (function == nullptr || function->is_archived) {
    return refuse(input.request, ErrorCode::kNotFound,
                  fmt::format("no function \"{}\"", input.function.slug));
  }
  input.event.name = std::string(kFunctionInvoked);
  EventRecord record = make_event(std::move(input.event), std::nullopt);
  record.has_user_id = false;
  Event event = record.event;
  Answer reply{.request = input.request, .event_ids = {record.id}};
  Position pos = record.pos;
  write(storage::PutEvent{std::move(record)});
  reply.run =
      start_run({.function = function, .events = {std::move(event)}, .positions = {pos}}).id;
  answer(std::move(reply));
}

}  // namespace stepwell::core
