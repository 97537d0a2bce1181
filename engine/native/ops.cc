#include "engine/native/ops.h"

#include "engine/native/body_scope.h"
#include "engine/native/checks.h"
#include "engine/native/errors.h"

namespace stepwell::native {
namespace {

using detail::StepType;

Deadline deadline(const Timeout& timeout) {
  Duration length(timeout.milliseconds());
  if (timeout.is_absolute()) return {.at = Time(length)};
  return {.after = length};
}

SendEvents send_events(const detail::StepRequest& request) {
  SendEvents send;
  send.events.reserve(request.events.size());
  for (const NewEvent& event : request.events) send.events.push_back(event_of(event));
  return send;
}

decltype(StepOp::body) op_body(detail::StepRequest& request) {
  switch (request.type) {
    case StepType::kRun:
      return StepPlanned{};
    case StepType::kPublish: {
      StepReturned done;
      done.publications.push_back(
          {std::move(request.target), std::move(request.detail), std::move(request.data)});
      return done;
    }
    case StepType::kSleep:
      return Sleep{deadline(*request.timeout)};
    case StepType::kWaitForEvent:
      return WaitForEvent{std::move(request.target), std::move(request.detail),
                          deadline(*request.timeout)};
    case StepType::kWaitForSignal:
      return WaitForSignal{
          std::move(request.target),
          request.replaces_signal ? SignalConflict::kReplace : SignalConflict::kFail,
          deadline(*request.timeout)};
    case StepType::kInvoke: {
      InvokeFunction invoke;
      invoke.function = std::move(request.target);
      invoke.data = std::move(request.data);
      invoke.timeout = deadline(*request.timeout);
      return invoke;
    }
    case StepType::kSendEvents:
      return send_events(request);
  }
  return StepPlanned{};
}

StepOp bare_op(const detail::AwaitedStep& step) {
  StepOp op;
  op.key = StepKey{step.key};
  op.id = step.full_id;
  if (step.chain->seen.position > 0) op.seen = StepKey{step.chain->seen.key};
  return op;
}

}  // namespace

StepOp make_op(detail::AwaitedStep& step) {
  StepOp op = bare_op(step);
  op.body = op_body(step.request);
  return op;
}

StepOp make_op(const detail::AwaitedStep& step, BodyOutcome outcome) {
  StepOp op = bare_op(step);
  std::visit([&](auto& body) { op.body = std::move(body); }, outcome);
  return op;
}

BodyOutcome run_body(detail::Body& body, const std::stop_token& stop) {
  BodyScope scope;
  try {
    StepReturned returned;
    returned.data = body.run(stop);
    returned.publications = std::move(scope.publications);
    return returned;
  } catch (...) {
    core::Threw threw = describe(std::current_exception());
    return StepThrew{std::move(threw.error), threw.retriable, threw.retry_after,
                     std::move(scope.publications)};
  }
}

}  // namespace stepwell::native
