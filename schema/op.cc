#include "schema/op.h"

namespace stepwell {

std::string_view step_kind_name(StepKind kind) {
  switch (kind) {
    case StepKind::kRun:
      return "StepRun";
    case StepKind::kSleep:
      return "Sleep";
    case StepKind::kWaitForEvent:
      return "WaitForEvent";
    case StepKind::kWaitForSignal:
      return "WaitForSignal";
    case StepKind::kInvoke:
      return "InvokeFunction";
    case StepKind::kSendEvent:
      return "SendEvent";
    case StepKind::kCancelOn:
      return "CancelOn";
    case StepKind::kFetch:
      return "Gateway";
    case StepKind::kInfer:
      return "AIGateway";
  }
  return "unknown";
}

bool has_body(StepKind kind) {
  return kind == StepKind::kRun || kind == StepKind::kFetch || kind == StepKind::kInfer;
}

StepKind step_kind(const StepOp& op) {
  struct Visitor {
    StepKind operator()(const StepReturned&) const { return StepKind::kRun; }
    StepKind operator()(const StepThrew&) const { return StepKind::kRun; }
    StepKind operator()(const StepPlanned&) const { return StepKind::kRun; }
    StepKind operator()(const Sleep&) const { return StepKind::kSleep; }
    StepKind operator()(const WaitForEvent&) const { return StepKind::kWaitForEvent; }
    StepKind operator()(const WaitForSignal&) const { return StepKind::kWaitForSignal; }
    StepKind operator()(const InvokeFunction&) const { return StepKind::kInvoke; }
    StepKind operator()(const SendEvents&) const { return StepKind::kSendEvent; }
    StepKind operator()(const CallOut& body) const { return body.kind; }
  };
  return std::visit(Visitor{}, op.body);
}

}  // namespace stepwell
