#include "api/server/request_bodies.h"

#include <fmt/core.h>

#include <utility>

#include "api/server/event_body.h"
#include "api/server/json_body.h"
#include "schema/json.h"

namespace stepwell::server {
namespace {

constexpr size_t kIdempotencyKeyMax = 256;

Error invalid(std::string message) {
  return {ErrorCode::kInvalid, std::move(message)};
}

std::string text_of(const JsonView& body, std::string_view name) {
  const auto value = body.find(name);
  return value ? value->as_string().value_or("") : std::string();
}

// Nothing too where it is null.
std::optional<JsonView> member_of(const JsonView& body, std::string_view name) {
  const auto value = body.find(name);
  return value && !value->is_null() ? value : std::nullopt;
}

Result<std::optional<Time>> time_of(const JsonView& body, std::string_view name) {
  const auto value = member_of(body, name);
  if (!value) return std::optional<Time>();
  const Result<Time> time = parse_rfc3339(value->as_string().value_or(""));
  if (time) return std::optional(*time);
  return invalid(fmt::format("\"{}\" must be a time like 2026-11-23T10:00:00Z", name));
}

}  // namespace

// A member that is misspelt, or of a wrong type, would widen the selection: it is refused.
Result<BulkCancellation> read_cancellation(std::string_view text, Time now) {
  const Result<JsonView> body =
      parse_object(text, {"app_id", "function_id", "started_after", "started_before", "if"});
  if (!body) return body.error();
  BulkCancellation read;
  const std::pair<std::string_view, std::string*> texts[] = {
      {"app_id", &read.app}, {"function_id", &read.function}, {"if", &read.expression}};
  for (const auto& [name, to] : texts) {
    Result<std::string> value = read_text(*body, name);
    if (!value) return value.error();
    *to = std::move(*value);
  }
  if (read.function.empty()) return invalid("\"function_id\" must be the id of a function");
  const Result<std::optional<Time>> after = time_of(*body, "started_after");
  if (!after) return after.error();
  read.started_after = *after;
  const Result<std::optional<Time>> before = time_of(*body, "started_before");
  if (!before) return before.error();
  if (!*before) {
    return invalid("\"started_before\" is missing: runs that came later are not cancelled");
  }
  if (**before > now) {
    return invalid(
        "\"started_before\" must be a time that has passed: runs that are still to come "
        "are not cancelled");
  }
  read.started_before = **before;
  Result<core::Condition> condition = core::Condition::compile(read.expression);
  if (!condition) return invalid("if: " + condition.error().message);
  read.condition = std::move(*condition);
  return read;
}

Result<core::SendSignal> read_signal(std::string_view text) {
  const Result<JsonView> body = parse_json(text);
  if (!body) return body.error();
  core::SendSignal input{.signal = text_of(*body, "signal")};
  if (input.signal.empty()) return invalid("\"signal\" must be a string that is not empty");
  if (const auto data = body->find("data")) input.data = std::string(data->text());
  return input;
}

Result<core::RerunRun> read_rerun(const RunId& id, std::string_view text) {
  core::RerunRun rerun{.id = id};
  if (text.empty()) return rerun;
  const Result<JsonView> body = parse_object(text, {"from_step", "input"});
  if (!body) return body.error();
  if (const auto step = member_of(*body, "from_step")) {
    rerun.from_step = step->as_string().value_or("");
    if (rerun.from_step.empty()) return invalid("\"from_step\" must be the id of a step");
  }
  const auto input = member_of(*body, "input");
  if (!input) return rerun;
  if (rerun.from_step.empty()) {
    return invalid("\"input\" is for a step: \"from_step\" says which");
  }
  rerun.input = std::string(input->text());
  return rerun;
}

Result<core::RerunRun> read_v2_rerun(const RunId& id, std::string_view text) {
  core::RerunRun rerun{.id = id};
  if (text.empty()) return rerun;
  const Result<JsonView> body = parse_object(text, {"fromStep"});
  if (!body) return body.error();
  const auto from = member_of(*body, "fromStep");
  if (!from) return rerun;
  const Result<void> checked = check_members(*from, "\"fromStep\"", {"stepId", "input"});
  if (!checked) return checked.error();
  rerun.from_step = text_of(*from, "stepId");
  if (rerun.from_step.empty()) return invalid("\"fromStep.stepId\" must be the id of a step");
  if (const auto input = member_of(*from, "input")) rerun.input = std::string(input->text());
  return rerun;
}

Result<core::InvokeDirectly> read_invocation(std::string_view text) {
  Result<Event> event = parse_event(text, NameRule::kIgnored);
  if (!event) return event.error();
  const JsonView body = JsonView::trusted(text);
  if (!member_of(body, "data")) return invalid("\"data\" is missing");
  core::InvokeDirectly input{.event = std::move(*event)};
  const auto camel = member_of(body, "idempotencyKey");
  const auto snake = member_of(body, "idempotency_key");
  if (camel && snake) {
    return invalid("\"idempotencyKey\" and \"idempotency_key\" are one: say it once");
  }
  const std::optional<JsonView> key = camel ? camel : snake;
  if (!key) return input;
  input.idempotency_key = key->as_string().value_or("");
  if (input.idempotency_key.empty() || input.idempotency_key.size() > kIdempotencyKeyMax) {
    return invalid(fmt::format("\"{}\" must be a string of 1 to {} bytes",
                               camel ? "idempotencyKey" : "idempotency_key", kIdempotencyKeyMax));
  }
  return input;
}

}  // namespace stepwell::server
