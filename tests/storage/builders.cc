#include "tests/storage/builders.h"

#include <utility>

namespace stepwell::storage {

Time at(int64_t millis) {
  return from_millis(1'700'000'000'000 + millis);
}

EventId event_id(Position pos) {
  return {Ulid::make(at(static_cast<int64_t>(pos)), 1, pos)};
}

RunId run_id(RunNo no) {
  return {Ulid::make(at(static_cast<int64_t>(no)), 2, no)};
}

StepKey step_key(std::string_view id) {
  return StepKey::of(id);
}

EventRecord make_event(Position pos, std::string name) {
  EventRecord event;
  event.pos = pos;
  event.id = event_id(pos);
  event.event.name = std::move(name);
  event.event.id = event.id.to_string();
  event.event.data = R"({"n":)" + std::to_string(pos) + "}";
  event.event.ts = at(static_cast<int64_t>(pos));
  event.received_at = at(static_cast<int64_t>(pos));
  return event;
}

EventRecord make_sent_event(Position pos, std::string user_id) {
  EventRecord event = make_event(pos);
  event.has_user_id = true;
  event.event.id = std::move(user_id);
  return event;
}

RunRecord make_run(RunNo no, Position event) {
  RunRecord run;
  run.no = no;
  run.id = run_id(no);
  run.function.slug = "app-fn";
  run.status = RunStatus::kRunning;
  if (event != 0) run.events.push_back(event);
  run.created_at = at(static_cast<int64_t>(no));
  run.start_at = run.created_at;
  run.started_at = run.created_at;
  return run;
}

RunRecord ended(RunRecord run, RunStatus status, Position pos) {
  run.status = status;
  run.ended_at = at(static_cast<int64_t>(pos));
  run.ended_pos = pos;
  if (status == RunStatus::kCompleted) run.output = R"({"ok":true})";
  if (status != RunStatus::kCompleted) run.error = ErrorInfo{.name = "Error", .message = "no luck"};
  return run;
}

StepRecord make_step(Position pos, RunNo run, std::string_view id) {
  StepRecord step;
  step.pos = pos;
  step.run = run;
  step.key = step_key(id);
  step.id = std::string(id);
  step.state = StepState::kCompleted;
  step.resolved_pos = pos;
  step.base = pos;
  step.registered_at = at(static_cast<int64_t>(pos));
  step.resolved_at = step.registered_at;
  step.data = R"({"step":)" + std::to_string(pos) + "}";
  return step;
}

StepRecord make_wait(Position pos, RunNo run, std::string_view id) {
  StepRecord step = make_step(pos, run, id);
  step.kind = StepKind::kWaitForEvent;
  step.state = StepState::kPending;
  step.resolved_pos = 0;
  step.base = 0;
  step.resolved_at.reset();
  step.data.clear();
  step.due = at(60'000);
  step.target = "test/answer";
  step.expression = "async.data.n == 1";
  return step;
}

StepRecord resolved(StepRecord step, Position pos, Position event) {
  step.state = StepState::kCompleted;
  step.resolved_pos = pos;
  step.base = pos;
  step.resolved_at = at(static_cast<int64_t>(pos));
  step.data = R"({"resolved":true})";
  step.resolved_event = event;
  return step;
}

AttemptRecord make_attempt(Position pos, RunNo run, int attempt) {
  AttemptRecord record;
  record.pos = pos;
  record.run = run;
  record.step = step_key("flaky");
  record.attempt = attempt;
  record.started_at = at(static_cast<int64_t>(pos));
  record.ended_at = at(static_cast<int64_t>(pos) + 5);
  record.error = {
      .name = "TypeError", .message = "oops", .stack = "at f\nat g", .cause = "{\"a\":1}"};
  record.retry_at = at(static_cast<int64_t>(pos) + 1000);
  return record;
}

FunctionConfig make_function(std::string slug) {
  FunctionConfig config;
  config.id.slug = std::move(slug);
  config.app = "app";
  config.triggers = {{"test/thing", "event.data.n > 0"}};
  config.cancel_on = {{"test/stop", "", Duration(60'000)}};
  return config;
}

MessageRecord make_message(Position pos, std::string channel) {
  MessageRecord message;
  message.pos = pos;
  message.content = {.channel = std::move(channel), .topic = "updated", .data = "{\"likes\":3}"};
  message.created_at = at(static_cast<int64_t>(pos));
  return message;
}

}  // namespace stepwell::storage
